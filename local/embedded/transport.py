"""The embedded server behind httpx, in the same process: no socket, no wall time, faults through a hook."""

import gzip
from typing import Protocol
from urllib.parse import parse_qsl

import httpx

from local.embedded.server import Embedded


class StoreHook(Protocol):
    """What may happen around a request: delays, errors, other answers."""

    async def before(self, request: httpx.Request) -> httpx.Response | None:
        """Run before the server sees the request: sleep, raise, or return an answer in its place."""

    async def after(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Run on the way back: sleep, raise, or return another answer."""


class EmbeddedTransport(httpx.AsyncBaseTransport):
    """Answers httpx requests from an embedded server; `requests` counts them."""

    def __init__(self, server: Embedded, hook: StoreHook | None = None, *, compress: bool = False) -> None:
        self.server, self.hook, self._compress = server, hook, compress
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request through the hook and the server."""
        self.requests += 1
        early = await self.hook.before(request) if self.hook is not None else None
        response = early if early is not None else await self._ask(request)
        return await self.hook.after(request, response) if self.hook is not None else response

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        body = await request.aread()
        status, headers, content = await self.server.handle(
            request.method, request.url.path, query, request.headers, body
        )
        if self._compress and len(content) > 1024 and "gzip" in request.headers.get("accept-encoding", ""):
            content, headers = gzip.compress(content, 1, mtime=0), {**headers, "content-encoding": "gzip"}
        return httpx.Response(status, headers=headers, content=content, request=request)
