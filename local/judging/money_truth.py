"""Whether a row's money is where it truly is, and whether a row that says `undecided` had to.

A row is wrong where it puts more than NOTICEABLE of a pool elsewhere. It says so where its word is `undecided`, or
where the runners in question have no amount and the money stands as nobody's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from local.testing.scratched_races import PRODUCTS, Served, polls_of
from raceday.racing.compose import PollContext, compose
from raceday.racing.records import LedgerRow, Settlement

# Of a pool: what rounding of odds and a take-out that is not quite the usual one may come to.
NOTICEABLE = 0.045
# A sum of inverse odds proves a set of runners so near to the book, where the next set is as far off again.
_NEAR, _BOOK = 0.05, 1.19
_FLOOR, _TENTH = Decimal("1.04"), Decimal("0.1")


class Fault(NamedTuple):
    """One pool of one row that is wrong and does not say so, or that says undecided where the odds decide."""

    seed: int
    poll: int
    product: str
    word: str
    off: float
    where: str


@dataclass
class MoneyCounts:
    """What became of all rows, a row being one pool of one poll."""

    rows: int = 0
    undecided: int = 0
    wrong: list[Fault] = field(default_factory=list)
    told: list[Fault] = field(default_factory=list)
    needless: list[Fault] = field(default_factory=list)


def judge(seeds: Iterable[int]) -> MoneyCounts:
    """Poll the races of the seeds, and count."""
    counts = MoneyCounts()
    for seed in seeds:
        served = polls_of(seed)
        for at, (row, each) in enumerate(zip(rows_of(served), served, strict=True)):
            for product in PRODUCTS:
                _count(counts, seed, at, product, row, each)
    return counts


def rows_of(served: Sequence[Served]) -> list[LedgerRow]:
    """Return the ledger rows that the polls of a race make."""
    rows: list[LedgerRow] = []
    for each in served:
        at = each.snapshot.generated_at
        rows.append(
            compose(each.snapshot, rows[-1] if rows else None, PollContext(at, "slot", at), each.snapshot.status)
        )
    return rows


def _count(counts: MoneyCounts, seed: int, at: int, product: str, row: LedgerRow, served: Served) -> None:
    counts.rows += 1
    word = settled(row, product).word
    off, where = misplaced(row, served, product)
    fault = Fault(seed, at, product, word, off, where)
    counts.undecided += word == "undecided"
    if off > NOTICEABLE + rounding(served, product):
        (counts.told if word == "undecided" else counts.wrong).append(fault)
    elif word == "undecided" and odds_decide(served, product):
        counts.needless.append(fault)


def settled(row: LedgerRow, product: str) -> Settlement:
    """Return what of a pool stands on no runner."""
    return row.pools.settled.get(product, Settlement()) if row.pools else Settlement()


def misplaced(row: LedgerRow, served: Served, product: str) -> tuple[float, str]:
    """Return the largest part of the true pool that stands where it is not, and where; what is nobody's is told."""
    truth = served.truth
    if product in truth.dead:
        shown = sum((line.win_cents if product == "win" else line.place_cents) or 0 for line in row.runners)
        return (1.0, "dead") if shown else (0.0, "")
    true, total = truth.cents[product], truth.total(product)
    aside = settled(row, product)
    offs: dict[str, int] = {}
    unknown = 0
    for line in row.runners:
        i = line.entrant_id
        cents = line.win_cents if product == "win" else line.place_cents
        if i in truth.out:
            offs[f"{line.number} unrefunded"] = aside.unrefunded.get(i, 0) + (cents or 0) - true.get(i, 0)
        elif cents is None:
            unknown += true.get(i, 0)
        else:
            offs[f"{line.number}"] = cents - true.get(i, 0)
    offs["nobody's"] = aside.unattributed_cents - unknown
    where = max(offs, key=lambda name: abs(offs[name]))
    return abs(offs[where]) / total if total else 0.0, f"{where} {offs[where] / max(1, total):+.3f}"


def rounding(served: Served, product: str) -> float:
    """Return the part of the pool that the rounding of all odds down to tenths hides, half of the most it can be."""
    places = (served.snapshot.positions_paid or 1) if product == "place" else 1
    shown = [r.odds.pool_win if product == "win" else r.odds.pool_place for r in served.snapshot.runners]
    return sum(float(1 / o - 1 / (o + _TENTH)) for o in shown if o) / 2 / (_BOOK * places)


def odds_decide(served: Served, product: str) -> bool:
    """Tell whether the odds of this answer alone prove which scratched runners' money the pool holds."""
    odds = {r.entrant_id: r.odds.pool_win if product == "win" else r.odds.pool_place for r in served.snapshot.runners}
    running = [odds[r.entrant_id] for r in served.snapshot.runners if not r.scratched]
    if any(o is None or o <= _FLOOR for o in running):
        return False
    shown = {i: float(1 / o) for i in served.truth.out if (o := odds[i])}
    places = (served.snapshot.positions_paid or 1) if product == "place" else 1
    short = _BOOK * places - sum(float(1 / o) for o in running if o)
    sets = [c for size in range(len(shown) + 1) for c in combinations(sorted(shown), size)]
    ranked = sorted(sets, key=lambda c: abs(short - sum(shown[i] for i in c)))
    offs = [abs(short - sum(shown[i] for i in c)) for c in ranked]
    near = [c for c, off in zip(ranked, offs, strict=True) if off < offs[0] + _NEAR]
    return offs[0] <= _NEAR and not any(shown[i] >= _NEAR for c in near for i in set(c) ^ set(ranked[0]))
