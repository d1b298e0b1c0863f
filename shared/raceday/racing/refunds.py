"""Whether a pool still holds a scratched runner's money, from the evidence; what nobody can tell is called undecided.

A refund comes at a later refresh than the scratching: until then total and odds hold the money. The set of runners
whose inverse odds sum to the book is the set that the pool holds (in 5 of 22 recorded open events with scratched
runners that showed odds it was all of them: their sum was 1.172 to 1.183, of the others alone 0.65 to 1.05).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Literal, NamedTuple

from raceday.racing.shares import at_floor, inverse
from raceday.racing.snapshot import Runner

Word = Literal["", "refunded", "unrefunded", "undecided", "dead", "kept"]
# A sum of inverse odds proves a set of runners within this of the book, where no other set comes as near again.
NEAR = Fraction(5, 100)
_MOST_CANDIDATES = 10


class Former(NamedTuple):
    """One pool at the poll before: total, each runner's cents and odds, who was scratched, and what was decided."""

    total_cents: int
    cents: Mapping[str, int | None]
    odds: Mapping[str, Decimal | None]
    scratched: frozenset[str]
    unrefunded: Mapping[str, int]
    word: Word


class Refund(NamedTuple):
    """Which scratched runners' money a pool holds, by their 1/odds; the decision in a word, and why."""

    holding: Mapping[str, Fraction]
    word: Word = ""
    why: str = ""
    proven: bool = False


def decide(
    runners: Sequence[Runner],
    odds: Mapping[str, Decimal | None],
    book: Fraction,
    total_cents: int,
    former: Former | None,
    *,
    run: bool = False,
    other: "Refund | None" = None,
) -> Refund:
    """Decide for one pool; once a race was `run` everything is refunded.

    Where this pool proves nothing, what the `other` one proves counts: a runner is refunded in all pools together.
    """
    if run:
        return Refund({})
    showing, silent = _candidates(runners, odds, book, total_cents, former)
    every = {**showing, **silent}
    if not every:
        return Refund({})
    running = [r for r in runners if not r.scratched]
    stakes = [inverse(odds.get(r.entrant_id)) for r in running]
    sets: list[_Set] = []
    if running and all(stakes) and not any(at_floor(odds.get(r.entrant_id)) for r in running):
        sets = _sets(sum(stakes, Fraction(0)), every, book)
    proven = _proven(sets, every)
    if proven is not None:
        holding = {i: every[i] for i in proven}
        shown = float(sum(stakes) + sum(holding.values()))
        return Refund(holding, "unrefunded" if holding else "refunded", f"inverse odds sum to {shown:.3f}", proven=True)
    if other is not None and other.proven:
        holding = {i: stake for i, stake in every.items() if i in other.holding}
        return Refund(holding, "unrefunded" if holding else "refunded", "as the other pool proves")
    found = _as_before(showing, silent, total_cents, former)
    of_found = next((s.off for s in sets if set(s.held) == set(found.holding)), Fraction(0))
    if former is not None and sets and sets[0].off <= NEAR < of_found:
        # What was decided before is out of the question by now: the likeliest set it is, and nobody can be sure.
        return Refund({i: every[i] for i in sets[0].held}, "undecided", "the former decision does not fit the odds")
    return found


def _candidates(
    runners: Sequence[Runner],
    odds: Mapping[str, Decimal | None],
    book: Fraction,
    total_cents: int,
    former: Former | None,
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return the scratched runners that may still be held: those that show odds, and those that lost them just now."""
    showing: dict[str, Fraction] = {}
    silent: dict[str, Fraction] = {}
    for runner in runners:
        i = runner.entrant_id
        if not runner.scratched or _settled(i, former):
            continue
        if stake := inverse(odds.get(i)):
            showing[i] = stake
        elif former is not None and (stake := inverse(former.odds.get(i)) or _by_cents(i, book, total_cents, former)):
            silent[i] = stake
    return showing, silent


def _by_cents(entrant_id: str, book: Fraction, total_cents: int, former: Former) -> Fraction:
    """Return what of the book the cents are that a runner was seen to hold: its odds may be gone for long."""
    held = former.unrefunded.get(entrant_id, 0)
    return book * Fraction(held, total_cents) if held and total_cents else Fraction(0)


def _settled(entrant_id: str, former: Former | None) -> bool:
    """Tell whether a runner's money was let go before: what is refunded once is not held again."""
    if former is None or entrant_id not in former.scratched:
        return False
    return entrant_id not in former.unrefunded and former.word != "undecided"


class _Set(NamedTuple):
    """A set of candidates, and how far off the book the sum of inverse odds is with it."""

    off: Fraction
    held: tuple[str, ...]


def _sets(running: Fraction, every: Mapping[str, Fraction], book: Fraction) -> list[_Set]:
    """Return every set of candidates, the nearest to the book first; none where there are too many to try."""
    if len(every) > _MOST_CANDIDATES:
        return []
    sets = [chosen for size in range(len(every) + 1) for chosen in combinations(every, size)]
    return sorted(_Set(abs(running + sum(every[i] for i in chosen) - book), chosen) for chosen in sets)


def _proven(sets: Sequence[_Set], every: Mapping[str, Fraction]) -> tuple[str, ...] | None:
    """Return the set of candidates that brings the sum nearest to the book, None where another one may as well.

    A candidate that makes less than NEAR (odds of about 20) cannot be told apart and hardly matters: sets that differ
    by such ones alone are one.
    """
    if not sets or sets[0].off > NEAR:
        return None
    best, chosen = sets[0]
    rivals = (other for distance, other in sets[1:] if distance < best + NEAR)
    if any(every[i] >= NEAR for other in rivals for i in set(other) ^ set(chosen)):
        return None
    return chosen


def _fallen(held: Mapping[str, int], fell: int) -> tuple[tuple[str, ...], bool]:
    """Return whose money together comes nearest to what a total fell by, and whether no others' comes about as near."""
    if len(held) > _MOST_CANDIDATES:
        return (tuple(held), True) if 2 * fell >= sum(held.values()) > 0 else ((), True)
    every = (chosen for size in range(len(held), -1, -1) for chosen in combinations(held, size))
    ranked = sorted((abs(fell - sum(held[i] for i in chosen)), -len(chosen), chosen) for chosen in every)
    best, _, nearest = ranked[0]
    room = sum(held.values()) / 10
    # Growth hides a part of a refund; one that held next to nothing makes no rival.
    rivals = [set(c) ^ set(nearest) for off, _, c in ranked[1:] if off < best + room]
    sure = len(held) < 2 or not any(held[i] > room for each in rivals for i in each)
    return (nearest if sum(held[i] for i in nearest) else ()), sure


def _as_before(
    showing: Mapping[str, Fraction], silent: Mapping[str, Fraction], total_cents: int, former: Former | None
) -> Refund:
    """Keep the former decision until the total has fallen by about the candidates' money; without one, refunded."""
    if former is None:
        return Refund({}, "undecided", "nothing tells whether the scratched runners' money is refunded")
    # One that shows no odds any more counts as held only while that was proven.
    kept = dict(showing) | {i: stake for i, stake in silent.items() if former.word == "unrefunded"}
    kept = {i: stake for i, stake in kept.items() if i in former.unrefunded or i not in former.scratched}
    held = {i: former.unrefunded.get(i) or former.cents.get(i) or 0 for i in kept}
    fell = former.total_cents - total_cents
    gone, sure = _fallen(held, fell)
    if gone:
        left = {i: stake for i, stake in kept.items() if i not in gone}
        why = f"the total fell by {fell} cents, about the {sum(held[i] for i in gone)} of {len(gone)} that were held"
        return Refund(left, ("unrefunded" if left else "refunded") if sure else "undecided", why)
    is_new = any(i not in former.scratched for i in (*showing, *silent))
    word: Word = "undecided" if is_new or former.word == "undecided" else former.word
    return Refund(kept, word, "as before: nothing tells otherwise")
