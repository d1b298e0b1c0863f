"""One command at a time on what is replaced whole: the staged tree, and what is remembered of deployments."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from ops.packaging.errors import PackagingError


@contextmanager
def alone_on(command: str, *places: Path) -> Iterator[None]:
    """Hold places for as long as a command works on them; raises PackagingError naming who holds one already."""
    with ExitStack() as held:
        for place in dict.fromkeys(place.resolve() for place in places):
            held.enter_context(_held(command, place))
        yield


@contextmanager
def _held(command: str, place: Path) -> Iterator[None]:
    path = place.parent / f".{place.name}.lock"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = _taken(path, place)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.ENOSPC):
            raise
        raise PackagingError(f"nothing was staged, {path}: {(error.strerror or '').lower()}") from None
    with lock:
        lock.truncate(0)
        lock.write(f"`{command}` (process {os.getpid()}, since {datetime.now(UTC):%H:%M:%S} UTC)\n")
        lock.flush()
        try:
            yield
        finally:
            # While it is held: whoever opened it meanwhile sees that it is another file now.
            path.unlink(missing_ok=True)


def _taken(path: Path, place: Path) -> TextIO:
    while True:
        lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with lock:
                who = lock.readline().strip() or "another process"
            raise PackagingError(f"{who} is at work on {place}: wait until it ends; nothing was staged") from None
        if _stands(path, lock):
            return lock
        lock.close()


def _stands(path: Path, lock: TextIO) -> bool:
    """Tell whether a lock is still the file of its name: its last holder removes it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False
