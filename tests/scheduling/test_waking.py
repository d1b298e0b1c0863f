"""Which event functions the scheduler wakes, and when it leaves them alone."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from raceday.ledger import log as ledger
from raceday.racing.records import LedgerHead, PoolTotals, RunnerLine
from raceday.racing.snapshot import Status
from raceday.store.port import Store
from raceday.tables import MONEY_FLOW, RACE_POLLS, RACE_POOLS
from tests.scheduling.kit import START, Suite, at_minute


def test_lagging_projections_are_woken_once() -> None:
    """A race whose pool totals are behind its ledger wakes the event functions; one up to date wakes none."""
    suite = Suite(at_minute(70))
    for race_id, n in (("r1", 1), ("r2", 0)):
        suite.race(race_id, START + timedelta(minutes=200))
        suite.polled(race_id, 1, at_minute(11, 0))
        suite.run(lambda race_id=race_id, n=n: suite.store.upsert(RACE_POOLS, race_id, {"raceId": race_id, "n": n}))  # type: ignore[misc]
    for row in suite.store.tables[RACE_POLLS].values():
        row["pools"] = json.dumps({"win": 1})
    assert suite.woken(at_minute(10)) == [("race-pools-aggregator", "r2")]


@pytest.mark.parametrize("polled_at", [15, 14])
def test_quiet_minutes_look_at_the_ledger_by_twos(monkeypatch: pytest.MonkeyPatch, polled_at: int) -> None:
    """With nobody started for minutes every other tick leaves the ledger alone, and a caller's poll is woken for."""
    looked: list[datetime] = []
    heads = ledger.heads

    async def counted(store: Store, *args: Any, **more: Any) -> list[LedgerHead]:
        looked.append(suite.at)
        return await heads(store, *args, **more)

    suite = Suite(at_minute(20))
    suite.race("r1", START + timedelta(minutes=190))
    monkeypatch.setattr(ledger, "heads", counted)
    for minute in range(20, polled_at, -1):
        suite.tick(at_minute(minute))
    suite.polled("r1", 1, at_minute(polled_at, 30), pools=PoolTotals({"win": 100}, {}))
    looked.clear()
    for minute in range(polled_at, polled_at - 4, -1):
        suite.tick(at_minute(minute))
    assert len(looked) == 2
    assert ("race-pools-aggregator", {"raceId": "r1"}) in suite.invoker.started


def test_a_timeline_without_its_newest_label_is_woken() -> None:
    """An open race's label wakes the tracker and the evaluator while its rows and alerts are missing."""
    suite = Suite(at_minute(31))
    suite.race("r1")
    suite.polled("r1", 1, at_minute(30, 0), runners=(RunnerLine("e1", 1, "Runner"),))
    assert suite.woken(at_minute(29)) == [("money-flow-tracker", "r1"), ("alert-evaluator", "r1")]
    suite.projects("r1")
    assert suite.woken(at_minute(28)) == []


def test_labels_that_a_start_put_back_brings_round_again_are_not_woken_for_again_and_again() -> None:
    """A race whose rows show nothing new is woken once, and then behind no more: its webhook is not switched off."""
    suite, runners = Suite(at_minute(31)), (RunnerLine("e1", 1, "Runner"),)
    suite.race("r1")
    suite.polled("r1", 1, at_minute(30, 0), runners=runners)
    suite.projects("r1")
    put_back = START + timedelta(minutes=5)
    suite.polled("r1", 2, at_minute(25, 0), runners=runners, start=put_back)
    assert suite.woken(at_minute(24)) == [("money-flow-tracker", "r1"), ("alert-evaluator", "r1")]
    assert suite.woken(at_minute(23)) == []
    # A poll half-way to the next label is behind nothing either; the label after it is new.
    suite.polled("r1", 3, at_minute(22.5, 0), runners=runners, start=put_back)
    assert suite.woken(at_minute(21)) == [("money-flow-tracker", "r1")]
    suite.projects("r1")
    suite.polled("r1", 4, at_minute(20, 0), runners=runners, start=put_back)
    assert suite.woken(at_minute(19)) == [("money-flow-tracker", "r1"), ("alert-evaluator", "r1")]
    assert suite.woken(at_minute(18)) == [("money-flow-tracker", "r1"), ("alert-evaluator", "r1")]


def test_a_projection_that_cannot_be_read_costs_the_tick_nothing_else() -> None:
    """Where the store refuses to give a projection, the tick names its function, wakes the others and is kept."""
    suite = Suite(at_minute(31))
    suite.race("r1")
    suite.polled("r1", 1, at_minute(30, 0), runners=(RunnerLine("e1", 1, "Runner"),))
    suite.store.refused = MONEY_FLOW
    report = suite.tick(at_minute(29))
    assert [failure["item"] for failure in report["failures"]] == ["money-flow-tracker"]
    assert ("alert-evaluator", {"raceId": "r1"}) in suite.invoker.started
    assert suite.tick(at_minute(28.9), cold=True)["slots"] == 0


def test_a_slot_between_labels_wakes_nobody() -> None:
    """A slot that shows in no projection for certain costs no wake."""
    suite = Suite(at_minute(31))
    suite.race("r1")
    suite.polled("r1", 1, at_minute(3, 30))
    assert suite.woken(at_minute(2)) == []


def test_a_finished_race_is_woken_until_its_timeline_is_complete() -> None:
    """The last labels of a race that is over wake who lacks them, again at each tick, and then no more."""
    suite = Suite(at_minute(0))
    suite.race("r1", status="Final")
    runners = (RunnerLine("e1", 1, "Runner"),)
    suite.polled("r1", 1, at_minute(-3, 0), Status.FINAL, runners=runners, pools=PoolTotals({"win": 100}, {}))
    lacking = {("money-flow-tracker", "r1"), ("alert-evaluator", "r1")}
    assert lacking <= set(suite.woken(at_minute(-4)))
    assert lacking <= set(suite.woken(at_minute(-5)))
    suite.projects("r1")
    assert lacking.isdisjoint(suite.woken(at_minute(-6)))
