"""Products that a field is too small for, and races that are off: neither lacks a pool."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from raceday.racing.snapshot import Odds, Pool, Snapshot, Status
from tests.money.test_sound_scores import FIELD, SOUND_AT_LEAST, failed, grown, rows, shown

OFF_AT_MOST = 60
Change = Callable[[Pool], Pool | None]


def small(count: int, *without: str, status: Status = Status.OPEN) -> Snapshot:
    """Return an answer of so few runners that lists no pool of some products."""
    race = shown({n: FIELD[n] * 3 for n in range(1, count + 1)})
    runners = race.runners
    if "place" in without:
        runners = tuple(r._replace(odds=r.odds._replace(pool_place=None, fixed_place=None)) for r in runners)
    listed = tuple(pool for pool in race.pools or () if pool.product not in without)
    return race._replace(runners=runners, pools=listed, status=status)


@pytest.mark.parametrize(
    ("count", "without"), [(4, ("place", "first4")), (3, ("place", "first4", "trifecta")), (3, ("place", "first4"))]
)
@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
def test_a_field_too_small_for_a_product_lacks_none(count: int, without: tuple[str, ...], status: Status) -> None:
    """Nobody bets on a place below five runners, nor on the first four of four."""
    for row in rows(small(count, *without, status=status), small(count, *without, status=status)):
        assert failed(row) == {}
        assert (row.score or 0) >= SOUND_AT_LEAST


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
def test_an_empty_place_pool_of_four_runners_is_sound(status: Status) -> None:
    """Some list it with nothing in it, and it stays so when betting is over."""
    race = small(4, "place", status=status)
    (row,) = rows(race._replace(pools=(*(race.pools or ()), Pool("place", 0, "OPEN"))))
    assert failed(row) == {}


@pytest.mark.parametrize(
    ("count", "product"), [(5, "place"), (5, "first4"), (4, "trifecta"), (4, "quinella"), (4, "win")]
)
def test_a_pool_that_the_field_is_large_enough_for_is_missing(count: int, product: str) -> None:
    """From five runners on Place is bet on, and the first four are to be found."""
    (row,) = rows(small(count, product))
    assert "pool_products" in failed(row)


def test_odds_tell_of_a_place_pool_that_four_runners_have_all_the_same() -> None:
    """Whoever pays for a place has a pool to pay it from."""
    race = shown({n: FIELD[n] * 3 for n in range(1, 5)})
    (row,) = rows(race._replace(pools=tuple(p for p in race.pools or () if p.product != "place")))
    assert "pool_products" in failed(row)
    assert (row.score or 0) <= OFF_AT_MOST


def test_money_tells_of_a_place_pool_that_four_runners_had_before() -> None:
    """A pool that was known with money is missing, not left out for the size of the field."""
    before = shown({n: FIELD[n] * 3 for n in range(1, 5)})
    last = rows(before, small(4, "place", "first4"))[-1]
    assert "pool_products" in failed(last)


def test_runners_that_are_not_listed_make_no_small_field() -> None:
    """The race says how many run, whoever the answer names."""
    (row,) = rows(small(4, "place")._replace(field_size=8))
    assert "pool_products" in failed(row)


@pytest.mark.parametrize("listed", [(), None])
def test_an_abandoned_race_lacks_no_pools(listed: tuple[Pool, ...] | None) -> None:
    """Its pools leave the list at once, or one by one: nothing is missing of what is refunded."""
    off = shown(FIELD)._replace(status=Status.ABANDONED, pools=listed)
    last = rows(shown(FIELD), off)[-1]
    assert failed(last) == {}
    assert (last.score or 0) >= SOUND_AT_LEAST


LARGE = grown(FIELD, 2.6)


def test_a_bet_to_win_may_take_win_odds_under_place_odds() -> None:
    """Three thousand dollars on one to win leave its place odds where they were: sound then, and afterwards."""
    bet = LARGE | {9: LARGE[9] + 300_000}
    backed = _placed(bet)
    later = _placed(grown(bet, 1.02))
    for row in rows(shown(LARGE), backed, later)[1:]:
        assert "place above win" not in str(failed(row).get("odds_agreement"))
        assert (row.score or 0) >= SOUND_AT_LEAST


def test_place_odds_that_rise_above_win_odds_are_no_bet_to_win() -> None:
    """Some money came in on the runner, and its place odds are three times what they were."""
    race = shown(grown(LARGE, 1.05))
    best = race.runners[0]
    odds = best.odds._replace(pool_place=(best.odds.pool_win or Decimal(0)) + 3)
    last = rows(shown(LARGE), race._replace(runners=(best._replace(odds=odds), *race.runners[1:])))[-1]
    assert "place above win" in str(failed(last).get("odds_agreement"))
    assert (last.score or 0) <= OFF_AT_MOST


def test_win_odds_that_fall_under_place_odds_without_money_are_told() -> None:
    """No more than came in can have been put on it."""
    backed = _placed(LARGE | {9: LARGE[9] + 300_000})
    last = rows(shown(LARGE), backed._replace(pools=shown(grown(LARGE, 1.02)).pools))[-1]
    assert "place above win" in str(failed(last).get("odds_agreement"))


def _placed(win: dict[int, int]) -> Snapshot:
    """Return an answer whose Place pool knows nothing of a bet to win on the ninth."""
    race, plain = shown(win), shown(LARGE)

    def odds(i: int) -> Odds:
        return race.runners[i].odds._replace(pool_place=plain.runners[i].odds.pool_place)

    totals = {p.product: p for p in plain.pools or ()}
    return race._replace(
        runners=tuple(r._replace(odds=odds(i)) for i, r in enumerate(race.runners)),
        pools=tuple(totals["place"] if p.product == "place" else p for p in race.pools or ()),
    )
