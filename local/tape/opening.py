"""Opening a tape for a command: the feed's terms first, and each record that is not whole by name."""

import sys
from pathlib import Path

from local.tape.format import TERMS
from local.tape.reader import Tape


def opened(path: Path | str) -> Tape:
    """Open a tape and tell on standard error what has to be told of it; raises TapeError."""
    print(TERMS, file=sys.stderr)
    tape = Tape.open(path)
    for damage in tape.damages:
        print(f"not whole: {damage}", file=sys.stderr)
    return tape
