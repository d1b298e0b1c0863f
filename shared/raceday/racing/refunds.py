"""Whether a pool still holds a scratched runner's money, from the evidence; what nobody can tell is called undecided.

A refund comes at a later refresh than the scratching: until then total and odds hold the money. The set of runners
whose inverse odds sum to the book is the set that the pool holds (in 5 of 22 recorded open events with scratched
runners that showed odds it was all of them: their sum was 1.172 to 1.183, of the others alone 0.65 to 1.05).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import fsum
from types import MappingProxyType
from typing import NamedTuple

from raceday.racing.apportion import added
from raceday.racing.book import STILL, Asked, Former, Word, by_cents, came_in, standing, tells, tolerance, worth
from raceday.racing.evidence import HARDLY
from raceday.racing.shares import inverse

# A set proves itself where every other that is as likely, or up to this much further off, is about the same.
_CLEAR = 0.02
# A total falls by refunds alone, and those are at most so much more than rounded odds made of them.
_FALL_SLACK, _FALL_NOISE = 1.15, 0.04
# How far off a total is from what is expected of it, of itself.
_NOISE = 0.015
_MOST_CANDIDATES = 10


class Refund(NamedTuple):
    """Which scratched runners' money a pool holds, by their 1/odds; the decision in a word, and why.

    `doubted` are those that are as good as refunded here, though nobody can be sure, with what they may hold.
    """

    holding: Mapping[str, Fraction]
    word: Word = ""
    why: str = ""
    proven: bool = False
    doubted: Mapping[str, Fraction] = MappingProxyType({})


NOTHING = Refund({})


class _Set(NamedTuple):
    """A set of candidates, how far off the book the sum is with it, and whether rounding and take-out can be that."""

    off: float
    held: tuple[str, ...]
    likely: bool


def decide(asked: Asked, *, run: bool = False) -> Refund:
    """Decide for one pool by its own evidence; once a race was `run` everything is refunded."""
    if run:
        return _once_run(asked)
    every = candidates(asked)
    unseen = _unseen(asked, every)
    sets = _sets(asked, every) if every or unseen else []
    if unseen and (_is_short(asked, sets) or _was_nobodys(asked, unseen)):
        return _of_unseen(asked, every, unseen)
    if not every:
        return NOTHING
    proven = _proven(asked, sets, every)
    if proven is None and not sets and _proven(asked, _sets(asked, every, unbacked=True), every) == ():
        # Those who show odds make the book: neither a runner without any nor a scratched one holds a part of it.
        proven = ()
    if proven is not None:
        return _settled_on(asked, _as_total_tells(asked, sets, every, proven), every)
    return _by_total(asked, sets, every)


def _once_run(asked: Asked) -> Refund:
    """Hold nothing for anybody; where no odds tell more than before the race, what was in doubt then still is."""
    former = asked.former
    told = any(asked.odds.get(r.entrant_id) for r in asked.running)
    if former is None or former.word != "undecided" or told:
        return NOTHING
    return Refund({}, "undecided", "no odds tell what was in doubt before the race")


def decide_together(asked: Mapping[str, Asked], *, run: bool = False) -> dict[str, Refund]:
    """Decide for the Win and the Place pool, each by its own evidence; what one proves helps the other at first sight.

    A runner is refunded in all pools together as a rule, but not always: later polls go by their own pool alone.
    """
    own = {product: decide(each, run=run) for product, each in asked.items()}
    proof = next((refund for refund in own.values() if refund.proven), None)
    return {
        product: refund if proof is None or refund.proven or not refund.word else _follow(asked[product], refund, proof)
        for product, refund in own.items()
    }


def _follow(asked: Asked, own: Refund, proof: Refund) -> Refund:
    """Take over what the other pool proves, where this one has no poll before and does not speak against it."""
    if asked.former is not None or not any(asked.odds.values()):
        return own
    every = candidates(asked)
    holding = {i: stake for i, stake in every.items() if i in proof.holding}
    off = next((s for s in _sets(asked, every) if set(s.held) == set(holding)), None)
    return Refund(holding, _word(holding), "as the other pool proves") if off is None or off.likely else own


def candidates(asked: Asked) -> dict[str, Fraction]:
    """Return the scratched runners that may still be held, with their 1/odds or what their cents are of the book."""
    found = {}
    for runner in asked.runners:
        i = runner.entrant_id
        if runner.scratched and not _is_settled(i, asked.former):
            odds, seen = asked.odds.get(i), by_cents(asked, i)
            # At the floor a runner may hold more than its odds say.
            stake = inverse(odds) if tells(odds) else max(seen, inverse(odds))
            if stake:
                found[i] = stake
    return found


def _unseen(asked: Asked, every: Mapping[str, Fraction]) -> list[str]:
    """Return the scratched runners that may still be held, though no odds and no earlier poll told of their money."""
    out = (r.entrant_id for r in asked.runners if r.scratched)
    return [i for i in out if i not in every and not _is_settled(i, asked.former) and not _held_nothing(i, asked)]


def _held_nothing(entrant_id: str, asked: Asked) -> bool:
    """Tell whether a runner was known to hold nothing at the poll before: there is nothing to refund."""
    former = asked.former
    return former is not None and former.word != "undecided" and former.cents.get(entrant_id) == 0


def _is_short(asked: Asked, sets: Sequence[_Set]) -> bool:
    """Tell whether all that is seen makes clearly less than the book, or nothing is seen at all."""
    if not any(asked.odds.values()):
        return True
    sure = standing(asked)
    nearest = sets[0] if sets else None
    missing = nearest is not None and not nearest.likely and nearest.off > 2 * HARDLY * asked.places
    return missing and sure is not None and sure.mid < asked.centre


def _was_nobodys(asked: Asked, unseen: Sequence[str]) -> bool:
    """Tell whether one's money could not be told from another's, nor can it now: what is open may be either's."""
    former = asked.former
    if former is None or standing(asked) is not None:
        return False
    return any(i in former.last or (former.word == "undecided" and i in former.unrefunded) for i in unseen)


def _of_unseen(asked: Asked, every: Mapping[str, Fraction], unseen: Sequence[str]) -> Refund:
    """Put what the book lacks on the only scratched runner that it can be; nobody can be sure.

    Where a running one is silent too it may be that one's.
    """
    lacking = asked.book - added(inverse(asked.odds.get(r.entrant_id)) for r in asked.running) - sum(every.values())
    lacking = max(lacking, Fraction(0))
    only = len(unseen) == 1 and lacking > 0 and any(asked.odds.values()) and standing(asked) is not None
    holding = dict(every) | ({unseen[0]: lacking} if only else {})
    why = "a scratched runner shows no odds, and the others' do not make the book"
    return Refund(holding, "undecided", why, doubted={i: lacking / len(unseen) for i in unseen if i not in holding})


def _is_settled(entrant_id: str, former: Former | None) -> bool:
    """Tell whether a runner's money was let go before: what is refunded once is not held again."""
    return former is not None and entrant_id in former.scratched and entrant_id not in former.unrefunded


def _word(holding: Mapping[str, Fraction]) -> Word:
    return "unrefunded" if holding else "refunded"


def _settled_on(asked: Asked, held: Sequence[str], every: Mapping[str, Fraction]) -> Refund:
    holding = {i: every[i] for i in held}
    shown = added(inverse(asked.odds.get(r.entrant_id)) for r in asked.running) + sum(holding.values())
    return Refund(holding, _word(holding), f"inverse odds sum to {float(shown):.3f}", proven=True)


def _sets(asked: Asked, every: Mapping[str, Fraction], *, unbacked: bool = False) -> list[_Set]:
    """Return every set of candidates that the total allows, the nearest to the book first.

    None where the money of a running one is not told, or where there are too many to try.
    """
    sure = standing(asked, unbacked=unbacked)
    if sure is None or len(every) > _MOST_CANDIDATES:
        return []
    worths = {i: worth(asked.odds.get(i), stake) for i, stake in every.items()}
    found = []
    for size in range(len(every) + 1):
        for held in combinations(every, size):
            mid = sure.mid + fsum(worths[i].mid for i in held)
            variance = sure.variance + fsum(worths[i].variance for i in held)
            off = abs(mid - asked.centre)
            found.append(_Set(off, held, off <= tolerance(asked, variance)))
    allowed = [s for s in found if _total_allows(asked, every, s.held)]
    return sorted(allowed or found)


def _total_allows(asked: Asked, every: Mapping[str, Fraction], held: Sequence[str]) -> bool:
    """Tell whether a total's fall is no more than the money of those that are refunded by this."""
    if asked.former is None:
        return True
    back = sum(had(asked, i, stake) for i, stake in every.items() if i not in held)
    return asked.former.total_cents - asked.total_cents <= back * _FALL_SLACK + asked.total_cents * _FALL_NOISE


def _proven(asked: Asked, sets: Sequence[_Set], every: Mapping[str, Fraction]) -> tuple[str, ...] | None:
    """Return the set of candidates that the odds prove, None where another one may as well be.

    Sets that differ by runners alone that hardly matter are one.
    """
    if not sets or not sets[0].likely:
        return None
    best = sets[0].held
    if any(_matters(asked, every, set(held) ^ set(best)) for held in _in_question(asked, sets)):
        return None
    return best


def _as_total_tells(
    asked: Asked, sets: Sequence[_Set], every: Mapping[str, Fraction], best: tuple[str, ...]
) -> tuple[str, ...]:
    """Return which of the sets that odds can't tell apart it is by what the total did, else the one that odds prove.

    Sets that differ by runners alone that hardly matter to the book are far apart for a total: it falls by refunds.
    """
    alike = _in_question(asked, sets)
    if asked.former is None or len(alike) < 2:
        return best
    fall = asked.former.total_cents - asked.total_cents
    came, unsure = came_in(asked)
    back = {held: sum(had(asked, i, stake) for i, stake in every.items() if i not in held) for held in alike}
    slack = STILL * asked.total_cents
    open_to = [held for held in alike if fall <= back[held] * _FALL_SLACK + slack] or alike
    nearest, *others = sorted(open_to, key=lambda held: abs(fall + came - back[held]))
    off = abs(fall + came - back[nearest]) + unsure
    if all(off <= abs(back[held] - back[nearest]) / 4 for held in others):
        return nearest
    return best if best in open_to else open_to[0]


def _in_question(asked: Asked, sets: Sequence[_Set]) -> list[tuple[str, ...]]:
    """Return the sets that may be, or come about as near to the book as the nearest."""
    return [s.held for s in sets if s.likely or s.off < sets[0].off + _CLEAR * asked.places]


def _matters(asked: Asked, every: Mapping[str, Fraction], entrants: set[str]) -> bool:
    return float(sum(every[i] for i in entrants)) >= HARDLY * asked.places


def had(asked: Asked, entrant_id: str, stake: Fraction) -> float:
    """Return the cents that a candidate held at the poll before, by its stake where that was in doubt."""
    former = asked.former
    seen = (former.unrefunded.get(entrant_id) or former.cents.get(entrant_id)) if former else None
    return seen or float(stake / asked.book * asked.total_cents)


def _by_total(asked: Asked, sets: Sequence[_Set], every: Mapping[str, Fraction]) -> Refund:
    """Decide by what the total did, where odds prove nothing: who is refunded takes the money out of it."""
    former = asked.former
    if former is None:
        return Refund({}, "undecided", "nothing tells whether the scratched runners' money is refunded",
                      doubted=every)  # fmt: skip
    # Who was let go in doubt stays so: no total tells of a refund that may have come before it.
    let_go = {i for i in every if former.word == "undecided" and former.unrefunded.get(i) == 0}
    held = {i: 0.0 if i in let_go else had(asked, i, stake) for i, stake in every.items()}
    fall = former.total_cents - asked.total_cents
    came, unsure = came_in(asked)
    ranked = sorted((abs(fall + came - sum(held[i] for i in held if i not in s)), len(let_go & set(s)), -len(s), s)
                    for s in _in_question(asked, sets) or _every_set(asked, every))  # fmt: skip
    off, _, _, best = ranked[0]
    room = max(_NOISE * asked.total_cents, sum(held.values()) / 10) + unsure
    rivals = [s for distance, _, _, s in ranked[1:] if distance < off + room]
    sure = off <= room and not any(_matters(asked, every, set(s) ^ set(best)) for s in rivals)
    holding = {i: every[i] for i in best}
    why = f"the total {'fell' if fall > 0 else 'grew'} by {abs(fall)} cents, {sum(held.values()):.0f} were held"
    # What was in doubt is not made sure by a total, it may have been refunded before; but for a fall: that is a refund.
    if sure and (former.word != "undecided" or (not best and not let_go and fall > room)):
        return Refund(holding, _word(holding), why)
    return Refund(holding, "undecided", why, doubted={i: stake for i, stake in every.items() if i not in holding})


def _every_set(asked: Asked, every: Mapping[str, Fraction]) -> list[tuple[str, ...]]:
    """Return all sets that the total allows, or none and all where there are too many to try."""
    if len(every) > _MOST_CANDIDATES:
        return [(), tuple(every)]
    sets = [held for size in range(len(every) + 1) for held in combinations(every, size)]
    return [held for held in sets if _total_allows(asked, every, held)] or sets
