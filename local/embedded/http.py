"""The embedded server over HTTP on loopback."""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

from local.embedded.server import Embedded

LOOPBACK = "127.0.0.1"
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def new_key() -> str:
    """Return a random API key."""
    return f"standard_{secrets.token_hex(32)}"


def allowed_host(host: str) -> bool:
    """Tell whether a Host header names this machine: a page elsewhere may have made its own name point here."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name in ("127.0.0.1", "localhost", "[::1]")


def asgi_app(server: Embedded) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the server as an ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        if not allowed_host(headers.get("host", "")):
            status, sent, content = 421, {"content-type": "text/plain"}, b"this server answers on loopback only"
        else:
            body = await body_of(receive)
            query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            status, sent, content = await server.handle(scope["method"], scope["path"], query, headers, body)
        pairs = [(k.encode(), v.encode()) for k, v in {**sent, "content-length": str(len(content))}.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": content})

    return app


async def body_of(receive: Receive) -> bytes:
    """Return a request's whole body."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def make_server(server: Embedded, host: str = LOOPBACK, port: int = 0, **config: Any) -> uvicorn.Server:
    """Return a uvicorn server; port 0 takes a free one. Await its `serve()` or call its `run()`."""
    settings = {"lifespan": "off", "log_level": "warning", "ws": "none", **config}
    return uvicorn.Server(uvicorn.Config(asgi_app(server), host=host, port=port, **settings))
