"""A server on a loopback socket that passes requests on and breaks its connections as a test says."""

import asyncio
import gzip
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

import h11
import httpx

# Before: the request is never served. After: it is, and what goes wrong is the answer.
BEFORE = ("reset_before", "silent_before")
AFTER = ("reset_after", "silent_after", "stalled_head", "stalled_body", "cut_body", "cut_chunk", "cut_gzip")
# Trouble that a client has to live with and nobody should see.
HARMLESS = ("closed_after", "dripping")
TROUBLES = (*BEFORE, *AFTER, *HARMLESS)
# Gives the trouble of a request by its number from 0, its method and its path; "" for none.
Plan = Callable[[int, str, str], str]
_READ_BYTES = 65_536


def once(at: int, trouble: str) -> Plan:
    """Break one request."""
    return lambda n, method, path: trouble if n == at else ""


class Breaker:
    """Serves `inner` on a port of its own while it is entered; `url` says where, `asked` what came."""

    def __init__(self, inner: httpx.AsyncBaseTransport, plan: Plan = lambda n, method, path: "") -> None:
        self._inner, self.plan = inner, plan
        self.asked: list[tuple[str, str]] = []
        self.url = ""
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection."""
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, h11.RemoteProtocolError):
            # The client gave this connection up.
            pass
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; tells whether the connection lives on."""
        request = await _request(reader)
        if request is None:
            return False
        trouble = self.plan(len(self.asked), request.method, request.url.path)
        self.asked.append((request.method, request.url.path))
        if trouble in BEFORE:
            return await _break(reader, writer, trouble)
        answer = await self._inner.handle_async_request(request)
        content = await answer.aread()
        return await _answer(reader, writer, answer, content, trouble)


async def _request(reader: asyncio.StreamReader) -> httpx.Request | None:
    connection, head, body = h11.Connection(h11.SERVER), None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            received = await reader.read(_READ_BYTES)
            if not received and head is None:
                return None
            connection.receive_data(received)
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = [(name.decode(), value.decode()) for name, value in head.headers]
            url = f"http://inner{head.target.decode()}"
            return httpx.Request(head.method.decode(), url, headers=headers, content=body)
        else:
            return None


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: httpx.Response, content: bytes, trouble: str
) -> bool:
    """Send an answer, whole or with its trouble; tells whether the connection lives on."""
    if trouble in ("reset_after", "silent_after"):
        return await _break(reader, writer, trouble)
    kept = [(k, v) for k, v in answer.headers.items() if k not in ("content-length", "content-encoding")]
    if trouble == "cut_gzip":
        content = gzip.compress(content)
        content = content[: len(content) // 2]
        kept.append(("content-encoding", "gzip"))
    chunked = trouble == "cut_chunk"
    kept.append(("transfer-encoding", "chunked") if chunked else ("content-length", str(len(content))))
    lines = [f"HTTP/1.1 {answer.status_code} Told", *(f"{k}: {v}" for k, v in kept), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    await writer.drain()
    half = content[: len(content) // 2]
    match trouble:
        case "stalled_head":
            return await _break(reader, writer, "silent")
        case "stalled_body":
            writer.write(half)
            return await _break(reader, writer, "silent")
        case "cut_body":
            writer.write(half)
            await writer.drain()
            return False if half else await _break(reader, writer, "reset")
        case "cut_chunk":
            writer.write(f"{len(content):x}\r\n".encode() + half)
            await writer.drain()
            writer.write_eof()
            return False
        case "dripping":
            for at in range(0, len(content), max(1, len(content) // 20)):
                writer.write(content[at : at + max(1, len(content) // 20)])
                await writer.drain()
                await asyncio.sleep(0)
            return True
    writer.write(content)
    await writer.drain()
    if trouble == "closed_after":
        writer.write_eof()
    return trouble != "closed_after"


async def _break(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: str) -> bool:
    """Reset the connection, or say no more until the client gives it up."""
    if trouble.startswith("silent"):
        await writer.drain()
        while await reader.read(_READ_BYTES):
            pass
        return False
    # With no time to linger, closing sends a reset instead of an end.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
