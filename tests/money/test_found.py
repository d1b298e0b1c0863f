"""Races of kinds that nobody had tuned to: runners that leave, refunds in halves, totals without odds."""

import copy
from typing import Any

import pytest

from raceday.racing.evidence import Evidence
from raceday.racing.pool_checks import pool_growth
from raceday.racing.records import Settlement
from tests.money.play import parts, play
from tests.money.test_leaps import pools
from tests.money.test_properties import Market, polled
from tests.money.test_rules import FIRST, check, told
from tests.sample_race import open_race

SOUND_AT_LEAST = 90
RUNNING = [r for r in FIRST["runners"] if not r["is_scratched"] and r["odds"].get("pool_win")]


def without_odds() -> list[dict[str, Any]]:
    """Return the generated runners, of whom no price is shown any more."""
    return [r | {"odds": {"fixed_win": 0, "fixed_place": 0}} for r in copy.deepcopy(FIRST["runners"])]


def test_money_of_one_that_left_the_list_is_set_aside_and_sound() -> None:
    """It leaves while pool and odds still hold its money: that is unrefunded, and no wrong figure of the others."""
    gone = RUNNING[1]["entrant_id"]
    left = [r for r in copy.deepcopy(FIRST["runners"]) if r["entrant_id"] != gone]
    race = {"race": told(0)["answer"]["data"]["race"]}
    race["race"] |= {"field_size": race["race"]["field_size"] - 1}
    before, after = play([told(-600), told(-300, runners=left, **race)])
    assert after.row.pools is not None
    had = before.row.runner(gone)
    assert had is not None
    assert after.row.pools.settled["win"].unrefunded[gone] == pytest.approx(had.win_cents, abs=1_000)
    assert not check(after, "win_identity").applies
    assert (after.row.score or 0) >= SOUND_AT_LEAST, [c for c in after.row.checks if c.applies and not c.ok]


@pytest.mark.parametrize("zeroed", [True, False], ids=["zeros", "none"])
def test_a_pool_of_the_dividends_without_odds_is_shared_as_it_was(zeroed: bool) -> None:
    """At the end odds and totals are gone: shares stay as odds told them, whatever the tracker's whole points say."""
    last: Any = [pool | {"total": 0} for pool in pools()] if zeroed else None
    before, after = play([told(-300), told(330, "Final", tote_pools=last, runners=without_odds())])
    assert after.row.pools is not None
    assert after.row.pools.kept["win"] == "dividends"
    for line in after.row.runners:
        had = before.row.runner(line.entrant_id)
        assert had is not None
        assert line.win_cents == pytest.approx(had.win_cents, abs=2)
        assert line.place_cents == pytest.approx(had.place_cents, abs=2)


def test_what_was_in_doubt_stays_so_when_the_feed_drops_the_pool() -> None:
    """Shares by the tracker alone are undecided, and still are at a poll that lacks the pool."""
    doubted, kept = play([told(-600, runners=without_odds()), told(-300, tote_pools=None, runners=without_odds())])
    for step in (doubted, kept):
        assert step.row.pools is not None
        assert step.row.pools.settled["win"].word == "undecided"
        assert (step.row.score or 0) <= 75
        assert parts(step, "win") == step.row.pools.cents("win")


@pytest.mark.parametrize("first", [0, None])
def test_of_two_pools_of_a_product_the_one_with_money_counts(first: Any) -> None:
    """A second copy without a total, or with none in it, hides nobody's money."""
    twice = [copy.deepcopy(pool) | {"total": first} for pool in pools() if pool["product_type"] == "Win"] + pools(
        win=1.1
    )
    before, after = play([told(-600), told(-300, tote_pools=twice)])
    assert after.pools["winPoolTotal"] == pytest.approx(1.1 * before.pools["winPoolTotal"], abs=1)


@pytest.mark.parametrize(
    ("unrefunded", "word", "fall", "explained"),
    [
        ({}, "refunded", 50_000, False),
        ({"r1": 0}, "undecided", 50_000, True),
        ({"r1": 50_000}, "unrefunded", 70_000, True),
        ({"r1": 50_000}, "unrefunded", 90_000, False),
    ],
    ids=["nothing to refund", "nobody knew", "and those who hardly matter", "more than all"],
)
def test_a_fall_is_explained_by_what_may_be_refunded(
    unrefunded: dict[str, int], word: str, fall: int, explained: bool
) -> None:
    """What was known to be held explains a fall, and a little more; where nobody could tell how much it was, any."""
    row = polled(Market((400_000, 300_000, 200_000, 100_000, 50_000), (1_000,) * 5))
    assert row.pools is not None
    settled = {"win": Settlement(unrefunded, 0, word, "made up")}
    base = row._replace(pools=row.pools._replace(settled=settled))
    now = row.pools._replace(single={**row.pools.single, "win": row.pools.single["win"] - fall})
    found = pool_growth(Evidence(open_race(), row.runners, base, row.fetched_at, now))
    assert found is not None
    assert found.ok is explained
