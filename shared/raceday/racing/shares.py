"""Which part of the Win and Place pools stands on each runner, and from which figures that is known.

The feed has no amount per runner. Pool odds are the pool divided by the money on a runner, less the take-out, so
1/odds over their sum is a runner's share, for Win and Place each in its own right. The tracker's hold percentage is
the second best: whole points over all products. Whose money a scratched runner's is, `refunds` decides.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from raceday.racing.apportion import apportion
from raceday.racing.records import Source
from raceday.racing.snapshot import Runner

# What 1/odds sums to, per place paid: 1 over what is left after the usual take-out of 16 %.
BOOK = Fraction(119, 100)
# At these odds or less a runner may hold more than its odds can say: no dividend is under the stake.
FLOOR = Decimal("1.04")
# Runners without odds hold nothing when those with odds explain this much of the book: nobody has backed them.
EXPLAINED = Fraction(97, 100)
_POINT_PARTS = 10_000
# No Place pool pays more; a figure beyond is none.
_MOST_PLACES = 6


class Share(NamedTuple):
    """One runner's part of one pool, from 0 to 1, and its source; None where nothing tells."""

    part: Fraction | None
    source: Source


class Shares(NamedTuple):
    """The parts of one pool: of each runner, of scratched ones whose money it still holds, and of nobody known."""

    runners: Mapping[str, Share]
    unrefunded: Mapping[str, Fraction]
    unattributed: Fraction = Fraction(0)


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
    if paid is not None and 1 <= paid <= _MOST_PLACES:
        return paid
    return 3 if field_size >= 8 else 2 if field_size >= 5 else 1


def inverse(odds: Decimal | None) -> Fraction:
    """Return 1/odds exactly, 0 where there are none."""
    if odds is None or odds <= 0:
        return Fraction(0)
    over, under = odds.as_integer_ratio()
    return Fraction(under, over)


def at_floor(odds: Decimal | None) -> bool:
    """Tell whether odds are so low that the runner may hold more than they say."""
    return odds is not None and 1 <= odds <= FLOOR


def pool_shares(
    running: Sequence[Runner], odds: Mapping[str, Decimal | None], book: Fraction, unrefunded: Mapping[str, Fraction]
) -> Shares:
    """Share out one pool over the unscratched runners and the `unrefunded` ones, which come with their 1/odds.

    Runners with odds hold 1/odds. What those leave of the book goes to the only runner that they say nothing of: one
    without odds, or at the floor. To several it goes by hold where the tracker knows them all, else to nobody.
    """
    stakes = {r.entrant_id: inverse(odds.get(r.entrant_id)) for r in running}
    total = sum((*stakes.values(), *unrefunded.values()), Fraction(0))
    missing = [i for i, stake in stakes.items() if not stake]
    floored = [i for i, stake in stakes.items() if stake and at_floor(odds.get(i))]
    if not total:
        return _by_hold(running)
    left = 1 - total / book
    is_open = floored if left > 0 else []
    if missing and left > 1 - EXPLAINED:
        # Beside a runner at the floor, one without odds is one that nobody backed, unless the tracker says otherwise.
        held = {r.entrant_id for r in running if r.hold_points}
        is_open = [*floored, *(i for i in missing if not floored or i in held)]
    if not is_open:
        return _plain(stakes, unrefunded, total)
    return _with_open(running, stakes, unrefunded, book, is_open, left)


def _plain(stakes: Mapping[str, Fraction], unrefunded: Mapping[str, Fraction], total: Fraction) -> Shares:
    return Shares(
        {i: Share(stake / total, "pool_odds") for i, stake in stakes.items()},
        {i: stake / total for i, stake in unrefunded.items()},
    )


def _with_open(
    running: Sequence[Runner],
    stakes: Mapping[str, Fraction],
    unrefunded: Mapping[str, Fraction],
    book: Fraction,
    is_open: Collection[str],
    left: Fraction,
) -> Shares:
    """Share out a pool of whose book `left` is open, to those of whom odds do not tell all."""
    shares = {i: Share(stake / book, "pool_odds") for i, stake in stakes.items()}
    extra, nobodys = _open_parts({r.entrant_id: r.hold_points for r in running}, stakes, is_open, left)
    for i in is_open:
        part, source = extra[i]
        known = stakes[i] / book
        shares[i] = Share(None if part is None and not known else known + (part or 0), source)
    return Shares(shares, {i: stake / book for i, stake in unrefunded.items()}, nobodys)


def _open_parts(
    holds: Mapping[str, Decimal | None], stakes: Mapping[str, Fraction], is_open: Collection[str], left: Fraction
) -> tuple[dict[str, tuple[Fraction | None, Source]], Fraction]:
    if len(is_open) == 1:
        return dict.fromkeys(is_open, (left, "book")), Fraction(0)
    held = {i: Fraction(max(h, Decimal(0))) for i in is_open if (h := holds.get(i)) is not None}
    if len(held) == len(is_open) and (total := sum(held.values())):
        return {i: (left * hold / total, "hold") for i, hold in held.items()}, Fraction(0)
    if all(stakes[i] for i in is_open):
        total = sum(stakes[i] for i in is_open)
        return {i: (left * stakes[i] / total, "book") for i in is_open}, Fraction(0)
    return {i: (None, "pool_odds" if stakes[i] else "none") for i in is_open}, left


def _by_hold(running: Sequence[Runner]) -> Shares:
    holds = {r.entrant_id: Fraction(max(r.hold_points or Decimal(0), Decimal(0))) for r in running}
    total = sum(holds.values())
    if not total:
        return Shares({i: Share(None, "none") for i in holds}, {}, Fraction(1))
    return Shares({i: Share(hold / total, "hold") for i, hold in holds.items()}, {})
