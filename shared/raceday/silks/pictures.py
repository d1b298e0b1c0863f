"""Pictures of silks: fetched from known hosts alone, within limits, and looked at for their colours."""

import asyncio
import io
import ipaddress
import socket
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from raceday.errors import RaceDayError
from raceday.silks.colours import nearest

MAX_BYTES = 2_000_000
MAX_PIXELS = 4_000_000
TIMEOUT_SECS = 5.0
MIN_SHARE = 0.06
Resolve = Callable[[str], Awaitable[Sequence[str]]]


class PictureRefused(RaceDayError):
    """A picture that may not be fetched or cannot be read; the text alone describes its silk."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture showed: its tag for the next conditional request, and its named colours, the most common first.

    `colours` is None where the host said that the picture is still the one of the tag.
    """

    tag: str
    colours: tuple[str, ...] | None


async def system_resolve(host: str) -> Sequence[str]:
    """Return a host's addresses."""
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Pictures:
    """Fetches pictures by https from `hosts`; `fetches` counts requests."""

    def __init__(
        self,
        hosts: frozenset[str],
        *,
        resolve: Resolve = system_resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._hosts = hosts
        self._resolve = resolve
        self._transport = transport or httpx.AsyncHTTPTransport()
        self.fetches = 0

    async def get(self, url: str, tag: str = "") -> Picture:
        """Fetch one picture and give its colours; raises PictureRefused."""
        host, path = self._checked(url)
        address = await self._address(host)
        try:
            async with asyncio.timeout(TIMEOUT_SECS):
                return await self._fetch(host, path, address, tag)
        except (TimeoutError, httpx.HTTPError) as error:
            raise PictureRefused(f"{host}: {type(error).__name__}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _checked(self, url: str) -> tuple[str, str]:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise PictureRefused("a picture's URL that cannot be read") from None
        if parts.scheme != "https" or port not in (None, 443) or parts.username or parts.password:
            raise PictureRefused(f"{host}: expected https on its own port")
        if not any(host == known or (known.startswith(".") and host.endswith(known)) for known in self._hosts):
            raise PictureRefused(f"{host}: not among RACEDAY_SILK_HOSTS")
        return host, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    async def _address(self, host: str) -> str:
        """Return an address that is public; the one that is checked is the one connected to."""
        try:
            found = await self._resolve(host)
        except OSError as error:
            raise PictureRefused(f"{host}: no address") from error
        if not found or not all(ipaddress.ip_address(a.split("%")[0]).is_global for a in found):
            raise PictureRefused(f"{host}: its address is not public")
        return found[0]

    async def _fetch(self, host: str, path: str, address: str, tag: str) -> Picture:
        shown = f"[{address}]" if ":" in address else address
        headers = {"host": host, "accept": "image/png,image/jpeg,image/gif,image/webp"}
        if tag:
            headers["if-none-match"] = tag
        request = httpx.Request(
            "GET", f"https://{shown}{path}", headers=headers, extensions={"sni_hostname": host, "timeout": _timeouts()}
        )
        self.fetches += 1
        answer = await self._transport.handle_async_request(request)
        try:
            if answer.status_code == 304:
                return Picture(tag, None)
            if answer.status_code != 200:
                raise PictureRefused(f"{host}: answered {answer.status_code}")
            content = await _limited(answer, host)
        finally:
            await answer.aclose()
        return Picture(answer.headers.get("etag", "")[:255], await asyncio.to_thread(dominant, content))


def _timeouts() -> dict[str, float | None]:
    return httpx.Timeout(TIMEOUT_SECS).as_dict()


async def _limited(answer: httpx.Response, host: str) -> bytes:
    length = answer.headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BYTES:
        raise PictureRefused(f"{host}: a picture of {length} bytes")
    parts, total = [], 0
    async for part in answer.aiter_bytes():
        total += len(part)
        if total > MAX_BYTES:
            raise PictureRefused(f"{host}: a picture of more than {MAX_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def dominant(content: bytes) -> tuple[str, ...]:
    """Return a picture's colours by name, the most common first; raises PictureRefused for what is no small picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # The library warns of a huge picture before its size can be asked for; here that is a refusal.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _small_colours(Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP")))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise PictureRefused(f"no picture: {type(error).__name__}") from error


def _small_colours(opened: Any) -> tuple[str, ...]:
    with opened as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise PictureRefused(f"a picture of {picture.width} by {picture.height} pixels")
        small = picture.convert("RGBA")
        small.thumbnail((64, 64))
        data = small.tobytes()
    return _named([tuple(data[at : at + 4]) for at in range(0, len(data), 4)])


def _named(pixels: Sequence[Any]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    seen: dict[tuple[int, int, int], str] = {}
    for red, green, blue, alpha in pixels:
        if alpha < 128:
            continue
        rough = (red // 16 * 16 + 8, green // 16 * 16 + 8, blue // 16 * 16 + 8)
        if rough not in seen:
            seen[rough] = nearest(rough)
        name = seen[rough]
        counts[name] = counts.get(name, 0) + 1
    total = sum(counts.values())
    common = sorted(counts, key=lambda name: (-counts[name], name))
    return tuple(name for name in common if counts[name] >= MIN_SHARE * total)
