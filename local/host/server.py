"""Serving a namespace over loopback HTTP."""

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType

import uvicorn

from local.host.namespace import Namespace
from local.host.rest import make_app


class _Server(uvicorn.Server):
    """A server that leaves signals to the program it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals."""
        yield


class HostServer:
    """Answers for a namespace on 127.0.0.1 while its block runs; `url` is where, and port 0 picks a free one."""

    def __init__(self, namespace: Namespace, key: str, port: int = 0) -> None:
        self.namespace = namespace
        self.key = key
        self._port = port
        config = uvicorn.Config(
            make_app(namespace, key), host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none"
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Return the API host, as `RACEDAY_API_HOST` wants it."""
        sockets = [s for server in self._server.servers for s in server.sockets]
        return f"http://127.0.0.1:{sockets[0].getsockname()[1] if sockets else self._port}"

    async def __aenter__(self) -> "HostServer":
        """Listen; raises OSError where the port is taken."""
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if self._task.done():
                raise OSError(f"port {self._port} on 127.0.0.1 could not be had")
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and end the containers."""
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(SystemExit, asyncio.CancelledError):
                await self._task
        await self.namespace.close()
