"""The pollers through their real entrypoints: the platform's event in, its answer out."""

import asyncio
import json
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.feedsim import FeedSim, generate_day
from local.functions import function
from raceday.clock import iso
from raceday.runtime.function import handle
from raceday.tables import RACE_POLLS
from tests.poll_kit import Kit
from tests.polling.test_poll_recorded import kit_for

DAY = generate_day(11, date(2026, 3, 1), races=4)
RACE = DAY.core_races[0]
SOON = RACE.advertised - timedelta(minutes=5)
UNKNOWN = "5f0b7a52-7d0e-4c11-9f39-1a6cf0a4b0ff"


def kit() -> Kit:
    """Make a container five minutes before a generated race, with nothing stored."""
    return kit_for(FeedSim(DAY), SOON)


def invoke(here: Kit, name: str, event: dict[str, Any], budget_secs: float = 60.0) -> dict[str, Any]:
    """Run one activation of a deployed function."""
    deadline_ms = (here.clock.now().timestamp() + budget_secs) * 1000
    context = SimpleNamespace(activation_id="a1", deadline=deadline_ms)
    return asyncio.run(handle(here.container, function(name), event, context))


def web(body: Any = None, query: str = "") -> dict[str, Any]:
    """Build the event of a raw web call."""
    text = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    return {"http": {"method": "POST", "path": "", "queryString": query, "headers": {}, "body": text}}


def test_scheduled_slots_are_polled() -> None:
    """enhanced-race-poller takes the scheduler's payload, waits for its slots and commits each."""
    here = kit()
    slots = [
        {
            "raceId": RACE.race_id,
            "slot": iso(SOON + timedelta(seconds=s)),
            "start": iso(RACE.advertised),
            "kind": "slot",
        }
        for s in (0, 30)
    ]
    answer = invoke(here, "enhanced-race-poller", {"slots": slots, "tick": iso(SOON)}, budget_secs=100)
    assert (answer["ok"], answer["committed"], answer["failures"]) == (True, 2, [])
    assert len(here.store.tables[RACE_POLLS]) == 2


@pytest.mark.parametrize("name", ["enhanced-race-poller", "single-race-poller"])
def test_web_call_polls_one_race(name: str) -> None:
    """A web call with a race id in its query polls the race and answers 200 with its result."""
    answer = invoke(kit(), name, web(query=f"raceId={RACE.race_id}"))
    assert answer["statusCode"] == 200
    assert answer["body"]["results"][0]["result"] == "committed"


@pytest.mark.parametrize(
    ("name", "event", "status", "kind"),
    [
        ("enhanced-race-poller", web({}), 400, "bad_request"),
        ("enhanced-race-poller", web("[1]"), 400, "bad_request"),
        ("enhanced-race-poller", web({"raceId": "nonsense"}), 400, "bad_request"),
        ("enhanced-race-poller", web({"raceId": UNKNOWN}), 404, "not_found"),
        ("single-race-poller", web({"raceId": UNKNOWN}), 404, "not_found"),
        ("batch-race-poller", web({"raceIds": [UNKNOWN] * 2 + [RACE.race_id[:-1]]}), 400, "bad_request"),
    ],
)
def test_bad_calls_are_answered_by_their_kind(name: str, event: dict[str, Any], status: int, kind: str) -> None:
    """Malformed input answers 400 and an unknown race 404, each with a kind and a message."""
    answer = invoke(kit(), name, event)
    assert (answer["statusCode"], answer["body"]["error"]["kind"]) == (status, kind)


def test_unwanted_race_answers_with_the_rule() -> None:
    """A greyhound race answers 422 and names the setting that excludes it."""
    dogs = next(r for r in DAY.races if r.category == "G")
    answer = invoke(kit(), "enhanced-race-poller", web({"raceId": dogs.race_id}))
    assert answer["statusCode"] == 422
    assert "RACEDAY_CODES" in answer["body"]["error"]["message"]


def test_passed_deadline_answers_at_once() -> None:
    """Without time left the poller answers 503 and polls nothing."""
    here = kit()
    answer = invoke(here, "enhanced-race-poller", web({"raceId": RACE.race_id}), budget_secs=1)
    assert (answer["statusCode"], answer["body"]["error"]["kind"]) == (503, "deadline")
    assert here.store.asked == []


def test_batch_gives_a_result_per_race() -> None:
    """batch-race-poller answers 200 with each race's result, failures among them."""
    answer = invoke(kit(), "batch-race-poller", web({"raceIds": [RACE.race_id, UNKNOWN]}))
    assert answer["statusCode"] == 200
    assert {r["raceId"]: r["result"] for r in answer["body"]["results"]} == {
        RACE.race_id: "committed",
        UNKNOWN: "failed",
    }
    assert len(answer["body"]["failures"]) == 1


def test_race_data_poller_finds_its_own_work() -> None:
    """race-data-poller polls the race that is stored and due, without being told which."""
    here = kit()
    invoke(here, "enhanced-race-poller", {"raceId": RACE.race_id})
    here.clock.advance(30)
    answer = invoke(here, "race-data-poller", web())
    assert (answer["statusCode"], answer["body"]["committed"]) == (200, 1)
