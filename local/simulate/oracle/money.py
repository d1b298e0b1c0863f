"""Whose money a pool is, by arithmetic of its own: shares from odds or holds, and whole cents that add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

# What inverse odds sum to when the take-out is 16 %, for Win and for each place paid.
BOOK = Fraction(119, 100)


@dataclass(frozen=True, slots=True)
class Amount:
    """One runner's cents in one pool, None where nobody can tell, and where the share came from."""

    cents: int | None
    source: str


def book_of(product: str, told: int | None, running: int) -> Fraction:
    """Return what inverse odds of a pool sum to when they are all there."""
    return BOOK * (places_paid(told, running) if product == "place" else 1)


def places_paid(told: int | None, running: int) -> int:
    """Return how many places are paid: what the feed says, else by the size of the field."""
    return told or (3 if running >= 8 else 2 if running >= 5 else 1)


@lru_cache(maxsize=8192)
def inverse_of(odds: Fraction | None) -> Fraction:
    """Return what odds say of a share, 0 where there are none; a price below the stake is none."""
    return Fraction(0) if odds is None or odds < 1 else 1 / odds


def over_one(parts: Sequence[Fraction]) -> tuple[list[int], int]:
    """Return the numerators of fractions over one denominator, and that: as exact, at a part of their cost."""
    common = lcm(*[part.denominator for part in parts])
    return [part.numerator * (common // part.denominator) for part in parts], common


def summed(parts: Iterable[Fraction]) -> Fraction:
    """Add fractions up, exactly."""
    weights, common = over_one([*parts])
    return Fraction(sum(weights), common)


def split(total: int, parts: Sequence[Fraction]) -> list[int]:
    """Share out whole units by parts, what is left over going to the largest remainders, the earlier of equals."""
    weights, _ = over_one(parts)
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
