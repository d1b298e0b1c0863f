"""Shares of the pools and where they come from."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.compose import lines
from raceday.racing.shares import WIN_BOOK, normalised_points, pool_shares, positions_paid
from raceday.racing.snapshot import Odds, Pool, Runner
from tests.sample_race import entrant_id, open_race

some_odds = st.none() | st.decimals(min_value="1.04", max_value="900", places=2)
points = st.none() | st.integers(0, 40).map(Decimal)
fields = st.lists(st.tuples(some_odds, some_odds, points, st.booleans()), min_size=1, max_size=24)


def build(field: list[tuple[Decimal | None, Decimal | None, Decimal | None, bool]]) -> tuple[Runner, ...]:
    """Build runners from (pool win, pool place, hold points, scratched)."""
    return tuple(
        Runner(entrant_id(n), n, f"R{n}", scratched=out, odds=Odds(pool_win=w, pool_place=p), hold_points=h)
        for n, (w, p, h, out) in enumerate(field, start=1)
    )


@given(fields, st.integers(0, 200_000_000), st.integers(0, 90_000_000))
def test_amounts_sum_to_the_pools(
    field: list[tuple[Decimal | None, Decimal | None, Decimal | None, bool]], win: int, place: int
) -> None:
    """Runners' cents sum to each pool exactly, or nobody has any; scratched runners hold nothing."""
    made = lines(open_race(runners=build(field), pools=(Pool("win", win), Pool("place", place))))
    for total, cents in ((win, [r.win_cents for r in made]), (place, [r.place_cents for r in made])):
        known = [c for c in cents if c is not None]
        assert known in ([], cents)
        assert not known or sum(known) == total
    assert all(not r.win_cents and not r.place_cents for r in made if r.scratched)


def test_win_and_place_have_their_own_shares() -> None:
    """A runner's part of Win follows Win odds and its part of Place follows Place odds."""
    runners = (
        Runner("a", 1, "A", odds=Odds(pool_win=Decimal(2), pool_place=Decimal(3))),
        Runner("b", 2, "B", odds=Odds(pool_win=Decimal(2), pool_place=Decimal(1))),
    )
    made = lines(open_race(runners=runners, pools=(Pool("win", 1000), Pool("place", 1000))))
    assert [(r.win_cents, r.place_cents) for r in made] == [(500, 250), (500, 750)]
    assert {r.win_source for r in made} == {"pool_odds"}


def test_hold_stands_in_without_pool_odds() -> None:
    """Without pool odds the summed hold of unscratched runners is renormalised and named as the source."""
    held = ((1, 30, False), (2, 10, False), (3, 40, True))
    runners = tuple(Runner(str(n), n, "R", hold_points=Decimal(h), scratched=out) for n, h, out in held)
    made = lines(open_race(runners=runners, pools=(Pool("win", 1000),)))
    assert [(r.win_cents, r.win_source) for r in made] == [(750, "hold"), (250, "hold"), (0, "none")]
    assert [r.hold for r in made] == [75, 25, 0]


def test_nothing_known_is_null() -> None:
    """Without odds and tracker the amounts are unknown, not zero."""
    made = lines(open_race(runners=(Runner("a", 1, "A"),), pools=(Pool("win", 1000),)))
    assert (made[0].win_cents, made[0].win_source, made[0].hold) == (None, "none", None)


def test_empty_pool_holds_nothing_for_certain() -> None:
    """A pool of 0 is 0 on every runner even when no share is known."""
    assert lines(open_race(runners=(Runner("a", 1, "A"),), pools=(Pool("win", 0),)))[0].win_cents == 0


def test_unbacked_runner_without_odds_holds_nothing() -> None:
    """Where the odds that are there fill the book, a runner without odds has no money on it."""
    runners = build([(Decimal("1.68"), None, Decimal(20), False)] * 2 + [(None, None, Decimal(60), False)])
    shares = pool_shares(runners, {r.entrant_id: r.odds.pool_win for r in runners}, WIN_BOOK)
    assert shares is not None
    assert shares[entrant_id(3)].part == 0


def test_missing_odds_leave_room_for_the_hold() -> None:
    """Where the odds leave half the book open, the runners without them share it by their hold."""
    rest = [(None, None, Decimal(30), False), (None, None, Decimal(10), False)]
    runners = build([(Decimal(2), None, Decimal(60), False), *rest])
    shares = pool_shares(runners, {r.entrant_id: r.odds.pool_win for r in runners}, Fraction(1))
    assert shares is not None
    assert [shares[entrant_id(n)].source for n in (1, 2, 3)] == ["pool_odds", "hold", "hold"]
    assert [shares[entrant_id(n)].part for n in (1, 2, 3)] == [Fraction(1, 2), Fraction(3, 8), Fraction(1, 8)]


@given(st.dictionaries(st.text(min_size=1), points, max_size=24))
def test_percentages_sum_to_a_hundred(given_points: dict[str, Decimal | None]) -> None:
    """Normalised percentages sum to exactly 100, or are unknown together."""
    scaled = normalised_points(given_points)
    assert scaled is None or (sum(scaled.values()) == 100 and scaled.keys() == given_points.keys())


def test_places_paid_follow_the_field() -> None:
    """The feed's number of places counts; without it the size of the field decides."""
    assert [positions_paid(2, 12), positions_paid(None, 8), positions_paid(0, 7), positions_paid(None, 4)] == [
        2,
        3,
        2,
        1,
    ]


def test_scratching_moves_nothing_to_the_scratched() -> None:
    """A scratched runner with stale odds is left out and the others fill the pool."""
    race = open_race()
    late = tuple(r._replace(scratched=True) if r.number == 1 else r for r in race.runners)
    made = lines(race._replace(runners=late))
    assert made[0].win_cents == 0
    assert sum(r.win_cents or 0 for r in made) == race.pool_cents("win")
