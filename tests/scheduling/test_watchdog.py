"""The second line of defence: the scheduler's work is done while the scheduler does not tick."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.functions import function
from local.simulate.day import day_start
from local.simulate.loop import VirtualLoop
from local.simulate.run import simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.world import SimWorld
from raceday.clock import iso
from raceday.ids import row_key
from raceday.runtime.function import handle
from raceday.tables import SUITE_STATE
from tests.scheduling.kit import START
from tests.scheduling.test_heartbeat import PATIENCE, Watched
from tests.simulate.days import FEW, told_of

MINUTE = timedelta(minutes=1)
FEEDING = "daily-meetings"


class Guarded(Watched):
    """The scheduler's suite with a watcher outside and the watchdog's trigger; `ended` is when that last answered."""

    ended: datetime

    def watch(self, at: datetime, *, kept_at: datetime | None = None, **params: Any) -> dict[str, Any]:
        """Fire the watchdog's trigger at an instant; `kept_at` is when a tick is kept while it runs."""
        self.at = at
        loop = VirtualLoop(at)
        if kept_at is not None:
            row = self.store.tables[SUITE_STATE][row_key("tick", "master-race-scheduler")]
            loop.call_later((kept_at - at).total_seconds(), row.update, {"at": iso(kept_at)})
        container = self.container(loop)
        try:
            event = {"watchdog": True, **params}
            answer: dict[str, Any] = loop.run_until_complete(handle(container, function(FEEDING), event, None))
            self.ended = loop.now()
        finally:
            loop.close()
        return answer

    def rows(self, kind: str) -> dict[str, Any]:
        """Return the state rows of a kind by name."""
        return {row["name"]: row for row in self.store.tables[SUITE_STATE].values() if row["kind"] == kind}


def test_a_scheduler_that_ticks_is_left_alone() -> None:
    """Up to three minutes after a tick nothing is done and nothing written but by the scheduler."""
    suite = Guarded(START)
    suite.race("r1", START + 30 * MINUTE)
    suite.tick(START)
    before = len(suite.invoker.started)
    for minutes in (0, 1, 3):
        answer = suite.watch(START + minutes * MINUTE)
        assert (answer["stoodIn"], answer["lastTick"]) == (False, iso(START))
    assert len(suite.invoker.started) == before
    assert list(suite.rows("tick")) == ["master-race-scheduler"]


def test_a_tick_that_was_seen_is_believed_while_it_is_young() -> None:
    """Until the tick that it saw is three minutes old a watchdog asks the store nothing, but of brief slots it does."""
    suite = Guarded(START)
    suite.race("r1", START + 60 * MINUTE)
    suite.tick(START)
    asked = []
    for minutes in range(5):
        before = suite.store.calls
        suite.watch(START + minutes * MINUTE)
        asked.append(suite.store.calls - before)
    assert (asked[0], asked[1:3]) == (1, [0, 0])
    assert asked[3] == 1
    assert asked[4] > 1
    near = Guarded(START)
    near.race("r1", START + 5 * MINUTE)
    near.tick(START)
    for minutes in (0, 1):
        before = near.store.calls
        near.watch(START + minutes * MINUTE + timedelta(seconds=1))
        assert near.store.calls > before


def test_a_dead_scheduler_is_stood_in_for_each_minute_until_it_ticks() -> None:
    """From the fourth minute on each minute's slots are handed out; the scheduler's own row keeps its last tick."""
    suite = Guarded(START)
    suite.race("r1", START + 30 * MINUTE)
    suite.tick(START)
    heard = len(suite.watcher.beats)
    answers = [suite.watch(START + minutes * MINUTE + timedelta(seconds=1)) for minutes in range(1, 12)]
    assert [a["stoodIn"] for a in answers] == [False, False, *[True] * 9]
    assert sum(a.get("slots", 0) for a in answers) >= 3
    ticks = suite.rows("tick")
    assert ticks["master-race-scheduler"]["at"] == iso(START)
    assert ticks["watchdog"]["at"] == iso(START + 11 * MINUTE + timedelta(seconds=1))
    # The watcher outside hears nothing, and so tells of the dead scheduler.
    assert len(suite.watcher.beats) == heard
    suite.tick(START + 12 * MINUTE)
    assert suite.watch(START + 12 * MINUTE)["stoodIn"] is False


def test_what_the_watchdog_handed_out_the_scheduler_hands_out_no_more() -> None:
    """Back again, the scheduler knows the slots that were handed out in its place."""
    suite = Guarded(START)
    suite.race("r1", START + 4 * MINUTE)
    suite.tick(START - 5 * MINUTE)
    assert suite.watch(START)["slots"] > 0
    suite.tick(START + timedelta(seconds=2))
    slots = [slot["slot"] for _, payload in suite.invoker.started for slot in payload.get("slots", ())]
    # Those of this minute, which no poller committed, are tried again; the next minute's are not yet missing.
    assert slots.count(iso(START + MINUTE)) == 1


@pytest.mark.parametrize(
    ("starts_in", "ticked", "stands_in"),
    [
        pytest.param(4 * MINUTE, False, True, id="slots that last seconds, and no tick"),
        pytest.param(4 * MINUTE, True, False, id="slots that last seconds, and a tick"),
        pytest.param(20 * MINUTE, False, False, id="slots that the next tick can still hand out"),
        pytest.param(9 * MINUTE, False, False, id="slots that last seconds in later minutes only"),
    ],
)
def test_a_minute_whose_slots_last_seconds_is_not_left_without_a_tick(
    starts_in: timedelta, ticked: bool, stands_in: bool
) -> None:
    """Of slots that no later tick could hand out in time none is lost for one trigger that was missed."""
    suite = Guarded(START)
    suite.race("r1", START + starts_in)
    suite.tick(START)
    if ticked:
        suite.tick(START + MINUTE + timedelta(seconds=2))
    before = len(suite.invoker.slots())
    answer = suite.watch(START + MINUTE + timedelta(seconds=1))
    assert answer["stoodIn"] is stands_in
    handed = suite.invoker.slots()[before:]
    assert (("r1", iso(START + MINUTE + timedelta(seconds=30))) in handed) is stands_in
    assert json.loads(suite.rows("health")["suite"]["data"])["stood_in"] == ""


@pytest.mark.parametrize(
    ("kept_after", "ends_after"),
    [
        pytest.param(3.0, 3.7, id="before the first look"),
        pytest.param(4.0, 4.2, id="before the second look"),
        pytest.param(6.0, 8.0, id="before the last look"),
    ],
)
def test_a_watchdog_waits_no_longer_than_for_the_tick(kept_after: float, ends_after: float) -> None:
    """It is billed while it waits: it ends at the first of its looks, in seconds of the minute, that finds a tick."""
    suite = Guarded(START)
    suite.race("r1", START + 4 * MINUTE)
    suite.tick(START)
    minute = START + MINUTE
    answer = suite.watch(minute + timedelta(seconds=1), kept_at=minute + timedelta(seconds=kept_after))
    assert answer["stoodIn"] is False
    assert (suite.ended - minute).total_seconds() == pytest.approx(ends_after)


def test_a_stand_in_is_an_alarm_and_ends_with_it() -> None:
    """The health row tells since when the scheduler is stood in for, and no longer once it ticks."""
    suite = Guarded(START)
    suite.tick(START)
    suite.watch(START + 4 * MINUTE)
    found = json.loads(suite.rows("health")["suite"]["data"])
    assert found["stood_in"] == iso(START)
    suite.at = START + 5 * MINUTE
    answer = suite.ask()
    assert (answer["statusCode"], answer["status"]) == (503, "standstill")
    assert [t["kind"] for t in answer["troubles"]] == ["standstill", "watchdog"]
    suite.tick(START + 9 * MINUTE)
    assert json.loads(suite.rows("health")["suite"]["data"])["stood_in"] == ""


def test_a_suite_that_never_ticked_is_started() -> None:
    """Where no tick was ever kept, the work is done."""
    suite = Guarded(START)
    assert suite.watch(START)["stoodIn"] is True


def test_another_parameter_beside_is_refused() -> None:
    """A body that the trigger does not send is told by its name."""
    assert "force" in str(Guarded(START).watch(START, force=True)["error"])


class _Dead(FaultHooks):
    """A scheduler that is dead from one instant to another, beside a watchdog that lives."""

    def __init__(self, begin: timedelta, end: timedelta) -> None:
        self._begin, self._end = begin, end
        self._first: datetime | None = None

    def triggers(self, minute: datetime) -> int:
        first = self._first = self._first or minute
        return 0 if self._begin <= minute - first < self._end else 1


def _dies(world: SimWorld) -> FaultHooks:
    return _Dead(timedelta(hours=7), timedelta(hours=40))


def test_a_day_whose_scheduler_dies_is_polled_to_its_end() -> None:
    """Beside a scheduler that lives nothing is done twice; after its death only slots of the first minutes are gaps."""
    report = simulate_day(FEW, seams=_dies)
    polls, buckets = report["polls"], report["buckets"]
    assert polls["committed"] > 0.98 * polls["expected"] > 150
    assert (polls["duplicate"], polls["unexpected"]) == (0, 0)
    assert polls["missing"] <= 2
    assert (buckets["lost"], buckets["wrong"], buckets["duplicate"]) == (0, 0, 0)
    assert report["notifications"]["duplicate"] == 0
    assert report["invocations"]["master-race-scheduler"] < report["invocations"]["daily-meetings"]
    # Somebody outside hears nothing from then on, though the races are polled.
    died = day_start(FEW.day).replace(second=0) + MINUTE + timedelta(hours=7)
    last = datetime.fromisoformat(report["heartbeat"]["last"])
    assert died - PATIENCE <= last <= died + MINUTE


def test_a_scheduler_that_waits_for_slots_is_heard_before_a_watcher_grows_impatient() -> None:
    """Ticks that wait for a slot beat late in their minute, and still no silence of a sound day is two minutes long."""
    report = told_of(FEW)
    heard = report["heartbeat"]
    assert heard["beats"] == report["invocations"]["master-race-scheduler"]
    assert 60 < heard["longest_silence_secs"] < PATIENCE.total_seconds()
