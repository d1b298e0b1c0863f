"""Which part of the Win and Place pools stands on each runner, and from which figures that is known.

The feed has no amount per runner. Pool odds are the pool divided by the money on a runner, less the take-out, so
1/odds over their sum is a runner's share, for Win and Place each in its own right. The tracker's hold percentage is
the second best: whole points over all products. Whose money a scratched runner's is, `refunds` decides.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from raceday.racing.apportion import added, apportion
from raceday.racing.records import Source
from raceday.racing.snapshot import Runner

# What 1/odds sums to, per place paid: 1 over what is left after the usual take-out of 16 %.
BOOK = Fraction(119, 100)
# At these odds or less a runner may hold more than its odds can say: no dividend is under the stake.
FLOOR = Decimal("1.04")
# Runners without odds hold nothing when those with odds explain this much of the book: nobody has backed them.
EXPLAINED = Fraction(97, 100)
# So much of a pool may stand where a guess puts it, before nobody can say whose it is.
GUESSED_AT_MOST = Fraction(75, 1000)
_POINT_PARTS = 10_000
# A take-out that is not quite the usual one moves what the book leaves by up to this, of the book: within it what was
# known of runners that show no odds is the better word, beyond it the book is.
_BORNE_OUT = Fraction(2, 100)
# No Place pool pays more; a figure beyond is none.
_MOST_PLACES = 6


class Share(NamedTuple):
    """One runner's part of one pool, from 0 to 1, and its source; None where nothing tells."""

    part: Fraction | None
    source: Source


class Before(NamedTuple):
    """What the poll before tells of runners whose odds do not: their parts of the book now.

    `doubted` is what scratched runners may hold of the book still, though nobody can tell; `in_doubt` says that it was
    not known at the poll before; `backed` names runners that must hold something, though nothing tells how much, and
    `had` says what part of the pool is what runners held when it was last known: no bet is ever taken back.
    """

    stakes: Mapping[str, Fraction]
    doubted: Fraction = Fraction(0)
    in_doubt: bool = False
    backed: frozenset[str] = frozenset()
    had: Mapping[str, Fraction] = MappingProxyType({})


NOTHING_KNOWN = Before({})


class Shares(NamedTuple):
    """The parts of one pool: of each runner, of scratched ones whose money it still holds, and of nobody known.

    `guessed` is the part that stands where no figure of this pool puts it, but the tracker's percentages or nothing.
    """

    runners: Mapping[str, Share]
    unrefunded: Mapping[str, Fraction]
    unattributed: Fraction = Fraction(0)
    guessed: Fraction = Fraction(0)


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
    """Return 1/odds exactly, 0 where there are none: odds below 1 are none, for they would pay less than the stake."""
    if odds is None or odds < 1:
        return Fraction(0)
    over, under = odds.as_integer_ratio()
    return Fraction(under, over)


def at_floor(odds: Decimal | None) -> bool:
    """Tell whether odds are so low that the runner may hold more than they say."""
    return odds is not None and 1 <= odds <= FLOOR


def pool_shares(
    running: Sequence[Runner],
    odds: Mapping[str, Decimal | None],
    book: Fraction,
    unrefunded: Mapping[str, Fraction],
    before: Before = NOTHING_KNOWN,
) -> Shares:
    """Share out one pool over the unscratched runners and the `unrefunded` ones, which come with their 1/odds.

    Runners with odds hold 1/odds. One without, or those at the floor, hold what is known of them from `before`, where
    the book bears it out. Else what is left of the book goes to the only such runner; to several by hold where the
    tracker knows them all, else to nobody: who of several took what came in, no memory tells. What may still be a
    scratched runner's is never theirs.
    """
    stakes = {r.entrant_id: inverse(odds.get(r.entrant_id)) for r in running}
    total = added((*stakes.values(), *unrefunded.values()))
    missing = [i for i, stake in stakes.items() if not stake]
    floored = [i for i, stake in stakes.items() if stake and at_floor(odds.get(i))]
    if not total:
        return _by_hold(running)
    left = 1 - total / book
    # One that was known to hold nothing is not in question.
    silent = [i for i in missing if before.stakes.get(i, 1)]
    is_short = left > 1 - EXPLAINED
    several = len(silent) > 1 and not floored and is_short
    if before.stakes and set(before.stakes) == {*missing, *floored} and not several:
        room = left * book + sum(stakes[i] for i in before.stakes)
        doubted = max(Fraction(0), min(before.doubted, room - sum(before.stakes.values())))
        borne = _borne_out(before.stakes, room - doubted, book)
        source: Source = "before" if borne is before.stakes else "book"
        return _with_before(stakes, unrefunded, borne, doubted, source, guessed=before.in_doubt)
    remembered = {} if is_short else _of_memory(missing, before.had, left)
    if remembered:
        # A rest that odds explain, but for what the take-out moves, is theirs who were backed before: never nothing.
        stakes |= {i: part * book for i, part in remembered.items()}
        total = added((*stakes.values(), *unrefunded.values()))
        left, missing = 1 - total / book, [i for i in missing if i not in remembered]
    is_open = floored if left > 0 else []
    if missing and is_short:
        # Beside a runner at the floor, one without odds is one that nobody backed, unless tracker or memory
        # say otherwise.
        held = {r.entrant_id for r in running if r.hold_points or before.had.get(r.entrant_id)}
        is_open = silent if several else [*floored, *(i for i in missing if not floored or i in held)]
    if not is_open:
        return _named(_plain(stakes, unrefunded, total), remembered)
    kept = sum(max(Fraction(0), before.had.get(i, Fraction(0)) - stakes[i] / book) for i in is_open)
    nobodys = max(Fraction(0), min(before.doubted / book, left - kept))
    shares = _with_open(running, stakes, unrefunded, book, is_open, left - nobodys, before.had)
    passed_over = any(i in before.backed and i not in is_open for i in missing)
    guessed = left if passed_over else shares.guessed
    shares = shares._replace(unattributed=shares.unattributed + nobodys, guessed=guessed)
    return _named(shares, remembered)


def _of_memory(missing: Sequence[str], had: Mapping[str, Fraction], left: Fraction) -> dict[str, Fraction]:
    """Return what of the pool those had who show no odds, as far as what the odds of others leave bears it out."""
    known = {i: had[i] for i in missing if had.get(i)}
    room = max(left, Fraction(0)) + _BORNE_OUT
    return {i: part * min(Fraction(1), room / sum(known.values())) for i, part in known.items()}


def _named(shares: Shares, remembered: Mapping[str, Fraction]) -> Shares:
    """Return shares of which those say so that stand on memory."""
    told = {i: Share(share.part, "before") if i in remembered else share for i, share in shares.runners.items()}
    return shares._replace(runners=told)


def _borne_out(before: Mapping[str, Fraction], room: Fraction, book: Fraction) -> Mapping[str, Fraction]:
    """Return what was known of those whose odds do not tell; where the book leaves more or less, that in proportion."""
    whole = sum(before.values())
    if abs(whole - room) <= _BORNE_OUT * book or not whole or room <= 0:
        return before
    return {i: part * room / whole for i, part in before.items()}


def _with_before(
    stakes: Mapping[str, Fraction],
    unrefunded: Mapping[str, Fraction],
    before: Mapping[str, Fraction],
    doubted: Fraction,
    source: Source,
    *,
    guessed: bool,
) -> Shares:
    """Share out a pool of which some hold what they held before, whatever their odds are or are not.

    Where the book made more or less of it, that is what they hold by the book.
    """
    held = {i: before.get(i, stake) for i, stake in stakes.items()}
    whole = sum((*held.values(), *unrefunded.values()), doubted)
    return Shares(
        {i: Share(part / whole, source if i in before else "pool_odds") for i, part in held.items()},
        {i: stake / whole for i, stake in unrefunded.items()},
        doubted / whole,
        guessed=sum(max(Fraction(0), part - stakes[i]) for i, part in before.items()) / whole * guessed,
    )


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
    had: Mapping[str, Fraction],
) -> Shares:
    """Share out a pool of whose book `left` is open, to those of whom odds do not tell all; `had` is what they had."""
    shares = {i: Share(stake / book, "pool_odds") for i, stake in stakes.items()}
    shown = {i: stake / book for i, stake in stakes.items()}
    extra, nobodys = _open_parts({r.entrant_id: r.hold_points for r in running}, shown, is_open, left, had)
    for i in is_open:
        part, source = extra[i]
        known = stakes[i] / book
        shares[i] = Share(None if part is None and not known else known + (part or 0), source)
    guessed = left if len(is_open) > 1 and not nobodys else Fraction(0)
    if silent := [part or 0 for part, source in extra.values() if source == "before"]:
        guessed = Fraction(sum(silent))
    return Shares(shares, {i: stake / book for i, stake in unrefunded.items()}, nobodys, guessed)


def _open_parts(
    holds: Mapping[str, Decimal | None],
    stakes: Mapping[str, Fraction],
    is_open: Collection[str],
    left: Fraction,
    had: Mapping[str, Fraction],
) -> tuple[dict[str, tuple[Fraction | None, Source]], Fraction]:
    if not left:
        # All that is open may be a scratched runner's: what is known of the others is what their odds say.
        return {i: (None, "pool_odds" if stakes[i] else "none") for i in is_open}, Fraction(0)
    if len(is_open) == 1:
        return dict.fromkeys(is_open, (left, "book")), Fraction(0)
    held = {i: Fraction(max(h, Decimal(0))) for i in is_open if (h := holds.get(i)) is not None}
    if len(held) == len(is_open) and any(held.values()):
        return {i: (part, "hold") for i, part in _by_points(held, stakes, left).items()}, Fraction(0)
    if all(stakes[i] for i in is_open):
        return _by_stakes(stakes, is_open, left), Fraction(0)
    floored, silent = [i for i in is_open if stakes[i]], {i: had[i] for i in is_open if not stakes[i] and had.get(i)}
    if floored and len(floored) + len(silent) == len(is_open):
        # Who shows no odds has what it had; the rest of what the book leaves is theirs whose odds are at the floor.
        fits = min(Fraction(1), left / sum(silent.values()))
        remembered: dict[str, tuple[Fraction | None, Source]] = {
            i: (part * fits, "before") for i, part in silent.items()
        }
        return remembered | _by_stakes(stakes, floored, left - fits * sum(silent.values())), Fraction(0)
    return {i: (None, "pool_odds" if stakes[i] else "none") for i in is_open}, left


def _by_stakes(
    stakes: Mapping[str, Fraction], is_open: Collection[str], left: Fraction
) -> dict[str, tuple[Fraction | None, Source]]:
    total = sum(stakes[i] for i in is_open)
    return {i: (left * stakes[i] / total, "book") for i in is_open}


def _by_points(held: Mapping[str, Fraction], stakes: Mapping[str, Fraction], left: Fraction) -> dict[str, Fraction]:
    """Share `left` so that all stand by their points, as far as nobody's odds say more already."""
    parts: dict[str, Fraction] = {}
    for i in sorted(held, key=lambda i: (-stakes[i], i)):
        rest = left - sum(parts.values()) + sum(stakes[j] for j in held if j not in parts)
        points = sum(held[j] for j in held if j not in parts)
        wanted = rest * held[i] / points if points else rest
        parts[i] = min(max(Fraction(0), wanted - stakes[i]), left - sum(parts.values()))
    return parts


def _by_hold(running: Sequence[Runner]) -> Shares:
    holds = {r.entrant_id: Fraction(max(r.hold_points or Decimal(0), Decimal(0))) for r in running}
    total = sum(holds.values())
    if not total:
        return Shares({i: Share(None, "none") for i in holds}, {}, Fraction(1))
    return Shares({i: Share(hold / total, "hold") for i, hold in holds.items()}, {}, guessed=Fraction(1))
