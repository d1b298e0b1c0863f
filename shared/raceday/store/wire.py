"""One HTTP exchange with Appwrite: kept connections, a time limit, typed errors, and retries while time is left."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from raceday.clock import Clock, hear
from raceday.connections import Connections, Transports
from raceday.errors import (
    StoreConflict,
    StoreError,
    StoreInvalid,
    StoreMissing,
    StoreRefused,
    StoreUnavailable,
)
from raceday.ids import RandomSource
from raceday.log import Log
from raceday.patience import Patience, attempt_secs
from raceday.settings import Settings

RESPONSE_FORMAT = "1.9.6"
_UNANSWERED = 0
T = TypeVar("T")
Params = list[tuple[str, str]]
_KINDS: dict[int, type[StoreError]] = {
    400: StoreInvalid,
    401: StoreRefused,
    403: StoreRefused,
    404: StoreMissing,
    409: StoreConflict,
    410: StoreConflict,
    413: StoreInvalid,
}


class Wire:
    """Sends requests to one project; `calls` counts them, retries included."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        chance: RandomSource,
        log: Log,
        transport: httpx.AsyncBaseTransport | Transports | None = None,
    ) -> None:
        self._clock = clock
        self._timeout_secs = settings.store_timeout_secs
        self._base = settings.store_endpoint
        self._headers = {
            "x-appwrite-project": settings.store_project,
            "x-appwrite-key": settings.store_key,
            "x-appwrite-response-format": RESPONSE_FORMAT,
            "accept-encoding": "gzip",
            "user-agent": "raceday-functions/1.0",
        }
        # Requests go straight to a transport: a client's cookies, redirects and authentication have no part here.
        self._connections = Connections(
            settings.store_connections,
            transport,
            lambda failures: log.warning("connections.renewed", to="store", failures=failures),
        )
        self.patience = Patience(clock, chance, settings.store_attempts)
        self.calls = 0

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Params | None = None,
        headers: dict[str, str] | None = None,
        repeat: bool = True,
    ) -> Any:
        """Return the parsed answer, None for an empty one; `repeat` says whether trying again is harmless."""
        content = None if body is None else encode(body)

        async def once() -> Any:
            return await self._once(method, path, content, params, headers)

        return await self.keep_trying(once) if repeat else await once()

    async def keep_trying(self, once: Callable[[], Awaitable[T]], *kinds: str) -> T:
        """Do something again while it is StoreUnavailable, of one of `kinds` where any are named, and time is left."""

        def again(error: BaseException) -> bool:
            return isinstance(error, StoreUnavailable) and (not kinds or error.kind in kinds)

        return await self.patience.keep_trying(once, again)

    async def send_raw(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> Any:
        """Send a body that is encoded already, once."""
        return await self._once(method, path, content, None, headers)

    async def _once(
        self,
        method: str,
        path: str,
        content: bytes | None,
        params: Params | None,
        headers: dict[str, str] | None,
    ) -> Any:
        self.calls += 1
        sent_at = self._clock.monotonic()
        url = f"{self._base}{path}?{urlencode(params)}" if params else self._base + path
        sent = {**self._headers, **headers} if headers else self._headers
        if content is not None and (headers is None or "content-type" not in headers):
            sent = {**sent, "content-type": "application/json"}
        request = httpx.Request(method, url, headers=sent, content=content)
        try:
            answer = await self._connections.send(request, attempt_secs(self._clock, self._timeout_secs))
        except httpx.HTTPError as error:
            kind = "timeout" if isinstance(error, httpx.TimeoutException) else "connection"
            raise StoreUnavailable(f"{method} {path}: no answer ({kind})", status=_UNANSWERED, kind=kind) from error
        hear(self._clock, answer.headers.get("date"), self._clock.monotonic() - sent_at)
        return self._read(method, path, answer)

    def _read(self, method: str, path: str, answer: httpx.Response) -> Any:
        if answer.status_code < 400:
            if not answer.content:
                return None
            try:
                found = json.loads(answer.content)
            except ValueError as error:
                raise StoreUnavailable(f"{method} {path}: an answer that is no JSON", kind="body") from error
            if isinstance(found, dict):
                return found
            raise StoreUnavailable(f"{method} {path}: an answer that is no JSON object", kind="body")
        raise error_of(method, path, answer)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()


def member(answer: Any, key: str) -> Any:
    """Return a member of an answer; StoreUnavailable where something else answered in Appwrite's place."""
    if not isinstance(answer, dict) or key not in answer:
        raise StoreUnavailable(f"an answer without {key!r}", kind="body")
    return answer[key]


def encode(body: Any) -> bytes:
    """Write a body as JSON; StoreInvalid for NaN and infinity, which Appwrite reads as no data at all."""
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise StoreInvalid(f"a value that JSON cannot hold: {error}", status=400, kind="value") from error


def error_of(method: str, path: str, answer: httpx.Response) -> StoreError:
    """Turn an answer of 400 or more into its typed error; a body that is not Appwrite's own still has a status."""
    kind, message = "", answer.reason_phrase
    if "json" in answer.headers.get("content-type", ""):
        try:
            told = json.loads(answer.content)
            kind, message = str(told.get("type", "")), str(told.get("message", ""))
        except (ValueError, AttributeError):
            pass
    found = _KINDS.get(answer.status_code)
    if found is None:
        # 408, 429, 5xx and 503 pass; what else a proxy may invent below 500 will not get better.
        transient = answer.status_code >= 500 or answer.status_code in (402, 408, 425, 429)
        found = StoreUnavailable if transient else StoreInvalid
    return found(f"{method} {path}: {answer.status_code} {message}", status=answer.status_code, kind=kind)
