"""The columns of a timeline's rows: each shows its own figure of the poll, and of no other."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from raceday.clock import iso
from raceday.ledger.flow import flows
from raceday.ledger.timeline import Label, Live
from raceday.projections.money_flow import entry_rows
from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement
from tests.ledgers import START, poll

RUNNER = RunnerLine(
    "r1", 1, "Runner r1", fixed_win=Decimal("5.5"), fixed_place=Decimal("1.9"), pool_win=Decimal("6.1"),
    pool_place=Decimal("2.3"), hold=Decimal("11.5"), bet=Decimal("7.25"), win_cents=2_500, place_cents=600,
    win_source="pool_odds", place_source="book",
)  # fmt: skip
OTHER = RUNNER._replace(entrant_id="r2", number=2, win_cents=7_500, place_cents=1_400)
POOLS = PoolTotals({"win": 10_000, "place": 2_000, "quinella": 300}, {"quadrella": 9_000})


def state(minutes: float, n: int = 2, **changes: Any) -> LedgerRow:
    """Return a poll whose every figure is one of its own."""
    row = poll(n, minutes, {})._replace(pools=POOLS, runners=(RUNNER, OTHER), score=91)
    row = row._replace(fetched_at=row.slot + timedelta(seconds=3), generated_at=row.slot + timedelta(seconds=1))
    return row._replace(**changes)


def before() -> LedgerRow:
    """Return the poll of the label before: runner r1 had 400 cents less on Win, and 100 less on Place."""
    lines = (RUNNER._replace(win_cents=2_100, place_cents=500), OTHER)
    return state(60, 1, runners=lines, pools=PoolTotals({"win": 9_600, "place": 1_900}))


def test_a_runner_without_a_line_takes_its_money_out_of_the_growth() -> None:
    """A poll that lacks a runner of the label before shows it without money, and growth sums to that of the pool."""
    found = flows(Label(55, poll(2, 55, {"r1": 130}), poll(1, 60, {"r1": 100, "r2": 50, "r3": 0})))
    assert [(f.runner.entrant_id, f.win_cents, f.win_growth_cents) for f in found] == [("r1", 130, 30), ("r2", 0, -50)]
    assert sum(f.win_growth_cents for f in found) == 130 - 150


def test_a_label_shows_each_figure_of_its_poll() -> None:
    """Amounts, growth, shares, odds of four markets, times, total and score stand in the columns of their names."""
    poll_at_5 = state(5)
    row = entry_rows(Label(5, poll_at_5, before()))[0]
    assert {name: value for name, value in row.items() if name not in ("$id", "bucketDocumentId")} == {
        "raceId": "race-1", "entrantId": "r1", "poolType": "combined", "type": "bucketed_aggregation",
        "timeInterval": 5, "timeToStart": 5, "intervalType": "5m", "n": 2, "isBaseline": False,
        "eventTimestamp": iso(poll_at_5.slot), "pollingTimestamp": iso(poll_at_5.slot + timedelta(seconds=3)),
        "winPoolAmount": 2_500, "placePoolAmount": 600, "totalPoolAmount": 12_300,
        "incrementalAmount": 400, "incrementalWinAmount": 400, "incrementalPlaceAmount": 100,
        "winPoolPercentage": 25.0, "placePoolPercentage": 30.0, "holdPercentage": 25.0, "betPercentage": 7.25,
        "fixedWinOdds": 5.5, "fixedPlaceOdds": 1.9, "poolWinOdds": 6.1, "poolPlaceOdds": 2.3,
        "shareSource": "pool_odds", "dataQualityScore": 91, "mathematicallyConsistent": True, "isStale": False,
    }  # fmt: skip


def test_a_live_row_shows_the_same_figures_without_growth() -> None:
    """A row between labels has the poll's amounts, shares and odds, and growth is the labels' alone."""
    label = entry_rows(Label(60, state(57), state(60, 1)))[0]
    live = entry_rows(Live(57, state(57)))[0]
    own = {"$id", "bucketDocumentId", "timeInterval", "timeToStart", "intervalType"}
    assert {name for name in live if live[name] != label[name]} == own
    assert (live["timeInterval"], live["intervalType"], live["incrementalPlaceAmount"]) == (57, "live", 0)


@pytest.mark.parametrize(("label", "kind"), [(60, "5m"), (5, "5m"), (4, "1m"), (0, "1m"), (-1, "1m")])
def test_labels_from_five_minutes_on_are_of_five(label: int, kind: str) -> None:
    """A label's window lasts five minutes down to T-5, and one after it."""
    assert {row["intervalType"] for row in entry_rows(Label(label, state(label), before()))} == {kind}


@pytest.mark.parametrize(("secs", "stale"), [(60, False), (61, True), (-61, False)])
def test_an_answer_made_more_than_a_minute_before_its_slot_is_stale(secs: int, stale: bool) -> None:
    """The feed makes a new answer every 15 s: one that is over 60 s behind the slot shows that it has stopped."""
    at = START - timedelta(minutes=5)
    old = state(5, generated_at=at - timedelta(seconds=secs))
    assert {row["isStale"] for row in entry_rows(Label(5, old, before()))} == {stale}


@pytest.mark.parametrize(
    ("settled", "adds_up"),
    [({}, False), ({"place": Settlement({"gone": 40})}, True), ({"win": Settlement({}, 40)}, False)],
)
def test_a_poll_whose_runners_do_not_sum_to_its_pools_is_not_consistent(
    settled: dict[str, Settlement], adds_up: bool
) -> None:
    """Forty cents of the Place pool that stand on no runner have to be told as somebody's or nobody's."""
    short = state(5, pools=PoolTotals({"win": 10_000, "place": 2_040}, settled=settled))
    assert {row["mathematicallyConsistent"] for row in entry_rows(Label(5, short, before()))} == {adds_up}
