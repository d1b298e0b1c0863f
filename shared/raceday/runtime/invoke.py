"""Starting another function by the platform's asynchronous invocation."""

import base64
from typing import Any

import httpx

from raceday.errors import RaceDayError
from raceday.settings import Settings

TIMEOUT = httpx.Timeout(5.0, connect=3.0)
TRIES = 2


class InvokeFailed(RaceDayError):
    """The platform did not take an invocation; `status` is HTTP's, 0 without an answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class PlatformInvoker:
    """Posts to the namespace's actions with `blocking=false`, on one kept connection."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Start `function` and give the activation's id; raises InvokeFailed.

        Only a failure to connect is tried again: after that the platform may have taken the call.
        """
        for attempt in range(TRIES):
            try:
                answer = await self._http().post(self._url(function), json=payload)
            except httpx.ConnectError as error:
                if attempt + 1 == TRIES:
                    raise InvokeFailed(f"{function}: no connection to the platform") from error
            except httpx.HTTPError as error:
                raise InvokeFailed(f"{function}: {type(error).__name__} from the platform") from error
            else:
                return _activation(function, answer)
        raise InvokeFailed(f"{function}: not started")

    async def aclose(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    def _url(self, function: str) -> str:
        s = self._settings
        return f"/api/v1/namespaces/{s.platform_namespace}/actions/{s.platform_package}/{function}?blocking=false"

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            token = base64.b64encode(self._settings.platform_key.encode()).decode()
            self._client = httpx.AsyncClient(
                base_url=self._settings.platform_host,
                headers={"authorization": f"Basic {token}"},
                timeout=TIMEOUT,
                transport=self._transport,
            )
        return self._client


def _activation(function: str, answer: httpx.Response) -> str:
    if answer.status_code not in (200, 202):
        raise InvokeFailed(f"{function}: the platform answered {answer.status_code}", answer.status_code)
    try:
        return str(answer.json()["activationId"])
    except (ValueError, KeyError, TypeError):
        raise InvokeFailed(f"{function}: the platform gave no activation id", answer.status_code) from None
