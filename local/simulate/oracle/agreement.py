"""Pool odds beside fixed ones: whose do not go together, but for runners that came back from a scratching."""

from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from statistics import median

from local.simulate.oracle.facts import OracleLine, Poll
from local.simulate.oracle.holding import is_floor
from local.simulate.oracle.money import BOOK
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
    backed: Set[str],
) -> tuple[int, int]:
    """Return how many runners are judged, and how many of them are apart; `agreed` tells what the poll before found.

    One whose bets were refunded starts anew, and is not judged until its odds have come near; nor is one that was
    backed since with no more than the cents by which the pool has `grown`, or was found `backed` at first sight.
    """
    ratios = _ratios(product, running)
    if len(ratios) < FEWEST or not cents:
        return 0, 0
    excused: set[str] = set()
    if base is not None:
        excused |= {line.id for line in base.lines if line.scratched}
        then = _ratios(product, (line for line in base.lines if not line.scratched))
        excused |= _apart(then, base.cents(product)) if agreed and len(then) >= FEWEST else set()
    excused |= _apart(ratios, cents) & backed
    apart = _apart(ratios, cents) - excused
    if base is not None and agreed:
        gains = {line.id: _held(line, product) - _held(base.line(line.id), product) for line in lines}
        excused |= apart & {i for i, gain in gains.items() if gain > 0 and 10 * gain <= 11 * grown}
    return len(ratios.keys() - excused), len(apart - excused)


def crossings(
    running: Sequence[RawRunner], base: Poll | None, lines: Sequence[OracleLine], came: int, *, agreed: bool
) -> int:
    """Count the runners that pay more for a place than for a win, but for those that were backed to win since.

    They gained no more than `came` into the Win pool, and the place odds are under the win odds of then; who was
    found so before stays so.
    """
    found, now = 0, {line.id: line for line in lines}
    for r in running:
        place, win = r.odds["pool_place"], r.odds["pool_win"]
        if place is None or win is None or place <= win:
            continue
        old = base.line(r.id) if base is not None and agreed else None
        if old is None or old.scratched:
            found += 1
            continue
        was, was_place = old.odds["pool_win"], old.odds["pool_place"]
        if was is not None and was_place is not None and was_place > was:
            continue
        gain = now[r.id].win_cents - old.win_cents if r.id in now else 0
        fits = gain > 0 and 10 * gain <= 11 * came
        found += (was is not None and place > was) or not fits
    return found


def backed_before(running: Sequence[RawRunner], cents: Sequence[int]) -> Set[str]:
    """Return who was backed before the first look: under half its due in both pools, while nobody is over twice his.

    The `cents` are Win's and Place's; pools of less than a thousand dollars tell nothing, nor does a book that is
    nearer to what it should be without them.
    """
    found = {r.id for r in running}
    for product, total in zip(("win", "place"), cents, strict=True):
        ratios = _ratios(product, running)
        if slack(total) > 2 or len(ratios) < FEWEST:
            return set()
        middle = median(ratios.values())
        if any(ratio > 2 * middle for ratio in ratios.values()):
            return set()
        found &= {i for i, ratio in ratios.items() if 2 * ratio < middle}
    return found if _books(running, found) else set()


def _books(running: Sequence[RawRunner], backed: Set[str]) -> bool:
    ratios, odds = _ratios("win", running), {r.id: r.odds["pool_win"] for r in running}
    if any(each is not None and is_floor(each) for each in odds.values()):
        return False
    middle = median(ratios.values())
    parts = {i: 1 / each for i, each in odds.items() if each and each >= 1}
    plain = {i: part * ratios[i] / middle if i in backed else part for i, part in parts.items()}
    return abs(sum(parts.values()) - BOOK) <= abs(sum(plain.values()) - BOOK)


def _held(line: OracleLine | None, product: str) -> int:
    return 0 if line is None else line.win_cents if product == "win" else line.place_cents


def _ratios(product: str, runners: Iterable[RawRunner | OracleLine]) -> dict[str, Fraction]:
    pairs = ((r.id, r.odds[f"pool_{product}"], r.odds[f"fixed_{product}"]) for r in runners)
    return {i: pool / fixed for i, pool, fixed in pairs if pool and fixed}


def _apart(ratios: Mapping[str, Fraction], cents: int) -> set[str]:
    limit, middle = FACTOR * slack(cents), median(ratios.values())
    return {i for i, ratio in ratios.items() if not Fraction(1, limit) <= ratio / middle <= limit}
