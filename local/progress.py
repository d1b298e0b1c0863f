"""Commands that take long tell every ten seconds that they are at it, and what they are at."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

EVERY_SECS = 10.0
Item = TypeVar("Item")
What = str | Callable[[], str]

_at: What = ""


def doing(what: What) -> None:
    """Say what the command is at; a callable is asked when it is told."""
    global _at
    _at = what


def counted(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Yield items, and say the running number of the one that is at work: `3 of 24 races`."""
    for number, item in enumerate(items, 1):
        doing(f"{number:,} of {total:,} {what}")
        yield item


@contextmanager
def told(command: str, every_secs: float = EVERY_SECS) -> Iterator[None]:
    """Tell on standard error while a command runs, beside whatever it prints itself.

    A timer's signal and no thread: workers that are forked meanwhile have neither.
    """
    doing("")
    begun = time.monotonic()

    def tell(_: int, __: FrameType | None) -> None:
        what = _at() if callable(_at) else _at
        line = f"raceday {command}: {time.monotonic() - begun:.0f} s{', ' if what else ''}{what}\n"
        # The main thread may be within a print of its own, which does not bear another.
        os.write(2, line.encode())

    try:
        former = signal.signal(signal.SIGALRM, tell)
    except ValueError:
        # Signals are the main thread's alone.
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, every_secs, every_secs)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
