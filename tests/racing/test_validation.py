"""The checks of one answer and the score made of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.compose import PollContext, compose, figures
from raceday.racing.evidence import Evidence
from raceday.racing.leaps import refundable_cents
from raceday.racing.records import Check, LedgerRow, PoolTotals, Settlement
from raceday.racing.score import failed, score
from raceday.racing.snapshot import Dividend, Odds, Pool, Snapshot, Status
from raceday.racing.validation import RULES, WEIGHTS, validate
from tests.sample_race import entrant_id, final_race, open_race

ODDS = ("fixed_win", "fixed_place", "pool_win", "pool_place")


def row_of(race: Snapshot, base: LedgerRow | None = None) -> LedgerRow:
    """Poll a race one second after the feed made its answer."""
    fetched = race.generated_at + timedelta(seconds=1)
    return compose(race, base, PollContext(race.generated_at, "slot", fetched), race.status)


def evidence(race: Snapshot, base: LedgerRow | None, fetched_at: datetime) -> Evidence:
    """Return what the checks look at of one answer."""
    made = figures(race, base, race.status)
    return Evidence(race, made.lines, base, fetched_at, made.pools)


def with_runner(race: Snapshot, which: int, /, **changes: Any) -> Snapshot:
    """Change one runner."""
    return race._replace(runners=tuple(r._replace(**changes) if r.number == which else r for r in race.runners))


def with_odds(race: Snapshot, number: int, **changes: Decimal | None) -> Snapshot:
    """Change odds of one runner."""
    odds = next(r.odds for r in race.runners if r.number == number)
    return with_runner(race, number, odds=odds._replace(**changes))


def with_pool(race: Snapshot, product: str, cents: int | None) -> Snapshot:
    """Change one pool's total, or leave the pool out."""
    pools = [p._replace(total_cents=cents or 0) if p.product == product else p for p in race.pools or ()]
    return race._replace(pools=tuple(p for p in pools if p.product != product or cents is not None))


def test_weights_sum_to_a_hundred() -> None:
    """Every rule has a weight, and the weights are percentages."""
    assert sum(WEIGHTS.values()) == 100
    assert set(WEIGHTS) == set(RULES)


@pytest.mark.parametrize("race", [open_race(), final_race()], ids=["open", "final"])
def test_clean_race_passes_every_check(race: Snapshot) -> None:
    """Figures that agree with each other fail nothing and score at least 95, yet not for free."""
    row = row_of(race)
    assert failed(row.checks) == []
    assert row.score is not None
    assert 95 <= row.score < 100


def test_tracker_that_was_not_asked_for_does_not_count() -> None:
    """Without a tracker its checks do not apply and the others share its weight."""
    race = open_race(tracker=None)
    checks = validate(evidence(race, None, race.generated_at))
    assert {c.name for c in checks if not c.applies} >= {"hold_sum", "bet_sum", "tracker_known", "tracker_runners"}
    assert score(checks) >= 95  # type: ignore[operator]


Spoil = Callable[[Snapshot, int], Snapshot]


def _odds(kind: str, factor: str | None) -> Spoil:
    def spoil(race: Snapshot, number: int) -> Snapshot:
        was: Decimal = getattr(next(r.odds for r in race.runners if r.number == number), kind)
        return with_odds(race, number, **{kind: None if factor is None else was * Decimal(factor)})

    return spoil


def _points(kind: str, value: Decimal | None) -> Spoil:
    return lambda race, number: with_runner(race, number, **{f"{kind}_points": value})


def _swap_odds(race: Snapshot, number: int) -> Snapshot:
    odds = next(r.odds for r in race.runners if r.number == number)
    assert odds.fixed_win is not None
    return with_odds(race, number, fixed_win=odds.fixed_place, fixed_place=odds.fixed_win)


def _swap_pool_odds(race: Snapshot, number: int) -> Snapshot:
    odds = next(r.odds for r in race.runners if r.number == number)
    return with_odds(race, number, pool_win=odds.pool_place, pool_place=odds.pool_win)


SPOILS: list[Spoil] = [
    *(_odds(kind, factor) for kind in ODDS for factor in (None, "-1", "0.1", "10", "100")),
    *(_points(kind, value) for kind in ("hold", "bet") for value in (None, Decimal(-3), Decimal(90), Decimal(500))),
    _swap_odds,
    _swap_pool_odds,
    lambda race, number: with_runner(race, number, scratched=True),
    lambda race, number: with_runner(race, number, number=number % 8 + 1),
]


@given(st.sampled_from(SPOILS), st.integers(1, 8), st.booleans())
def test_one_spoilt_runner_figure_lowers_the_score(spoil: Spoil, number: int, over: bool) -> None:
    """Whichever figure of whichever runner is lost, negated, moved by a decimal place or swapped: the score falls."""
    race = final_race() if over else open_race()
    clean, spoilt = row_of(race), row_of(spoil(race, number))
    assert failed(spoilt.checks)
    assert spoilt.score is not None
    assert clean.score is not None
    assert spoilt.score < clean.score


@given(st.sampled_from(["win", "place", "quinella", "trifecta", "first4"]), st.sampled_from([None, "-1", "0.1", "10"]))
def test_one_spoilt_pool_lowers_the_score(product: str, factor: str | None) -> None:
    """A pool that is missing, negative or a decimal place off against its dividends lowers the score."""
    paid = [("quinella", 508_373), ("trifecta", 614_843), ("first4", 938_996)]
    race = final_race()
    more = tuple(Dividend(p, f"Pool {p}", "Final", Decimal(9), cents, ((1, 2),)) for p, cents in paid)
    race = race._replace(dividends=race.dividends + more)
    total = race.pool_cents(product)
    assert total is not None
    spoilt = row_of(with_pool(race, product, None if factor is None else int(total * Decimal(factor))))
    assert failed(spoilt.checks)
    assert spoilt.score is not None
    assert spoilt.score < (row_of(race).score or 0)


@pytest.mark.parametrize(("product", "cents"), [("trifecta", -5), ("win", None)])
def test_a_failed_check_of_the_money_leaves_sixty_at_most(product: str, cents: int | None) -> None:
    """One pool that is missing or negative fails one check, and the others' points do not lift the score above 60."""
    spoilt = row_of(with_pool(open_race(), product, cents))
    assert (spoilt.score, row_of(open_race()).score) == (60, 99)


def test_a_pool_that_nobody_can_decide_leaves_seventy_five_at_most() -> None:
    """Where nobody can tell whose a pool is, checks that all hold come to 75, and one that is failed to 60."""
    sound = [Check("results", True, True, 4.0, 1.0)]
    undecided = PoolTotals({"win": 90, "place": 40}, settled={"place": Settlement(word="undecided")})
    assert (score(sound), score(sound, undecided)) == (100, 75)
    assert score([*sound, Check("pool_growth", True, False, 0.1, 0.0)], undecided) == 60


@pytest.mark.parametrize("check", ["pool_balance", "odds_agreement"])
def test_what_single_bets_explain_in_thin_pools_caps_the_score_in_others_alone(check: str) -> None:
    """Odds or pools that disagree leave sixty at most, but for pools of less than a thousand dollars."""
    found = [Check("results", True, True, 4.0, 1.0), Check(check, True, False, 0.1, 0.0)]
    assert score(found, PoolTotals({"win": 500_000, "place": 200_000})) == 60
    assert score(found, PoolTotals({"win": 500_000, "place": 20_000})) == 97


def test_a_total_may_fall_by_what_its_scratched_runners_held() -> None:
    """Money on their lines and set aside for them is refundable, and a fiftieth of the pool for who hardly matters."""
    first = row_of(open_race())
    assert first.pools is not None
    out = figures(with_runner(open_race(), 3, scratched=True), None, Status.OPEN).lines
    held = first.runners[2].win_cents or 0
    set_aside = first._replace(pools=first.pools._replace(settled={"win": Settlement(unrefunded={"gone": 70_000})}))
    assert held > 0
    slight = (first.pools.cents("win") or 0) / 50
    assert held <= refundable_cents(out, first, "win") <= 1.1 * held + slight + 1
    assert held + 70_000 <= refundable_cents(out, set_aside, "win") <= 1.1 * (held + 70_000) + slight + 1


@pytest.mark.parametrize(
    ("spoilt", "check"),
    [
        (with_pool(open_race(), "win", None), "pool_products"),
        (with_pool(open_race(), "exacta", 0), ""),
        (with_pool(open_race(), "trifecta", -5), "pool_values"),
        (with_pool(final_race(), "win", 0), "pool_values"),
        (with_pool(final_race(), "place", 690_999), "pool_dividends"),
        (with_pool(with_pool(open_race(), "win", 300_000), "place", 1_507_113), "pool_balance"),
        (with_odds(open_race(), 3, fixed_place=None), "odds_coverage"),
        (_swap_odds(open_race(), 5), "odds_values"),
        (_odds("pool_win", "10")(open_race(), 1), "win_identity"),
        (_odds("pool_place", "0.3")(open_race(), 1), "place_identity"),
        (_odds("pool_win", "10")(open_race(), 8), "odds_agreement"),
        (with_runner(open_race(), 1, hold_points=Decimal(60)), "hold_sum"),
        (with_runner(open_race(), 1, bet_points=Decimal(60)), "bet_sum"),
        (with_runner(open_race(), 4, hold_points=None), "tracker_runners"),
        (open_race(field_size=11), "field_counts"),
        (final_race()._replace(placings=()), "results"),
        (final_race()._replace(dividends=()), "results"),
        (with_odds(final_race(), 2, pool_win=Decimal("5.2")), "results"),
    ],
)
def test_failed_check_is_named(spoilt: Snapshot, check: str) -> None:
    """Each kind of wrong figure fails the check of that name."""
    names = failed(row_of(spoilt).checks)
    assert check in names if check else not names


@pytest.mark.parametrize(("places", "checks"), [(3, []), (2, ["place_identity"]), (1, ["place_identity"])])
def test_the_place_book_is_judged_by_the_places_paid(places: int, checks: list[str]) -> None:
    """Place odds that leave the usual take-out when three are paid leave far too much when one or two are."""
    race = with_odds(open_race(positions_paid=places), 1, pool_place=Decimal("1.20"))
    assert failed(row_of(race).checks) == checks


def test_stale_answer_fails_freshness() -> None:
    """An answer made ten minutes before it came, or in the future, is not fresh."""
    race = open_race()
    for shift in (timedelta(minutes=10), timedelta(minutes=-2)):
        checks = validate(evidence(race, None, race.generated_at + shift))
        assert failed(checks) == ["freshness"]


def test_unknown_tracker_ids_are_reported_apart() -> None:
    """Eight points on ids that are no runners pass, thirty do not, and the raw sum counts them."""
    tracker = open_race().tracker
    assert tracker is not None
    runners = open_race().runners[1:]
    race = open_race(runners=runners, field_size=7, entrant_count=7)
    assert "tracker_known" not in failed(
        row_of(race._replace(tracker=tracker._replace(unknown_hold=Decimal(8)))).checks
    )
    checks = row_of(race._replace(tracker=tracker._replace(unknown_hold=Decimal(31)))).checks
    assert "tracker_known" in failed(checks)
    assert "hold_sum" not in failed(checks)


def test_growth_is_judged_against_the_poll_before() -> None:
    """Growing pools pass, a falling pool fails, and a first poll is not judged."""
    first = row_of(open_race())
    assert next(c for c in first.checks if c.name == "pool_growth").applies is False
    assert failed(row_of(with_pool(open_race(), "win", 1_600_000), first).checks) == []
    assert failed(row_of(with_pool(open_race(), "win", 1_500_000), first).checks) == ["pool_growth"]


def test_thin_pools_are_judged_leniently() -> None:
    """The same crooked book fails in a thick pool and passes in a thin one."""
    crooked = _odds("pool_win", "2")(open_race(), 1)
    thin = with_pool(with_pool(crooked, "win", 30_000), "place", 12_000)
    assert "win_identity" in failed(row_of(crooked).checks)
    assert failed(row_of(thin).checks) == []


def test_empty_race_is_not_perfect() -> None:
    """A race without runners and pools names what is missing and scores low."""
    row = row_of(open_race(runners=(), pools=None, tracker=None, field_size=None, entrant_count=None))
    assert {"pool_products", "field_counts"} <= set(failed(row.checks))
    assert (row.score or 0) < 60


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(1, 10)), min_size=1))
def test_score_is_the_weighted_mean_of_what_applies(found: list[tuple[bool, float, int]]) -> None:
    """Only applying checks count, by weight, and the score stays from 0 to 100."""
    checks = [Check(str(i), applies, True, float(w), s) for i, (applies, s, w) in enumerate(found)]
    value = score(checks)
    weights = sum(w for applies, _, w in found if applies)
    if not weights:
        assert value is None
    else:
        assert value is not None
        mean = 100 * sum(w * s for applies, s, w in found if applies) / weights
        # The mean is a float: a whole number may come out a hair below itself.
        assert -1e-9 <= mean - value < 1 + 1e-6


def test_dead_heat_dividend_is_not_held_against_the_odds() -> None:
    """Two winners share the pool, so their dividends may be far under their odds."""
    race = final_race()
    heat = tuple(p._replace(position=1) if p.position == 2 else p for p in race.placings)
    half = race.dividends[0]._replace(amount=Decimal("1.90"))
    assert failed(row_of(race._replace(placings=heat, dividends=(half, *race.dividends[1:]))).checks) == []


def test_status_without_results_needs_none() -> None:
    """Closed and Abandoned races are not blamed for missing results."""
    for status in (Status.CLOSED, Status.ABANDONED):
        assert failed(row_of(open_race(status=status)).checks) == []


def test_scratched_runner_needs_no_odds() -> None:
    """A scratched runner without figures is no gap in coverage."""
    race = open_race()
    gone = with_runner(race, 8, scratched=True, odds=Odds(), hold_points=Decimal(0), bet_points=Decimal(0))
    assert failed(row_of(gone._replace(field_size=7)).checks) == []


def test_second_double_of_a_race_is_added() -> None:
    """A leg of two doubles keeps the sum of both, apart from the single-race totals."""
    legs = (Pool("double", 100, single_race=False), Pool("double", 50, single_race=False))
    pools = row_of(open_race()._replace(pools=(Pool("win", 10), *legs))).pools
    assert pools is not None
    assert (pools.multi, pools.single) == ({"double": 150}, {"win": 10})


def test_entrant_ids_of_the_sample_are_unique() -> None:
    """The sample's runners can be told apart."""
    assert len({entrant_id(n) for n in range(1, 9)}) == 8
