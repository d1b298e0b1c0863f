"""One rate and one bound on concurrency for every request of a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from raceday.clock import Clock

SHORT_BURST_SECS = 1.0


class Limiter:
    """Starts at most `rate` requests a second, and lets through `at_once`; a rate of 0 is no limit.

    A poll has a slot to keep and cannot wait for its turn among an import's requests: `urgent` ones are bound by
    `burst` alone, as many at once, on turns that were left unused before.
    """

    def __init__(self, clock: Clock, rate: float, at_once: int, burst: int = 0) -> None:
        self._clock = clock
        self._gap_secs = 1 / rate if rate > 0 else 0.0
        self._calm_secs = min(SHORT_BURST_SECS, at_once * self._gap_secs)
        self._burst_secs = max(burst, at_once) * self._gap_secs
        self._next = 0.0
        self._calm = asyncio.Semaphore(at_once)
        self._urgent = asyncio.Semaphore(max(burst, at_once))

    @asynccontextmanager
    async def turn(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """Wait for a turn, and hold a place while the request lasts."""
        async with self._urgent if urgent else self._calm:
            await self._wait(self._burst_secs if urgent else self._calm_secs)
            yield

    async def _wait(self, kept_secs: float) -> None:
        if not self._gap_secs:
            return
        now = self._clock.monotonic()
        begin = max(self._next, now - kept_secs)
        self._next = begin + self._gap_secs
        if begin > now:
            await self._clock.sleep(begin - now)
