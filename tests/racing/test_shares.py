"""Shares of the pools and where they come from."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.compose import PollContext, compose, figures
from raceday.racing.records import RunnerLine
from raceday.racing.shares import BOOK, Share, Shares, normalised_points, pool_shares, positions_paid
from raceday.racing.snapshot import Odds, Pool, Runner, Snapshot, Status
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


def lines(race: Snapshot) -> tuple[RunnerLine, ...]:
    """Return the lines of a race's first answer."""
    return figures(race, None, race.status).lines


@given(fields, st.integers(0, 200_000_000), st.integers(0, 90_000_000))
def test_all_parts_are_the_pools(
    field: list[tuple[Decimal | None, Decimal | None, Decimal | None, bool]], win: int, place: int
) -> None:
    """Runners, unrefunded and unattributed money are each pool to the cent; scratched runners hold nothing."""
    made = figures(open_race(runners=build(field), pools=(Pool("win", win), Pool("place", place))), None, Status.OPEN)
    assert made.pools is not None
    for product, total in (("win", win), ("place", place)):
        cents = [r.win_cents if product == "win" else r.place_cents for r in made.lines]
        assert all(c is None or c >= 0 for c in cents)
        assert sum(c or 0 for c in cents) + made.pools.beside_cents(product) == total
    assert all(not r.win_cents and not r.place_cents for r in made.lines if r.scratched)


@given(fields, st.integers(1_000, 200_000_000), st.sets(st.integers(1, 24)))
def test_parts_stay_the_pool_when_runners_are_scratched(
    field: list[tuple[Decimal | None, Decimal | None, Decimal | None, bool]], win: int, out: set[int]
) -> None:
    """Whatever is scratched next, the parts are the pool, and a runner that was scratched before holds nothing."""
    first = open_race(runners=build(field), pools=(Pool("win", win),))
    fetched = first.generated_at + timedelta(seconds=1)
    base = compose(first, None, PollContext(first.generated_at, "slot", fetched), Status.OPEN)
    runners = tuple(r._replace(scratched=r.scratched or r.number in out) for r in first.runners)
    made = figures(first._replace(runners=runners), base, Status.OPEN)
    assert made.pools is not None
    assert sum(r.win_cents or 0 for r in made.lines) + made.pools.beside_cents("win") == win


def test_win_and_place_have_their_own_shares() -> None:
    """A runner's part of Win follows Win odds and its part of Place follows Place odds."""
    runners = (
        Runner("a", 1, "A", odds=Odds(pool_win=Decimal(2), pool_place=Decimal(3))),
        Runner("b", 2, "B", odds=Odds(pool_win=Decimal(2), pool_place=Decimal("1.5"))),
    )
    made = lines(open_race(runners=runners, pools=(Pool("win", 1000), Pool("place", 1200))))
    assert [(r.win_cents, r.place_cents) for r in made] == [(500, 400), (500, 800)]
    assert {r.win_source for r in made} == {"pool_odds"}


def test_hold_stands_in_without_pool_odds() -> None:
    """Without pool odds the summed hold of unscratched runners is renormalised and named as the source."""
    held = ((1, 30, False), (2, 10, False), (3, 40, True))
    runners = tuple(Runner(str(n), n, "R", hold_points=Decimal(h), scratched=out) for n, h, out in held)
    made = lines(open_race(runners=runners, pools=(Pool("win", 1000),)))
    assert [(r.win_cents, r.win_source) for r in made] == [(750, "hold"), (250, "hold"), (0, "none")]
    assert [r.hold for r in made] == [75, 25, 0]


def test_a_pool_that_points_alone_tell_is_called_undecided() -> None:
    """Percentages over all products do not say whose one pool is: the row tells so and scores at most 75."""
    runners = tuple(Runner(str(n), n, "R", hold_points=Decimal(h)) for n, h in ((1, 30), (2, 10)))
    row = compose(
        open_race(runners=runners, field_size=2, pools=(Pool("win", 1000), Pool("place", 0))),
        None,
        PollContext(open_race().generated_at, "slot", open_race().generated_at),
        Status.OPEN,
    )
    assert row.pools is not None
    assert row.pools.settled["win"].word == "undecided"
    assert "100%" in row.pools.settled["win"].why
    assert (row.score or 0) <= 75


def test_nothing_known_is_nobodys() -> None:
    """Without odds and tracker the amounts are unknown, not zero, and the pool is nobody's."""
    made = figures(open_race(runners=(Runner("a", 1, "A"),), pools=(Pool("win", 1000),)), None, Status.OPEN)
    assert (made.lines[0].win_cents, made.lines[0].win_source, made.lines[0].hold) == (None, "none", None)
    assert made.pools is not None
    assert made.pools.settled["win"].unattributed_cents == 1000


def test_empty_pool_holds_nothing_for_certain() -> None:
    """A pool of 0 is 0 on every runner even when no share is known."""
    assert lines(open_race(runners=(Runner("a", 1, "A"),), pools=(Pool("win", 0),)))[0].win_cents == 0


def _shares(runners: tuple[Runner, ...]) -> Shares:
    return pool_shares(runners, {r.entrant_id: r.odds.pool_win for r in runners}, BOOK, {})


def test_unbacked_runner_without_odds_holds_nothing() -> None:
    """Where the odds that are there fill the book, a runner without odds has no money on it."""
    runners = build([(Decimal("1.68"), None, Decimal(20), False)] * 2 + [(None, None, Decimal(60), False)])
    assert _shares(runners).runners[entrant_id(3)].part == 0


def test_one_runner_without_odds_takes_what_the_book_leaves() -> None:
    """The others keep 1/odds of the book, and what is left of it is the only one's that odds say nothing of."""
    runners = build([(Decimal(2), None, None, False), (None, None, None, False)])
    shares = _shares(runners).runners
    # A book of 1.19 is what recorded pools sum to.
    first = Fraction(1, 2) / Fraction(119, 100)
    assert shares[entrant_id(1)].part == first
    assert shares[entrant_id(2)] == Share(1 - first, "book")


def test_several_without_odds_share_by_their_hold() -> None:
    """Where the odds leave part of the book open, the runners without them share it by their hold."""
    rest = [(None, None, Decimal(30), False), (None, None, Decimal(10), False)]
    shares = _shares(build([(Decimal(2), None, Decimal(60), False), *rest])).runners
    left = 1 - Fraction(1, 2) / BOOK
    assert [shares[entrant_id(n)].source for n in (1, 2, 3)] == ["pool_odds", "hold", "hold"]
    assert [shares[entrant_id(n)].part for n in (2, 3)] == [left * Fraction(3, 4), left * Fraction(1, 4)]


def test_several_without_odds_and_hold_leave_it_to_nobody() -> None:
    """What the book leaves to two runners that nothing is known of is unattributed."""
    shares = _shares(build([(Decimal(2), None, None, False)] + [(None, None, None, False)] * 2))
    assert shares.unattributed == 1 - Fraction(1, 2) / BOOK
    assert shares.runners[entrant_id(2)] == Share(None, "none")


def test_a_runner_at_the_floor_takes_what_its_odds_cannot_say() -> None:
    """No dividend is under the stake: a favourite at 1.00 holds more than its inverse odds, and the others theirs."""
    runners = build([(Decimal("1.0"), None, None, False), (Decimal(20), None, None, False)])
    shares = _shares(runners).runners
    assert shares[entrant_id(2)].part == Fraction(1, 20) / BOOK
    assert shares[entrant_id(1)].part == 1 - Fraction(1, 20) / BOOK


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
    """A scratched runner whose money the pool still holds has none itself, and the others keep what they had."""
    race = open_race()
    before = lines(race)
    late = tuple(r._replace(scratched=True) if r.number == 1 else r for r in race.runners)
    made = figures(race._replace(runners=late), None, Status.OPEN)
    assert made.lines[0].win_cents == 0
    assert made.pools is not None
    assert made.pools.settled["win"].unrefunded == {made.lines[0].entrant_id: before[0].win_cents}
    assert [r.win_cents for r in made.lines[1:]] == [r.win_cents for r in before[1:]]
