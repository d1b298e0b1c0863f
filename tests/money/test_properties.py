"""Whose money a pool is, for any runners, scratchings, refunds and dead pools: what holds at every poll."""

from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from random import Random
from typing import NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from raceday.ledger.flow import flows
from raceday.ledger.timeline import Label
from raceday.racing.book import Asked, Former
from raceday.racing.compose import PollContext, compose
from raceday.racing.records import LedgerRow
from raceday.racing.refunds import decide
from raceday.racing.shares import BOOK
from raceday.racing.snapshot import Odds, Pool, Runner, Snapshot, Status
from tests.sample_race import START, entrant_id, open_race

KEPT = Decimal("0.84")
TENTH = Decimal("0.1")
AT = START - timedelta(minutes=20)


class Market(NamedTuple):
    """True cents per runner in Win and Place, who is scratched, and whether Place is called off."""

    win: tuple[int, ...]
    place: tuple[int, ...]
    out: frozenset[int] = frozenset()
    dead: bool = False
    silent: frozenset[int] = frozenset()
    with_holds: bool = True

    def refunded(self) -> "Market":
        """Return the same market with the money of scratched runners gone."""
        win, place = (tuple(0 if i in self.out else c for i, c in enumerate(m)) for m in (self.win, self.place))
        return self._replace(win=win, place=place)


def odds_of(pool: int, cents: int, places: int) -> Decimal | None:
    """Return tote odds, rounded down to a tenth."""
    if cents <= 0:
        return None
    shown = (Decimal(pool) * KEPT / (places * cents)).quantize(TENTH, ROUND_FLOOR)
    return max(Decimal(1), shown)


def served(market: Market) -> Snapshot:
    """Return what the feed shows of a market."""
    places = 3 if len(market.win) - len(market.out) >= 8 else 2
    runners = []
    for i, (win, place) in enumerate(zip(market.win, market.place, strict=True)):
        odds = Odds(
            fixed_win=Decimal(5),
            fixed_place=Decimal(2),
            pool_win=None if i in market.silent else odds_of(sum(market.win), win, 1),
            pool_place=None if i in market.silent else odds_of(sum(market.place), place, places),
        )
        hold = Decimal(100 * win) / sum(market.win) if market.with_holds else None
        name = f"Runner {i + 1}"
        runners.append(Runner(entrant_id(i + 1), i + 1, name, scratched=i in market.out, odds=odds, hold_points=hold))
    pools = (
        Pool("win", sum(market.win), "OPEN"),
        Pool("place", sum(market.place), "ABANDONED" if market.dead else "OPEN"),
    )
    return open_race(runners=tuple(runners), pools=pools, positions_paid=places, tracker=None)


def polled(market: Market, base: LedgerRow | None = None) -> LedgerRow:
    """Return the ledger row that a poll of a market makes."""
    at = AT + timedelta(seconds=30) * (base.n if base else 0)
    return compose(served(market), base, PollContext(at, "slot", at), Status.OPEN)


def parts(row: LedgerRow, product: str) -> int:
    """Return all parts of a pool together."""
    assert row.pools is not None
    cents = sum((line.win_cents if product == "win" else line.place_cents) or 0 for line in row.runners)
    return cents + row.pools.beside_cents(product)


def market_of(seed: int, size: int, least: int = 0) -> Market:
    """Return a field of `size` runners, some out, some without odds, Place perhaps called off."""
    chance = Random(seed)
    win = tuple(int(chance.uniform(least, 90_000) * chance.choice((1, 1, 1, 3, 10))) for _ in range(size))
    place = tuple(int(c * chance.uniform(0.2, 0.6)) for c in win)
    out, silent = (frozenset(chance.sample(range(size), chance.choice((0, 0, 1, 2)))) for _ in range(2))
    return Market(win, place, out, chance.random() < 0.3, silent, chance.random() < 0.5)


SEEDS, SIZES = st.integers(0, 2**32), st.integers(5, 10)


@given(st.lists(SEEDS, min_size=1, max_size=4), SIZES)
def test_all_parts_are_the_pools_at_every_poll(seeds: list[int], size: int) -> None:
    """Runners, unrefunded and unattributed money are each pool, whatever a race shows from poll to poll."""
    row: LedgerRow | None = None
    for market in (market_of(seed, size) for seed in seeds):
        row = polled(market, row)
        assert row.pools is not None
        for product in ("win", "place"):
            assert parts(row, product) == row.pools.cents(product)
        assert not market.dead or row.pools.cents("place") == 0


@given(SEEDS, SEEDS, SIZES)
def test_increments_are_the_growth_of_what_runners_hold(seed: int, next_seed: int, size: int) -> None:
    """A label's increments together are what its runners hold more than at the label before."""
    first, second = market_of(seed, size), market_of(next_seed, size)
    before = polled(first)
    now = polled(second._replace(out=second.out | first.out), before)
    made = flows(Label(10, now, before))
    held = [sum(line.win_cents or 0 for line in row.runners) for row in (before, now)]
    assert sum(flow.win_growth_cents for flow in made) == held[1] - held[0]
    if not first.dead and not second.dead:
        held = [sum(line.place_cents or 0 for line in row.runners) for row in (before, now)]
        assert sum(flow.place_growth_cents for flow in made) == held[1] - held[0]
    else:
        assert not any(flow.place_growth_cents for flow in made)


def _by_odds(row: LedgerRow, held: frozenset[int]) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the least and the most that each runner's rounded Win odds leave it."""
    assert row.pools is not None
    total = Decimal(row.pools.cents("win") or 0)
    shown = {r.entrant_id: r.pool_win for r in row.runners if not r.scratched or r.number - 1 in held}
    most = {i: 1 / o for i, o in shown.items() if o}
    least = {i: 1 / (o + TENTH) for i, o in shown.items() if o}
    return {
        i: (
            total * least[i] / (sum(most.values()) - most[i] + least[i]),
            total * most[i] / (sum(least.values()) - least[i] + most[i]),
        )
        for i in most
    }


@given(SEEDS, SIZES)
def test_a_refund_moves_nobody_by_more_than_the_rounding_of_odds(seed: int, size: int) -> None:
    """From the scratching over the refund others keep what they had; the one that went takes its own alone."""
    sound = market_of(seed, size, 40_000)._replace(out=frozenset(), dead=False, silent=frozenset())
    gone = max(range(size), key=lambda i: sound.win[i])
    # A runner near the floor breaks the identity of odds.
    assume(max(sound.win) < 0.5 * sum(sound.win))
    scratched = sound._replace(out=frozenset({gone}))
    before = polled(sound)
    held = polled(scratched, before)
    back = polled(scratched.refunded(), held)
    assert held.pools is not None
    assert back.pools is not None
    assume(held.pools.settled["win"].word == "unrefunded")
    assert sum(held.pools.settled["win"].unrefunded.values()) > 0
    assert back.pools.beside_cents("win") == 0
    ranges = [_by_odds(held, frozenset({gone})), _by_odds(back, frozenset())]
    for line in back.runners:
        old = held.runner(line.entrant_id)
        assert old is not None
        if not line.scratched:
            room = sum(most - least for least, most in (each[line.entrant_id] for each in ranges))
            assert abs((line.win_cents or 0) - (old.win_cents or 0)) <= room + 1
    grown = {flow.runner.number: flow.win_growth_cents for flow in flows(Label(20, held, before))}
    own = before.runner(entrant_id(gone + 1))
    assert own is not None
    assert grown[gone + 1] == -(own.win_cents or 0)


@given(st.integers(200, 400), st.integers(200, 400))
def test_what_nothing_tells_is_called_undecided(first: int, second: int) -> None:
    """Two scratched runners of like odds, one of them refunded, and nothing seen before: the row says undecided."""
    win = (3000, 2500, 2000, 1500, first + 700, second + 700)
    market = Market(tuple(100 * c for c in win), tuple(40 * c for c in win), frozenset({4, 5}))
    shown = served(market)
    # The pool holds one of the two; both show the odds of then.
    total = sum(market.win) - market.win[5]
    runners = tuple(
        r._replace(odds=r.odds._replace(pool_win=odds_of(total, market.win[i], 1), pool_place=None))
        for i, r in enumerate(shown.runners)
    )
    shown = shown._replace(runners=runners, pools=(Pool("win", total, "OPEN"), Pool("place", 0, "OPEN")))
    row = compose(shown, None, PollContext(AT, "slot", AT), Status.OPEN)
    assert row.pools is not None
    assert row.pools.settled["win"].word == "undecided"
    assert (row.score or 0) <= 75


def test_money_that_shows_no_odds_for_long_is_held_till_the_total_falls() -> None:
    """A scratched runner without odds stays unrefunded through many polls, and is refunded when the total falls."""
    sound = Market((3_000_000, 2_500_000, 2_000_000, 1_500_000, 1_000_000), (1, 1, 1, 1, 1))
    scratched = sound._replace(out=frozenset({1}), silent=frozenset({1}))
    row = polled(sound)
    for _ in range(4):
        row = polled(scratched, row)
        assert row.pools is not None
        assert row.pools.settled["win"].word == "unrefunded"
        assert abs(sum(row.pools.settled["win"].unrefunded.values()) - 2_500_000) < 100_000
        held = row.runner(entrant_id(1))
        assert held is not None
        assert abs((held.win_cents or 0) - 3_000_000) < 150_000
    row = polled(scratched.refunded(), row)
    assert row.pools is not None
    assert row.pools.beside_cents("win") == 0


def test_of_two_held_runners_the_one_is_refunded_whose_money_the_total_fell_by() -> None:
    """Where odds prove nothing, a fall by one runner's money lets that one go and holds the other."""
    running = [runner_of(i, 5) for i in range(4)]
    out = [runner_of(4, 4, scratched=True), runner_of(5, 8, scratched=True)]
    ids = [r.entrant_id for r in out]
    # The odds of before tell that nobody has bet since; one runner without odds makes the sums void.
    then = {r.entrant_id: Decimal("6.2") for r in running[1:]}
    former = Former(1_000_000, {}, then, frozenset(ids), {ids[0]: 200_000, ids[1]: 90_000}, "unrefunded")
    odds = {r.entrant_id: r.odds.pool_win for r in (*running[1:], *out)}
    asked = Asked([*running, *out], odds, BOOK, 805_000, former)
    found = decide(asked)
    assert (set(found.holding), found.word) == ({ids[1]}, "unrefunded")
    found = decide(asked._replace(total_cents=715_000, odds=odds | {i: Decimal("4.4") for i in then}))
    assert (set(found.holding), found.word) == (set(), "refunded")
    alike = former._replace(unrefunded={ids[0]: 200_000, ids[1]: 199_000})
    assert decide(asked._replace(former=alike)).word == "undecided"


def runner_of(place: int, win: int, *, scratched: bool = False) -> Runner:
    """Return a runner with Win odds of the pool."""
    odds = Odds(pool_win=Decimal(win))
    return Runner(entrant_id(place + 1), place + 1, f"Runner {place + 1}", scratched=scratched, odds=odds)
