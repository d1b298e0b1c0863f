"""A total that cannot be is told, and caps the score; one that grows fast because bets came in is sound."""

import copy
from typing import Any

import pytest

from raceday.racing.score import FAILED_AT_MOST
from tests.money.play import Step, play
from tests.money.test_rules import FIRST, told

SOUND_AT_LEAST = 90


def pools(**times: float) -> list[dict[str, Any]]:
    """Return the generated pools, some of them as many times as large."""
    every: list[dict[str, Any]] = copy.deepcopy(FIRST["tote_pools"])
    for pool in every:
        pool["total"] = round(pool["total"] * times.get(pool["product_type"].lower(), times.get("all", 1)), 2)
    return every


def drifted(times: dict[int, float]) -> list[dict[str, Any]]:
    """Return the generated runners with pool odds as many times as long, by index."""
    every: list[dict[str, Any]] = copy.deepcopy(FIRST["runners"])
    running = [r for r in every if not r["is_scratched"] and r["odds"].get("pool_win")]
    for index, factor in times.items():
        odds = running[index]["odds"]
        odds |= {kind: max(1.0, int(odds[kind] * factor * 10) / 10) for kind in ("pool_win", "pool_place")}
    return every


def leapt(step: Step) -> set[str]:
    """Return the pools whose total a row says cannot be."""
    assert step.row.pools is not None
    return set(step.row.pools.unlikely)


def assert_told(step: Step, *products: str) -> None:
    """Hold that a row says so by its check and by its score."""
    assert leapt(step) == set(products)
    assert step.row.score is not None
    assert step.row.score <= FAILED_AT_MOST
    assert not next(c for c in step.row.checks if c.name == "pool_size").ok


def assert_sound(step: Step) -> None:
    """Hold that a row has nothing against its totals."""
    assert leapt(step) == set()
    assert step.row.score is not None
    assert step.row.score >= SOUND_AT_LEAST, [c for c in step.row.checks if c.applies and not c.ok]


@pytest.mark.parametrize("product", ["win", "place"])
@pytest.mark.parametrize("factor", [10, 100, 0.1])
@pytest.mark.parametrize("moved", [{}, {0: 1.08, 1: 0.95, 2: 1.1}])
def test_a_total_that_leaps_alone_is_told_until_it_comes_back(
    product: str, factor: float, moved: dict[int, float]
) -> None:
    """Ten times and back: both wrong polls are told, and the one before and those after are sound."""
    wrong = pools(**{product: factor})
    fed = [told(-300), told(-270, tote_pools=wrong, runners=drifted(moved)), told(-240, tote_pools=wrong), told(-210)]
    before, leap, still, back = play(fed)
    assert_sound(before)
    assert_told(leap, product)
    assert_told(still, product)
    assert_sound(back)


def test_all_totals_a_hundred_times_with_odds_that_stand_are_told() -> None:
    """Cents that came as dollars: no bets of that size leave every runner's odds where they were."""
    _, leap = play([told(-300), told(-270, tote_pools=pools(all=100))])
    assert_told(leap, "win", "place")


@pytest.mark.parametrize("factor", [10, 100])
def test_a_thin_pool_that_leaps_with_odds_that_stand_is_told_and_sound_again_after_it(factor: int) -> None:
    """Under a thousand dollars too: else its return would pass for the leap, and all that comes after it."""
    thin, leap = pools(all=0.005), pools(all=0.005 * factor)
    before, wrong, back, later = play(
        [
            told(-300, tote_pools=thin),
            told(-270, tote_pools=leap),
            told(-240, tote_pools=thin),
            told(-210, tote_pools=thin),
        ]
    )
    assert 1_000 <= before.pools["winPoolTotal"] < 100_000
    assert_told(wrong, "win", "place")
    assert [leapt(step) for step in (before, back, later)] == [set(), set(), set()]


@pytest.mark.parametrize("product", ["win", "place"])
@pytest.mark.parametrize("factor", [2.6, 3])
def test_three_times_as_much_at_once_is_told_where_all_else_stands(product: str, factor: float) -> None:
    """No bets leave everybody's odds and every other pool where they were: told until it comes back."""
    wrong = pools(**{product: factor})
    before, leap, still, back = play(
        [told(-300), told(-240, tote_pools=wrong), told(-210, tote_pools=wrong), told(-180)]
    )
    assert [leapt(step) for step in (before, leap, still, back)] == [set(), {product}, {product}, set()]
    assert (leap.row.score or 0) <= FAILED_AT_MOST
    assert_sound(back)


@pytest.mark.parametrize(
    ("then", "times", "moved"),
    [
        (-1800, {"win": 3}, {}),
        (-300, {"win": 3, "place": 1.4}, {}),
        (-300, {"all": 3}, {}),
        (-300, {"win": 3}, {0: 0.8, 1: 1.2, 2: 1.3, 3: 0.7}),
        (-300, {"win": 2}, {}),
    ],
)
def test_three_times_as_much_may_be_bets(then: int, times: dict[str, float], moved: dict[int, float]) -> None:
    """Over a longer time, beside pools that grow too, with odds that move, or where it is less."""
    _, grown = play([told(then), told(-240, tote_pools=pools(**times), runners=drifted(moved))])
    assert leapt(grown) == set()


def test_a_pool_of_single_bets_may_grow_threefold() -> None:
    """Under five thousand dollars odds that stand prove less."""
    small = dict.fromkeys(("win", "place", "quinella", "trifecta", "firstfour", "exacta"), 0.01)
    _, grown = play([told(-300, tote_pools=pools(**small)), told(-240, tote_pools=pools(**small | {"win": 0.03}))])
    assert leapt(grown) == set()


def test_a_thin_pool_that_fills_up_is_no_leap() -> None:
    """Bets of many times what was there move the odds."""
    moved = {0: 0.8, 1: 1.2, 2: 1.3, 3: 0.7}
    fed = [told(-1800, tote_pools=pools(all=0.005)), told(-30, tote_pools=pools(all=0.1), runners=drifted(moved))]
    _, grown = play(fed)
    assert leapt(grown) == set()


def test_one_large_bet_is_no_leap() -> None:
    """Five times the pool on one runner: its odds fall, the others' rise by as much, and the money is theirs."""
    running = [r for r in FIRST["runners"] if not r["is_scratched"] and r["odds"].get("pool_win")]
    share = 1 / (running[0]["odds"]["pool_win"] * 1.19)
    backed = {0: 5 * share / (share + 4), **dict.fromkeys(range(1, len(running)), 5.0)}
    _, large = play([told(-300), told(-270, tote_pools=pools(win=5), runners=drifted(backed))])
    assert leapt(large) == set()


def test_pools_that_grow_together_as_bets_come_in_are_no_leap() -> None:
    """All pools five times as large, the odds moved: a market that was thin fills up."""
    moved = {0: 0.8, 1: 1.2, 2: 1.3, 3: 0.7}
    _, grown = play([told(-1800), told(-30, tote_pools=pools(all=5), runners=drifted(moved))])
    assert leapt(grown) == set()


def test_final_dividends_of_another_pool_are_told() -> None:
    """Where the dividends were paid from a tenth of the Win total, one of the two is wrong, at first sight too."""
    dividends = copy.deepcopy(FIRST["dividends"])
    (step,) = play([told(300, "Final", tote_pools=pools(win=10), dividends=dividends)])
    assert_told(step, "win")


def test_win_far_above_all_other_pools_is_told_at_first_sight() -> None:
    """A Win pool thirty times as large as Place and many times all others is no market's."""
    (step,) = play([told(-300, tote_pools=pools(win=30))])
    assert (step.row.score or 0) <= FAILED_AT_MOST
    assert not next(c for c in step.row.checks if c.name == "pool_balance").ok


def test_no_money_moves_are_told_of_a_pool_that_leapt() -> None:
    """A leap and its return notify nobody."""
    wrong = pools(win=10)
    steps = play([told(-600), told(-300, tote_pools=wrong, runners=drifted({0: 0.7})), told(-240, tote_pools=wrong)])
    assert [step.notifications for step in steps] == [[], [], []]


@pytest.mark.parametrize("factor", [10, 100])
def test_win_and_place_that_leap_together_are_told_by_the_exotic_pools_though_odds_move(factor: int) -> None:
    """No bets multiply Win and Place alone, on every runner, while nobody bets on the exotic pools."""
    moved, wrong = drifted({0: 0.8, 1: 1.2, 2: 1.3, 3: 0.7}), pools(win=factor, place=factor)
    fed = [told(-300), told(-270, tote_pools=wrong, runners=moved), told(-240, tote_pools=wrong), told(-210)]
    _, leap, still, back = play(fed)
    assert_told(leap, "win", "place")
    assert_told(still, "win", "place")
    assert_sound(back)


def test_exotic_pools_that_grow_too_speak_for_the_growth() -> None:
    """Win and Place six times as large, one exotic pool nearly so: bets came in."""
    grown = pools(win=6, place=6, quinella=5)
    _, step = play([told(-1800), told(-30, tote_pools=grown, runners=drifted({0: 0.8, 1: 1.2, 2: 1.3, 3: 0.7}))])
    assert leapt(step) == set()


def test_a_total_that_was_wrong_at_first_sight_is_sound_once_it_is_put_right() -> None:
    """Win thirty times too large at the first poll, right from the second on: no fall of money, and capped no more."""
    first, right, later = play([told(-300, tote_pools=pools(win=30)), told(-270), told(-240)])
    assert (first.row.score or 0) <= FAILED_AT_MOST
    assert_sound(right)
    assert_sound(later)
