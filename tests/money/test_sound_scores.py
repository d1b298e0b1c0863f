"""Sound answers that are odd at first glance: none may score as one whose money is wrong."""

from datetime import timedelta
from decimal import Decimal
from math import floor

import pytest

from raceday.racing.compose import PollContext, compose
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import Odds, Pool, Runner, Snapshot
from tests.money.play import play
from tests.money.test_rules import told
from tests.money.test_variants import pools
from tests.sample_race import START, entrant_id, open_race

SOUND_AT_LEAST, PLACES = 90, 3
Cents = dict[int, int]
# What each runner has in the Win pool; in the Place pool it is half of that and some more.
FIELD: Cents = {1: 110_000, 2: 95_000, 3: 80_000, 4: 65_000, 5: 55_000, 6: 45_000, 7: 37_000, 8: 6_500, 9: 6_500}


def shown(win: Cents, *, out: tuple[int, ...] = (), refunded: tuple[int, ...] = ()) -> Snapshot:
    """Return an answer made of true cents: runners `out` are scratched, those `refunded` have no money any more."""
    held = {n: 0 if n in refunded else cents for n, cents in win.items()}
    place = {n: cents // 2 + (2_000 if cents else 0) for n, cents in held.items()}
    fair = sum(FIELD.values())
    runners = tuple(
        Runner(
            entrant_id(n),
            n,
            f"Runner {n}",
            scratched=n in out,
            odds=Odds(
                Decimal(fair * 10 // FIELD[n]) / 12,
                1 + (Decimal(fair * 10 // FIELD[n]) / 12 - 1) / 4,
                _odds(sum(held.values()), held[n]),
                _odds(sum(place.values()), place[n] * PLACES),
            ),
        )
        for n in win
    )
    totals = {"win": sum(held.values()), "place": sum(place.values())}
    totals |= {product: sum(FIELD.values()) // 2 for product in ("quinella", "trifecta", "first4")}
    listed = tuple(Pool(product, cents, "OPEN") for product, cents in totals.items())
    count = len(win) - len(out)
    return open_race(
        runners=runners, pools=listed, tracker=None, field_size=count, entrant_count=len(win), positions_paid=PLACES
    )


def _odds(pool: int, cents: int) -> Decimal | None:
    return Decimal(floor(pool * 8.4 / cents)) / 10 if cents else None


def rows(*answers: Snapshot) -> list[LedgerRow]:
    """Return the ledger that answers half a minute apart make."""
    found: list[LedgerRow] = []
    for i, race in enumerate(answers):
        made = race._replace(generated_at=START - timedelta(minutes=10) + i * timedelta(seconds=30))
        at = made.generated_at + timedelta(seconds=1)
        found.append(compose(made, found[-1] if found else None, PollContext(at, "slot", at), made.status))
    return found


def grown(win: Cents, factor: float) -> Cents:
    """Return the same money some bets later."""
    return {n: round(cents * factor) for n, cents in win.items()}


def failed(row: LedgerRow) -> dict[str, object]:
    """Name the checks of a row that failed."""
    return {c.name: c.value for c in row.checks if c.applies and not c.ok}


def test_two_alike_that_hardly_matter_are_refunded_one_after_the_other() -> None:
    """Which of two with 1.3 % each was refunded no odds tell, and the second refund is no fall of living money."""
    both = (8, 9)
    later = grown(FIELD, 1.01) | {9: FIELD[9]}
    answers = [shown(FIELD), shown(FIELD, out=both), shown(later, out=both, refunded=(8,))]
    last = rows(*answers, shown(later, out=both, refunded=both))[-1]
    assert failed(last) == {}
    assert (last.score or 0) >= SOUND_AT_LEAST


def test_a_fall_of_living_money_is_told_beside_a_runner_that_hardly_mattered() -> None:
    """What a scratched runner with leftover odds explains is no more than a twentieth of the pool."""
    out = shown(FIELD, out=(8,))
    fallen = shown(grown(FIELD, 0.9), out=(8,), refunded=(8,))
    last = rows(shown(FIELD), out, fallen)[-1]
    assert "pool_growth" in failed(last)
    assert (last.score or 0) <= 60


@pytest.mark.parametrize("back", [4_000, 15_000])
def test_a_runner_that_comes_back_with_few_bets_is_sound(back: int) -> None:
    """Its bets were refunded and its fixed price was not: no odds are wrong for that, at this poll and the next."""
    again = FIELD | {1: back}
    answers = [shown(FIELD), shown(FIELD, out=(1,), refunded=(1,)), shown(again), shown(grown(again, 1.01))]
    for row in rows(*answers)[2:]:
        assert failed(row) == {}
        assert (row.score or 0) >= SOUND_AT_LEAST


def test_odds_that_do_not_agree_are_told_of_everybody_else() -> None:
    """The same figures on a runner that was never out cap the score, at each poll."""
    for row in rows(shown(FIELD), shown(FIELD | {1: 4_000}), shown(FIELD | {1: 4_100}))[1:]:
        assert "odds_agreement" in failed(row)
        assert (row.score or 0) <= 60


def test_a_dead_pool_that_the_feed_lists_no_more_is_not_missing() -> None:
    """Place was called off and is left out of the list: set aside, told, and nothing of the money is missing."""
    unlisted = [pool for pool in pools() if pool["product_type"] != "Place"]
    off = told(-300, tote_pools=pools(place={"status": "ABANDONED"}))
    last = play([told(-600), off, told(-240, tote_pools=unlisted)])[-1]
    assert (last.row.score or 0) >= SOUND_AT_LEAST
    never = play([told(-600), told(-240, tote_pools=unlisted)])[-1]
    assert (never.row.score or 0) <= 60


def test_one_large_bet_on_an_outsider_is_sound() -> None:
    """Its odds fall to a seventh of its fixed price, by no more than came in: sound then, and while they stay so."""
    field = FIELD | {9: 12_000}
    backed = field | {9: 150_000}
    for row in rows(shown(field), shown(backed), shown(grown(backed, 1.01)))[1:]:
        assert failed(row) == {}
        assert (row.score or 0) >= SOUND_AT_LEAST


def test_an_outsider_whose_odds_fall_without_money_is_told() -> None:
    """The same odds while the total stands are no bet."""
    field = FIELD | {9: 12_000}
    before, after = shown(field), shown(field | {9: 150_000})
    _, row = rows(before, after._replace(pools=before.pools))
    assert "odds_agreement" in failed(row)
    assert (row.score or 0) <= 60


def test_place_odds_above_win_odds_cap_the_score_of_large_pools() -> None:
    """In pools of five thousand dollars no single bet explains it."""
    large = shown(grown(FIELD, 5))
    best = large.runners[0]
    odd = best._replace(odds=best.odds._replace(pool_place=(best.odds.pool_win or Decimal(0)) + 1))
    (row,) = rows(large._replace(runners=(odd, *large.runners[1:])))
    assert "odds_agreement" in failed(row)
    assert (row.score or 0) <= 60


BACKED: Cents = FIELD | {9: 150_000}


def reshown(race: Snapshot, odds: dict[int, Odds]) -> Snapshot:
    """Return an answer in which some runners show other pool odds."""
    kinds = ("pool_win", "pool_place")

    def change(runner: Runner) -> Runner:
        shows = odds.get(runner.number, runner.odds)
        return runner._replace(odds=runner.odds._replace(**{kind: getattr(shows, kind) for kind in kinds}))

    return race._replace(runners=tuple(map(change, race.runners)))


def test_an_outsider_that_was_backed_before_the_first_look_is_sound() -> None:
    """Both pools are shorter alike, nobody is longer for it, and the book is whole: sound then and later."""
    for row in rows(shown(BACKED), shown(grown(BACKED, 1.01))):
        assert failed(row) == {}
        assert (row.score or 0) >= SOUND_AT_LEAST


@pytest.mark.parametrize("kind", ["pool_win", "pool_place"])
def test_an_outsider_that_one_pool_alone_shows_backed_is_told(kind: str) -> None:
    """Who is backed to win is backed to be placed."""
    before, after = shown(FIELD).runners[8].odds, shown(BACKED)
    odds = after.runners[8].odds
    (row,) = rows(reshown(after, {9: odds._replace(**{kind: getattr(before, kind)})}))
    assert "odds_agreement" in failed(row)


@pytest.mark.parametrize("factor", [1, 5])
def test_odds_that_stand_on_each_other_s_runner_are_told_at_first_sight(factor: float) -> None:
    """The longest shows the favourite's in both pools, and the favourite the longest's."""
    race = shown(grown(FIELD, factor))
    one, other = race.runners[0].odds, race.runners[8].odds
    (row,) = rows(reshown(race, {1: other, 9: one}))
    assert "odds_agreement" in failed(row)
    assert (row.score or 0) <= 60


def test_what_an_outsider_is_shown_to_have_at_three_others_cost_is_told() -> None:
    """Money on the wrong runner is missing elsewhere, though nobody else is apart by a factor of four."""
    (row,) = rows(shown(FIELD | {1: 40_000, 2: 35_000, 3: 29_000, 9: 187_500}))
    assert "odds_agreement" in failed(row)
    assert (row.score or 0) <= 60


def test_odds_too_short_for_the_book_are_no_bet() -> None:
    """A tenth of the longest's Win odds, and a quarter of its Place odds, is money that is not there."""
    race = shown(FIELD)
    odds = race.runners[8].odds
    win, place = (each or Decimal(0) for each in (odds.pool_win, odds.pool_place))
    (row,) = rows(reshown(race, {9: odds._replace(pool_win=win / 10, pool_place=place / 4)}))
    assert "odds_agreement" in failed(row)
    assert (row.score or 0) <= 60


def test_at_the_floor_no_book_speaks_for_a_bet() -> None:
    """The favourite may hold more than it shows, so that odds too short are told apart by nothing."""
    race = shown(BACKED)
    best = race.runners[0].odds._replace(pool_win=Decimal("1.0"))
    (row,) = rows(reshown(race, {1: best}))
    assert "odds_agreement" in failed(row)
