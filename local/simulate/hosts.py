"""A host on the virtual network: HTTP/1.1 over a handler, that may stop, freeze, and answer badly."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import h11
import httpx

from local.simulate.sockets import READ_BYTES, Connection, Network

Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]
# Returns what goes wrong with a request: by client, connection's serial number, its own number there; "" is nothing.
Trouble = Callable[[str, int, int], str]
BEFORE = ("reset_before", "silent_before")
AFTER = ("reset_after", "silent_after", "drip", "half_open_after", "closed_after")
_DRIPS, _DRIP_SECS = 20, 0.35


class Host:
    """Serves `handler` while it is up; `clients` is how many requests it has under way."""

    def __init__(self, network: Network, name: str, handler: Handler, trouble: Trouble | None = None) -> None:
        self._loop, self.name, self._handler = network.loop, name, handler
        self._trouble = trouble or (lambda client, connection, number: "")
        self._tasks: dict[Connection, asyncio.Task[None]] = {}
        self._running = asyncio.Event()
        self._running.set()
        self.up = True
        network.hosts[name] = self

    def accept(self, connection: Connection) -> bool:
        """Serve a connection while up."""
        if self.up:
            task = self._loop.create_task(self._serve(connection))
            self._tasks[connection] = task
            task.add_done_callback(lambda _: self._tasks.pop(connection, None))
        return self.up

    def stop(self) -> None:
        """Be killed: every connection breaks, and new ones are refused."""
        self.up = False
        for connection, task in list(self._tasks.items()):
            connection.reset()
            task.cancel()

    def start(self) -> None:
        """Come back."""
        self.up = True

    def freeze(self) -> None:
        """Stand still: connections are taken by the machine, and nothing is read or answered."""
        self._running.clear()

    def thaw(self) -> None:
        """Go on where it stood."""
        self._running.set()

    async def aclose(self) -> None:
        """End for good."""
        self.stop()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _serve(self, connection: Connection) -> None:
        number = 0
        try:
            while await self._exchange(connection, number):
                number += 1
        except (ConnectionResetError, h11.RemoteProtocolError):
            # The client gave this connection up.
            pass

    async def _exchange(self, connection: Connection, number: int) -> bool:
        """Serve one request; tell whether the connection lives on."""
        speaker = h11.Connection(h11.SERVER)
        request = await _request(connection, speaker)
        if request is None:
            connection.send_down(None)
            return False
        trouble = self._trouble(connection.client, connection.serial, number)
        if trouble in BEFORE:
            return await _break(connection, trouble)
        await self._running.wait()
        answer = await self._handler(request)
        await self._running.wait()
        if trouble in ("reset_after", "silent_after"):
            return await _break(connection, trouble)
        await _answer(connection, speaker, answer, dripping=trouble == "drip")
        if trouble == "half_open_after":
            connection.vanish()
        if trouble == "closed_after":
            connection.send_down(None)
        return trouble not in ("half_open_after", "closed_after")


async def _request(connection: Connection, speaker: h11.Connection) -> httpx.Request | None:
    head, body = None, b""
    while True:
        event = speaker.next_event()
        if event is h11.NEED_DATA:
            speaker.receive_data(await connection.up.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = [(name.decode(), value.decode()) for name, value in head.headers]
            url = f"https://{connection.host}{head.target.decode()}"
            return httpx.Request(
                head.method.decode(), url, headers=headers, content=body, extensions={"client": connection.client}
            )
        else:
            return None


async def _answer(connection: Connection, speaker: h11.Connection, answer: httpx.Response, *, dripping: bool) -> None:
    content = await _raw(answer)
    headers = [(k, v) for k, v in answer.headers.raw if k.lower() not in (b"content-length", b"transfer-encoding")]
    head: Any = h11.Response(
        status_code=answer.status_code, headers=[*headers, (b"content-length", str(len(content)).encode())]
    )
    sent = (speaker.send(head) or b"") + (speaker.send(h11.Data(data=content)) or b"")
    sent += speaker.send(h11.EndOfMessage()) or b""
    size = max(1, len(sent) // _DRIPS) if dripping else len(sent)
    for at in range(0, len(sent), size):
        connection.send_down(sent[at : at + size])
        if dripping:
            await asyncio.sleep(_DRIP_SECS)


async def _break(connection: Connection, trouble: str) -> bool:
    """Reset the connection, or say no more until the client gives it up."""
    if trouble.startswith("reset"):
        connection.reset()
        return False
    while await connection.up.read(READ_BYTES):
        pass
    return False


async def _raw(answer: httpx.Response) -> bytes:
    """Return a body as it travels, packed where the handler packed it."""
    stream = answer.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    return b"".join([part async for part in stream])
