"""One rate and one bound on concurrency for every request of a process."""

import asyncio
from types import TracebackType

from raceday.clock import Clock


class Limiter:
    """Lets through at most `at_once` requests, and starts at most `rate` a second; a rate of 0 is no limit."""

    def __init__(self, clock: Clock, rate: float, at_once: int) -> None:
        self._clock = clock
        self._gap_secs = 1 / rate if rate > 0 else 0.0
        self._burst_secs = 0.0 if rate <= 0 else min(1.0, at_once / rate)
        self._next = 0.0
        self._gate = asyncio.Semaphore(at_once)

    async def __aenter__(self) -> None:
        """Wait for a turn."""
        await self._gate.acquire()
        try:
            await self._turn()
        except BaseException:
            self._gate.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make room for the next."""
        self._gate.release()

    async def _turn(self) -> None:
        now = self._clock.monotonic()
        # Unused turns are kept up to one burst, so that a poller's first requests leave together.
        self._next = max(self._next, now - self._burst_secs) + self._gap_secs
        wait = self._next - self._gap_secs - now
        if wait > 0:
            await self._clock.sleep(wait)
