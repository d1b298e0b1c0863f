"""One activation as a use case sees it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from raceday.clock import Clock
from raceday.errors import BadRequest
from raceday.log import Log

_NONE: Mapping[str, Any] = MappingProxyType({})


class Http(NamedTuple):
    """The HTTP request of a web activation; `body` is raw."""

    method: str = "POST"
    path: str = ""
    query: str = ""
    headers: Mapping[str, str] = _NONE
    body: bytes = b""


class Call(NamedTuple):
    """One activation: its parameters, its deadline in epoch seconds, its HTTP request if it came by the web.

    A webhook's call has the row that changed and its table; `params` then holds the row's `raceId`.
    """

    function: str
    params: Mapping[str, Any]
    activation_id: str
    deadline: float
    clock: Clock
    log: Log
    http: Http | None = None
    row: Mapping[str, Any] = _NONE
    table: str = ""

    def allow(self, *names: str) -> None:
        """Refuse parameters other than `names`: a misspelt one would otherwise be passed over in silence."""
        unknown = sorted(set(self.params) - set(names))
        if unknown:
            raise BadRequest(unknown[0][:50], f"one of {', '.join(names)}" if names else "no parameters")

    def remaining_secs(self) -> float:
        """Return the seconds until the platform ends this activation."""
        return self.deadline - self.clock.now().timestamp()
