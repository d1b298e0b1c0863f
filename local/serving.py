"""Serving on loopback until stopped, with every socket closed afterwards."""

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from local.embedded.http import LOOPBACK
from local.failures import PortTaken

_GRACE_SECS = 3.0
# Signals that told a server here to stop, since somebody last asked.
_stops: list[int] = []


async def serve_told(server: uvicorn.Server, line: str, started: Callable[[str], None] = lambda _: None) -> None:
    """Serve until stopped or cancelled; once it is bound, prints `line` with its `{url}` and hands that to `started`.

    A port of 0 is known only then.
    """
    server.handle_exit = partial(_stop, server)  # type: ignore[method-assign]
    serving = asyncio.ensure_future(server.serve(sockets=[bound(server.config.host, server.config.port)]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.02)
        if server.started:
            started(url_of(server))
            print(line.format(url=url_of(server)), flush=True)
        await asyncio.shield(serving)
    finally:
        # Cancelled, a server would leave its sockets open: it is asked to end instead.
        server.should_exit = server.force_exit = True
        await asyncio.wait([serving], timeout=_GRACE_SECS)
        serving.cancel()


def _stop(server: uvicorn.Server, sig: int, frame: FrameType | None) -> None:
    _stops.append(sig)
    uvicorn.Server.handle_exit(server, sig, frame)


def interrupted() -> bool:
    """Tell whether Ctrl-C stopped a server since this was last asked.

    Of servers side by side each hands a signal on to the one that began before it, and it is lost where that has ended.
    """
    found = signal.SIGINT in _stops
    _stops.clear()
    return found


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port, any free one for 0; raises PortTaken."""
    if not 0 <= port <= 65535:
        raise PortTaken(f"port {port}: expected 0 to 65535")
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise PortTaken(f"port {port}: {(error.strerror or 'cannot be used').lower()}; 0 takes any free one") from None
    return made


def url_of(server: uvicorn.Server) -> str:
    """Return where a started server listens."""
    return f"http://{LOOPBACK}:{server.servers[0].sockets[0].getsockname()[1]}"
