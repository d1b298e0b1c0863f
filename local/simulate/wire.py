"""In-process transports with the delays of a network, time-outs kept, and seams on both sides."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import httpx

from local.simulate.chances import Chances, Span

Before = Callable[[httpx.Request], Awaitable[httpx.Response | None]]
After = Callable[[httpx.Request, httpx.Response], Awaitable[httpx.Response]]
Delay = Callable[[httpx.Request], Span]


class SlowWire(httpx.AsyncBaseTransport):
    """Hands requests to `inner` after half of a drawn delay and answers after the other half.

    A request whose time-out ends gets no answer, whether or not it took effect. `date` puts the time into each answer,
    as HTTP servers do.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        chances: Chances,
        purpose: str,
        delay: Delay,
        before: Before,
        after: After,
        on_request: Callable[[httpx.Request], None] | None = None,
        *,
        date: Callable[[], datetime] | None = None,
    ) -> None:
        self._inner = inner
        self._chances = chances
        self._purpose = purpose
        self._delay = delay
        self._before = before
        self._after = after
        self._on_request = on_request
        self._date = date
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request within the read time-out that its client set."""
        self.requests += 1
        if self._on_request is not None:
            self._on_request(request)
        limits: dict[str, Any] = request.extensions.get("timeout") or {}
        try:
            async with asyncio.timeout(limits.get("read")):
                return await self._serve(request)
        except TimeoutError:
            raise httpx.ReadTimeout(f"no answer from the {self._purpose} in time", request=request) from None

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        half = self._chances.span(self._purpose, self._delay(request)) / 2
        await asyncio.sleep(half)
        answer = await self._before(request)
        if answer is None:
            answer = await self._inner.handle_async_request(request)
        answer = await self._after(request, answer)
        if self._date is not None and "date" not in answer.headers:
            answer.headers["date"] = format_datetime(self._date(), usegmt=True)
        await asyncio.sleep(half)
        return answer
