"""Signals that stop a deployment: the first one undoes it, and none cuts the undoing."""

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

# A terminal that is closed, a service or workflow that is cancelled, and Ctrl-C: none leaves a half done deployment.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stops:
    """Tells the first signal and raises KeyboardInterrupt; from then on, or once shielded, one is told and waits.

    It may be entered again while it listens: then it goes on until the outermost block ends.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._shielded = False
        self._depth = 0
        self._before: dict[signal.Signals, Any] = {}
        self.told = "stopped by hand"

    def __enter__(self) -> Self:
        """Listen, where this is the main thread; what the process was told to ignore it goes on ignoring."""
        self._depth += 1
        if self._depth == 1 and threading.current_thread() is threading.main_thread():
            heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._heard) for number in heard}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give signals back to whoever had them."""
        self._depth -= 1
        if self._depth:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def shield(self) -> None:
        """Let nothing more be cut: what is under way puts things back, or is all but done."""
        self._shielded = True

    def _heard(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._shielded:
            self._tell(f"{name} heard; the platform is being brought to a known state first, and that is told")
            return
        self._shielded = True
        self._tell(f"{name} heard; stopping: what was changed on the platform is undone first, and that is not cut")
        self.told = f"stopped by {name}" if number != signal.SIGINT else "stopped by hand"
        raise KeyboardInterrupt

    def _tell(self, text: str) -> None:
        # Whoever closed the terminal hears nothing of it any more; and another line may be half written just now.
        with suppress(OSError, RuntimeError):
            self._say(text)
