"""How long work may go on trying: a limit for everything under it, and one way to try again until then."""

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from raceday.clock import Clock
from raceday.ids import RandomSource

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")
# A first try always has this long, so that what begins at its limit is not lost for want of one round trip.
LEAST_SECS = 1.0
_UNTIL: ContextVar[float] = ContextVar("raceday_until", default=math.inf)
_LEFT: ContextVar[Callable[[], float]] = ContextVar("raceday_left", default=lambda: math.inf)


@contextmanager
def within(clock: Clock, secs: float) -> Iterator[None]:
    """Let what runs here, and the tasks it starts, try again for `secs` at most; a narrower limit outside it holds."""
    token = _UNTIL.set(min(_UNTIL.get(), clock.monotonic() + secs))
    try:
        yield
    finally:
        _UNTIL.reset(token)


@contextmanager
def while_left(secs: Callable[[], float]) -> Iterator[None]:
    """Let what runs here try again as long as `secs` gives more than none, beside any limit of `within`.

    It is asked each time: a deadline is an instant, and the clock that it is read by may be put right meanwhile.
    """
    token = _LEFT.set(secs)
    try:
        yield
    finally:
        _LEFT.reset(token)


def left_secs(clock: Clock) -> float:
    """Return the seconds until the limit in force, infinity where there is none."""
    return min(_UNTIL.get() - clock.monotonic(), _LEFT.get()())


def attempt_secs(clock: Clock, longest_secs: float) -> float:
    """Return how long one attempt may take: `longest_secs`, or what the limit in force leaves."""
    return min(longest_secs, max(LEAST_SECS, left_secs(clock)))


class Patience:
    """How one client tries again: after pauses that double up to `most_secs`, each drawn from its upper half.

    The limit in force bounds the tries, and `longest_secs`, the longest life of a slot, those of one call; without a
    limit `attempts` do.
    """

    def __init__(
        self,
        clock: Clock,
        random: RandomSource,
        attempts: int,
        *,
        first_secs: float = 0.2,
        most_secs: float = 2.0,
        longest_secs: float = 60.0,
    ) -> None:
        self._clock, self._random, self._attempts = clock, random, attempts
        self._first_secs, self._most_secs, self._longest_secs = first_secs, most_secs, longest_secs

    async def keep_trying(
        self,
        once: Callable[[], Awaitable[T]],
        again: Callable[[BaseException], bool],
        *,
        counted: bool = False,
        asked_secs: Callable[[BaseException], float | None] = lambda error: None,
    ) -> T:
        """Return what `once` gives at last; an error that `again` does not admit, or the last one, is raised.

        `counted` bounds the tries by number under a limit too; `asked_secs` is the wait that an answer asked for.
        """
        until = self._clock.monotonic() + self._longest_secs
        try:
            # Nearly every call succeeds, and setting up the retries costs more than the rest of a call.
            return await once()
        except Exception as error:
            if not again(error):
                raise
            pause = self._pause_secs(error, 1, asked_secs)
            if self._spent(until, pause, 1, counted=counted):
                raise
        await self._clock.sleep(pause)

        async def work() -> T:
            # tenacity awaits only what is written as a coroutine function; a lambda that makes one is not.
            return await once()

        found: T = await self._retrying(again, until, asked_secs, counted=counted)(work)
        return found

    def _retrying(
        self,
        again: Callable[[BaseException], bool],
        until: float,
        asked_secs: Callable[[BaseException], float | None],
        *,
        counted: bool,
    ) -> Any:
        from tenacity import AsyncRetrying, retry_if_exception

        def wait(state: "RetryCallState") -> float:
            error = state.outcome.exception() if state.outcome else None
            return self._pause_secs(error, state.attempt_number + 1, asked_secs)

        def stop(state: "RetryCallState") -> bool:
            return self._spent(until, state.upcoming_sleep, state.attempt_number + 1, counted=counted)

        return AsyncRetrying(
            retry=retry_if_exception(again), stop=stop, wait=wait, sleep=self._clock.sleep, reraise=True
        )

    def _spent(self, until: float, pause_secs: float, tried: int, *, counted: bool) -> bool:
        left = left_secs(self._clock)
        unlimited = math.isinf(left)
        if (counted or unlimited) and tried >= self._attempts:
            return True
        return pause_secs >= min(until - self._clock.monotonic(), left) and not unlimited

    def _pause_secs(
        self, error: BaseException | None, tried: int, asked_secs: Callable[[BaseException], float | None]
    ) -> float:
        asked = asked_secs(error) if error is not None else None
        if asked is not None:
            return asked
        ceiling: float = min(self._most_secs, self._first_secs * 2 ** min(tried - 1, 16))
        return self._random.uniform(ceiling / 2, ceiling)

    async def pause(self) -> None:
        """Wait a moment before looking what became of a call."""
        await self._clock.sleep(self._random.uniform(self._first_secs / 2, self._first_secs))
