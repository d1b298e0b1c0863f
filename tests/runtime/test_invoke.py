"""Starting another function on the platform."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.patience import within
from raceday.runtime.invoke import InvokeFailed, PlatformInvoker, _not_taken
from raceday.settings import Settings
from tests.poll_kit import StillClock

SETTINGS = Settings(platform_host="https://api.example.org", platform_namespace="fn-1", platform_key="dof_v1_a:s3cret")


def start(handler: httpx.MockTransport) -> str:
    """Start the poller through a platform that answers by `handler`."""

    async def go() -> str:
        clock = StillClock(datetime(2026, 11, 24, tzinfo=UTC))
        invoker = PlatformInvoker(SETTINGS, clock, SeededRandomSource(1), Log(lambda _: None), handler)
        with within(clock, 30):
            return await _started(invoker)

    return asyncio.run(go())


async def _started(invoker: PlatformInvoker) -> str:
    try:
        return await invoker.start("enhanced-race-poller", {"raceId": "r1"})
    finally:
        await invoker.aclose()


def test_an_invocation_does_not_wait() -> None:
    """The call names the function in its package, says blocking=false, and carries key and payload."""
    seen: list[httpx.Request] = []

    def platform(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"activationId": "act-1"})

    assert start(httpx.MockTransport(platform)) == "act-1"
    (request,) = seen
    assert request.url == (
        "https://api.example.org/api/v1/namespaces/fn-1/actions/raceday/enhanced-race-poller?blocking=false"
    )
    assert request.headers["authorization"] == "Basic ZG9mX3YxX2E6czNjcmV0"
    assert json.loads(request.content) == {"raceId": "r1"}


@pytest.mark.parametrize("answer", [httpx.Response(429), httpx.Response(200, text="{}"), httpx.Response(502, text="x")])
def test_a_refusal_is_told_with_its_status(answer: httpx.Response) -> None:
    """An answer without an activation id is a failure that names the function."""
    with pytest.raises(InvokeFailed, match="enhanced-race-poller"):
        start(httpx.MockTransport(lambda _: answer))


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_platform_refused_is_asked_again_while_time_is_left(status: int) -> None:
    """Too many at once or a minute, and a platform out of order, take nothing: a start outlasts five refusals."""
    answers = [*[httpx.Response(status)] * 5, httpx.Response(202, json={"activationId": "act-3"})]
    assert start(httpx.MockTransport(lambda _: answers.pop(0))) == "act-3"


def test_only_a_failed_connection_is_tried_again() -> None:
    """After a connection was made the platform may have taken the call, so that a time-out is not repeated."""
    tries: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tries.append("connect")
        if len(tries) == 1:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(202, json={"activationId": "act-2"})

    assert start(httpx.MockTransport(refuse)) == "act-2"

    def stall(request: httpx.Request) -> httpx.Response:
        tries.append("read")
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(InvokeFailed):
        start(httpx.MockTransport(stall))
    assert tries == ["connect", "connect", "read"]


@pytest.mark.parametrize(("status", "taken", "again"), [(429, False, True), (503, False, True), (0, False, True),
                                                        (0, True, False), (500, False, False)])  # fmt: skip
def test_only_what_was_not_taken_is_started_again(status: int, *, taken: bool, again: bool) -> None:
    """A refusal for being busy or out of order, and no connection, took nothing; of all else nobody can tell."""
    assert _not_taken(InvokeFailed("x", status, taken=taken)) is again
