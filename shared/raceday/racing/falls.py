"""Whether money of a runner went back while it runs: bets cannot be taken back, so odds of one of two polls are wrong.

What holds money is the pool and the odds together. Odds come rounded, the total may be some seconds newer than the
odds, and pools are corrected: a fall is told only beyond all that odds can stand for, and beyond what all others fell.
"""

from collections.abc import Mapping, Sequence
from statistics import median

from raceday.racing.evidence import MAIN, SMALL_CENTS, THIN_CENTS
from raceday.racing.precision import STEP, Span, odds_spans
from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement

# Odds are rounded down, or to the nearest tenth.
_UNDER = STEP / 2
# So much of what a runner held at least must be left, in pools of a single bet's size less; and so much of a pool is
# no runner's money to speak of.
_LEFT, _LEFT_THIN, _SLIGHT = 0.9, 0.8, 0.01
# The middle of fewer runners tells nothing of all.
_LEAST_TOLD = 3


def fallen(
    product: str, lines: Sequence[RunnerLine], pools: PoolTotals | None, base: LedgerRow | None
) -> dict[int, int] | None:
    """Return by number what each running runner lost in a pool since the poll before, in cents; None if nothing tells.

    Nothing is said where runners came or left, were scratched or are refunded, of pools called off, kept from before
    or of another size than can be, nor of those under a thousand dollars.
    """
    if base is None or base.pools is None or pools is None or _field(base.runners) != _field(lines):
        return None
    if any(_is_unsure(each, product) for each in (pools, base.pools)):
        return None
    was, now = _spans(base.runners, product), _spans(lines, product)
    if was is None or now is None:
        return None
    # A total that is newer than its odds, and a correction, make all runners' money less in one proportion.
    together = min(1.0, median((now[i].low + now[i].high) / (was[i].low + was[i].high) for i in now))
    total = base.pools.cents(product) or 0
    left = (_LEFT if min(total, pools.cents(product) or 0) >= SMALL_CENTS else _LEFT_THIN) * together
    return {
        line.number: round(was[i].low - now[i].high)
        for line in lines
        if (i := line.entrant_id) in now and left * was[i].low - now[i].high > _SLIGHT * total
    }


def any_fell(now: LedgerRow, before: LedgerRow) -> bool:
    """Tell whether a runner's money went back between two polls."""
    return any(fallen(product, now.runners, now.pools, before) for product in MAIN)


def _field(lines: Sequence[RunnerLine]) -> set[tuple[str, bool]]:
    return {(line.entrant_id, line.scratched) for line in lines}


def _is_unsure(pools: PoolTotals, product: str) -> bool:
    settled = pools.settled.get(product, Settlement())
    if product in pools.dead or product in pools.kept or product in pools.unlikely:
        return True
    return bool(settled.unrefunded) or settled.word == "undecided" or (pools.cents(product) or 0) < THIN_CENTS


def _spans(lines: Sequence[RunnerLine], product: str) -> Mapping[str, Span] | None:
    """Return the least and the most that each running runner can hold; None where odds do not tell everybody's."""
    spans = odds_spans(lines, product, _UNDER)
    if spans is None or len(spans) < _LEAST_TOLD or any(span.high <= 0 for span in spans.values()):
        return None
    return spans
