"""What is dear to make and never changed: made by the first test that asks, and kept for all workers of a run."""

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

T = TypeVar("T")
# Workers inherit it from the process that started them.
VARIABLE = "TESTS_ONCE"


@contextmanager
def kept() -> Iterator[None]:
    """Keep what is made in a new folder, and remove that at the end; a run within a run has its own."""
    outer, folder = os.environ.get(VARIABLE), mkdtemp(prefix="raceday-once-")
    os.environ[VARIABLE] = folder
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if outer is not None:
            os.environ[VARIABLE] = outer
        shutil.rmtree(folder, ignore_errors=True)


def file_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the file or folder that `make` wrote where it was told to; whoever changes it copies it first."""
    folder = Path(os.environ[VARIABLE])
    made, part = folder / name, folder / f"{name}.part"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # What somebody began who could not end it.
            if part.is_dir():
                shutil.rmtree(part)
            part.unlink(missing_ok=True)
            make(part)
            part.rename(made)
    return made


def value_once(name: str, make: Callable[[], T]) -> T:
    """Return what `make` gave, each time as a new copy, so that no test can change what another reads."""
    made: T = pickle.loads(file_once(name, lambda path: path.write_bytes(pickle.dumps(make()))).read_bytes())
    return made
