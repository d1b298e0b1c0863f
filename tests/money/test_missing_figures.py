"""Every Win or Place figure that an answer lacks, or shows as none, caps its score, whatever the race's state."""

import copy
from typing import Any

import pytest

from raceday.racing.score import FAILED_AT_MOST
from tests.money.play import Step, play
from tests.money.test_leaps import SOUND_AT_LEAST, drifted, pools
from tests.money.test_rules import FIRST, check, told

STATES = ["Open", "Closed", "Interim", "Final"]
RUN = ("Interim", "Final")
BOTH = ("pool_win", "pool_place")


def at(state: str, **changes: Any) -> dict[str, Any]:
    """Return a poll in one state of a race: of one that was run with results and dividends."""
    ended = {"results": FIRST["results"], "dividends": FIRST["dividends"]} if state in RUN else {}
    return told(-270 if state == "Open" else 300, state, **(ended | changes))


def without(*kinds: str, of: int | None = None) -> list[dict[str, Any]]:
    """Return the generated runners without some kinds of odds, all of them or the one that runs as the `of`th."""
    every: list[dict[str, Any]] = copy.deepcopy(FIRST["runners"])
    running = [r for r in every if not r["is_scratched"]]
    for runner in running if of is None else [running[of]]:
        runner["odds"] = {kind: odds for kind, odds in runner["odds"].items() if kind not in kinds}
    return every


def failed(step: Step) -> dict[str, object]:
    """Name what failed."""
    return {c.name: c.value for c in step.row.checks if c.applies and not c.ok}


def assert_capped(step: Step, name: str) -> None:
    """Hold that one check names what is missing, and that the score says so."""
    assert name in failed(step), failed(step)
    assert step.row.score is not None
    assert step.row.score <= FAILED_AT_MOST


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kinds", [(*BOTH, "fixed_win", "fixed_place"), BOTH, ("pool_win",), ("pool_place",)])
@pytest.mark.parametrize("of", [None, 0])
def test_odds_that_are_gone_cap_the_score_in_every_state(state: str, kinds: tuple[str, ...], of: int | None) -> None:
    """What was known stands in, on all runners or on one, and the figure is missing all the same."""
    first = [told(-300)] if of is None or state == "Open" else []
    *_, after = play([*first, at(state, runners=without(*kinds, of=of))])
    assert_capped(after, "runner_amounts")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("product", ["win", "place"])
def test_a_total_of_nothing_after_money_caps_the_score_in_every_state(state: str, product: str) -> None:
    """The pool was filled: what was known stands, and the total is missing."""
    zeroed = pools(**{product: 0})
    before, after = play([told(-300), at(state, tote_pools=zeroed)])
    assert after.pools[f"{product}PoolTotal"] == before.pools[f"{product}PoolTotal"] or state in RUN
    assert_capped(after, "pool_values")


@pytest.mark.parametrize("product", ["win", "place"])
def test_a_total_of_nothing_after_money_is_told_beside_one_without_odds(product: str) -> None:
    """What was known tells it, where not all runners show odds of the pool."""
    _, after = play([told(-300), told(-270, tote_pools=pools(**{product: 0}), runners=without(*BOTH, of=0))])
    assert_capped(after, "pool_values")


@pytest.mark.parametrize("product", ["win", "place"])
def test_a_total_of_nothing_beside_odds_on_everybody_caps_the_score_at_first_sight(product: str) -> None:
    """Odds on all runners are those of a pool with money in it."""
    (step,) = play([told(-300, tote_pools=pools(**{product: 0}))])
    assert_capped(step, "pool_values")


def test_an_empty_pool_that_nobody_has_backed_is_no_missing_figure() -> None:
    """Before the market opens there are neither totals nor odds."""
    (step,) = play([told(-6000, tote_pools=pools(all=0), runners=without(*BOTH), money_tracker=None)])
    assert (step.row.score or 0) >= SOUND_AT_LEAST, failed(step)


def test_an_abandoned_race_without_totals_and_odds_is_no_missing_figure() -> None:
    """All is refunded, and no feed shows odds of it."""
    _, after = play([told(-300), told(300, "Abandoned", tote_pools=pools(all=0), runners=without(*BOTH))])
    assert {"runner_amounts", "pool_values"} & failed(after).keys() == set()


@pytest.mark.parametrize(("size", "is_missing"), [(0.15, False), (1, True)])
def test_one_that_nobody_backed_shows_nothing_in_a_small_pool(size: float, is_missing: bool) -> None:
    """The others' odds are the whole book: in a small pool it holds nothing, in a large one its odds are missing."""
    every = copy.deepcopy(FIRST["runners"])
    unbacked = max((r for r in every if not r["is_scratched"]), key=lambda r: r["odds"]["pool_win"])
    gone, unbacked["odds"] = 1 / unbacked["odds"]["pool_win"], {"fixed_win": 101, "fixed_place": 21}
    for runner in every:
        if runner is not unbacked and not runner["is_scratched"]:
            runner["odds"]["pool_win"] = round(runner["odds"]["pool_win"] * (1 - gone / 1.19), 2)
            runner["odds"]["pool_place"] = max(1.1, round(runner["odds"]["pool_place"] * 0.93, 2))
    (step,) = play([told(-300, runners=every, tote_pools=pools(all=size), money_tracker=None)])
    assert ("runner_amounts" in failed(step)) is is_missing, failed(step)


def test_odds_under_the_stake_are_no_figure_though_the_others_are_the_book() -> None:
    """The favourite at 0.9 pays less than was bet; halved odds of all may look whole without it."""
    every = copy.deepcopy(FIRST["runners"])
    best = min((r for r in every if not r["is_scratched"]), key=lambda r: r["odds"]["pool_win"])
    left = 1 - 1 / best["odds"]["pool_win"] / 1.19
    for runner in every:
        if not runner["is_scratched"]:
            runner["odds"]["pool_win"] = round(runner["odds"]["pool_win"] * left, 2)
    best["odds"]["pool_win"] = 0.9
    (step,) = play([told(-300, runners=every, tote_pools=pools(all=0.15))])
    assert step.row.pools is not None
    assert 100_000 < (step.row.pools.cents("win") or 0) < 500_000
    assert_capped(step, "runner_amounts")


@pytest.mark.parametrize("product", ["Win", "Place"])
def test_a_final_race_that_pays_nothing_on_a_filled_pool_is_told(product: str) -> None:
    """Dividends of one of the two are missing, at first sight and after a Final answer that had them."""
    some = [d for d in FIRST["dividends"] if d["product_name"] != f"Pool {product}"]
    first, full, gone = play([at("Final", dividends=some), told(360, "Final"), told(400, "Final", dividends=some)])
    assert_capped(first, "pool_size")
    assert "pool_size" not in failed(full)
    assert_capped(gone, "pool_size")


def test_an_exotic_dividend_that_is_withdrawn_after_final_is_told() -> None:
    """Win and Place stand, Quinella is paid no more: the check names it at the poll that lacks it."""
    some = [d for d in FIRST["dividends"] if d["product_name"] != "Pool Quinella"]
    before, after = play([told(300, "Final"), told(400, "Final", dividends=some)])
    assert "results" not in failed(before)
    assert failed(after).get("results") == "withdrawn quinella"
    assert (after.row.score or 0) > FAILED_AT_MOST


@pytest.mark.parametrize(("product", "factor"), [("win", 5), ("win", 10), ("win", 0.1), ("place", 0.1)])
def test_a_single_total_out_of_all_proportion_is_told_at_first_sight_until_it_is_put_right(
    product: str, factor: float
) -> None:
    """Win beside Place and the exotic pools: told at both wrong polls, and what is right after them is sound."""
    wrong = pools(**{product: factor})
    first, again, right, later = play([told(-330, tote_pools=wrong), told(-300, tote_pools=wrong), told(-270), told(0)])
    for step in (first, again):
        assert_capped(step, "pool_size")
    for step in (right, later):
        assert (step.row.score or 0) >= SOUND_AT_LEAST, failed(step)


@pytest.mark.parametrize("factor", [4, 0.2])
def test_exotic_pools_that_are_odd_alone_speak_against_no_win_pool(factor: float) -> None:
    """Win and Place agree with each other: what the exotic pools are tells nothing of them."""
    odd = pools(**dict.fromkeys(("quinella", "trifecta", "firstfour", "first four", "first 4", "exacta"), factor))
    (step,) = play([told(-300, tote_pools=odd)])
    assert "pool_size" not in failed(step)


MOVED = {0: 0.8, 1: 1.2, 2: 1.3, 3: 0.7}


@pytest.mark.parametrize(("secs", "is_told"), [(30, True), (1500, False)])
def test_all_totals_that_leap_at_once_are_told_though_odds_move(secs: int, is_told: bool) -> None:
    """Ten times on every runner within half a minute is no market's; in twenty-five minutes it may be."""
    wrong = pools(all=10)
    fed = [told(-1800), told(-1800 + secs, tote_pools=wrong, runners=drifted(MOVED))]
    after = play(fed)[-1]
    assert check(after, "pool_size").ok is not is_told
    assert ((after.row.score or 0) <= FAILED_AT_MOST) is is_told


def test_interim_dividends_of_another_pool_are_told() -> None:
    """A provisional dividend's pool may not be whole yet, but a fifth of the total is another's."""
    paid = [dividend | {"status": "Interim"} for dividend in FIRST["dividends"]]
    (step,) = play([at("Interim", tote_pools=pools(all=5), dividends=paid)])
    assert_capped(step, "pool_size")


def test_inverse_odds_that_are_too_many_are_told_beside_a_favourite_at_the_floor() -> None:
    """At the floor a runner holds more than it shows: the sum can be too small for that, and never too large."""
    every = copy.deepcopy(FIRST["runners"])
    for runner in every:
        if not runner["is_scratched"]:
            runner["odds"]["pool_win"] = max(1.0, round(runner["odds"]["pool_win"] / 2, 1))
    best = min((r for r in every if not r["is_scratched"]), key=lambda r: r["odds"]["pool_win"])
    best["odds"]["pool_win"] = 1.0
    (step,) = play([told(-300, runners=every)])
    assert_capped(step, "win_identity")
