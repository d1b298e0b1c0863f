"""Garbage sent to every HTTP function through its real entrypoint: an answer below 500, and nothing written."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raceday.catalogue.functions import NAMES
from raceday.runtime.webhook import sign
from raceday.tables import BY_ID
from tests.suite_kit import SETTINGS, Suite, go

WEB = ("enhanced-race-poller", "single-race-poller", "jockey-silks-enricher")
EVENTS = {
    "money-flow-tracker": SETTINGS.money_flow_url,
    "race-pools-aggregator": SETTINGS.race_pools_url,
    "alert-evaluator": SETTINGS.alerts_url,
}
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
    | st.sampled_from(["5f0b7a52-7d0e-4c11-9f39-1a6cf0a4c001", "2026-13-45T99:99:99Z", "9" * 400, "\x00", "../..", "'"])
)  # fmt: skip
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
)
FIELDS = st.sampled_from(["raceId", "raceIds", "slots", "tick", "kind", "date", "force", "limit", "$id", "debug", "x"])
OBJECTS = st.dictionaries(FIELDS, JSON, max_size=5)
BODIES = st.one_of(
    OBJECTS.map(json.dumps),
    JSON.map(json.dumps),
    st.text(max_size=200),
    st.just("[" * 5000),
    st.just('{"raceId": NaN}'),
)
LIMITS = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def web(body: str, query: str = "", headers: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Make the event of a raw web call."""
    http = {"method": "POST", "path": "", "queryString": query, "headers": dict(headers or {}), "body": body, **more}
    return {"http": http}


async def stored(suite: Suite) -> list[int]:
    """Count the rows of every table."""
    return [len(await suite.rows(table)) for table in sorted(BY_ID)]


async def harmless(name: str, event: dict[str, Any], *, least: int = 200) -> None:
    """Run a function and hold it to an answer below 500, with no trace of its inside and nothing written."""
    suite = Suite()
    before = await stored(suite)
    answer = await suite.run(name, event, secs=30)
    assert least <= answer.get("statusCode", 200) < 500, answer
    text = json.dumps(answer)
    assert "Traceback" not in text
    assert ".py" not in text
    assert await stored(suite) == before


@pytest.mark.parametrize("name", WEB)
@LIMITS
@given(body=BODIES, query=st.text(max_size=30))
def test_garbage_to_a_web_function_is_refused_by_field(name: str, body: str, query: str) -> None:
    """Any body and query are answered below 500, without a trace of the inside, and nothing is written."""
    go(lambda: harmless(name, web(body, query)))


@pytest.mark.parametrize("name", sorted(EVENTS))
@LIMITS
@given(body=BODIES, event=st.text(max_size=60))
def test_signed_garbage_to_an_event_function_changes_nothing(name: str, body: str, event: str) -> None:
    """A delivery that is signed and makes no sense is answered below 500 and writes nothing."""
    headers = {
        "x-appwrite-webhook-signature": sign(SETTINGS.webhook_secret, EVENTS[name], body.encode("utf-8", "replace")),
        "x-appwrite-webhook-project-id": SETTINGS.store_project,
        "x-appwrite-webhook-events": event,
    }
    go(lambda: harmless(name, web(body, headers=headers)))


@pytest.mark.parametrize("name", sorted(EVENTS))
@LIMITS
@given(body=BODIES, signature=st.text(max_size=40))
def test_unsigned_garbage_is_refused_before_it_is_read(name: str, body: str, signature: str) -> None:
    """A delivery whose signature does not hold is answered 401 and goes no further."""
    go(lambda: harmless(name, web(body, headers={"x-appwrite-webhook-signature": signature}), least=400))


@pytest.mark.parametrize("name", WEB)
@pytest.mark.parametrize("more", [{"isBase64Encoded": True}, {"method": None}, {"headers": None}, {"body": None}])
def test_odd_http_events_are_answered(name: str, more: dict[str, Any]) -> None:
    """Web events with members that are missing or of another type are answered below 500."""
    go(lambda: harmless(name, {"http": {**web("%%%")["http"], **more}}))


def test_every_http_function_is_one_of_the_twelve() -> None:
    """The functions tried here exist."""
    assert {*WEB, *EVENTS} <= set(NAMES)
