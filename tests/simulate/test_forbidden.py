"""What no row of a day tells, and its judge watches all the same."""

import asyncio
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from local.feedsim import DayOptions
from local.simulate.faults import DayFaults
from local.simulate.faults.script import CURRENT, ActivationRun
from local.simulate.oracle.checks import score_of
from local.simulate.oracle.differences import Findings
from local.simulate.oracle.reading import SINGLE
from local.simulate.oracle.totals import judge_totals
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.served import Record
from local.simulate.verdict import fine, replay, troubles, verdict
from local.simulate.webhooks import PortWebhooks
from local.simulate.world import FUNCTIONS_URL, POLLER, SECRET, SETTINGS, SimWorld
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.racing import planning
from raceday.runtime.webhook import sign
from raceday.tables import RACE_POLLS
from tests.simulate.days import SMALL, told_of

AT = datetime(2026, 2, 13, 20, 0, tzinfo=UTC)
ROW = {"$id": "x", "raceId": "r1"}
PAUSED = (datetime(2026, 2, 13, 22, 0, tzinfo=UTC), datetime(2026, 2, 13, 22, 30, tzinfo=UTC))


def test_totals_that_go_back_are_told() -> None:
    """An older poll's totals after a newer one's are a fault, even where the newer ones come back."""
    record = Record()
    for n in (1, 3, 2, 4, 4):
        record.total("r1", n)
    record.total("r2", 1)
    assert record.fell_back == [("r1", 3, 2)]


def test_a_check_that_nobody_knows_has_no_score() -> None:
    """A row with a check under another name has no right score, and the judge does not die of it."""
    row = {"name": "win_identity", "applies": True, "ok": True, "score": 1.0}
    assert score_of(json.dumps([row]), None) == 100
    assert score_of(json.dumps([row, {**row, "name": "weather"}]), None) is None


def test_a_slot_of_the_last_minutes_that_its_own_minute_hands_out_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """From T-5 on a poller is up in time: a tick that reaches no further than its minute is told."""
    assert told_of(SMALL)["polls"]["begun_late"] == 0
    monkeypatch.setattr(planning, "REACH_SECS", 55)
    assert set(troubles(simulate_day(SMALL))) == {"slots polled late"}


def test_a_day_with_a_pause_wants_no_poll_in_it() -> None:
    """While an operator has paused the pollers nothing is polled and nothing missing, and gaps tell of it."""
    plan = DayPlan(seed=3, races=1, depth="port", options=DayOptions(moved_starts=0), paused=PAUSED)
    report = simulate_day(plan)
    assert fine(report), troubles(report)
    assert report["polls"]["gaps"] > 5
    assert "--paused 2026-02-13T22:00..2026-02-13T22:30" in replay(report)


def test_a_slot_of_a_pause_that_no_gap_tells_of_fails_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not polled while pollers were paused is told in the race's next row, all of it."""
    monkeypatch.setattr("raceday.polling.plan._MOST_GAPS", 5)
    day = DayPlan(seed=3, races=1, depth="port", options=DayOptions(moved_starts=0), paused=PAUSED)
    report = simulate_day(day)
    assert set(troubles(report)) == {"slots of a pause and not told"}
    assert "told by no gap" in verdict([report])[1]


def test_a_deed_that_was_forbidden_fails_the_day() -> None:
    """A start in a pause, or a forged delivery that was let in, fails a day by itself."""
    report = told_of(SMALL)
    assert fine(report), troubles(report)
    report["forbidden"] = ["money-flow-tracker let in a forged signature"]
    assert troubles(report) == {"deeds that were forbidden": 1}


class StoodFor:
    """What the fault seams and a world's watch need of a world: a clock that is set, a seed, and what is forbidden."""

    def __init__(self, **settings: Any) -> None:
        self.at, self.seed, self.paused = AT, 1, None
        self.forbidden: list[str] = []
        self.loop = SimpleNamespace(start=AT, now=lambda: self.at, time=lambda: (self.at - AT).total_seconds())
        self.settings = dataclasses.replace(SETTINGS, **settings)


@pytest.mark.parametrize(("races", "told"), [(30, 0), (31, 1)])
def test_a_poller_that_is_given_too_many_races_is_told(races: int, told: int) -> None:
    """One activation takes thirty races, each with as many slots as there are."""
    world: Any = StoodFor()
    slots = [{"raceId": str(i % races), "slot": str(i)} for i in range(70)]
    SimWorld.started(world, POLLER, {"slots": slots})
    assert len(world.forbidden) == told


@pytest.mark.parametrize(("secs", "same", "told"), [(0.5, True, 1), (0.5, False, 0), (10.0, True, 0)])
def test_an_activation_that_asks_before_the_time_that_the_feed_named_is_told(
    secs: float, same: bool, told: int
) -> None:
    """An activation that was answered 429 with a time to wait waits for it; another knows nothing of it."""
    world: Any = StoodFor()
    faults = DayFaults(world, {"feed.429_wait": 1.0})

    async def ask(run: ActivationRun) -> httpx.Response | None:
        CURRENT.set(run)
        return await faults.before_feed(httpx.Request("GET", "https://f.test/affiliates/v1/racing/events/r1"))

    one, two = (ActivationRun(POLLER, {}, AT) for _ in range(2))
    answer = asyncio.run(ask(one))
    assert answer is not None
    assert int(answer.headers["retry-after"]) >= 1
    world.at += timedelta(seconds=secs)
    asyncio.run(ask(one if same else two))
    assert len(world.forbidden) == told


def test_another_races_answer_is_an_event_that_was_served_before() -> None:
    """Under the fault a race is answered with another's last event, and the first race of all with its own."""
    world: Any = StoodFor()
    faults = DayFaults(world, {"feed.other_race": 1.0})

    async def ask(race_id: str) -> bytes:
        request = httpx.Request("GET", f"https://f.test/affiliates/v1/racing/events/{race_id}")
        return (await faults.after_feed(request, httpx.Response(200, content=race_id.encode()))).content

    assert [asyncio.run(ask(race_id)) for race_id in ("r1", "r2", "r1")] == [b"r1", b"r1", b"r2"]
    assert faults.script.injected == {"feed.other_race": 2}


@pytest.mark.parametrize(("late", "sound", "found"), [(0, True, 0), (61, True, 1), (61, False, 0)])
def test_totals_that_came_long_after_their_race_are_told(late: int, sound: bool, found: int) -> None:
    """Where nothing breaks a race has its row of totals, all zeros, from the list that it came with."""
    zeros = {f"{product}PoolTotal": 0 for product in SINGLE}
    made = {"$id": "r1", "raceId": "r1", "totalRacePool": 0, "multiLegTotal": 0, "currency": "$", "n": 0}
    row = {**made, **zeros, "lastUpdated": None, "dividendDifferences": None}
    row["$createdAt"] = (AT + timedelta(seconds=late)).isoformat()
    findings = Findings()
    judge_totals([row], {"r1": {"$createdAt": AT.isoformat()}}, {}, findings, sound=sound)
    assert findings.report()["count"] == found


@pytest.mark.parametrize(("status", "told"), [(200, 0), (429, 0), (401, 3), (413, 3)])
def test_a_delivery_of_ours_that_is_refused_is_told(status: int, told: int) -> None:
    """Signed as the store signs it, of our project and of a row's size, a delivery is let in by each event function."""

    async def activate(name: str, event: dict[str, Any]) -> dict[str, Any]:
        forged = (
            event["http"]["headers"]["x-appwrite-webhook-signature"] not in right or len(event["http"]["body"]) > 99
        )
        return {"statusCode": 401 if forged else status}

    body = json.dumps(ROW).encode()
    right = {sign(SECRET, f"{FUNCTIONS_URL}/{name}", body) for name in EVENT_FUNCTIONS}
    assert len([each for each in forbidden_of(activate) if "refused" in each]) == told


@pytest.mark.parametrize(("answer", "told"), [({"ok": True}, 12), ({"ok": True, "ignored": "x"}, 0)])
def test_what_is_forged_and_let_in_is_told(answer: dict[str, Any], told: int) -> None:
    """Wrong by signature, project, size or database: each event function that takes one is told of, once for each."""

    async def activate(name: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"statusCode": 200, "body": answer}

    assert len([each for each in forbidden_of(activate) if "let in" in each]) == told


def test_a_function_that_takes_all_while_no_secret_is_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its secret is set a function refuses what is signed with none; one that does not is told of."""

    async def refuse(name: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"statusCode": 401}

    assert not [each for each in forbidden_of(refuse) if "no secret" in each]
    monkeypatch.setattr("raceday.runtime.webhook.check_delivery", lambda http, settings, url: None)
    assert len([each for each in forbidden_of(refuse) if "no secret" in each]) == 3


def forbidden_of(activate: Callable[[str, dict[str, Any]], Any]) -> list[str]:
    """Deliver one row to event functions that answer so, the forged ones before it; give what was forbidden."""
    world: Any = StoodFor()
    world.seams, world.delays = FaultHooks(), SimpleNamespace(webhook=(0.0, 0.0))
    world.chances = SimpleNamespace(span=lambda room, span: 0.0)
    world.backend = SimpleNamespace(reader=lambda world: SimpleNamespace())

    async def send() -> None:
        world.platform = SimpleNamespace(busy=False, activate=activate, spawn=asyncio.ensure_future)
        PortWebhooks(world).on_event(RACE_POLLS, "create", ROW)
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    asyncio.run(send())
    found: list[str] = world.forbidden
    return found
