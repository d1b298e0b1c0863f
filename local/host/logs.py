"""Reading one log stream of a container, cut at the function's limit."""

import asyncio
import contextlib
from datetime import UTC, datetime

SENTINEL = b"XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"
_WAIT_SECS = 5.0


class LogReader:
    """Collects lines until the end mark of an activation; more than `limit_kb` is dropped, and said so."""

    def __init__(self, name: str, stream: asyncio.StreamReader, limit_kb: int) -> None:
        self._name = name
        self._stream = stream
        self._limit_bytes = limit_kb * 1024
        self._lines: list[str] = []
        self._bytes = 0
        self._dropped = 0
        self._ended: asyncio.Queue[list[str]] = asyncio.Queue()
        self._task = asyncio.create_task(self._pump())

    async def take(self) -> list[str]:
        """Return the lines of the activation that just ended, or what came before the stream closed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_SECS):
                return await self._ended.get()
        return self._flush()

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _pump(self) -> None:
        while line := await self._read():
            text, mark, _ = line.partition(SENTINEL)
            if text.rstrip(b"\r\n"):
                self._keep(text.rstrip(b"\r\n"))
            if mark:
                self._ended.put_nowait(self._flush())
        self._ended.put_nowait(self._flush())

    async def _read(self) -> bytes:
        try:
            return await self._stream.readline()
        except ValueError:
            return b"[a log line too long to keep]\n"

    def _keep(self, text: bytes) -> None:
        if self._dropped or self._bytes + len(text) > self._limit_bytes:
            self._dropped += 1
            return
        self._bytes += len(text) + 1
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._lines.append(f"{stamp} {self._name}: {text.decode('utf-8', 'replace')}")

    def _flush(self) -> list[str]:
        lines = self._lines
        if self._dropped:
            lines.append(f"Logs were truncated: more than {self._limit_bytes} bytes, {self._dropped} lines dropped.")
        self._lines, self._bytes, self._dropped = [], 0, 0
        return lines
