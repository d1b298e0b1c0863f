"""Which part of the Win and Place pools stands on each runner, and from which figures that is known.

The feed has no amount per runner. Pool odds are the pool divided by the money on a runner, less the take-out, so
1/odds over their sum is a runner's share, for Win and Place each in its own right. The tracker's hold percentage is
the second best: whole points over all products. Scratched runners hold nothing, for their bets are refunded.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from raceday.racing.apportion import apportion
from raceday.racing.records import Source
from raceday.racing.snapshot import Runner

# What 1/odds sums to, per place paid: 1 over what is left after the usual take-out of 16 to 17 %.
WIN_BOOK = Fraction(119, 100)
PLACE_BOOK = Fraction(120, 100)
# Runners without odds hold nothing when those with odds explain this much of the book: nobody has backed them.
EXPLAINED = Fraction(97, 100)
_POINT_PARTS = 10_000


class Share(NamedTuple):
    """One runner's part of one pool, from 0 to 1, and its source."""

    part: Fraction
    source: Source


def normalised_points(points: Mapping[str, Decimal | None]) -> dict[str, Decimal] | None:
    """Scale percentage points to a sum of exactly 100 (four decimals); None where nothing positive is known."""
    known = {key: max(value, Decimal(0)) for key, value in points.items() if value is not None}
    if not any(known.values()):
        return None
    parts = apportion(100 * _POINT_PARTS, list(known.values()))
    scaled = {key: Decimal(part) / _POINT_PARTS for key, part in zip(known, parts, strict=True)}
    return {key: scaled.get(key, Decimal(0)) for key in points}


def positions_paid(paid: int | None, field_size: int) -> int:
    """Return the number of places paid: the feed's, else three from eight runners, two from five, else one."""
    if paid:
        return paid
    return 3 if field_size >= 8 else 2 if field_size >= 5 else 1


def pool_shares(
    runners: Sequence[Runner], odds: Mapping[str, Decimal | None], book: Fraction
) -> dict[str, Share] | None:
    """Return each unscratched runner's share of one pool by entrant id; None where nothing is known.

    `odds` are that pool's odds and `book` what their inverses should sum to. Where only some runners have odds, those
    keep their 1/odds, and what they leave of the book goes to the others by their hold, where the tracker knows it.
    """
    running = [r.entrant_id for r in runners if not r.scratched]
    holds = {r.entrant_id: max(r.hold_points or Decimal(0), Decimal(0)) for r in runners if not r.scratched}
    ratios = {i: o.as_integer_ratio() for i in running if (o := odds.get(i)) is not None and o > 0}
    if not ratios:
        return _by_hold(holds)
    # 1/odds of all runners as whole numbers over one denominator: exact, at a fraction of the cost of fractions.
    common = lcm(*(over for over, _ in ratios.values()))
    inverse = {i: under * (common // over) for i, (over, under) in ratios.items()}
    total = sum(inverse.values())
    missing = [i for i in running if i not in inverse]
    explained = min(Fraction(1), Fraction(total, common) / book)
    held = sum(Fraction(holds[i]) for i in missing)
    left = 1 - explained if missing and held and explained < EXPLAINED else Fraction(0)
    shares = {i: Share((1 - left) * Fraction(value, total), "pool_odds") for i, value in inverse.items()}
    for i in missing:
        part = left * Fraction(holds[i]) / held if left else Fraction(0)
        shares[i] = Share(part, "hold" if left else "pool_odds")
    return shares


def _by_hold(holds: Mapping[str, Decimal]) -> dict[str, Share] | None:
    total = sum(Fraction(hold) for hold in holds.values())
    return {i: Share(Fraction(hold) / total, "hold") for i, hold in holds.items()} if total else None


def amounts(
    runners: Sequence[Runner], shares: Mapping[str, Share] | None, total_cents: int | None
) -> dict[str, tuple[int | None, Source]]:
    """Return every runner's cents and source by entrant id, summing to `total_cents` exactly; scratched ones hold 0.

    An empty pool holds 0 on everyone whatever the shares; without shares or a total the cents are None.
    """
    if total_cents is None or (shares is None and total_cents != 0):
        return {r.entrant_id: (None, "none") for r in runners}
    if shares is None:
        return {r.entrant_id: (0, "none") for r in runners}
    order = sorted((r for r in runners if r.entrant_id in shares), key=lambda r: (r.number, r.entrant_id))
    cents = apportion(total_cents, [shares[r.entrant_id].part for r in order])
    found: dict[str, tuple[int | None, Source]] = {
        r.entrant_id: (part, shares[r.entrant_id].source) for r, part in zip(order, cents, strict=True)
    }
    return {r.entrant_id: found.get(r.entrant_id, (0, "none")) for r in runners}
