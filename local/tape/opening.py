"""Opening a tape for a command: the feed's terms first, and each record that is not whole by name."""

import sys
from pathlib import Path

from local.tape.format import TERMS
from local.tape.reader import Tape, parts


class OpenTape:
    """A tape for whoever asks again and again: opened anew only where a part has grown or come."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._sizes: list[tuple[Path, int]] = []
        self._tape: Tape | None = None

    def now(self) -> Tape:
        """Return the tape as far as it is written; raises TapeError where there is none."""
        sizes = [(part, part.stat().st_size) for part in parts(self._path)]
        if self._tape is None or sizes != self._sizes:
            if self._tape is not None:
                self._tape.close()
            self._tape, self._sizes = Tape.open(self._path), sizes
        return self._tape


def opened(path: Path | str) -> Tape:
    """Open a tape and tell on standard error what has to be told of it; raises TapeError."""
    print(TERMS, file=sys.stderr)
    tape = Tape.open(path)
    for damage in tape.damages:
        print(f"not whole: {damage}", file=sys.stderr)
    return tape
