"""Whose money a pool is, by arithmetic of its own: shares from odds or holds, and whole cents that add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

from local.simulate.oracle.reading import Reading, Runner

# What inverse odds sum to when the take-out is 16 %, for Win and for each place paid.
BOOKS = {"win": Fraction(119, 100), "place": Fraction(6, 5)}
# Odds that explain this much of the book leave nothing to runners without any.
NEARLY_ALL = Fraction(97, 100)


@dataclass(frozen=True, slots=True)
class Amount:
    """One runner's cents in one pool, None where nobody can tell, and where the share came from."""

    cents: int | None
    source: str


def amounts(reading: Reading, product: str) -> dict[str, Amount]:
    """Return each runner's part of one pool; what scratched runners hold is 0."""
    total = reading.cents(product)
    running = [r for r in reading.runners if not r.scratched]
    parts = _parts(running, f"pool_{product}", _book(reading, product, len(running)))
    if total is None or (not parts and total):
        return {r.id: Amount(None, "none") for r in reading.runners}
    if not parts:
        return {r.id: Amount(0, "none") for r in reading.runners}
    cents = split(total, [part for part, _ in parts])
    held = {r.id: Amount(c, source) for r, c, (_, source) in zip(running, cents, parts, strict=True)}
    return {r.id: held.get(r.id, Amount(0, "none")) for r in reading.runners}


def _book(reading: Reading, product: str, running: int) -> Fraction:
    return BOOKS[product] * (places_paid(reading.places, running) if product == "place" else 1)


def places_paid(told: int | None, running: int) -> int:
    """Return how many places are paid: what the feed says, else by the size of the field."""
    return told or (3 if running >= 8 else 2 if running >= 5 else 1)


def _parts(running: Sequence[Runner], kind: str, book: Fraction) -> list[tuple[Fraction, str]]:
    """Return each running one's share and its source; none where neither odds nor holds say anything."""
    inverse = [inverse_of(r.odds[kind]) for r in running]
    holds = [max(r.hold or Fraction(0), Fraction(0)) for r in running]
    known, held = sum(inverse), sum(holds)
    if not known:
        return [(hold / held, "hold") for hold in holds] if held else []
    without = sum(hold for hold, value in zip(holds, inverse, strict=True) if not value)
    explained = min(Fraction(1), known / book)
    left = 1 - explained if without and explained < NEARLY_ALL else Fraction(0)
    return [
        ((1 - left) * value / known, "pool_odds")
        if value
        else (left * hold / without, "hold")
        if left
        else (Fraction(0), "pool_odds")
        for hold, value in zip(holds, inverse, strict=True)
    ]


@lru_cache(maxsize=8192)
def inverse_of(odds: Fraction | None) -> Fraction:
    """Return what odds say of a share, 0 where there are none."""
    return 1 / odds if odds else Fraction(0)


def split(total: int, parts: Sequence[Fraction]) -> list[int]:
    """Share out whole units by parts, what is left over going to the largest remainders, the earlier of equals."""
    # Whole numbers over one denominator: as exact as fractions, at a part of their cost.
    common = lcm(*(part.denominator for part in parts))
    weights = [part.numerator * (common // part.denominator) for part in parts]
    whole = sum(weights)
    cents = [total * weight // whole for weight in weights]
    order = sorted(range(len(parts)), key=lambda i: (cents[i] * whole - total * weights[i], i))
    for i in order[: total - sum(cents)]:
        cents[i] += 1
    return cents


def percentages(points: Mapping[str, Fraction | None], everyone: Sequence[str]) -> dict[str, Fraction | None]:
    """Return points of the running as percentages of exactly 100, to four decimals; all None where nothing is known."""
    known = {i: max(value, Fraction(0)) for i, value in points.items() if value is not None}
    if not sum(known.values()):
        return dict.fromkeys(everyone)
    scaled = dict(zip(known, split(1_000_000, list(known.values())), strict=True))
    return {i: Fraction(scaled.get(i, 0), 10_000) for i in everyone}
