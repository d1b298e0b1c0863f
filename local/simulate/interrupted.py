"""A server without sockets that may be killed or frozen, as a host of the virtual network may."""

import asyncio

import httpx


class Interrupted(httpx.AsyncBaseTransport):
    """Passes requests on to `inner` while up: killed it refuses and breaks what is under way, frozen it answers later.

    What it has taken takes effect whether or not its client still waits, as on a server of its own.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._up = True
        self._running = asyncio.Event()
        self._running.set()
        self._under_way: set[asyncio.Task[httpx.Response]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request; raises httpx.ConnectError while killed, and httpx.ReadError where that comes between."""
        if not self._up:
            raise httpx.ConnectError("nobody listens there", request=request)
        task = asyncio.get_running_loop().create_task(self._serve(request))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise httpx.ReadError("the connection was reset", request=request) from None
            raise

    def stop(self) -> None:
        """Be killed."""
        self._up = False
        for task in self._under_way:
            task.cancel()

    def start(self) -> None:
        """Come back."""
        self._up = True

    def freeze(self) -> None:
        """Stand still: requests are taken, and nothing is answered."""
        self._running.clear()

    def thaw(self) -> None:
        """Go on where it stood."""
        self._running.set()

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        await self._running.wait()
        answer = await self._inner.handle_async_request(request)
        await self._running.wait()
        return answer

    def _ended(self, task: asyncio.Task[httpx.Response]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            # Nobody may be left to hear of it.
            task.exception()
