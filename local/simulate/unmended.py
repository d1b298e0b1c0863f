"""The clients as they were before an outage could not kill them, to tell what the mends are worth."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import httpx

from raceday.connections import Connections
from raceday.patience import Patience


@contextmanager
def unmended() -> Iterator[None]:
    """Send requests as they once were: cancelled around the pool when their time is over, and tried three times."""

    async def send(self: Connections, request: httpx.Request, secs: float) -> httpx.Response:
        if self._pool is None:
            self._pool = self._new()
        try:
            async with asyncio.timeout(secs):
                answer = await self._pool.transport.handle_async_request(request)
                await answer.aread()
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        return answer

    def spent(self: Patience, until: float, pause_secs: float, tried: int, *, counted: bool) -> bool:
        return tried >= self._attempts

    with ExitStack() as stack:
        stack.enter_context(patch.object(Connections, "send", send))
        stack.enter_context(patch.object(Patience, "_spent", spent))
        yield
