"""The namespace's REST paths, as the scheduler, a browser and a webhook sender use them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from local.host.function import HostedFunction
from local.host.namespace import Namespace
from local.host.rest import make_app
from local.host.server import HostServer
from raceday.clock import SystemClock
from raceday.ids import SystemRandomSource
from raceday.log import Log
from raceday.runtime.invoke import PlatformInvoker
from raceday.settings import Settings
from tests.host.test_contract import hosted

KEY = "dof_v1_abc:secret"
GOOD_AUTH = httpx.BasicAuth("dof_v1_abc", "secret")
NO_AUTH = httpx.Auth()
ECHO = "import time\n\ndef main(event, context):\n    time.sleep(event.get('sleep', 0))\n    return {'got': event}\n"
WEB = """import json


def main(event, context):
    http = event["http"]
    if http["method"] == "DELETE":
        return {"error": "no"}
    if http["queryString"] == "slow":
        import time
        time.sleep(1)
    return {"statusCode": 201, "headers": {"X-Own": "yes"}, "body": {"keys": sorted(event), **http}}
"""


@asynccontextmanager
async def client(*functions: HostedFunction, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a namespace with these functions, without a socket."""
    namespace = Namespace(functions, **options)
    transport = httpx.ASGITransport(app=make_app(namespace, KEY))
    async with httpx.AsyncClient(transport=transport, base_url="http://platform", auth=GOOD_AUTH) as http:
        try:
            yield http
        finally:
            await namespace.close()


ACTIONS = "/api/v1/namespaces/fn-local/actions/raceday/f"
ACTIVATIONS = "/api/v1/namespaces/fn-local/activations"
WEB_URL = "/api/v1/web/fn-local/raceday/w"


def test_an_asynchronous_call_gives_an_activation_and_later_its_record() -> None:
    """The answer is 202 with an id; the record is not there until the function has ended."""

    async def scenario() -> tuple[int, int, dict[str, Any]]:
        async with client(hosted(ECHO)) as http:
            started = await http.post(ACTIONS, params={"blocking": "false"}, json={"a": 1, "sleep": 0.2})
            url = f"{ACTIVATIONS}/{started.json()['activationId']}"
            early = await http.get(url)
            # A blocking call of the same function ends after it, for it sleeps as long and starts later.
            await http.post(ACTIONS, params={"blocking": "true"}, json={"sleep": 0.5})
            return started.status_code, early.status_code, (await http.get(url)).json()

    started, early, record = asyncio.run(scenario())
    assert (started, early) == (202, 404)
    assert record["response"]["result"] == {"got": {"a": 1, "sleep": 0.2}}
    assert record["response"]["status"] == "success"


def test_a_blocking_call_that_lasts_too_long_becomes_asynchronous() -> None:
    """Within the sync time the record comes back, after it only the activation's id."""

    async def call(sleep: float, sync_secs: float) -> httpx.Response:
        async with client(hosted(ECHO), sync_secs=sync_secs) as http:
            return await http.post(ACTIONS, params={"blocking": "true"}, json={"sleep": sleep})

    quick, slow = asyncio.run(call(0, 30)), asyncio.run(call(9, 0.05))
    assert quick.status_code == 200
    assert quick.json()["response"]["success"] is True
    assert slow.status_code == 202
    assert set(slow.json()) == {"activationId"}


@pytest.mark.parametrize(
    ("url", "auth", "status"),
    [
        (ACTIONS, httpx.BasicAuth("dof_v1_abc", "wrong"), 401),
        (ACTIONS, NO_AUTH, 401),
        (ACTIONS.replace("fn-local", "fn-other"), GOOD_AUTH, 403),
        (ACTIONS.replace("raceday/f", "raceday/g"), GOOD_AUTH, 404),
    ],
)
def test_invocation_needs_the_namespaces_key(url: str, auth: httpx.Auth, status: int) -> None:
    """A wrong key, another namespace and an unknown function are refused."""

    async def scenario() -> int:
        async with client(hosted(ECHO)) as http:
            return (await http.post(url, json={}, auth=auth)).status_code

    assert asyncio.run(scenario()) == status


def test_a_raw_web_call_carries_the_request_and_nothing_else() -> None:
    """Query and body stay inside `http`, so that a caller cannot set other keys of the event."""

    async def scenario() -> httpx.Response:
        async with client(hosted(WEB, name="w", web="raw")) as http:
            return await http.post(f"{WEB_URL}/part/two?raceId=1", json={"statusCode": 500})

    answer = asyncio.run(scenario())
    assert answer.status_code == 201
    assert answer.headers["x-own"] == "yes"
    body = answer.json()
    assert body["keys"] == ["http"]
    assert (body["method"], body["path"], body["queryString"]) == ("POST", "/part/two", "raceId=1")
    assert json.loads(base64.b64decode(body["body"])) == {"statusCode": 500}
    assert body["isBase64Encoded"] is True


def test_binary_bodies_arrive_in_base64() -> None:
    """A body that is no text is encoded and says so."""

    async def scenario() -> dict[str, Any]:
        async with client(hosted(WEB, name="w", web="raw")) as http:
            sent = await http.post(WEB_URL, content=b"\xff\x00", headers={"content-type": "application/octet-stream"})
            return dict(sent.json())

    body = asyncio.run(scenario())
    assert (body["body"], body["isBase64Encoded"]) == ("/wA=", True)


def test_web_secrets_are_demanded_and_closed_functions_do_not_exist() -> None:
    """Without the secret a secured function answers 401; a function that is not for the web answers 404."""

    async def scenario() -> list[int]:
        functions = [hosted(WEB, name="w", web="raw", web_secure="s3cret"), hosted(WEB, name="closed")]
        async with client(*functions) as http:
            calls = [
                await http.get(WEB_URL),
                await http.get(WEB_URL, headers={"X-Require-Whisk-Auth": "wrong"}),
                await http.get(WEB_URL, headers={"X-Require-Whisk-Auth": "s3cret"}),
                await http.get(WEB_URL.replace("/w", "/closed")),
            ]
            return [call.status_code for call in calls if call is not None]

    statuses = asyncio.run(scenario())
    assert statuses == [401, 401, 201, 404]


def test_web_calls_leave_no_record_and_give_up_waiting() -> None:
    """A web function that is too slow answers 202, its errors tell nothing, and none of it is in the activations."""

    async def call(method: str, sync_secs: float) -> tuple[httpx.Response, list[Any]]:
        async with client(hosted(WEB, name="w", web="raw"), sync_secs=sync_secs) as http:
            answer = await http.request(method, f"{WEB_URL}?slow")
            return answer, (await http.get(ACTIVATIONS)).json()

    slow, records = asyncio.run(call("GET", 0.05))
    assert slow.status_code == 202
    assert records == []
    failed, records = asyncio.run(call("DELETE", 30))
    assert (failed.status_code, failed.content) == (204, b"")
    assert records == []


def test_the_schedulers_invoker_starts_functions_over_loopback() -> None:
    """The deployed code's own invoker reaches the host through a socket and gets the activation's id."""

    async def scenario() -> Any:
        namespace = Namespace([hosted(ECHO)])
        async with HostServer(namespace, KEY) as server:
            settings = Settings(platform_host=server.url, platform_namespace="fn-local", platform_key=KEY)
            invoker = PlatformInvoker(settings, SystemClock(), SystemRandomSource(), Log(lambda _: None))
            started = await invoker.start("f", {"slots": []})
            await namespace.drain()
            await invoker.aclose()
            record = namespace.activation(started)
            return None if record is None else record.result

    assert asyncio.run(scenario()) == {"got": {"slots": []}}
