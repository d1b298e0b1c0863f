"""Counting what each activation here asks of feed and store, whichever transport carries it."""

from contextvars import ContextVar
from typing import Literal

import httpx

from local.origin import Calls
from raceday.clock import Clock
from raceday.connections import Transports, real_sockets

# Carried into the tasks that an activation sends its requests in.
CALLS: ContextVar[Calls | None] = ContextVar("calls", default=None)
Side = Literal["feed", "store"]


class CountedTransport(httpx.AsyncBaseTransport):
    """Hands requests on, and counts each with its seconds to the activation that sends it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, side: Side, clock: Clock) -> None:
        self._inner, self._side, self._clock = inner, side, clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; one that failed counts too."""
        began = self._clock.monotonic()
        try:
            return await self._inner.handle_async_request(request)
        finally:
            _count(self._side, (self._clock.monotonic() - began) * 1000)

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._inner.aclose()


def counted(side: Side, given: httpx.AsyncBaseTransport | None, clock: Clock) -> Transports:
    """Return a maker of counted transports: over `given`, or over the machine's own sockets."""
    made = CountedTransport(given, side, clock) if given is not None else None

    def make(limits: httpx.Limits) -> httpx.AsyncBaseTransport:
        return made or CountedTransport(real_sockets(limits), side, clock)

    return make


def _count(side: Side, spent_ms: float) -> None:
    calls = CALLS.get()
    if calls is None:
        return
    if side == "feed":
        calls.feed_calls, calls.feed_ms = calls.feed_calls + 1, calls.feed_ms + spent_ms
    else:
        calls.store_calls, calls.store_ms = calls.store_calls + 1, calls.store_ms + spent_ms
