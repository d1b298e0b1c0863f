"""Refunds that a total tells of, though odds do not, and answers that say again what the one before said."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from raceday.racing.compose import PollContext, compose
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import Status
from tests.money.test_properties import AT, SEEDS, SIZES, Market, market_of, polled, served

WIN = (36_000_000, 3_000_000, 2_000_000, 1_800_000, 1_600_000, 1_200_000, 800_000, 600_000)
PLACE = (16_000_000, 1_500_000, 1_000_000, 960_000, 840_000, 660_000, 480_000, 400_000)
HEAVY = Market(WIN, PLACE, with_holds=False)
EVEN_WIN = (250_000, 180_000, 150_000, 120_000, 100_000, 90_000, 70_000, 40_000)
EVEN = Market(EVEN_WIN, tuple(cents // 2 + 1_000 for cents in EVEN_WIN), with_holds=False)


def nearest(pool: int, cents: int, places: int) -> Decimal | None:
    """Return tote odds to the nearest tenth; a runner that holds nothing has none."""
    return max(Decimal(1), Decimal(f"{pool / (places * 1.19 * cents):.1f}")) if cents else None


def seen(market: Market, base: LedgerRow | None = None, places: int = 3, status: Status = Status.OPEN) -> LedgerRow:
    """Return the row of a poll whose odds are rounded to the nearest tenth."""
    answer = served(market)
    runners = tuple(
        runner._replace(
            odds=runner.odds._replace(
                pool_win=nearest(sum(market.win), win, 1), pool_place=nearest(sum(market.place), place, places)
            )
        )
        for runner, win, place in zip(answer.runners, market.win, market.place, strict=True)
    )
    at = AT + timedelta(minutes=5) * (base.n if base else 0)
    shown = answer._replace(runners=runners, positions_paid=places, status=status)
    return compose(shown, base, PollContext(at, "slot", at), status)


def without(market: Market, refunded: Sequence[int]) -> Market:
    """Return a market whose pools have paid some runners' bets back."""
    win, place = (tuple(0 if i in refunded else c for i, c in enumerate(m)) for m in (market.win, market.place))
    return market._replace(win=win, place=place)


def held(row: LedgerRow, product: str) -> dict[str, int]:
    """Return what scratched runners hold of a pool, and the word for it where it is in doubt."""
    assert row.pools is not None
    settled = row.pools.settled.get(product)
    assert settled is None or settled.word != "undecided"
    return dict(settled.unrefunded) if settled else {}


@pytest.mark.parametrize("out", range(2, 8))
def test_a_total_that_falls_by_what_an_outsider_had_is_its_refund(out: int) -> None:
    """Beside a favourite of four fifths no book tells an outsider's money, and the total does: nobody else moves."""
    scratched = HEAVY._replace(out=frozenset({out}))
    first = seen(HEAVY)
    still = seen(scratched, first)
    gone = seen(without(scratched, [out]), still)
    for product in ("win", "place"):
        assert held(still, product)
        assert not held(gone, product)
    for before, after in zip(first.runners, gone.runners, strict=True):
        if not after.scratched:
            assert after.win_cents == pytest.approx(before.win_cents, rel=0.05)
            assert after.place_cents == pytest.approx(before.place_cents, rel=0.05)


def test_a_refund_of_one_of_two_is_told_though_fewer_places_are_paid() -> None:
    """Odds rise as a place less is paid and fall as it is paid again: that is no money, and hides no refund."""
    out = EVEN._replace(out=frozenset({2, 4}))
    rows = [seen(EVEN)]
    rows.append(seen(out, rows[-1], places=2))
    rows.append(seen(without(out, [2]), rows[-1], places=3))
    rows.append(seen(without(out, [2, 4]), rows[-1], places=3))
    ids = [line.entrant_id for line in rows[0].runners]
    for product in ("win", "place"):
        assert [set(held(row, product)) for row in rows] == [set(), {ids[2], ids[4]}, {ids[4]}, set()]
    favourite = [row.runners[0].place_cents for row in rows]
    assert favourite == pytest.approx([favourite[0]] * 4, rel=0.06)


@given(SEEDS, SEEDS, SIZES)
def test_the_same_answer_again_moves_nobodys_money(seed: int, next_seed: int, size: int) -> None:
    """Whatever a race showed before, an answer that repeats the last one leaves every amount as it is."""
    first, then = market_of(seed, size), market_of(next_seed, size)
    then = then._replace(out=then.out | first.out)
    row = polled(then, polled(first))
    for _ in range(2):
        again = polled(then, row)
        assert [(r.win_cents, r.place_cents) for r in again.runners] == [
            (r.win_cents, r.place_cents) for r in row.runners
        ]
        row = again


def test_a_favourite_at_the_floor_gains_nothing_from_polls_alike() -> None:
    """After a refund its share crept towards what the book leaves, as a flow that never was."""
    market = Market(tuple(c // (4 if i == 0 else 1) for i, c in enumerate(WIN)), (4_000_000, *PLACE[1:]))
    market = market._replace(out=frozenset({2}), with_holds=False)
    row = seen(without(market, [2]), seen(market, seen(market._replace(out=frozenset()))))
    for _ in range(4):
        again = seen(without(market, [2]), row)
        assert [(r.win_cents, r.place_cents) for r in again.runners] == [
            (r.win_cents, r.place_cents) for r in row.runners
        ]
        row = again


def test_a_race_that_is_run_refunds_though_nothing_else_moved() -> None:
    """What a pool still held before the race is nobody's after it, in the very answer that was seen before."""
    scratched = EVEN._replace(out=frozenset({2}))
    still = seen(scratched, seen(EVEN))
    assert held(still, "win")
    assert not held(seen(scratched, still, status=Status.FINAL), "win")
