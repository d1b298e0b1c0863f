"""Money of a runner that runs never goes back: odds that say so are told, and nothing is alerted from them."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import pytest

from raceday.racing.movements import Columns, movements
from raceday.racing.snapshot import Odds, Pool, Snapshot
from tests.money.test_sound_scores import FIELD, SOUND_AT_LEAST, failed, grown, reshown, rows, shown

TOLD_AT_MOST = 60
FIRST = grown(FIELD, 2)
Wrong = Callable[[Snapshot], Snapshot]


def exchanged(race: Snapshot) -> Snapshot:
    """Show the Win odds of two runners on each other's."""
    one, other = race.runners[2].odds, race.runners[5].odds
    return reshown(race, {3: one._replace(pool_win=other.pool_win), 6: other._replace(pool_win=one.pool_win)})


def doubled(race: Snapshot) -> Snapshot:
    """Show one runner's Win odds twice as long."""
    odds = race.runners[3].odds
    return reshown(race, {4: odds._replace(pool_win=(odds.pool_win or Decimal(0)) * 2)})


def alike(race: Snapshot) -> Snapshot:
    """Show the same place odds on everybody."""
    parts = sum((1 / r.odds.pool_place for r in race.runners if r.odds.pool_place), Decimal(0))
    odds = (len(race.runners) / parts).quantize(Decimal("0.1"))
    return reshown(race, {r.number: r.odds._replace(pool_place=odds) for r in race.runners})


WRONG: tuple[Wrong, ...] = (exchanged, doubled, alike)


@pytest.mark.parametrize("wrong", WRONG)
def test_money_that_goes_back_caps_the_score(wrong: Wrong) -> None:
    """Two runners' odds exchanged, one's doubled, all alike: each takes money from somebody who runs."""
    row = rows(shown(FIRST), wrong(shown(grown(FIRST, 1.05))))[-1]
    assert "runner_growth" in failed(row)
    assert (row.score or 0) <= TOLD_AT_MOST


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_is_alerted_from_money_that_went_back(wrong: Wrong) -> None:
    """Neither the poll that shows it nor the ones that put it right move anything."""
    races = [shown(FIRST), wrong(shown(grown(FIRST, 1.05))), *(shown(grown(FIRST, by)) for by in (1.08, 1.1, 1.12))]
    ledger = rows(*races)
    assert movements(Columns(None, ledger[0], ledger[1])) == []
    for (base, before), now in zip(pairwise(ledger), ledger[2:], strict=False):
        assert movements(Columns(base, before, now)) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_labels_are_compared_with_each_other_too(wrong: Wrong) -> None:
    """The poll of a label may be minutes after the one that was told first: money still went back between labels."""
    bad = wrong(shown(grown(FIRST, 1.05)))
    ledger = rows(shown(FIRST), bad, bad, shown(grown(FIRST, 1.08)))
    assert "runner_growth" not in failed(ledger[2])
    assert movements(Columns(ledger[0], ledger[2], ledger[3])) == []
    assert movements(Columns(None, ledger[0], ledger[2])) == []


def test_bets_on_others_take_nothing_from_a_runner() -> None:
    """Its odds lengthen by what came in on the others, and it keeps what it holds."""
    races = [FIRST]
    for best in (1, 2, 8, 5):
        races.append(races[-1] | {best: races[-1][best] + 60_000})
    for row in rows(*map(shown, races)):
        assert "runner_growth" not in failed(row)


@pytest.mark.parametrize("part", [0.6, 0.9])
def test_a_total_that_is_newer_than_its_odds_is_no_fall(part: float) -> None:
    """A bet is in the total at once and in the odds a poll later: then all others lose in one proportion."""
    before, after = shown(FIRST), shown(FIRST | {3: FIRST[3] + round(sum(FIRST.values()) * (1 / part - 1))})
    row = rows(before, before._replace(pools=after.pools), after)[-1]
    assert "runner_growth" not in failed(row)


def test_a_corrected_total_is_no_runner_s_fall() -> None:
    """A pool that falls as a whole is told as that, not once more of each runner."""
    race = shown(FIRST)
    corrected = race._replace(pools=tuple(_times(pool, 0.85) for pool in race.pools or ()))
    row = rows(race, corrected)[-1]
    assert "pool_growth" in failed(row)
    assert "runner_growth" not in failed(row)


def _times(pool: Pool, factor: float) -> Pool:
    return pool._replace(total_cents=round((pool.total_cents or 0) * factor)) if pool.product == "win" else pool


@pytest.mark.parametrize("step", ["0.1", "0.05"])
def test_rounding_is_no_fall(step: str) -> None:
    """Odds of large shares are coarse: a tenth more or less of the favourite's is no money that went back."""
    race = shown(FIRST)
    for sign in (1, -1):
        other = reshown(race, {r.number: _longer(r.odds, sign * Decimal(step)) for r in race.runners[::2]})
        assert "runner_growth" not in failed(rows(race, other)[-1])


def _longer(odds: Odds, step: Decimal) -> Odds:
    return odds._replace(
        pool_win=(odds.pool_win or Decimal(0)) + step, pool_place=(odds.pool_place or Decimal(0)) + step
    )


def test_a_refund_is_no_fall_of_who_runs() -> None:
    """One is scratched, its money refunded a poll later; another comes back."""
    out, refunded = shown(FIRST, out=(2,)), shown(grown(FIRST, 1.01), out=(2,), refunded=(2,))
    back = shown(grown(FIRST, 1.02) | {2: 9_000})
    for row in rows(shown(FIRST), out, refunded, back):
        assert "runner_growth" not in failed(row)
        assert (row.score or 0) >= SOUND_AT_LEAST


def test_in_a_pool_of_a_few_hundred_dollars_nothing_is_told() -> None:
    """Single bets and corrections are much of it."""
    small = grown(FIELD, 0.15)
    row = rows(shown(small), exchanged(shown(grown(small, 1.05))))[-1]
    assert "runner_growth" not in failed(row)


@pytest.mark.parametrize("odds", ["0", "0.02", "0.05", "1.0"])
def test_odds_that_nobody_can_pay_raise_nothing(odds: str) -> None:
    """They hide what their runner holds, and the poll is judged all the same."""
    race = shown(FIRST)
    odd = reshown(race, {1: race.runners[0].odds._replace(pool_win=Decimal(odds))})
    for row in rows(race, odd, race)[1:]:
        assert "runner_growth" not in failed(row)
