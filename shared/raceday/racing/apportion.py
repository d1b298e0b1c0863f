"""Exact arithmetic of shares: sums of fractions, and whole cents that add up to the total for any shares."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm


def added(parts: Iterable[Fraction]) -> Fraction:
    """Add fractions exactly; over one denominator, since each plain addition cancels anew."""
    ratios = [part.as_integer_ratio() for part in parts]
    common = lcm(*(denominator for _, denominator in ratios))
    return Fraction(sum(numerator * (common // denominator) for numerator, denominator in ratios), common)


def apportion(total: int, weights: Sequence[Decimal | Fraction | int]) -> list[int]:
    """Split `total` whole units by `weights`, summing to it exactly; ties go to the earlier weight.

    A negative total (a correction) is split as well. Raises ValueError where the weights are negative or all zero.
    """
    ratios = [weight.as_integer_ratio() for weight in weights]
    common = lcm(*(denominator for _, denominator in ratios))
    exact = [numerator * (common // denominator) for numerator, denominator in ratios]
    whole = sum(exact)
    if any(weight < 0 for weight in exact):
        raise ValueError("weights must not be negative")
    if whole == 0:
        raise ValueError("at least one weight must be above 0")
    divided = [divmod(total * weight, whole) for weight in exact]
    parts = [part for part, _ in divided]
    by_remainder = sorted(range(len(parts)), key=lambda i: (-divided[i][1], i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
