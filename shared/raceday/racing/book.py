"""What of a pool's book each runner's money is, and how exactly that is known.

Odds are rounded down to tenths, so that 1/odds stands for a range; what the feed shows no odds of, or odds at the
floor, is told by what it was at the poll before and by what the others' money has grown by since.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import fsum, sqrt
from types import MappingProxyType
from typing import Literal, NamedTuple

from raceday.racing.apportion import added
from raceday.racing.records import Source
from raceday.racing.shares import BOOK, at_floor, inverse
from raceday.racing.snapshot import Runner

Word = Literal["", "refunded", "unrefunded", "undecided", "dead", "kept"]
# What the middles of the ranges sum to, of the book: 1.16 to 1.19 in recorded pools, 1.215 once.
_CENTRE = 1.18 / 1.19
_STEP = Fraction(1, 10)
# How far a take-out that is not quite the usual one moves the sum, a place paid; and how many deviations are likely.
_TAKE_OUT, _DEVIATIONS = 0.025, 2.5
# How far off a runner's money is told by that of the poll before: of itself, of what the others grew, of the book.
_BY_BEFORE, _BY_PACE, _BY_BEFORE_BOOK = 0.06, 0.4, 0.005
# How far off the others' growth is told by those whose odds tell it, of itself; what may come in unseen, of a total.
_GUESSED, _UNTOLD, STILL = 0.3, 0.15, 0.002


class Former(NamedTuple):
    """One pool at the poll before: total, each runner's cents and odds, who was scratched, and what was decided.

    `sources` says what the cents were made of, `last` what those held when it was last known who have none, `book`
    what inverse odds summed to, 0 where that is as it is now.
    """

    total_cents: int
    cents: Mapping[str, int | None]
    odds: Mapping[str, Decimal | None]
    scratched: frozenset[str]
    unrefunded: Mapping[str, int]
    word: Word
    sources: Mapping[str, Source] = MappingProxyType({})
    last: Mapping[str, int] = MappingProxyType({})
    book: Fraction = Fraction(0)


class Asked(NamedTuple):
    """One pool at one poll: everybody's odds, what inverse odds sum to, the total, and the poll before."""

    runners: Sequence[Runner]
    odds: Mapping[str, Decimal | None]
    book: Fraction
    total_cents: int
    former: Former | None = None

    @property
    def running(self) -> list[Runner]:
        """Return the unscratched runners."""
        return [r for r in self.runners if not r.scratched]

    @property
    def places(self) -> float:
        """Return how many places are paid: 1 in the Win pool."""
        return float(self.book / BOOK)

    @property
    def centre(self) -> float:
        """Return what the middles of all ranges sum to where all is there."""
        return float(self.book) * _CENTRE


class Worth(NamedTuple):
    """What of the book some money is: the likeliest, and the variance of it."""

    mid: float
    variance: float


def worth(odds: Decimal | None, stake: Fraction) -> Worth:
    """Return what a runner is worth by its odds, else by `stake`, which was worked out from its cents."""
    if odds is None or not tells(odds):
        return Worth(float(stake), (_BY_BEFORE * float(stake) / 2) ** 2)
    most, least = 1 / float(odds), 1 / (float(odds) + float(_STEP))
    return Worth((most + least) / 2, (most - least) ** 2 / 12)


def standing(asked: Asked, *, unbacked: bool = False) -> Worth | None:
    """Return what the running ones hold of the book together; None where nothing tells of one of them.

    With `unbacked` those hold nothing who show no odds, of whom nothing else tells either.
    """
    told = [r.entrant_id for r in asked.running if tells(asked.odds.get(r.entrant_id))]
    expected = as_before(asked)
    silent = [r for r in asked.running if r.entrant_id not in expected and not tells(asked.odds.get(r.entrant_id))]
    if unbacked:
        silent = [r for r in silent if r.hold_points or at_floor(asked.odds.get(r.entrant_id))]
    if silent or not asked.running:
        return None
    worths = [worth(asked.odds[i], Fraction(0)) for i in told]
    apart = _BY_BEFORE + _BY_PACE * float(abs((growth(asked) or 1) - 1))
    for stake in map(float, expected.values()):
        worths.append(Worth(stake, (apart * stake + _BY_BEFORE_BOOK * asked.places) ** 2))
    return Worth(fsum(w.mid for w in worths), fsum(w.variance for w in worths))


def as_before(asked: Asked) -> dict[str, Fraction]:
    """Return what of the book those hold whose odds do not tell it: as at the poll before, grown as the others have.

    Only those are in it of whom the poll before knew.
    """
    silent = [r.entrant_id for r in asked.running if not tells(asked.odds.get(r.entrant_id))]
    pace = growth(asked) if silent else None
    former = asked.former
    if pace is None or former is None or not asked.total_cents:
        return {}
    before = {i: former.cents.get(i) for i in silent if _is_firm(former, i)}
    # The tracker may tell that one was backed of whom odds never told.
    backed = {r.entrant_id for r in asked.running if r.hold_points}
    scale = asked.book * pace / asked.total_cents
    return {
        i: max(scale * cents, inverse(asked.odds.get(i)))
        for i, cents in before.items()
        if cents or (cents == 0 and i not in backed)
    }


def _is_firm(former: Former, entrant_id: str) -> bool:
    """Tell whether a runner's cents were known: not by the tracker, nor as a rest when nobody could tell whose."""
    source = former.sources.get(entrant_id)
    if former.word == "undecided":
        return source == "before" or tells(former.odds.get(entrant_id))
    return source != "hold"


def growth(asked: Asked) -> Fraction | None:
    """Return by what factor the money of those has grown whose odds tell it at both polls; None where none do.

    Odds rise as fewer places are paid, and no money has left for that.
    """
    former = asked.former
    if former is None:
        return None
    both = [
        r.entrant_id
        for r in asked.running
        if tells(asked.odds.get(r.entrant_id)) and tells(former.odds.get(r.entrant_id))
    ]
    now = added(_middle(asked.odds[i]) for i in both) * asked.total_cents
    before = added(_middle(former.odds[i]) for i in both) * former.total_cents
    return now / before * ((former.book or asked.book) / asked.book) if before else None


def _middle(odds: Decimal | None) -> Fraction:
    """Return the middle of what odds rounded down stand for, exactly."""
    return (inverse(odds) + 1 / (Fraction(odds) + _STEP)) / 2 if odds else Fraction(0)


def came_in(asked: Asked) -> tuple[float, float]:
    """Return the cents of bets on the running ones since the poll before, and how far off that may be.

    Those whose odds tell it at both polls speak for the others; where they all stand still, or there are none, a total
    that stands still tells of no bets.
    """
    former, pace = asked.former, growth(asked)
    if former is None:
        return 0.0, 0.0
    still = abs(asked.total_cents - former.total_cents) <= STILL * asked.total_cents
    if still and (pace is None or pace == Fraction(asked.total_cents, former.total_cents)):
        return 0.0, 0.0
    if pace is None:
        return 0.0, _UNTOLD * asked.total_cents
    known = {r.entrant_id: former.cents.get(r.entrant_id) or 0 for r in asked.running}
    untold = sum(cents for i, cents in known.items() if not tells(asked.odds.get(i)))
    came = max(0.0, float(pace - 1) * sum(known.values()))
    return came, _GUESSED * came + _BY_BEFORE * untold


def by_cents(asked: Asked, entrant_id: str) -> Fraction:
    """Return what of the book the cents are that a runner was seen to hold at the poll before, 0 where none were."""
    former = asked.former
    if former is None or not asked.total_cents:
        return Fraction(0)
    cents = former.unrefunded.get(entrant_id) or former.cents.get(entrant_id) or 0
    return asked.book * Fraction(cents, asked.total_cents)


def tolerance(asked: Asked, variance: float) -> float:
    """Return how far a sum of the middles may be off the book."""
    return _TAKE_OUT * asked.places + _DEVIATIONS * sqrt(variance)


def tells(odds: Decimal | None) -> bool:
    """Tell whether odds say all of what a runner holds."""
    return odds is not None and odds >= 1 and not at_floor(odds)
