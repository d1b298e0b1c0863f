"""Whether a Win or Place total can be: one digit too many makes a pool that looks right, with odds that agree.

What a pool was paid from decides, where its dividends are Final. Else a total leaps where the money on every runner
grows many times over at once, and the odds or the other pools do not: bets come in on some runners more than on others.
At first sight the other pools alone tell: Win out of all proportion to Place and to the exotic ones, or Place to both.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from raceday.catalogue.products import POOL_COLUMNS
from raceday.racing.evidence import HARDLY, MAIN, SMALL_CENTS, THIN_CENTS, TINY_CENTS
from raceday.racing.pools import dividend_pools, same_pool
from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement
from raceday.racing.shares import BOOK, at_floor, inverse, positions_paid
from raceday.racing.snapshot import Snapshot

# So many times what it was is a leap, beside the other pool or with odds that stand still; without any odds it is more.
LEAP, LEAP_UNSEEN = 4, 6
# No market grows so many times on every runner between two polls this near to each other, whatever else grows.
LEAP_AT_ONCE, AT_ONCE_SECS = 8, 180
# With everybody's odds where they were, and all other pools within so much of where they were, less is a leap at once.
LEAP_ALONE, _ALONE = 2.5, 1.25
# Provisional dividends are of a pool that may not be whole yet, but not of another one.
_PROVISIONAL = 4
# Win beyond so many times Place and so many times the exotic pools together, Win below both of these, and Win so many
# times Place that is less than so much of the exotic ones: each is met by itself, both at once were never.
_LARGE, _SMALL, _SLIGHT = (7, 2), (0.75, 0.2), (9, 0.08)
_EXOTICS = tuple(p for p in POOL_COLUMNS if p not in MAIN)
# Win is so many times Place, of a pool that can be, and beyond it in one that cannot.
_LIKELY, _UNLIKELY = (0.5, 5.0), (1 / 3, 7.0)
# The other pool stands where it is at most so many times what it was; fewer of the exotic ones are no witnesses.
_STANDS, _LEAST_WITNESSES = 2.0, 2
# Fewer runners whose odds tell their money at both polls are no evidence.
_LEAST_TOLD = 3
_STEP, _STILL = Decimal("0.1"), Decimal("0.02")
# Refunds may be so much more than was known to be held: of that, and of the pool, for those who hardly matter.
_REFUND_SLACK, _REFUND_NOISE = 1.1, 0.02


def unlikely(
    now: PoolTotals, lines: Sequence[RunnerLine], base: LedgerRow | None, snapshot: Snapshot
) -> dict[str, int]:
    """Return of each pool whose total cannot be the last one that could, or what dividends were paid from."""
    final, paid = dividend_pools(snapshot, final_only=True), dividend_pools(snapshot)
    secs = abs((snapshot.generated_at - base.generated_at).total_seconds()) if base else None
    found = {}
    for product in MAIN:
        total = now.cents(product)
        if total and product in final and product not in now.kept:
            if not same_pool(total, final[product]):
                found[product] = final[product]
        elif total and paid.get(product) and product not in now.kept and _is_another(total, paid[product]):
            found[product] = paid[product]
        elif total and base is not None and base.pools is not None and not _was_off(product, now, base.pools):
            sound = sound_cents(base.pools, product)
            if sound and _leaps(product, now, lines, base, at_once=secs is not None and secs <= AT_ONCE_SECS):
                found[product] = sound
    return found


def _is_another(total: int, paid: int) -> bool:
    return total >= _PROVISIONAL * paid or paid >= _PROVISIONAL * total


def out_of_proportion(pools: PoolTotals) -> str:
    """Return which of Win and Place is out of all proportion to the other and to the exotic pools; none where neither.

    Pools of a bet or two stand in any proportion to each other, and tell nothing.
    """
    win, place = (pools.cents(product) or 0 for product in MAIN)
    listed = [pools.cents(product) or 0 for product in _EXOTICS]
    exotic = sum(listed)
    if not win or not place or exotic < THIN_CENTS or sum(map(bool, listed)) < _LEAST_WITNESSES:
        return ""
    is_witness = place >= THIN_CENTS / 5 and place + exotic >= SMALL_CENTS / 2
    if is_witness and win > _LARGE[0] * place and win > _LARGE[1] * exotic:
        return "win"
    if place >= THIN_CENTS / 2 and win < _SMALL[0] * place and win < _SMALL[1] * exotic:
        return "win"
    is_slight = win > _SLIGHT[0] * place and place < _SLIGHT[1] * exotic
    return "place" if is_slight and win >= SMALL_CENTS / 2 else ""


def sound_cents(pools: PoolTotals, product: str) -> int | None:
    """Return a pool's total, or the last one before it that could be."""
    return pools.unlikely.get(product, pools.cents(product))


def refundable_cents(lines: Sequence[RunnerLine], base: LedgerRow, product: str) -> float:
    """Return what a total may fall by: what scratched runners held at the poll before, refunded since or not.

    One that hardly mattered may have been let go too early, where odds cannot tell: it still showed some then.
    """
    out = {line.entrant_id for line in lines if line.scratched}
    held = sum(_cents(line, product) or 0 for line in base.runners if line.entrant_id in out)
    pools = base.pools or PoolTotals()
    unrefunded, total = pools.settled.get(product, Settlement()).unrefunded, pools.cents(product) or 0
    held += sum(unrefunded.values())
    running = sum(not line.scratched for line in base.runners)
    places = positions_paid(base.race.positions_paid, running) if product == "place" else 1
    let_go = (
        line.odds(f"pool_{product}")
        for line in base.runners
        if line.scratched and line.entrant_id in out and not unrefunded.get(line.entrant_id)
    )
    small = min(HARDLY, float(sum(map(inverse, let_go)) / (BOOK * places)))
    return (held + small * total) * _REFUND_SLACK + (total * _REFUND_NOISE if held else 0.0)


def puts_right(product: str, now: PoolTotals, before: PoolTotals) -> bool:
    """Tell whether a total that could not be beside the others is one that can be again, while the other stands."""
    other = next(p for p in MAIN if p != product)
    pairs = [(pools.cents(product), pools.cents(other)) for pools in (before, now)]
    if product in now.kept or other in now.kept or _was_off(product, now, before) or _was_off(other, now, before):
        return False
    (was, beside_then), (total, beside) = ((a or 0, b or 0) for a, b in pairs)
    if not (was and beside_then and total and beside) or not 1 / _STANDS <= beside / beside_then <= _STANDS:
        return False
    if out_of_proportion(before) == product and not out_of_proportion(now):
        return True
    then, ratio = was / beside_then, total / beside
    if product == "place":
        then, ratio = 1 / then, 1 / ratio
    return not _UNLIKELY[0] <= then <= _UNLIKELY[1] and _LIKELY[0] <= ratio <= _LIKELY[1]


def _was_off(product: str, now: PoolTotals, before: PoolTotals) -> bool:
    return product in now.dead or product in before.dead


def _leaps(product: str, now: PoolTotals, lines: Sequence[RunnerLine], base: LedgerRow, *, at_once: bool) -> bool:
    before = base.pools or PoolTotals()
    total, last = now.cents(product) or 0, before.cents(product) or 0
    if product in before.unlikely:
        # Nearer to the total that could be than to the one that could not: the feed has put it right.
        sound = before.unlikely[product]
        return total * total >= sound * last if last > sound else total * total <= sound * last
    if product in now.kept or last < TINY_CENTS or puts_right(product, now, before):
        return False
    # A bet or two are many times a thin pool, or the better part of it: there only odds that all stand tell.
    is_thin = last < THIN_CENTS
    if not is_thin and (last - refundable_cents(lines, base, product)) > LEAP * total:
        return True
    grown = list(_grown(product, lines, base, total / last))
    if at_once and last >= SMALL_CENTS and total >= LEAP_ALONE * last and len(grown) >= _LEAST_TOLD:
        apart = [factor for factor in (_other(product, now, before), _exotics(now, before)) if factor]
        if apart and max(apart) <= _ALONE and all(still for _, still in grown):
            return True
    if total < LEAP * last:
        return False
    beside = _beside(product, now, before)
    is_large = not is_thin and max(before.cents(p) or 0 for p in MAIN) >= SMALL_CENTS
    if at_once and is_large and total >= LEAP_AT_ONCE * last and all(each >= LEAP for each, _ in grown):
        return True
    if len(grown) < _LEAST_TOLD:
        return bool(beside) and last >= SMALL_CENTS and total >= LEAP_UNSEEN * beside * last
    if all(still for _, still in grown):
        return True
    return not is_thin and bool(beside) and min(each for each, _ in grown) >= LEAP * beside


def _grown(product: str, lines: Sequence[RunnerLine], base: LedgerRow, factor: float) -> Iterator[tuple[float, bool]]:
    """Yield by what factor at least each runner's money grew that odds tell at both polls, and whether they stand."""
    for line in lines:
        then = base.runner(line.entrant_id)
        was, odds = then.odds(f"pool_{product}") if then else None, line.odds(f"pool_{product}")
        if not line.scratched and was and odds and was >= 1 and odds >= 1 and not (at_floor(was) and at_floor(odds)):
            yield factor * float(was / (odds + _STEP)), abs(odds - was) <= max(_STEP, _STILL * was)


def _beside(product: str, now: PoolTotals, before: PoolTotals) -> float:
    """Return by what factor other pools grew, at least 1; 0 where none can tell.

    Win and Place may leap together: then the exotic pools tell, by the one that grew most.
    """
    return min((factor for factor in (_other(product, now, before), _exotics(now, before)) if factor), default=0.0)


def _exotics(now: PoolTotals, before: PoolTotals) -> float:
    grown = [
        total / last
        for p in POOL_COLUMNS
        if p not in MAIN and p not in now.kept and not _was_off(p, now, before)
        and (total := now.cents(p)) and (last := before.cents(p)) and last >= THIN_CENTS
    ]  # fmt: skip
    return max(1.0, *grown) if len(grown) >= _LEAST_WITNESSES else 0.0


def _other(product: str, now: PoolTotals, before: PoolTotals) -> float:
    other = next(p for p in MAIN if p != product)
    total, last = now.cents(other), before.cents(other)
    if not total or not last or other in now.kept or other in before.unlikely or _was_off(other, now, before):
        return 0.0
    return max(1.0, total / last)


def _cents(line: RunnerLine, product: str) -> int | None:
    return line.win_cents if product == "win" else line.place_cents
