"""Movements that are surely real: like compared with like, and nothing said of what is missing or rounded away."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.movements import Columns, Movement, movements
from raceday.racing.precision import amount_spans
from raceday.racing.records import LedgerRow, Settlement
from tests.ledgers import poll

FIRST, THEN, LAST = (
    {"r1": 100, "r2": 80, "r3": 60, "r4": 40},
    {"r1": 200, "r2": 160, "r3": 120, "r4": 80},
    {"r1": 300, "r2": 240, "r3": 180, "r4": 180},
)
ROWS = poll(1, 60, FIRST), poll(2, 55, THEN), poll(3, 50, LAST)


def told(base: LedgerRow, before: LedgerRow, now: LedgerRow) -> dict[tuple[str, str], Movement]:
    """Return what moved between the last two of three columns."""
    return {(m.entrant_id, m.kind): m for m in movements(Columns(base, before, now))}


def changed(row: LedgerRow, entrant_id: str, **values: Any) -> LedgerRow:
    """Return a row in which one runner's figures are others."""
    return row._replace(runners=tuple(r._replace(**values) if r.entrant_id == entrant_id else r for r in row.runners))


def test_a_rise_is_told_with_what_is_sure_of_it() -> None:
    """The fourth runner's share rises 15.13 points; whatever the odds' rounding hid, it is at least 10."""
    found = told(*ROWS)
    assert set(found) == {("r4", "money_win"), ("r4", "money_place")}
    win = found["r4", "money_win"]
    assert round(win.value, 2) == 15.13
    assert 10 < win.least < win.value


def test_a_rise_within_the_odds_rounding_is_not_told() -> None:
    """A favourite whose odds fall by one tenth of rounding seems to rise by more than 5 points, and nothing is said."""
    wins = ({"r1": 100_000, "r2": 100_900}, {"r1": 100_400, "r2": 101_300}, {"r1": 101_200, "r2": 101_800})
    rows = [poll(n, 65 - 5 * n, cents) for n, cents in enumerate(wins, 1)]
    came = [[after[i] - before[i] for i in ("r1", "r2")] for before, after in pairwise(wins)]
    assert came == [[400, 400], [800, 500]]
    assert told(*rows) == {}


@pytest.mark.parametrize(("odds", "rise"), [("19", 5.0), ("18.9", 5.5), ("19.1", None)])
def test_a_movement_is_told_from_five_of_a_hundred_on(odds: str, rise: float | None) -> None:
    """A price that comes in by exactly 5 percent is told, and one by less is not."""
    rows = [changed(row, "r1", fixed_win=Decimal(price)) for row, price in zip(ROWS, ("20", "20", odds), strict=True)]
    found = told(*rows).get(("r1", "odds"))
    assert (found and round(found.value, 6)) == rise


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize(
    "values", [{"pool_win": None}, {"pool_win": Decimal("1.0")}, {"win_source": "hold"}, {"win_source": "none"}]
)
@pytest.mark.parametrize("runner", ["r1", "r4"])
def test_money_is_silent_where_a_figure_is_missing_or_of_another_source(
    at: int, values: Mapping[str, Any], runner: str
) -> None:
    """One runner without odds, at the floor, or by hold, in any of the three polls, and no share of Win is compared."""
    rows = [changed(row, runner, **values) if i == at else row for i, row in enumerate(ROWS)]
    assert {kind for _, kind in told(*rows)} == {"money_place"}


def test_money_that_was_not_made_of_its_odds_is_silent() -> None:
    """A poll without pools stands on the money before it; beside newer odds no share of it can be compared."""
    carried = [changed(row, "r4", win_cents=row.runners[3].win_cents, pool_win=Decimal("40")) for row in ROWS]
    assert {kind for _, kind in told(ROWS[0], carried[1], ROWS[2])} == {"money_place"}


@pytest.mark.parametrize("at", [1, 2])
def test_both_kinds_are_silent_over_a_new_scratching(at: int) -> None:
    """With a runner newly out neither money nor odds of anybody are compared: odds shorten for everybody."""
    odds = [{"r1": o} for o in ("12", "12", "7")]
    rows = [
        poll(n + 1, 60 - 5 * n, wins, odds=odds[n], scratched=frozenset({"r2"} if n >= at else ()))
        for n, wins in enumerate((FIRST, THEN, LAST))
    ]
    expected = set() if at == 2 else {("r1", "odds")}
    assert set(told(*rows)) == expected


def test_both_kinds_are_silent_over_a_refund_or_a_runner_that_left() -> None:
    """A pool that fell, and a list that lost a runner, are no like to compare with."""
    fallen = poll(3, 50, {k: v - 50 for k, v in THEN.items()}, odds={"r1": "3"})
    left = poll(3, 50, {k: v for k, v in LAST.items() if k != "r3"}, odds={"r1": "3"})
    assert told(ROWS[0], ROWS[1], fallen) == {}
    assert told(ROWS[0], ROWS[1], left) == {}


def settled(row: LedgerRow, word: str, unrefunded: dict[str, int]) -> LedgerRow:
    """Return a row whose Win pool was decided on so."""
    assert row.pools is not None
    return row._replace(pools=row.pools._replace(settled={"win": Settlement(unrefunded, 0, word)}))


def test_a_refund_and_an_undecided_pool_are_no_like() -> None:
    """When a scratched runner's money leaves the pool nothing is told; while it is undecided, no Win money."""
    odds = {"r1": "9"}, {"r1": "9"}, {"r1": "5"}
    rows = [poll(n, 65 - 5 * n, w, odds=o) for n, w, o in zip((1, 2, 3), (FIRST, THEN, LAST), odds, strict=True)]
    holding = [settled(row, "unrefunded", {"r9": 500}) for row in rows]
    assert ("r4", "money_win") in told(*holding)
    assert told(holding[0], holding[1], settled(rows[2], "refunded", {})) == {}
    undecided = told(rows[0], rows[1], settled(rows[2], "undecided", {}))
    assert set(undecided) == {("r1", "odds"), ("r4", "money_place")}


def test_a_doubt_that_ends_is_a_refund_where_money_stood_for_it() -> None:
    """One let go in doubt takes nothing along when the doubt ends, unless something was nobody's."""
    odds = {"r1": "9"}, {"r1": "9"}, {"r1": "5"}
    rows = [poll(n, 65 - 5 * n, w, odds=o) for n, w, o in zip((1, 2, 3), (FIRST, THEN, LAST), odds, strict=True)]
    doubted, decided = settled(rows[1], "undecided", {"r9": 0}), settled(rows[2], "refunded", {})
    assert set(told(rows[0], doubted, decided)) == {("r1", "odds"), ("r4", "money_place")}
    assert doubted.pools is not None
    nobodys = {"win": Settlement({"r9": 0}, 500, "undecided")}
    doubted = doubted._replace(pools=doubted.pools._replace(settled=nobodys))
    assert told(rows[0], doubted, decided) == {}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({"fixed_win": "12"}, {"fixed_win": "7"}, (41.67, "fixed")),
        ({"fixed_win": "12", "pool_win": "9"}, {"pool_win": "5"}, None),
        ({"pool_win": "9"}, {"fixed_win": "5", "pool_win": "9"}, None),
        ({"fixed_win": "12"}, {"fixed_win": "13"}, None),
        ({"pool_win": "9"}, {"pool_win": "5"}, (44.44, "pool")),
        ({"pool_win": "1.9"}, {"pool_win": "1.8"}, None),
    ],
)
def test_odds_are_compared_in_one_market(
    was: dict[str, str], now: dict[str, str], expected: tuple[float, str] | None
) -> None:
    """A suspended price is no movement, and the tote speaks only of a runner without a fixed price."""
    blank = {"fixed_win": None, "pool_win": None}
    before, after = (
        changed(row, "r1", **{**blank, **{k: Decimal(v) for k, v in values.items()}})
        for row, values in ((ROWS[1], was), (ROWS[2], now))
    )
    found = told(ROWS[0], before, after).get(("r1", "odds"))
    assert (found and (round(found.value, 2), found.market)) == expected


@given(st.lists(st.integers(1_000, 2_000_000), min_size=2, max_size=16))
def test_money_lies_within_what_its_odds_can_mean(cents: list[int]) -> None:
    """Whatever the amounts, each is inside the range that its odds, rounded down to tenths, leave open."""
    wins = {f"r{i}": amount for i, amount in enumerate(cents)}
    row = poll(1, 60, wins)
    spans = amount_spans(row.runners, "win")
    if spans is None:
        assert any(line.pool_win is not None and line.pool_win <= Decimal("1.04") for line in row.runners)
        return
    assert all(spans[i].low - 1 <= amount <= spans[i].high + 1 for i, amount in wins.items())
