"""Whether a Win or Place total can be: one digit too many makes a pool that looks right, with odds that agree.

What a pool was paid from decides, where its dividends are Final. Else a total leaps where the money on every runner
grows many times over at once, and the odds or the other pool do not: bets come in on some runners more than on others.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from raceday.racing.evidence import MAIN, SMALL_CENTS, THIN_CENTS, TINY_CENTS
from raceday.racing.pools import same_pool
from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement
from raceday.racing.shares import at_floor

# So many times what it was is a leap, beside the other pool or with odds that stand still; without any odds it is more.
LEAP, LEAP_UNSEEN = 4, 6
# Fewer runners whose odds tell their money at both polls are no evidence.
_LEAST_TOLD = 3
_STEP, _STILL = Decimal("0.1"), Decimal("0.02")
# Refunds may be so much more than was known to be held: of that, and of the pool, for those who hardly matter.
_REFUND_SLACK, _REFUND_NOISE = 1.1, 0.02


def unlikely(
    now: PoolTotals, lines: Sequence[RunnerLine], base: LedgerRow | None, paid: Mapping[str, int]
) -> dict[str, int]:
    """Return of each pool whose total cannot be the last one that could; `paid` are the pools of Final dividends."""
    found = {}
    for product in MAIN:
        total = now.cents(product)
        if total and product in paid and product not in now.kept:
            if not same_pool(total, paid[product]):
                found[product] = paid[product]
        elif total and base is not None and base.pools is not None and not _was_off(product, now, base.pools):
            sound = sound_cents(base.pools, product)
            if sound and _leaps(product, now, lines, base):
                found[product] = sound
    return found


def sound_cents(pools: PoolTotals, product: str) -> int | None:
    """Return a pool's total, or the last one before it that could be."""
    return pools.unlikely.get(product, pools.cents(product))


def refundable_cents(lines: Sequence[RunnerLine], base: LedgerRow, product: str) -> float:
    """Return what a total may fall by: what scratched runners held at the poll before, refunded since or not."""
    out = {line.entrant_id for line in lines if line.scratched}
    held = sum(_cents(line, product) or 0 for line in base.runners if line.entrant_id in out)
    pools = base.pools or PoolTotals()
    held += sum(pools.settled.get(product, Settlement()).unrefunded.values())
    return held * _REFUND_SLACK + (pools.cents(product) or 0) * _REFUND_NOISE if held else 0.0


def _was_off(product: str, now: PoolTotals, before: PoolTotals) -> bool:
    return product in now.dead or product in before.dead


def _leaps(product: str, now: PoolTotals, lines: Sequence[RunnerLine], base: LedgerRow) -> bool:
    before = base.pools or PoolTotals()
    total, last = now.cents(product) or 0, before.cents(product) or 0
    if product in before.unlikely:
        # Nearer to the total that could be than to the one that could not: the feed has put it right.
        sound = before.unlikely[product]
        return total * total >= sound * last if last > sound else total * total <= sound * last
    if product in now.kept or last < TINY_CENTS:
        return False
    # A bet or two are many times a thin pool, or the better part of it: there only odds that all stand tell.
    is_thin = last < THIN_CENTS
    if not is_thin and (last - refundable_cents(lines, base, product)) > LEAP * total:
        return True
    if total < LEAP * last:
        return False
    grown = list(_grown(product, lines, base, total / last))
    beside = _beside(product, now, before)
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
    """Return by what factor the other pool grew, at least 1; 0 where it cannot tell."""
    other = next(p for p in MAIN if p != product)
    total, last = now.cents(other), before.cents(other)
    if not total or not last or other in now.kept or other in before.unlikely or _was_off(other, now, before):
        return 0.0
    return max(1.0, total / last)


def _cents(line: RunnerLine, product: str) -> int | None:
    return line.win_cents if product == "win" else line.place_cents
