"""Starting another function by the platform's asynchronous invocation."""

import base64
import json
from typing import Any

import httpx

from raceday.clock import Clock
from raceday.connections import Connections, Transports
from raceday.errors import RaceDayError
from raceday.ids import RandomSource
from raceday.log import Log
from raceday.patience import Patience, attempt_secs
from raceday.settings import Settings

ATTEMPT_SECS = 5.0
# Tries of one start where no limit is in force, and the longest that one start is tried for.
TRIES = 2
PATIENCE_SECS = 10.0
CONNECTIONS = 8
# The platform refused before it took anything: too many a minute, too many at once, or out of order.
NOT_TAKEN = (429, 503)


class InvokeFailed(RaceDayError):
    """The platform did not take an invocation; `status` is HTTP's, 0 without an answer.

    `taken` tells that it may have been taken all the same, and only the answer was lost.
    """

    def __init__(self, message: str, status: int = 0, *, taken: bool = False) -> None:
        super().__init__(message)
        self.status, self.taken = status, taken


class PlatformInvoker:
    """Posts to the namespace's actions with `blocking=false`, over kept connections."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        random: RandomSource,
        log: Log,
        transport: httpx.AsyncBaseTransport | Transports | None = None,
    ) -> None:
        self._settings, self._clock = settings, clock
        token = base64.b64encode(settings.platform_key.encode()).decode()
        self._headers = {"authorization": f"Basic {token}", "content-type": "application/json"}
        self._connections = Connections(
            CONNECTIONS,
            transport,
            lambda failures: log.warning("connections.renewed", to="platform", failures=failures),
        )
        self._patience = Patience(clock, random, TRIES, first_secs=0.5, longest_secs=PATIENCE_SECS)

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Start `function` and return the activation's id; raises InvokeFailed.

        Tried again, while time is left, is only what the platform cannot have taken: no connection, 429 and 503.
        """

        async def once() -> str:
            return await self._once(function, payload)

        return await self._patience.keep_trying(once, _not_taken)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()

    async def _once(self, function: str, payload: dict[str, Any]) -> str:
        content = json.dumps(payload).encode()
        request = httpx.Request("POST", self._url(function), headers=self._headers, content=content)
        try:
            answer = await self._connections.send(request, attempt_secs(self._clock, ATTEMPT_SECS))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise InvokeFailed(f"{function}: no connection to the platform") from error
        except httpx.HTTPError as error:
            raise InvokeFailed(f"{function}: {type(error).__name__} from the platform", taken=True) from error
        return _activation(function, answer)

    def _url(self, function: str) -> str:
        s = self._settings
        place = f"/api/v1/namespaces/{s.platform_namespace}/actions/{s.platform_package}/{function}"
        return f"{s.platform_host}{place}?blocking=false"


def _not_taken(error: BaseException) -> bool:
    return isinstance(error, InvokeFailed) and not error.taken and error.status in (0, *NOT_TAKEN)


def _activation(function: str, answer: httpx.Response) -> str:
    if answer.status_code not in (200, 202):
        raise InvokeFailed(f"{function}: the platform answered {answer.status_code}", answer.status_code)
    try:
        return str(answer.json()["activationId"])
    except (ValueError, KeyError, TypeError):
        raise InvokeFailed(f"{function}: the platform gave no activation id", answer.status_code) from None
