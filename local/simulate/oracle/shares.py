"""Whose money a pool is, by arithmetic of its own: from what its odds prove, else from what was known before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations

from local.simulate.oracle.facts import NOTHING, Aside, Poll
from local.simulate.oracle.money import Amount, book_of, inverse_of, split
from local.simulate.oracle.reading import RawRunner

# A set of runners is proven by a sum this near to the book, where no other set comes as near again.
NEAR = Fraction(1, 20)
# A runner at such odds holds more than they can say.
FLOOR = Fraction(26, 25)
# Odds that explain this much of the book leave nothing to runners without any.
NEARLY_ALL = Fraction(97, 100)
_MOST = 10
Money = tuple[dict[str, Amount], Aside]


@dataclass(frozen=True, slots=True)
class PoolToShare:
    """One pool to be shared out: its runners by number, total and book; `kept` as totals have it."""

    product: str
    runners: Sequence[RawRunner]
    total: int
    book: Fraction
    kept: str
    run: bool
    before: Poll | None

    @property
    def kind(self) -> str:
        """Return the odds that speak of this pool."""
        return f"pool_{self.product}"

    @property
    def running(self) -> list[RawRunner]:
        """Return the unscratched runners."""
        return [r for r in self.runners if not r.scratched]

    def stake(self, runner: RawRunner) -> Fraction:
        """Return what a runner's odds say of its share."""
        return inverse_of(runner.odds[self.kind])

    def had(self, entrant: str) -> int:
        """Return what a runner had at the poll before."""
        line = self.before.line(entrant) if self.before else None
        return 0 if line is None else line.win_cents if self.product == "win" else line.place_cents


def share_out(
    product: str, runners: Sequence[RawRunner], total: int | None, *, dead: bool, kept: str, places: int | None,
    run: bool, before: Poll | None, other_total: int = 0,
) -> Money:  # fmt: skip
    """Return each runner's cents and what stands on none; `run` tells that the race is, so that all is refunded.

    `other_total` is that of the other one of the two pools, 0 where it is dead: what that one proves counts here too.
    """
    if total is None:
        return {r.id: Amount(None, "none") for r in runners}, NOTHING
    if total == 0:
        return {r.id: Amount(0, "none") for r in runners}, Aside(word="dead") if dead else NOTHING
    known = before if before is not None and before.cents(product) else None
    running = sum(not r.scratched for r in runners)
    asked = PoolToShare(product, runners, total, book_of(product, places, running), kept, run, known)
    if kept == "before" and known is not None:
        return _as_it_was(asked, known)
    other = "place" if product == "win" else "win"
    told = before if before is not None and before.cents(other) else None
    beside = replace(asked, product=other, total=other_total, book=book_of(other, places, running), before=told)
    return _by_odds(asked, beside if other_total else None)


def _as_it_was(asked: PoolToShare, before: Poll) -> Money:
    """Leave everybody what they had; who was scratched since has it in the pool still."""
    held, found = dict(before.aside(asked.product).unrefunded), {}
    for runner in asked.runners:
        line = before.line(runner.id)
        had = None if line is None else (line.win if asked.product == "win" else line.place)
        if runner.scratched and had is not None and had.cents:
            held[runner.id] = had.cents
        source = had.source if had is not None else "none"
        found[runner.id] = Amount(0 if runner.scratched else had.cents if had else None, source)
    rest = asked.total - sum(a.cents or 0 for a in found.values()) - sum(held.values())
    return found, Aside(held, rest, "kept")


def _by_odds(asked: PoolToShare, beside: PoolToShare | None) -> Money:
    holding, word = _holding(asked, beside)
    parts, rest = _parts(asked, holding)
    if asked.before is not None and asked.kept and all(part is None for part, _ in parts.values()):
        return _in_old_proportions(asked, asked.before)
    names = [*parts, *holding]
    weights = [*(part or Fraction(0) for part, _ in parts.values())]
    weights += [stake / _whole(asked, holding, rest, parts) for stake in holding.values()]
    cents = split(asked.total, [*weights, rest]) if any(weights) or rest else [0] * len(weights) + [asked.total]
    by_name = dict(zip(names, cents, strict=False))
    found = {i: Amount(None if part is None else by_name[i], source) for i, (part, source) in parts.items()}
    everyone = {r.id: found.get(r.id, Amount(0, "none")) for r in asked.runners}
    return everyone, Aside({i: by_name[i] for i in holding}, cents[-1], word)


Parts = dict[str, tuple[Fraction | None, str]]


def _whole(asked: PoolToShare, holding: Mapping[str, Fraction], rest: Fraction, parts: Parts) -> Fraction:
    """Return what inverse odds are shares of: the book where some of it is open, else their own sum."""
    shown = sum(map(asked.stake, asked.running), Fraction(0)) + sum(holding.values())
    is_open = rest or any(source not in ("pool_odds", "none") for _, source in parts.values())
    return asked.book if is_open else shown


def _parts(asked: PoolToShare, holding: Mapping[str, Fraction]) -> tuple[Parts, Fraction]:
    """Return each running one's part and source, and the part that is nobody's."""
    stakes = {r.id: asked.stake(r) for r in asked.running}
    shown = sum(chain(stakes.values(), holding.values()), Fraction(0))
    if not shown:
        return _by_hold(asked.running)
    left = 1 - shown / asked.book
    floored = [r.id for r in asked.running if is_floor(r.odds[asked.kind])]
    silent = [i for i, stake in stakes.items() if not stake]
    is_open = floored if left > 0 else []
    if silent and left > 1 - NEARLY_ALL:
        # Beside one at the floor a silent runner is one that nobody backed, where the tracker does not say otherwise.
        held = {r.id for r in asked.running if r.hold}
        is_open = floored + [i for i in silent if not floored or i in held]
    if not is_open:
        return {i: (stake / shown, "pool_odds") for i, stake in stakes.items()}, Fraction(0)
    parts: Parts = {i: (stake / asked.book, "pool_odds") for i, stake in stakes.items()}
    more, rest = _open(asked, stakes, is_open, left)
    for i, (part, source) in more.items():
        known = stakes[i] / asked.book
        parts[i] = (None if part is None and not known else known + (part or 0), source)
    return parts, rest


def _open(
    asked: PoolToShare, stakes: Mapping[str, Fraction], is_open: Sequence[str], left: Fraction
) -> tuple[Parts, Fraction]:
    """Share out what is open of the book: to the only one, by hold, by odds, or to nobody."""
    if len(is_open) == 1:
        return {is_open[0]: (left, "book")}, Fraction(0)
    holds = {r.id: max(r.hold, Fraction(0)) for r in asked.running if r.id in is_open and r.hold is not None}
    held = sum(holds.values(), Fraction(0))
    if len(holds) == len(is_open) and held:
        return {i: (left * hold / held, "hold") for i, hold in holds.items()}, Fraction(0)
    if all(stakes[i] for i in is_open):
        whole = sum(stakes[i] for i in is_open)
        return {i: (left * stakes[i] / whole, "book") for i in is_open}, Fraction(0)
    return {i: (None, "pool_odds" if stakes[i] else "none") for i in is_open}, left


def _by_hold(running: Sequence[RawRunner]) -> tuple[Parts, Fraction]:
    holds = {r.id: max(r.hold or Fraction(0), Fraction(0)) for r in running}
    whole = sum(holds.values(), Fraction(0))
    if not whole:
        return dict.fromkeys(holds, (None, "none")), Fraction(1)
    return {i: (hold / whole, "hold") for i, hold in holds.items()}, Fraction(0)


def _in_old_proportions(asked: PoolToShare, before: Poll) -> Money:
    """Share out a total that dividends alone tell as the pool was shared before."""
    had = {r.id: Fraction(asked.had(r.id)) for r in asked.running}
    if not sum(had.values()):
        return {r.id: Amount(None, "none") for r in asked.runners}, Aside({}, asked.total, "kept")
    cents = dict(zip(had, split(asked.total, list(had.values())), strict=True))
    found = {r.id: Amount(cents[r.id], "pool_odds") if r.id in cents else Amount(0, "none") for r in asked.runners}
    return found, NOTHING


def is_floor(odds: Fraction | None) -> bool:
    """Tell whether a runner may hold more than its odds say: no dividend is under the stake."""
    return odds is not None and 1 <= odds <= FLOOR


def _holding(asked: PoolToShare, beside: PoolToShare | None = None) -> tuple[dict[str, Fraction], str]:
    """Return the scratched runners whose money the pool holds, with their inverse odds, and the decision's word."""
    showing, silent = _candidates(asked)
    every = {**showing, **silent}
    if not every or asked.run:
        return {}, ""
    sets = _by_distance(asked, every)
    proven = _proven(sets, every)
    if proven is None and beside is not None:
        others = {i: stake for found in _candidates(beside) for i, stake in found.items()}
        by_other = _proven(_by_distance(beside, others), others) if others else None
        proven = None if by_other is None else tuple(i for i in every if i in by_other)
    if proven is not None:
        return {i: every[i] for i in proven}, "unrefunded" if proven else "refunded"
    if asked.before is None:
        return {}, "undecided"
    kept, word = _as_decided(asked, asked.before, showing, silent)
    of_kept = next((distance for distance, names in sets if set(names) == set(kept)), Fraction(0))
    if of_kept > NEAR >= sets[0][0]:
        # Disproven, though nothing is proven instead.
        return {i: every[i] for i in sets[0][1]}, "undecided"
    return kept, word


Sets = list[tuple[Fraction, tuple[str, ...]]]


def _proven(sets: Sets, every: Mapping[str, Fraction]) -> tuple[str, ...] | None:
    """Return the nearest set, unless one nearly as near differs from it by a runner that matters."""
    if not sets or sets[0][0] > NEAR:
        return None
    best, names = sets[0]
    for distance, others in sets[1:]:
        if distance - best < NEAR and any(every[i] >= NEAR for i in set(names) ^ set(others)):
            return None
    return names


def _candidates(asked: PoolToShare) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return the scratched runners that show odds, and those that showed them until now."""
    showing, silent = {}, {}
    for runner in (r for r in asked.runners if r.scratched):
        line = asked.before.line(runner.id) if asked.before else None
        aside = asked.before.aside(asked.product) if asked.before else NOTHING
        if line and line.scratched and runner.id not in aside.unrefunded and aside.word != "undecided":
            continue
        if asked.stake(runner):
            showing[runner.id] = asked.stake(runner)
        elif line is not None and line.odds[asked.kind]:
            silent[runner.id] = inverse_of(line.odds[asked.kind])
    return showing, silent


def _by_distance(asked: PoolToShare, every: Mapping[str, Fraction]) -> Sets:
    """Return every set of candidates with its distance from the book, nearest first; none where odds are lacking."""
    odds = [r.odds[asked.kind] for r in asked.running]
    if not odds or any(o is None or is_floor(o) for o in odds) or len(every) > _MOST:
        return []
    short = asked.book - sum(map(inverse_of, odds), Fraction(0))
    sets = [names for size in range(len(every) + 1) for names in combinations(every, size)]
    return sorted((abs(short - sum(every[i] for i in names)), names) for names in sets)


def _as_decided(
    asked: PoolToShare, before: Poll, showing: Mapping[str, Fraction], silent: Mapping[str, Fraction]
) -> tuple[dict[str, Fraction], str]:
    """Keep the former decision until the total has fallen by about the money of those in question."""
    aside = before.aside(asked.product)
    out = {line.id for line in before.lines if line.scratched}
    kept = dict(showing) | (dict(silent) if aside.word == "unrefunded" else {})
    kept = {i: stake for i, stake in kept.items() if i in aside.unrefunded or i not in out}
    held = sum(aside.unrefunded.get(i) or asked.had(i) for i in kept)
    if kept and held and 2 * (before.cents(asked.product) - asked.total) >= held:
        return {}, "refunded"
    new = any(i not in out for i in (*showing, *silent))
    return kept, "undecided" if new or aside.word == "undecided" else aside.word


def gone(runners: Sequence[RawRunner], before: Poll | None) -> list[RawRunner]:
    """Return the runners of the poll before that an answer lists no more: scratched, without odds or holds."""
    here = {r.id for r in runners}
    found = []
    for line in before.lines if before else ():
        if line.id not in here:
            found.append(
                RawRunner(line.id, line.number, {"name": line.name}, True, dict.fromkeys(line.odds), None, None)
            )
    if not runners and before:
        # An answer without any runner says nothing of them.
        found = [
            replace(each, scratched=line.scratched, odds=dict(line.odds), hold=line.hold, bet=line.bet)
            for each, line in zip(found, before.lines, strict=True)
        ]
    return found
