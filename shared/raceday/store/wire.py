"""One HTTP exchange with Appwrite: a kept connection, a total time limit, typed errors, and retries by name."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from raceday.clock import Clock
from raceday.errors import (
    StoreConflict,
    StoreError,
    StoreInvalid,
    StoreMissing,
    StoreRefused,
    StoreUnavailable,
)
from raceday.ids import Chance
from raceday.settings import Settings

RESPONSE_FORMAT = "1.9.6"
_UNANSWERED = 0
Params = list[tuple[str, str | int | float | bool | None]]
_BACKOFF_SECS = 0.2
_LONGEST_WAIT_SECS = 5.0
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
        self, settings: Settings, clock: Clock, chance: Chance, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._clock, self._chance = clock, chance
        self._attempts = settings.store_attempts
        self._timeout_secs = settings.store_timeout_secs
        self._base = settings.store_endpoint
        self._transport = transport
        self._headers = {
            "x-appwrite-project": settings.store_project,
            "x-appwrite-key": settings.store_key,
            "x-appwrite-response-format": RESPONSE_FORMAT,
            "accept-encoding": "gzip",
        }
        self._connections = settings.store_connections
        self._timeout = httpx.Timeout(settings.store_timeout_secs, connect=min(5.0, settings.store_timeout_secs))
        self._client: httpx.AsyncClient | None = None
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
        """Give the parsed answer, None for an empty one; `repeat` says whether trying again is harmless."""
        content = None if body is None else encode(body)

        async def once() -> Any:
            return await self._once(method, path, content, params, headers)

        return await self._repeated(once) if repeat else await once()

    async def send_raw(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> Any:
        """Send a body that is encoded already, once."""
        return await self._once(method, path, content, None, headers)

    async def _repeated(self, once: Callable[[], Awaitable[Any]]) -> Any:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(StoreUnavailable),
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            sleep=self._clock.sleep,
            reraise=True,
        ):
            with attempt:
                return await once()
        raise StoreUnavailable("no attempt was made")

    def _wait(self, state: Any) -> float:
        ceiling = min(_LONGEST_WAIT_SECS, _BACKOFF_SECS * 2 ** (state.attempt_number - 1))
        return self._chance.uniform(ceiling / 2, ceiling)

    async def _once(
        self,
        method: str,
        path: str,
        content: bytes | None,
        params: Params | None,
        headers: dict[str, str] | None,
    ) -> Any:
        self.calls += 1
        sent = dict(headers or {})
        if content is not None and "content-type" not in sent:
            sent["content-type"] = "application/json"
        try:
            async with asyncio.timeout(self._timeout_secs):
                answer = await self._http().request(
                    method, self._base + path, params=params, content=content, headers=sent
                )
        except (httpx.HTTPError, TimeoutError) as error:
            kind = "timeout" if isinstance(error, (TimeoutError, httpx.TimeoutException)) else "connection"
            raise StoreUnavailable(f"{method} {path}: no answer ({kind})", status=_UNANSWERED, kind=kind) from error
        return self._read(method, path, answer)

    def _read(self, method: str, path: str, answer: httpx.Response) -> Any:
        if answer.status_code < 400:
            if not answer.content:
                return None
            try:
                return json.loads(answer.content)
            except ValueError as error:
                raise StoreUnavailable(f"{method} {path}: an answer that is no JSON", kind="body") from error
        raise error_of(method, path, answer)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers=self._headers,
                timeout=self._timeout,
                limits=httpx.Limits(max_connections=self._connections, max_keepalive_connections=self._connections),
                transport=self._transport,
            )
        return self._client

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


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
