"""Whose money of scratched runners a pool still holds, by arithmetic of the oracle's own.

Each set of scratched runners is tried: with it, what everybody holds must come to the book, as far as odds that were
rounded down and a take-out that is not quite the usual one allow. Where several may be, the total's fall decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations
from math import sqrt

from local.simulate.oracle.facts import NOTHING, Aside, Poll
from local.simulate.oracle.money import Amount, book_of, inverse_of, summed
from local.simulate.oracle.reading import RawRunner

# A runner at such odds holds more than they can say.
FLOOR = Fraction(26, 25)
TENTH = Fraction(1, 10)
SLIGHT = 0.05
_MOST = 10
# A total that is off by no more stands still.
QUIET = 0.002


@dataclass(frozen=True)
class PoolToShare:
    """One pool to be shared out: its runners by number, total and book; `kept` as totals have it."""

    product: str
    runners: Sequence[RawRunner]
    total: int
    book: Fraction
    kept: str
    run: bool
    before: Poll | None

    @cached_property
    def running(self) -> list[RawRunner]:
        """Return the unscratched runners."""
        return [r for r in self.runners if not r.scratched]

    @property
    def places(self) -> float:
        """Return the places paid, 1 for Win."""
        return float(self.book / Fraction(119, 100))

    @property
    def aside(self) -> Aside:
        """Return what stood on no runner at the poll before."""
        return self.before.aside(self.product) if self.before else NOTHING

    def odds(self, runner: RawRunner) -> Fraction | None:
        """Return a runner's odds in this pool."""
        return runner.odds[f"pool_{self.product}"]

    def stake(self, runner: RawRunner) -> Fraction:
        """Return what a runner's odds say of its share."""
        return inverse_of(self.odds(runner))

    def old_odds(self, entrant: str) -> Fraction | None:
        """Return a runner's odds at the poll before."""
        line = self.before.line(entrant) if self.before else None
        return None if line is None else line.odds[f"pool_{self.product}"]

    def old(self, entrant: str) -> Amount:
        """Return what a runner had at the poll before, unknown where it was not there."""
        line = self.before.line(entrant) if self.before else None
        return Amount(None, "none") if line is None else line.win if self.product == "win" else line.place

    def last(self, entrant: str) -> int | None:
        """Return what a runner held when that was last known."""
        known = self.old(entrant).cents
        return self.aside.last.get(entrant) if known is None else known

    def seen(self, entrant: str) -> int:
        """Return the cents that a runner, scratched or not, was seen to hold at the poll before."""
        return self.aside.unrefunded.get(entrant) or self.old(entrant).cents or 0

    @cached_property
    def pace(self) -> Fraction | None:
        """Return by what factor the money of those grew whose odds tell it now and told it before."""
        both = [(self.odds(r), self.old_odds(r.id)) for r in self.running]
        told = [(now, then) for now, then in both if tells(now) and tells(then)]
        total = self.before.cents(self.product) if self.before else 0
        past = summed(_middle(then) for _, then in told) * total / self.old_book
        return summed(_middle(now) for now, _ in told) * self.total / self.book / past if past else None

    @property
    def old_book(self) -> Fraction:
        """Return what inverse odds summed to at the poll before, by the places that were paid then."""
        if self.before is None:
            return self.book
        running = sum(not line.scratched for line in self.before.lines)
        return book_of(self.product, self.before.reading.places, running)

    @property
    def was_quiet(self) -> bool:
        """Tell whether the total stands, and all odds that tell of growth do, or there are none."""
        total = self.before.cents(self.product) if self.before else 0
        quiet = abs(total - self.total) <= QUIET * self.total
        return quiet and (self.pace is None or self.pace * total == self.total)

    @cached_property
    def remembered(self) -> dict[str, Fraction]:
        """Return what of the book those have whose odds do not tell it: what they had, grown as the others did."""
        if self.pace is None:
            return {}
        a_cent, found = self.book * self.pace / self.total, {}
        for runner in self.running:
            had = self.old(runner.id)
            firm = had.source == "before" or tells(self.old_odds(runner.id))
            doubted = not firm if self.aside.word == "undecided" else had.source == "hold"
            if tells(self.odds(runner)) or doubted or had.cents is None or (had.cents == 0 and runner.hold):
                continue
            found[runner.id] = max(self.stake(runner), a_cent * had.cents)
        return found


@dataclass(frozen=True)
class Held:
    """Whose money is held, by 1/odds; the word; and who is in doubt beside, with what it may hold."""

    stakes: Mapping[str, Fraction]
    word: str
    doubted: Mapping[str, Fraction] = field(default_factory=dict)
    proven: bool = False


def tells(odds: Fraction | None) -> bool:
    """Tell whether odds say all that a runner holds."""
    return odds is not None and odds > FLOOR


def is_floor(odds: Fraction | None) -> bool:
    """Tell whether a runner may hold more than its odds say: no dividend is under the stake."""
    return odds is not None and 1 <= odds <= FLOOR


@lru_cache(maxsize=8192)
def _middle(odds: Fraction | None) -> Fraction:
    return (1 / odds + 1 / (odds + TENTH)) / 2 if odds else Fraction(0)


def held_in(asked: PoolToShare, beside: PoolToShare | None) -> Held:
    """Return who is held in a pool; at first sight the other pool's proof counts where this one has none."""
    own = _alone(asked)
    if beside is None or own.proven or not own.word or asked.before is not None:
        return own
    other = _alone(beside)
    if not other.proven or not any(asked.odds(r) for r in asked.runners):
        return own
    mine = _candidates(asked)
    taken = tuple(i for i in mine if i in other.stakes)
    fits = [likely for _, names, likely in _tried(asked, mine) if set(names) == set(taken)]
    if fits and not fits[0]:
        return own
    return Held({i: mine[i] for i in taken}, "unrefunded" if taken else "refunded")


def _alone(asked: PoolToShare) -> Held:
    if asked.run:
        still = asked.aside.word == "undecided" and not any(asked.odds(r) for r in asked.running)
        return Held({}, "undecided" if still else "")
    mine = _candidates(asked)
    out = [r.id for r in asked.runners if r.scratched and r.id not in mine]
    hidden = [i for i in out if not _done(asked, i) and not _had_nothing(asked, i)]
    tried = _tried(asked, mine) if mine or hidden else []
    if hidden and (_lacking(asked, tried) or _was_nobodys(asked, hidden)):
        return _hidden(asked, mine, hidden)
    if not mine:
        return Held({}, "")
    best = _shown(asked, mine, tried)
    if best is None and not tried and _shown(asked, mine, _tried(asked, mine, bare=True)) == ():
        # What shows odds is the whole book.
        best = ()
    if best is not None:
        best = _nearest_total(asked, mine, _may_be(asked, tried), best)
        return Held({i: mine[i] for i in best}, "unrefunded" if best else "refunded", proven=True)
    if asked.before is None:
        return Held({}, "undecided", mine)
    return _by_fall(asked, asked.before, mine, _may_be(asked, tried))


def _nearest_total(
    asked: PoolToShare, mine: Mapping[str, Fraction], alike: Sequence[tuple[str, ...]], best: tuple[str, ...]
) -> tuple[str, ...]:
    """Choose by the total among sets that differ by too little for a book, else keep what the book chose."""
    if asked.before is None or len(alike) < 2:
        return best
    fell = asked.before.cents(asked.product) - asked.total
    came, unsure = _bets(asked)
    gone = {names: sum(_had(asked, i, part) for i, part in mine.items() if i not in names) for names in alike}
    can = [names for names in alike if fell <= 1.15 * gone[names] + QUIET * asked.total] or list(alike)
    first = min(can, key=lambda names: abs(fell + came - gone[names]))
    apart = [abs(gone[names] - gone[first]) for names in can if names != first]
    if 4 * (abs(fell + came - gone[first]) + unsure) <= min(apart, default=float("inf")):
        return first
    return best if best in can else can[0]


def _bets(asked: PoolToShare) -> tuple[float, float]:
    """Return what came in on the running ones since the poll before, and how far off that may be."""
    if asked.was_quiet:
        return 0.0, 0.0
    if asked.pace is None:
        return 0.0, 0.15 * asked.total
    olds = {r.id: asked.old(r.id).cents or 0 for r in asked.running}
    came = max(0.0, float(asked.pace - 1) * sum(olds.values()))
    return came, 0.3 * came + 0.06 * sum(olds[r.id] for r in asked.running if not tells(asked.odds(r)))


def _shown(asked: PoolToShare, mine: Mapping[str, Fraction], tried: "Tried") -> tuple[str, ...] | None:
    """Return the set that odds alone show to be held, None where another one may be."""
    if not tried or not tried[0][2]:
        return None
    best = tried[0][1]
    return None if any(_weighs(asked, mine, best, names) for names in _may_be(asked, tried)) else best


def _candidates(asked: PoolToShare) -> dict[str, Fraction]:
    """Return the scratched runners that may be held, by what they hold of the book."""
    found = {}
    for runner in asked.runners:
        if runner.scratched and not _done(asked, runner.id):
            past = asked.book * asked.seen(runner.id) / asked.total
            stake = asked.stake(runner)
            if part := stake if tells(asked.odds(runner)) else max(stake, past):
                found[runner.id] = part
    return found


def _done(asked: PoolToShare, entrant: str) -> bool:
    """Tell whether a runner was let go at an earlier poll."""
    line = asked.before.line(entrant) if asked.before else None
    return line is not None and line.scratched and entrant not in asked.aside.unrefunded


def _had_nothing(asked: PoolToShare, entrant: str) -> bool:
    """Tell whether the poll before was sure that a runner held nothing."""
    return asked.before is not None and asked.aside.word != "undecided" and asked.old(entrant).cents == 0


Tried = list[tuple[float, tuple[str, ...], bool]]


def _tried(asked: PoolToShare, mine: Mapping[str, Fraction], *, bare: bool = False) -> Tried:
    """Return every set that the total allows: how far off the book, who, and whether that is likely.

    `bare` counts those without odds and without tracker points as nothing.
    """
    sure = _running_sum(asked, bare=bare)
    if sure is None or len(mine) > _MOST:
        return []
    by_id = {r.id: asked.odds(r) for r in asked.runners}
    worths = {i: _worth(by_id.get(i), float(part)) for i, part in mine.items()}
    every = []
    for names in _sets(list(mine)):
        middle = sure[0] + sum(worths[i][0] for i in names)
        spread = sure[1] + sum(worths[i][1] for i in names)
        off = abs(middle - float(asked.book) * 1.18 / 1.19)
        every.append((off, names, off <= 0.025 * asked.places + 2.5 * sqrt(spread)))
    return sorted([each for each in every if _allowed(asked, mine, each[1])] or every)


def _sets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(names) + 1):
        yield from combinations(names, size)


def _running_sum(asked: PoolToShare, *, bare: bool = False) -> tuple[float, float] | None:
    """Return what the running hold of the book and its variance, None where nothing tells of one."""
    found = []
    pace = Fraction(1) if asked.pace is None else asked.pace
    for runner in asked.running:
        if tells(asked.odds(runner)):
            found.append(_worth(asked.odds(runner), 0.0))
        elif runner.id in asked.remembered:
            part = float(asked.remembered[runner.id])
            apart = (0.06 + 0.4 * float(abs(pace - 1))) * part + 0.005 * asked.places
            found.append((part, apart**2))
        elif not bare or runner.hold or is_floor(asked.odds(runner)):
            return None
    return (sum(each[0] for each in found), sum(each[1] for each in found)) if found else None


def _worth(odds: Fraction | None, part: float) -> tuple[float, float]:
    if not tells(odds) or odds is None:
        return part, (0.03 * part) ** 2
    most, least = 1 / float(odds), 1 / (float(odds) + 0.1)
    return (most + least) / 2, (most - least) ** 2 / 12


def _had(asked: PoolToShare, entrant: str, part: Fraction) -> float:
    return asked.seen(entrant) or float(part / asked.book * asked.total)


def _allowed(asked: PoolToShare, mine: Mapping[str, Fraction], names: Sequence[str]) -> bool:
    if asked.before is None:
        return True
    gone = sum(_had(asked, i, part) for i, part in mine.items() if i not in names)
    return asked.before.cents(asked.product) - asked.total <= 1.15 * gone + 0.04 * asked.total


def _may_be(asked: PoolToShare, tried: Tried) -> list[tuple[str, ...]]:
    return [names for off, names, likely in tried if likely or off < tried[0][0] + 0.02 * asked.places]


def _weighs(asked: PoolToShare, mine: Mapping[str, Fraction], a: Sequence[str], b: Sequence[str]) -> bool:
    return float(summed(mine[i] for i in set(a) ^ set(b))) >= SLIGHT * asked.places


def _lacking(asked: PoolToShare, tried: Tried) -> bool:
    """Tell whether nothing is seen, or what is seen is far from the book and short of it."""
    if not any(asked.odds(r) for r in asked.runners):
        return True
    sure = _running_sum(asked)
    if sure is None or not tried:
        return False
    off, _, likely = tried[0]
    return not likely and off > 2 * SLIGHT * asked.places and sure[0] < float(asked.book) * 1.18 / 1.19


def _hidden(asked: PoolToShare, mine: Mapping[str, Fraction], hidden: Sequence[str]) -> Held:
    rest = asked.book - summed(map(asked.stake, asked.running)) - summed(mine.values())
    rest, stakes = max(rest, Fraction(0)), dict(mine)
    if len(hidden) == 1 and rest and any(asked.odds(r) for r in asked.runners) and _running_sum(asked) is not None:
        stakes[hidden[0]] = rest
    return Held(stakes, "undecided", {i: rest / len(hidden) for i in hidden if i not in stakes})


def _was_nobodys(asked: PoolToShare, hidden: Sequence[str]) -> bool:
    """Tell whether one had no amount before, or was in doubt, and nothing tells of the running ones either."""
    if asked.before is None or _running_sum(asked) is not None:
        return False
    doubted = asked.aside.unrefunded if asked.aside.word == "undecided" else {}
    return any(i in asked.aside.last or i in doubted for i in hidden)


def _by_fall(asked: PoolToShare, before: Poll, mine: Mapping[str, Fraction], may_be: Sequence[tuple[str, ...]]) -> Held:
    # Nobody can tell when the money of one let go in doubt went: it is not looked for in this fall.
    off = {i for i in mine if asked.aside.word == "undecided" and asked.aside.unrefunded.get(i) == 0}
    had = {i: 0.0 if i in off else _had(asked, i, part) for i, part in mine.items()}
    fell = before.cents(asked.product) - asked.total
    came, unsure = _bets(asked)
    names = list(may_be) or _open_sets(asked, mine)
    ranked = sorted(
        (abs(fell + came - sum(had[i] for i in had if i not in s)), len(off & set(s)), -len(s), s) for s in names
    )
    best = ranked[0]
    room = max(0.015 * asked.total, sum(had.values()) / 10) + unsure
    close = [s for apart, _, _, s in ranked[1:] if apart < best[0] + room]
    sure = best[0] <= room and not any(_weighs(asked, mine, s, best[-1]) for s in close)
    stakes = {i: mine[i] for i in best[-1]}
    all_went = not stakes and not off and fell > room
    if sure and (asked.aside.word != "undecided" or all_went):
        return Held(stakes, "unrefunded" if stakes else "refunded")
    return Held(stakes, "undecided", {i: part for i, part in mine.items() if i not in stakes})


def _open_sets(asked: PoolToShare, mine: Mapping[str, Fraction]) -> list[tuple[str, ...]]:
    if len(mine) > _MOST:
        return [(), tuple(mine)]
    every = list(_sets(list(mine)))
    return [names for names in every if _allowed(asked, mine, names)] or every
