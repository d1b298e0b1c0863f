"""One rule of the money a test, in races made here: what a pool's parts, totals and results do when the feed is odd."""

import copy
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import pytest

from raceday.ledger.flow import hold_percent
from raceday.polling.changes import share_columns
from raceday.racing.book import Asked, Former, Word
from raceday.racing.compose import figures
from raceday.racing.pools import totals
from raceday.racing.records import RunnerLine
from raceday.racing.refunds import decide
from raceday.racing.snapshot import Dividend, Placing, Pool, Runner, Status
from raceday.tables.race_results import results_row, shown_dividends
from tests.feed.test_client import served
from tests.money.play import START, Step, play
from tests.money.test_variants import Answer, answer, held, pools
from tests.sample_race import final_race, open_race

ABOUT = 300
FIRST: dict[str, Any] = json.loads(served())["data"]


def told(at_secs: int, status: str = "Open", **changes: Any) -> Answer:
    """Return one poll of the generated race with a status and members of its data, without results until it is over."""
    race = FIRST["race"] | {"status": status, "advertised_start": int(START.timestamp()), "advertised_start_string": ""}
    ended: Answer = {} if status == "Final" else {"results": [], "dividends": []}
    return answer(at_secs, **{"race": race, **ended, **changes})


def win(step: Step) -> dict[str, int]:
    """Return each runner's Win money."""
    return {line.entrant_id: line.win_cents or 0 for line in step.row.runners}


def check(step: Step, name: str) -> Any:
    """Return one named check of a poll."""
    return next(each for each in step.row.checks if each.name == name)


def scratched_first() -> tuple[str, list[dict[str, Any]]]:
    """Return the generated race's runners with one of them scratched, and its id."""
    runners = copy.deepcopy(FIRST["runners"])
    runner = next(r for r in runners if not r["is_scratched"])
    runner["is_scratched"] = True
    return str(runner["entrant_id"]), runners


def test_a_refund_that_has_not_come_is_set_aside_and_changes_nobody_else() -> None:
    """A scratched runner's money stays in the pool for a while: on no runner, told by a check, and not flowing."""
    out, runners = scratched_first()
    before, after = play([told(-1800), told(-1500, runners=runners)])
    assert after.row.pools is not None
    settled = after.row.pools.settled["win"]
    assert settled.word == "unrefunded"
    assert abs(settled.unrefunded[out] - win(before)[out]) <= ABOUT
    assert win(after)[out] == 0
    assert all(abs(cents - win(before)[i]) <= ABOUT for i, cents in win(after).items() if i != out)
    assert not check(after, "set_aside").ok
    assert held(after, "win") == held(before, "win")


def test_a_pool_that_is_zeroed_stands_on_its_dividends() -> None:
    """After the end the feed empties its pools: the pool behind a dividend counts, and what was known where none is."""
    zeroed = [pool | {"total": 0} for pool in pools()]
    paid = {
        "product_name": "Pool Win", "product_type": "Win", "status": "Final", "dividend": 3.2, "pool_size": 12_345.67,
        "positions": [{"runner_number": 1, "position": 1}],
    }  # fmt: skip
    before, after = play([told(-600), told(300, "Final", tote_pools=zeroed, dividends=[paid])])
    assert after.pools["winPoolTotal"] == 1_234_567
    assert after.pools["placePoolTotal"] == before.pools["placePoolTotal"] > 0


@pytest.mark.parametrize("dropped", [None, []])
def test_pools_that_vanish_stand_as_they_were(dropped: Any) -> None:
    """A list of pools that is empty or missing takes nobody's money away."""
    before, after = play([told(-600), told(-300, tote_pools=dropped)])
    assert after.pools["winPoolTotal"] == before.pools["winPoolTotal"] > 0
    assert win(after) == win(before)


@pytest.mark.parametrize(("unrefunded", "held_now"), [({}, []), ({"r3": 40_000}, ["r3"])])
def test_what_was_refunded_once_is_not_held_again(unrefunded: dict[str, int], held_now: list[str]) -> None:
    """Whatever the odds look like later, a runner whose money was let go is no candidate; one still held is."""
    odds = {"r1": Decimal("2"), "r2": Decimal("4"), "r3": Decimal("2.5")}
    runners = [Runner(name, n, name, scratched=name == "r3") for n, name in enumerate(odds, 1)]
    word: Literal["refunded", "unrefunded"] = "unrefunded" if unrefunded else "refunded"
    former = Former(100_000, dict.fromkeys(odds, 1), odds, frozenset({"r3"}), unrefunded, word)
    assert list(decide(Asked(runners, odds, Fraction(115, 100), 100_000, former)).holding) == held_now


@pytest.mark.parametrize(
    ("shown", "known", "word"),
    [(None, "undecided", "undecided"), ("2.4", "undecided", ""), (None, "refunded", "")],
    ids=["no odds after doubt", "odds after doubt", "no odds, no doubt"],
)
def test_what_was_in_doubt_before_the_race_stays_so_without_odds(shown: str | None, known: Word, word: Word) -> None:
    """Once a race has run nothing is held, but shares made of doubtful ones are not sure for that."""
    odds = {"r1": Decimal(shown) if shown else None, "r2": Decimal(shown) if shown else None, "r3": None}
    runners = [Runner(name, n, name, scratched=name == "r3") for n, name in enumerate(odds, 1)]
    former = Former(100_000, dict.fromkeys(odds, 40_000), odds, frozenset({"r3"}), {"r3": 20_000}, known)
    refund = decide(Asked(runners, odds, Fraction(119, 100), 99_000, former), run=True)
    assert (refund.word, dict(refund.holding)) == (word, {})


def test_a_pool_that_is_called_off_counts_nothing() -> None:
    """A dead pool's total is 0, whatever the feed still says of it."""
    dead = open_race()._replace(pools=(Pool("win", 5_000, "OPEN"), Pool("place", 3_000, "ABANDONED")))
    found = totals(dead, None, Status.OPEN)
    assert found is not None
    assert (dict(found.single), found.dead) == ({"win": 5_000, "place": 0}, ("place",))


def test_an_abandoned_race_keeps_totals_that_an_earlier_answer_called_off_with_all_others() -> None:
    """All pools dead at once count 0 while the race may run, and are its last totals once it is Abandoned."""
    alive = open_race()._replace(pools=(Pool("win", 5_000, "OPEN"), Pool("place", 3_000, "OPEN")))
    off = alive._replace(pools=tuple(pool._replace(status="ABANDONED") for pool in alive.pools or ()))
    first = totals(off, totals(alive, None, Status.OPEN), Status.OPEN)
    again = totals(off._replace(pools=None), first, Status.OPEN)
    assert first is not None
    assert again is not None
    assert dict(first.single) == dict(again.single) == {"win": 0, "place": 0}
    for listed in (off.pools, (), None):
        end = totals(off._replace(pools=listed), again, Status.ABANDONED)
        later = totals(off, end, Status.ABANDONED)
        assert end is not None
        assert later is not None
        assert dict(end.single) == dict(later.single) == {"win": 5_000, "place": 3_000}
        assert end.dead == later.dead == ()
    ran = totals(off, again, Status.FINAL)
    assert ran is not None
    assert dict(ran.single) == {"win": 0, "place": 0}


def test_pools_called_off_one_by_one_end_with_their_last_totals_in_an_abandoned_race() -> None:
    """Place goes first and all others after it: once the race is Abandoned each has what it last lived with."""
    alive = open_race()._replace(pools=(Pool("win", 5_000, "OPEN"), Pool("place", 3_000, "OPEN")))
    place = alive._replace(pools=(Pool("win", 5_500, "OPEN"), Pool("place", 3_000, "ABANDONED")))
    off = alive._replace(pools=(Pool("win", 5_500, "ABANDONED"), Pool("place", 3_000, "ABANDONED")))
    known = None
    for told_now in (alive, place, off):
        known = totals(told_now, known, Status.OPEN)
    ran, end = totals(off, known, Status.FINAL), totals(off, known, Status.ABANDONED)
    assert ran is not None
    assert end is not None
    assert (dict(ran.single), set(ran.dead)) == ({"win": 0, "place": 0}, {"win", "place"})
    assert (dict(end.single), end.dead) == ({"win": 5_500, "place": 3_000}, ())


def test_an_abandoned_race_makes_up_no_total_of_a_pool_that_nobody_saw_alive() -> None:
    """Place was off at first sight: whatever it is listed with, it ends with nothing."""
    first = open_race()._replace(pools=(Pool("win", 5_000, "OPEN"), Pool("place", 3_000, "ABANDONED")))
    end = totals(first, totals(first, None, Status.OPEN), Status.ABANDONED)
    assert end is not None
    assert (dict(end.single), end.dead) == ({"win": 5_000, "place": 0}, ("place",))


def test_the_trackers_points_of_a_scratched_runner_are_nobodys() -> None:
    """Hold and bet of those that run sum to a hundred, and a scratched one has nothing of them."""
    race = open_race()
    out = race.runners[0]._replace(scratched=True)
    row = figures(race._replace(runners=(out, *race.runners[1:])), None, Status.OPEN).lines
    assert [row[0].hold, row[0].bet] == [Decimal(0), Decimal(0)]
    assert sum(line.hold or 0 for line in row) == sum(line.bet or 0 for line in row) == 100


def test_hold_and_bet_are_each_made_of_their_own_points() -> None:
    """The tracker's two figures of a runner are shares of two sums, and neither is made of the other's points."""
    race = open_race()
    lines = figures(race, None, Status.OPEN).lines
    hold, bet = (sum(r.hold_points or 0 for r in race.runners), sum(r.bet_points or 0 for r in race.runners))
    assert [float(line.hold or 0) for line in lines] == pytest.approx(
        [float((r.hold_points or 0) / hold * 100) for r in race.runners], abs=0.01
    )
    assert [float(line.bet or 0) for line in lines] == pytest.approx(
        [float((r.bet_points or 0) / bet * 100) for r in race.runners], abs=0.01
    )


def test_an_older_picture_of_a_finished_race_says_held() -> None:
    """After Final an older answer makes a row that repeats the figures before it and says that it is held."""
    final, stale = play([told(300, "Final"), told(315, "Interim")])
    assert (final.row.held, stale.row.held) == (False, True)
    assert stale.race["status"] == "Final"
    assert stale.row.runners == final.row.runners


def test_an_entrant_shows_each_pools_own_money() -> None:
    """Win, Place, hold and bet of a runner go each into its own column."""
    line = RunnerLine(
        "r1", 1, "One", hold=Decimal("12.5"), bet=Decimal("7.25"), win_cents=500, place_cents=300, win_source="hold"
    )
    assert share_columns(line) == {
        "holdPercentage": 12.5, "betPercentage": 7.25, "winPoolAmount": 500, "placePoolAmount": 300,
        "shareSource": "hold",
    }  # fmt: skip


def test_the_hold_shown_is_the_share_used_and_else_the_trackers() -> None:
    """The client reads one column: the share of Win that was used, the tracker's only where there is no pool."""
    line = RunnerLine("r1", 1, "One", hold=Decimal("12.5"))
    assert (hold_percent(line, 33.25), hold_percent(line, None)) == (33.25, 12.5)
    assert hold_percent(line._replace(scratched=True), None) == 0.0


def dividend(product: str, status: str) -> Dividend:
    """Return a dividend of one dollar and a half."""
    return Dividend(product, f"Pool {product}", status, Decimal("1.50"), None, ((1, 1),))


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ([("win", "Final"), ("win", "Interim")], [("win", "Final")]),
        ([("win", "Final"), ("place", "Interim")], [("win", "Final"), ("place", "Interim")]),
        ([("win", "Interim")], [("win", "Interim")]),
    ],
)
def test_a_final_dividend_hides_the_interim_ones_of_its_product(
    told: list[tuple[str, str]], shown: list[tuple[str, str]]
) -> None:
    """Each product stands for itself: one that has nothing Final yet shows what it has."""
    assert [(d.product, d.status) for d in shown_dividends([dividend(*each) for each in told])] == shown


def test_a_runner_without_a_place_comes_last() -> None:
    """A position of 0 is no first place: it stands behind all placings."""
    placings = tuple(Placing(position, number, f"r{number}", "") for position, number in ((0, 4), (2, 1), (1, 3)))
    row = results_row(final_race()._replace(placings=placings))
    assert [each["position"] for each in json.loads(row["resultsData"])] == [1, 2, 0]
