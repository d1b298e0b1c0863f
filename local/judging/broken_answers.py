"""Answers each broken in one way: what the fault does, the check that is there to see it, whether it is of money."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from raceday.racing.snapshot import Odds, Pool, Runner, Snapshot, Status

Change = Callable[[Snapshot], Snapshot]
Sight = Callable[[Snapshot], bool]


class Breakage(NamedTuple):
    """One way to break an answer: `money` says that a Win or Place figure is wrong or missing by it.

    `after` tells that it shows only beside the sound answer as the poll before; `where` tells which answers it fits.
    """

    name: str
    check: str
    change: Change
    money: bool = False
    after: bool = False
    where: Sight = lambda race: bool(race.pools) and race.status is not Status.ABANDONED


def _pools(race: Snapshot, change: Callable[[Pool], Pool | None]) -> Snapshot:
    changed = (change(pool) for pool in race.pools or ())
    return race._replace(pools=tuple(pool for pool in changed if pool is not None))


def _total(product: str, cents: Callable[[int], int | None]) -> Change:
    def change(race: Snapshot) -> Snapshot:
        return _pools(race, lambda p: p._replace(total_cents=cents(p.total_cents or 0)) if p.product == product else p)

    return change


def _without(product: str) -> Change:
    return lambda race: _pools(race, lambda p: None if p.product == product else p)


def _runners(race: Snapshot, change: Callable[[Runner], Runner]) -> Snapshot:
    return race._replace(runners=tuple(change(r) for r in race.runners))


def _odds(change: Callable[[Odds], Odds]) -> Change:
    return lambda race: _runners(race, lambda r: r._replace(odds=change(r.odds)))


def _times(odds: Decimal | None, factor: str) -> Decimal | None:
    return None if odds is None else odds * Decimal(factor)


def _favourite(race: Snapshot) -> Runner:
    running = [r for r in race.runners if not r.scratched and r.odds.pool_win]
    return min(running, key=lambda r: r.odds.pool_win or Decimal(0))


def _of_favourite(change: Callable[[Runner], Runner]) -> Change:
    def changed(race: Snapshot) -> Snapshot:
        best = _favourite(race).entrant_id
        return _runners(race, lambda r: change(r) if r.entrant_id == best else r)

    return changed


def _lose_favourite(race: Snapshot) -> Snapshot:
    best = _favourite(race).entrant_id
    return race._replace(runners=tuple(r for r in race.runners if r.entrant_id != best))


def _swapped(race: Snapshot, one: Runner, other: Runner, *kinds: str) -> Snapshot:
    shows = {one.entrant_id: other.odds, other.entrant_id: one.odds}

    def change(runner: Runner) -> Runner:
        odds = shows.get(runner.entrant_id, runner.odds)
        return runner._replace(odds=runner.odds._replace(**{kind: getattr(odds, kind) for kind in kinds}))

    return _runners(race, change)


def _swap_ends_of_both(race: Snapshot) -> Snapshot:
    return _swapped(race, _favourite(race), _longest(race), "pool_win", "pool_place")


def _shorten_longest(race: Snapshot) -> Snapshot:
    longest = _longest(race).entrant_id
    tenth = {"pool_win": "0.1", "pool_place": "0.25"}

    def change(runner: Runner) -> Runner:
        odds = {kind: _times(getattr(runner.odds, kind), by) for kind, by in tenth.items()}
        return runner._replace(odds=runner.odds._replace(**odds)) if runner.entrant_id == longest else runner

    return _runners(race, change)


def _longest(race: Snapshot) -> Runner:
    return max((r for r in race.runners if not r.scratched and r.odds.pool_win), key=lambda r: r.odds.pool_win or 0)


def _swap_ends(race: Snapshot) -> Snapshot:
    return _swapped(race, _favourite(race), _longest(race), "pool_win")


def _has(**wanted: Any) -> Sight:
    """Return a sight of answers in which a market is told of everybody, thick enough to say so."""

    def sees(race: Snapshot) -> bool:
        running = [r for r in race.runners if not r.scratched]
        told = all(r.odds.pool_win and r.odds.pool_win > Decimal("1.04") for r in running)
        places = all(r.odds.pool_place and r.odds.pool_place > Decimal("1.04") for r in running)
        fixed = all(r.odds.fixed_win and r.odds.fixed_place for r in running)
        thick = min(race.pool_cents("win") or 0, race.pool_cents("place") or 0) >= 100_000
        facts = {"win": told, "place": places, "fixed": fixed, "thick": thick}
        facts |= {"final": race.status is Status.FINAL, "tracker": race.tracker is not None}
        return len(running) > 3 and all(facts[name] is value for name, value in wanted.items())

    return sees


def _hundredfold(race: Snapshot) -> Snapshot:
    return _pools(race, lambda pool: pool._replace(total_cents=(pool.total_cents or 0) * 100))


def _is_paid(race: Snapshot) -> bool:
    return any(d.product == "win" and d.status == "Final" and d.pool_cents for d in race.dividends)


def _large(race: Snapshot) -> bool:
    """Tell whether Win and Place hold so much that everybody was backed."""
    return min(race.pool_cents("win") or 0, race.pool_cents("place") or 0) >= 500_000


def _told_large(race: Snapshot) -> bool:
    """Tell whether large pools show odds of everybody beside fixed ones."""
    return _large(race) and _has(win=True, place=True, fixed=True)(race)


def _apart(race: Snapshot) -> bool:
    """Tell whether pools are thick enough, and the runners far enough apart, for an exchange to matter."""
    if not THICK(race) or not _has(win=True, place=True)(race):
        return False
    order = _by_odds(race)
    first, middle = (order[at].odds for at in (0, len(order) // 2))
    win = (middle.pool_win or 0) > Decimal("1.7") * (first.pool_win or 0)
    return win and (middle.pool_place or 0) > Decimal("1.7") * (first.pool_place or 0)


def _beside_others(race: Snapshot) -> bool:
    """Tell whether the other pools are large enough to say what Win and Place may be, and no bet explains it."""
    exotic = sum(race.pool_cents(product) or 0 for product in ("quinella", "first4"))
    return WIN(race) and _large(race) and exotic > 200_000


def _of_favourites_odds(kind: str) -> Change:
    return _of_favourite(lambda r: r._replace(odds=r.odds._replace(**{kind: None})))


def _unpaid(product: str) -> Change:
    return lambda race: race._replace(dividends=tuple(d for d in race.dividends if d.product != product))


def _no_odds(*kinds: str) -> Change:
    return _odds(lambda o: o._replace(**dict.fromkeys(kinds)))


def _second_for(kind: str, factor: str) -> Change:
    """Make the second favourite's odds of a kind so many times what they are."""

    def change(race: Snapshot) -> Snapshot:
        second = _by_odds(race)[1].entrant_id
        odds = {r.entrant_id: r.odds._replace(**{kind: _times(getattr(r.odds, kind), factor)}) for r in race.runners}
        return _runners(race, lambda r: r._replace(odds=odds[r.entrant_id]) if r.entrant_id == second else r)

    return change


def _by_odds(race: Snapshot) -> list[Runner]:
    running = [r for r in race.runners if not r.scratched and r.odds.pool_win]
    return sorted(running, key=lambda r: r.odds.pool_win or 0)


def _swap_first_and_middle(kind: str) -> Change:
    def change(race: Snapshot) -> Snapshot:
        order = _by_odds(race)
        return _swapped(race, order[0], order[len(order) // 2], kind)

    return change


def _all_alike(race: Snapshot) -> Snapshot:
    """Show the same place odds on everybody, as long as make the same sum of inverses."""
    running = [r.odds.pool_place for r in race.runners if not r.scratched and r.odds.pool_place]
    alike = (len(running) / sum((1 / each for each in running), Decimal(0))).quantize(Decimal("0.1"))
    return _runners(race, lambda r: r if r.scratched else r._replace(odds=r.odds._replace(pool_place=alike)))


WIN, FIXED, FINAL, THICK = _has(win=True), _has(fixed=True, win=True), _has(final=True), _has(thick=True)
PAID: Sight = _is_paid

BREAKAGES: Sequence[Breakage] = (
    Breakage("no Win pool", "pool_products", _without("win"), money=True),
    Breakage("no Place pool", "pool_products", _without("place"), money=True),
    Breakage("no Trifecta pool", "pool_products", _without("trifecta")),
    Breakage("Win total unreadable", "pool_values", _total("win", lambda _: None), money=True),
    Breakage("Place total negative", "pool_values", _total("place", lambda cents: -cents), money=True),
    Breakage("Win total 0 at the end", "pool_values", _total("win", lambda _: 0), money=True, where=FINAL),
    Breakage("Win total a tenth of before", "pool_growth", _total("win", lambda c: c // 10), money=True, after=True),
    Breakage(
        "Place total a tenth of before", "pool_growth", _total("place", lambda c: c // 10), money=True, after=True
    ),
    Breakage("Win total ten times", "pool_size", _total("win", lambda c: c * 10), True, after=True, where=THICK),
    Breakage("Place total ten times", "pool_size", _total("place", lambda c: c * 10), True, after=True, where=THICK),
    Breakage("all totals a hundred times", "pool_size", _hundredfold, money=True, after=True, where=THICK),
    Breakage("Win total ten times at Final", "pool_size", _total("win", lambda c: c * 10), money=True, where=PAID),
    Breakage(
        "Win odds halved",
        "win_identity",
        _odds(lambda o: o._replace(pool_win=_times(o.pool_win, "0.5"))),
        money=True,
        where=_has(win=True, thick=True),
    ),
    Breakage(
        "Place odds doubled",
        "place_identity",
        _odds(lambda o: o._replace(pool_place=_times(o.pool_place, "2"))),
        money=True,
        where=_has(place=True, thick=True),
    ),
    Breakage(
        "nobody shows odds or points",
        "runner_amounts",
        lambda race: _runners(race, lambda r: r._replace(odds=Odds(), hold_points=None))._replace(tracker=None),
        money=True,
        where=WIN,
    ),
    Breakage(
        "the favourite is not listed", "runner_amounts", _lose_favourite, money=True, where=_has(win=True, thick=True)
    ),
    Breakage(
        "the ends' Win odds swapped",
        "odds_agreement",
        _swap_ends,
        money=True,
        where=_has(win=True, fixed=True, thick=True),
    ),
    Breakage("the ends' odds swapped in both", "odds_agreement", _swap_ends_of_both, money=True, where=_told_large),
    Breakage("the longest's odds a tenth", "odds_agreement", _shorten_longest, money=True, where=_told_large),
    Breakage(
        "the favourite's fixed prices gone",
        "odds_coverage",
        _of_favourite(lambda r: r._replace(odds=r.odds._replace(fixed_win=None, fixed_place=None))),
        where=FIXED,
    ),
    Breakage(
        "fixed Win and Place exchanged",
        "odds_values",
        _odds(lambda o: o._replace(fixed_win=o.fixed_place, fixed_place=o.fixed_win)),
        where=FIXED,
    ),
    Breakage("nobody shows Win odds", "runner_amounts", _no_odds("pool_win"), money=True, where=THICK),
    Breakage("nobody shows Place odds any more", "runner_amounts", _no_odds("pool_place"), True, True, where=THICK),
    Breakage("no odds at all any more", "runner_amounts", _odds(lambda _: Odds()), money=True, after=True, where=THICK),
    Breakage(
        "the favourite shows no Win odds", "runner_amounts", _of_favourites_odds("pool_win"), money=True, where=_large
    ),
    Breakage(
        "the favourite shows no Place odds", "runner_amounts", _of_favourites_odds("pool_place"), True, where=_large
    ),
    Breakage(
        "first and middle exchange Win odds", "runner_growth", _swap_first_and_middle("pool_win"), True, True, _apart
    ),
    Breakage("second's Win odds doubled since", "runner_growth", _second_for("pool_win", "2"), True, True, _apart),
    Breakage("second's Place odds doubled since", "runner_growth", _second_for("pool_place", "2"), True, True, _apart),
    Breakage("all Place odds alike since", "runner_growth", _all_alike, money=True, after=True, where=_apart),
    Breakage("Win total 0 with odds", "pool_values", _total("win", lambda _: 0), money=True, where=WIN),
    Breakage("Place total 0 after money", "pool_values", _total("place", lambda _: 0), True, after=True, where=THICK),
    Breakage("Win five times at sight", "pool_size", _total("win", lambda c: c * 5), True, where=_beside_others),
    Breakage("Win a tenth at sight", "pool_size", _total("win", lambda c: c // 10), True, where=_beside_others),
    Breakage("Place a tenth at sight", "pool_size", _total("place", lambda c: c // 10), True, where=_beside_others),
    Breakage("no Win dividend", "pool_size", _unpaid("win"), money=True, where=FINAL),
    Breakage("no Place dividend", "pool_size", _unpaid("place"), money=True, where=FINAL),
    Breakage("Quinella paid no more", "results", _unpaid("quinella"), after=True, where=FINAL),
    Breakage("no placings", "results", lambda race: race._replace(placings=()), where=FINAL),
    Breakage(
        "dividends of another pool",
        "pool_dividends",
        lambda race: race._replace(
            dividends=tuple(d._replace(pool_cents=(d.pool_cents or 0) * 2) for d in race.dividends)
        ),
        where=lambda race: FINAL(race) and any(d.pool_cents for d in race.dividends),
    ),
    Breakage(
        "six minutes old",
        "freshness",
        lambda race: race._replace(generated_at=race.generated_at - timedelta(minutes=6)),
    ),
    Breakage(
        "points halved",
        "hold_sum",
        lambda race: _runners(race, lambda r: r._replace(hold_points=_times(r.hold_points, "0.5"))),
        where=_has(tracker=True),
    ),
    Breakage(
        "Place above Win",
        "pool_balance",
        lambda race: _total("place", lambda _: 4 * (race.pool_cents("win") or 0))(race),
        money=True,
        where=_has(thick=True),
    ),
)
