"""Made-up races with what must hold, read where the folder is there; each is played through the whole chain."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.money.play import Step, parts, play
from tests.recorded import RECORDED

CASES = RECORDED.parent / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.json")) if CASES.is_dir() else []
needs = pytest.mark.skipif(not NAMES, reason="the made-up races are not beside this checkout (../shared/cases)")
ABOUT = 300
_PLAYED: dict[str, list[Step]] = {}


def case(name: str) -> list[Step]:
    """Play one case, once."""
    if name not in _PLAYED:
        _PLAYED[name] = play(json.loads((CASES / f"{name}.json").read_text()))
    return _PLAYED[name]


def near(cents: Any, wanted: int) -> bool:
    """Tell whether an amount is what rounded odds make of it."""
    return cents is not None and abs(int(cents) - wanted) <= ABOUT


def win(step: Step) -> dict[int, int | None]:
    """Return the Win money by runner number."""
    return {line.number: line.win_cents for line in step.row.runners}


def place(step: Step) -> dict[int, int | None]:
    """Return the Place money by runner number."""
    return {line.number: line.place_cents for line in step.row.runners}


def check(step: Step, name: str) -> Any:
    """Return one named check of a poll."""
    return next(c for c in step.row.checks if c.name == name)


@needs
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_every_poll_is_committed_and_all_parts_are_the_pool(name: str) -> None:
    """No odd member costs a poll, and runners, unrefunded and unattributed money are each pool to the cent."""
    steps = case(name)
    assert Path(CASES / f"{name}.json").is_file()
    for step in steps:
        assert step.outcome.result == "committed", step.outcome.report()
        for product in ("win", "place"):
            assert step.row.pools is not None
            assert parts(step, product) == (step.row.pools.cents(product) or 0)


@needs
def test_money_that_is_not_refunded_yet_is_nobody_elses() -> None:
    """Until the refund the others keep what they had; no flow is shown but the scratched runner's, and none then."""
    before, held, refunded = case("refund_not_yet")
    assert all(win(held)[n] == pytest.approx(win(before)[n], abs=ABOUT) for n in range(2, 7))
    assert held.row.pools is not None
    settled = held.row.pools.settled["win"]
    assert settled.word == "unrefunded"
    assert near(sum(settled.unrefunded.values()), 30_000)
    growth = held.growth(30, "win")
    assert growth[1] == -(win(before)[1] or 0)
    assert all(abs(growth[n]) <= ABOUT for n in range(2, 7))
    assert all(abs(cents) <= ABOUT for cents in refunded.growth(25, "win").values())
    assert not check(held, "set_aside").ok
    assert check(refunded, "pool_growth").ok
    assert [n for n in refunded.notifications if n["type"] != "reminder"] == []
    assert (held.row.score or 0) >= 90


@needs
def test_a_refund_at_once_changes_nobody_else() -> None:
    """Scratched and refunded in one refresh: growth sums to the pool's, and the others' amounts are by their odds."""
    before, scratched, later = case("scratch_time_and_reinstated_price")
    assert sum(scratched.growth(30, "win").values()) == 280_000 - 300_000
    assert sum(later.growth(25, "win").values()) == 330_000 - 280_000
    assert win(scratched)[2] == 0
    assert near(sum(c or 0 for n, c in win(scratched).items() if n != 2), 280_000)
    assert [n for n in scratched.notifications if n["type"] != "reminder"] == []
    assert before.row.score is not None


@needs
@pytest.mark.parametrize("name", ["abandoned_pool", "abandoned_pool_with_odds"])
def test_a_pool_that_was_called_off_counts_nowhere(name: str) -> None:
    """From the call on Place is 0 in totals and on every runner, and its refund is no flow."""
    steps = case(name)
    alive = [step for step in steps if step.row.pools and "place" not in step.row.pools.dead]
    assert all(step.pools["placePoolTotal"] for step in alive)
    called_off = steps[len(alive) :]
    assert called_off
    for step in called_off:
        assert step.pools["placePoolTotal"] == 0
        single = ("win", "quinella", "trifecta", "exacta", "first4")
        assert step.pools["totalRacePool"] == sum(step.pools[f"{p}PoolTotal"] for p in single)
        assert all(cents == 0 for cents in place(step).values())
        assert all(row["placePoolAmount"] == 0 for row in step.entrants.values())
        assert all(v == 0 for label in step.labels if label <= 5 for v in step.growth(label, "place").values())


@needs
def test_pools_that_vanish_keep_what_was_known() -> None:
    """Null and empty pool lists keep the last totals, and dividends tell the end's; nothing flows out."""
    last, closed, final = case("pools_vanish_at_close")
    assert (closed.pools["winPoolTotal"], closed.pools["placePoolTotal"]) == (990_000, 590_000)
    assert (final.pools["winPoolTotal"], final.pools["placePoolTotal"]) == (1_010_000, 605_000)
    for step in (closed, final):
        assert all(row["winPoolAmount"] and row["placePoolAmount"] for row in step.entrants.values())
    for label in final.labels:
        assert all(v >= 0 for p in ("win", "place") for v in final.growth(label, p).values())
    assert win(closed) == win(last)


@needs
def test_totals_of_zero_after_the_end_are_passed_over() -> None:
    """A feed that zeroes its pools after Final does not empty ours."""
    _, final, zeroed = case("all_pools_zero_after_final")
    assert (zeroed.pools["winPoolTotal"], zeroed.pools["placePoolTotal"]) == (1_010_000, 605_000)
    assert win(zeroed) == win(final)
    assert zeroed.pools["quinellaPoolTotal"] == final.pools["quinellaPoolTotal"]


@needs
@pytest.mark.parametrize("name", ["stale_cache_after_final", "stale_cache_after_final_no_protest"])
def test_an_older_picture_of_a_finished_race_reaches_no_table(name: str) -> None:
    """After Final an older picture changes neither race, entrants, results nor pools, and the row says held."""
    _, final, stale = case(name)
    assert stale.race["status"] == "Final"
    drop = ("lastUpdated", "n", "$updatedAt")
    assert {k: v for k, v in stale.pools.items() if k not in drop} == {
        k: v for k, v in final.pools.items() if k not in drop
    }
    assert stale.entrants == final.entrants
    assert stale.results == final.results
    assert stale.row.held


@needs
def test_a_note_that_is_no_protest_takes_nothing_back() -> None:
    """A dead heat told in the protest's text leaves Final as it is, and no protest is shown."""
    _, final, again = case("dead_heat_note_as_protest")
    assert again.race["status"] == "Final"
    assert final.results["protestLodged"] is again.results["protestLodged"] is False


@needs
def test_a_runner_that_leaves_the_list_ends_scratched() -> None:
    """Its row ends scratched and without money, entrants sum to the pools, and the growth includes its refund."""
    before, gone, final = case("dead_runner_stays_in_entrants")
    for step in (gone, final):
        row = step.by_number(3)
        assert row["isScratched"] is True
        assert (row["winPoolAmount"], row["placePoolAmount"]) == (0, 0)
        assert sum(r["winPoolAmount"] for r in step.entrants.values()) == step.pools["winPoolTotal"]
        assert sum(r["placePoolAmount"] for r in step.entrants.values()) == step.pools["placePoolTotal"]
    growth = gone.growth(4, "win")
    assert growth[3] == -(win(before)[3] or 0)
    assert sum(growth.values()) == 900_000 - 800_000


@needs
@pytest.mark.parametrize("name", ["exotic_total_null", "exotic_total_absent"])
def test_an_exotic_pool_without_a_total_costs_itself(name: str) -> None:
    """One pool that has no total is named and the rest is right."""
    step = case(name)[-1]
    assert (step.pools["winPoolTotal"], step.pools["placePoolTotal"]) == (400_000, 200_000)
    assert not check(step, "left_out").ok
    assert "total" in str(check(step, "left_out").value)
    assert step.quarantined


@needs
def test_a_null_runner_costs_nobody_else() -> None:
    """Six sound runners are right beside a null one, which is named."""
    (step,) = case("one_runner_null")
    assert len(step.entrants) == 6
    assert near(win(step)[1], 400_000 * 30_007 // 100_000)
    assert "runners[6]" in str(check(step, "left_out").value)


@needs
@pytest.mark.parametrize("name", ["coupled_1A", "runner_without_name"])
def test_a_runner_with_an_odd_number_or_name_keeps_its_money(name: str) -> None:
    """About 8 % stand on a runner with a stand-in for what cannot be read; it is quarantined, the score falls."""
    (step,) = case(name)
    assert len(step.entrants) == 6
    odd = next(r for r in step.row.runners if r.number == 0 or r.name == "?")
    assert odd.win_cents == pytest.approx(32_000, abs=1_000)
    assert near(win(step)[1], 120_028)
    assert step.quarantined
    assert (step.row.score or 100) < 100


@needs
def test_odds_that_are_a_list_are_no_odds() -> None:
    """The favourite takes what the book leaves open, and nobody else is inflated."""
    (step,) = case("odds_a_list")
    assert 0.28 * 400_000 <= (win(step)[1] or 0) <= 0.32 * 400_000
    assert near(win(step)[2], 88_454) or 0.2 * 400_000 <= (win(step)[2] or 0) <= 0.23 * 400_000


@needs
def test_odd_prices_are_read_or_missing_and_never_invented() -> None:
    """12.50 as a text is read; two runners without pool odds leave what the book holds for them to nobody."""
    (step,) = case("prices_odd")
    by = {line.number: line for line in step.row.runners}
    assert by[3].fixed_win == Decimal("12.5")
    assert by[1].fixed_win is by[2].fixed_win is by[6].fixed_win is None
    assert step.row.pools is not None
    assert by[4].win_cents is by[5].win_cents is None
    assert step.row.pools.settled["win"].unattributed_cents > 0


@needs
def test_a_favourite_without_odds_holds_what_the_others_leave() -> None:
    """The runner with 45 % of a thin pool shows no odds and holds it; the others keep 1/odds of the book."""
    (step,) = case("missing_favourite_odds")
    assert 0.44 * 16_822 <= (win(step)[1] or 0) <= 0.46 * 16_822
    assert win(step)[2] == pytest.approx(16_822 / 5.6 / 1.19, abs=2)


@needs
def test_an_unknown_status_word_leaves_the_status() -> None:
    """Closed stays while the feed says Live, the word is told, and Final follows."""
    steps = case("status_live")
    assert [step.race["status"] for step in steps] == ["Open", "Closed", "Closed", "Closed", "Final"]
    assert "Live" in str(check(steps[2], "left_out").value)


@needs
def test_dividends_compare_within_their_own_precision() -> None:
    """Pool sizes rounded to ten cents are no difference."""
    (step,) = case("float32_pool_size")
    assert check(step, "pool_dividends").ok
    assert step.pools["dividendDifferences"] is None


@needs
def test_two_entrants_of_one_number_are_both_kept() -> None:
    """Both are stored by id, and the fixed odds shown are of the one that runs."""
    (step,) = case("vacant_boxes_same_number")
    assert len(step.entrants) == 7
    if step.results:
        shown = json.loads(step.results["fixedOddsData"])["6"]["entrant_id"]
        assert step.entrants[shown]["isScratched"] is False


@needs
def test_dividends_are_shown_each_by_its_own_status() -> None:
    """Win is Final and Place still Interim: both are shown."""
    step = case("interim_dividends_missing_one_final")[-1]
    shown = {(d["product_name"], d["status"]) for d in json.loads(step.results["dividendsData"])}
    assert shown == {("Pool Win", "Final"), ("Pool Place", "Interim")}


@needs
def test_a_disqualified_runner_is_sorted_last() -> None:
    """A position of 0 comes after the placings."""
    step = case("disqualified")[-1]
    assert [p["position"] for p in json.loads(step.results["resultsData"])] == [1, 2, 3, 0]
