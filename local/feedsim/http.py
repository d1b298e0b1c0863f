"""A feed over real HTTP on loopback, on a clock that may start anywhere and run at any speed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn

from local.feedsim.serve import AnyFeed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def running_clock(start: datetime | None, speed: float = 1.0) -> Callable[[], datetime]:
    """Instants that run from `start` (the present when None) at `speed` times the pace of the wall clock."""
    if speed <= 0:
        raise ValueError(f"speed: expected more than 0, got {speed!r}")
    began = datetime.now(UTC)
    origin = start or began

    def now() -> datetime:
        return origin + timedelta(seconds=(datetime.now(UTC) - began).total_seconds() * speed)

    return now


def asgi_app(feed: AnyFeed, now: Callable[[], datetime]) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The feed as an ASGI application; anything but GET is answered 405."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"scope: expected http, got {scope['type']!r}")
        if scope["method"] != "GET":
            status, headers, body = 405, {"allow": "GET", "content-length": "0"}, b""
        else:
            asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            status, headers, body = feed.respond(scope["path"], scope["query_string"].decode("latin-1"), asked, now())
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    return app


def make_server(feed: AnyFeed, now: Callable[[], datetime], host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server for a feed; port 0 takes a free one. Await its `serve()` or call its `run()`."""
    config = uvicorn.Config(asgi_app(feed, now), host=host, port=port, lifespan="off", log_level="warning", ws="none")
    return uvicorn.Server(config)
