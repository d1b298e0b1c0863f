"""Pool odds beside fixed ones: whose do not go together, but for runners that came back from a scratching."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from statistics import median

from local.simulate.oracle.facts import OracleLine, Poll
from local.simulate.oracle.reading import RawRunner

FACTOR, FEWEST = 4, 3


def slack(cents: int) -> int:
    """Return how many times wider a tolerance is in a pool of so many cents."""
    return 1 if cents >= 5_000_00 else 2 if cents >= 1_000_00 else 5


def agreement(
    product: str,
    running: Sequence[RawRunner],
    cents: int,
    base: Poll | None,
    lines: Iterable[OracleLine],
    grown: int,
    *,
    agreed: bool,
) -> tuple[int, int]:
    """Return how many runners are judged, and how many of them are apart; `agreed` tells what the poll before found.

    One whose bets were refunded starts anew, and is not judged until its odds have come near; nor is one that was
    backed since with no more than the cents by which the pool has `grown`.
    """
    ratios = _ratios(product, running)
    if len(ratios) < FEWEST or not cents:
        return 0, 0
    excused: set[str] = set()
    if base is not None:
        excused |= {line.id for line in base.lines if line.scratched}
        then = _ratios(product, (line for line in base.lines if not line.scratched))
        excused |= _apart(then, base.cents(product)) if agreed and len(then) >= FEWEST else set()
    apart = _apart(ratios, cents) - excused
    if base is not None and agreed:
        gains = {line.id: _held(line, product) - _held(base.line(line.id), product) for line in lines}
        backed = {i for i, gain in gains.items() if gain > 0 and 10 * gain <= 11 * grown}
        excused |= apart & backed
    return len(ratios.keys() - excused), len(apart - excused)


def _held(line: OracleLine | None, product: str) -> int:
    return 0 if line is None else line.win_cents if product == "win" else line.place_cents


def _ratios(product: str, runners: Iterable[RawRunner | OracleLine]) -> dict[str, Fraction]:
    pairs = ((r.id, r.odds[f"pool_{product}"], r.odds[f"fixed_{product}"]) for r in runners)
    return {i: pool / fixed for i, pool, fixed in pairs if pool and fixed}


def _apart(ratios: Mapping[str, Fraction], cents: int) -> set[str]:
    limit, middle = FACTOR * slack(cents), median(ratios.values())
    return {i for i, ratio in ratios.items() if not Fraction(1, limit) <= ratio / middle <= limit}
