"""From the platform's event to an answer."""

import asyncio
import base64
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from raceday.call import Call
from raceday.catalogue import functions
from raceday.clock import SystemClock
from raceday.container import Container
from raceday.errors import BadRequest, FeedUnavailable, SettingsError, StoreRefused
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.runtime.function import Function, handle
from raceday.settings import FEED, STORE, Settings, read_settings, specs

SECRET = "key-that-must-not-show"

FACTS = functions.POLLER._replace(name="f", needs=())


def container(lines: list[str]) -> Container:
    """Make a container whose log lands in `lines` and that has no clients."""
    log = Log(lines.append, secrets=(SECRET,))
    none = cast(Any, None)
    settings = Settings(store_key=SECRET)
    return Container(settings, SystemClock(), SeededRandomSource(1), log, feed=none, store=none, invoker=none)


def answer(handler: Any, event: Mapping[str, Any], lines: list[str] | None = None) -> dict[str, Any]:
    """Run one activation of `handler`."""
    function = Function(FACTS, handler)
    context = SimpleNamespace(activation_id="a1", deadline=10**15)
    return asyncio.run(handle(container([] if lines is None else lines), function, event, context))


async def echo(_: Container, call: Call) -> dict[str, Any]:
    """Return back the parameters."""
    return {"params": dict(call.params), "activation": call.activation_id}


def web(body: str = "", query: str = "", **extra: Any) -> dict[str, Any]:
    """Make the event of a raw web call."""
    return {"http": {"method": "POST", "path": "", "headers": {}, "queryString": query, "body": body, **extra}}


def test_an_event_of_a_trigger_is_its_parameters() -> None:
    """Without an HTTP part the event's own members are the parameters."""
    assert answer(echo, {"raceId": "r"}) == {"params": {"raceId": "r"}, "activation": "a1"}


def test_a_web_call_is_read_from_query_and_body() -> None:
    """Query and JSON body become parameters, the body's winning, and the answer is a web response."""
    got = answer(echo, web('{"raceId": "b"}', "raceId=a&x=1"))
    assert (got["statusCode"], got["body"]["params"]) == (200, {"raceId": "b", "x": "1"})


def test_a_base64_body_is_decoded() -> None:
    """A body that the platform encoded is read as it was sent."""
    got = answer(echo, web(base64.b64encode(b'{"a": 1}').decode(), isBase64Encoded=True))
    assert got["body"]["params"] == {"a": 1}


@pytest.mark.parametrize("body", ["[1]", "{", "nonsense", "[" * 100_000])
def test_a_body_that_is_no_object_answers_400_with_the_field(body: str) -> None:
    """A caller learns which part of its request is wrong and what was expected."""
    got = answer(echo, web(body))
    assert got["statusCode"] == 400
    assert (got["body"]["error"]["field"], got["body"]["error"]["expected"]) == ("body", "a JSON object")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest("raceId", "an id"), 400),
        (FeedUnavailable("slow"), 502),
        (StoreRefused("key"), 503),
        (KeyError("x"), 500),
    ],
)
def test_errors_become_answers(error: Exception, status: int) -> None:
    """No error escapes; each kind has its status."""

    async def fail(_: Container, __: Call) -> dict[str, Any]:
        raise error

    assert answer(fail, web())["statusCode"] == status
    assert "error" in answer(fail, {})


def test_the_inside_of_a_crash_is_not_told() -> None:
    """An unexpected error's text and every secret stay out of the answer; the log has the place, without secrets."""

    async def crash(_: Container, __: Call) -> dict[str, Any]:
        raise ValueError(f"cannot use {SECRET}")

    lines: list[str] = []
    got = json.dumps(answer(crash, web(), lines))
    assert SECRET not in got
    assert "cannot use" not in got
    assert SECRET not in "".join(lines)
    assert "test_function.py" in "".join(lines)


def test_results_are_json_native() -> None:
    """A handler's result goes through JSON, so that nothing in it can kill the platform's process."""

    async def odd(_: Container, __: Call) -> dict[str, Any]:
        return {"when": SystemClock().now(), "pair": (1, 2)}

    got = answer(odd, {})
    assert got["pair"] == [1, 2]
    assert isinstance(got["when"], str)


def test_one_summary_line_per_activation() -> None:
    """Each activation ends with one line that says cold or warm, how long, and with what status."""
    lines: list[str] = []
    answer(echo, {}, lines)
    done = [json.loads(line) for line in lines if "activation.done" in line]
    assert [(d["function"], d["activation"], d["cold"]) for d in done] == [("f", "a1", True)]


def test_the_summary_of_a_refused_request_has_its_status_without_http_too() -> None:
    """A trigger's bad request is logged with 400, as that of a web call is."""

    async def refuse(_: Container, __: Call) -> dict[str, Any]:
        raise BadRequest("raceId", "a race id", "x")

    for event in ({}, web()):
        lines: list[str] = []
        answer(refuse, event, lines)
        done = [json.loads(line) for line in lines if "activation.done" in line]
        assert [d["status"] for d in done] == [400]


def test_all_problems_of_the_settings_come_in_one_message() -> None:
    """Missing and malformed settings are told together, and a secret's value is never shown."""
    env = {"NZTAB_RATE_PER_SEC": "fast", "RACEDAY_NAMESPACE_KEY": SECRET, "RACEDAY_INTERVAL_T5_SECS": "25"}
    with pytest.raises(SettingsError) as caught:
        read_settings(env, frozenset({FEED, STORE}))
    text = str(caught.value)
    for name in ("NZTAB_FROM", "NZTAB_PARTNER", "APPWRITE_ENDPOINT", "NZTAB_RATE_PER_SEC", "RACEDAY_INTERVAL_T5_SECS"):
        assert name in text
    assert SECRET not in text


def test_secrets_stay_out_of_the_settings_text() -> None:
    """Printing the settings shows no secret."""
    settings = read_settings({"APPWRITE_API_KEY": SECRET})
    assert settings.store_key == SECRET
    assert SECRET not in repr(settings)


def test_every_setting_has_one_variable_and_a_meaning() -> None:
    """No two settings share a variable, and each says what it is."""
    found = list(specs().values())
    assert len({spec.env for spec in found}) == len(found)
    assert all(spec.doc for spec in found)


def test_a_log_over_its_limit_keeps_warnings_and_counts_the_rest() -> None:
    """Past its volume a log drops information lines and counts them; warnings still pass."""
    lines: list[str] = []
    log = Log(lines.append, limit_bytes=200)
    for n in range(10):
        log.info("tick", n=n)
    log.warning("trouble")
    assert log.cut > 0
    assert "trouble" in lines[-1]
