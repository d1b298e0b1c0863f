"""An event loop whose time advances only when nothing is ready: hours pass in the time their work takes."""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# What a task does between two looks at the clock costs this part of a turn: limits set in one turn lie apart.
LOOKS_A_TURN = 30


class NothingLeft(RuntimeError):
    """Every task waits for something that no timer will ever bring."""


class _JumpSelector(selectors.BaseSelector):
    """Stands where a loop waits for sockets: instead of waiting it moves the loop's clock to the next timer."""

    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Remember a file; it never becomes ready."""
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, number, events, data)
        self._keys[number] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Forget a file."""
        return self._keys.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Move the clock on; nothing is ever ready."""
        if timeout is None:
            raise NothingLeft("every task waits and no timer is set")
        if self.loop is not None:
            if timeout > 0:
                self.loop.jump()
            self.loop.spend_turn()
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return the files that are registered."""
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that begins at `start` and has no sockets, no threads and no wall time: the same work, the same order."""

    def __init__(self, start: datetime, turn_secs: Callable[[], float] | None = None) -> None:
        selector = _JumpSelector()
        self._turn_secs = turn_secs
        self._elapsed_secs = 0.0
        self.start = start.astimezone(UTC)
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Return the virtual seconds since the start; where turns cost something, so does each look at the clock."""
        if self._turn_secs is not None:
            self._elapsed_secs += self._turn_secs() / LOOKS_A_TURN
        return self._elapsed_secs

    def jump(self) -> None:
        """Move the clock to the earliest timer."""
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if timers:
            self._elapsed_secs = max(self._elapsed_secs, timers[0].when())

    def spend_turn(self) -> None:
        """Let one turn of the loop cost what `turn_secs` draws, so that timers fall between turns."""
        if self._turn_secs is not None:
            self._elapsed_secs += self._turn_secs()

    def now(self) -> datetime:
        """Return the virtual instant."""
        return self.start + timedelta(seconds=self._elapsed_secs)


class VirtualClock:
    """Time as one container sees it; `skew_secs` is how far its wall clock is off."""

    speed = 1.0

    def __init__(self, loop: VirtualLoop, skew_secs: float = 0.0) -> None:
        self._loop = loop
        self._skew = timedelta(seconds=skew_secs)

    def now(self) -> datetime:
        """Return the container's idea of the present."""
        return self._loop.now() + self._skew

    def monotonic(self) -> float:
        """Return virtual seconds that never run backwards."""
        return self._loop.time()

    async def sleep(self, secs: float) -> None:
        """Wait in virtual time; a negative wait is none."""
        await asyncio.sleep(max(0.0, secs))
