"""Movements between two columns of the timeline that are surely real: like is compared with like, or nothing is said.

A missing figure is no movement. Odds are compared in one market, the fixed one, or the tote's where a runner has no
fixed price. Money is compared where both columns stand on pool odds, and is told only where the rise is at least the
threshold however the odds were rounded. A new scratching, a runner that left, or a pool that fell silences both.
"""

from decimal import Decimal
from typing import NamedTuple

from raceday.catalogue.alert_kinds import MONEY_KINDS, ODDS_KINDS
from raceday.racing.bands import THRESHOLD
from raceday.racing.falls import any_fell
from raceday.racing.precision import STEP, Span, amount_spans, cents_of, growth_spans
from raceday.racing.records import LedgerRow, RunnerLine

POOLS = tuple(MONEY_KINDS)


class Movement(NamedTuple):
    """One runner's movement: `value` in points of money's share, or in percent of the former odds; `least` is sure.

    `market` is fixed or pool; `was` and `now` are the odds, or the shares of 100.
    """

    entrant_id: str
    kind: str
    value: float
    least: float
    market: str
    was: float
    now: float


class Columns(NamedTuple):
    """Two neighbouring columns: the polls they show, and the one that the first of them has grown since.

    `base` is None where the first is the timeline's first; then `absolute` tells whether it shows whole amounts.
    """

    base: LedgerRow | None
    before: LedgerRow
    now: LedgerRow
    absolute: bool = True


def movements(columns: Columns) -> list[Movement]:
    """Return every movement of at least the threshold that the figures of two columns prove."""
    if disturbed(columns.before, columns.now):
        return []
    found = [m for product in POOLS for m in _money(columns, product)]
    return [*found, *(m for product in ODDS_KINDS for m in _odds(columns.before, columns.now, product))]


def disturbed(before: LedgerRow, now: LedgerRow) -> bool:
    """Tell whether a scratching, a refund, a runner that came or left, or money that went back is between two polls."""
    told = any(check.name == "runner_growth" and not check.ok for row in (before, now) for check in row.checks)
    if told or any_fell(now, before):
        return True
    return _field(before) != _field(now) or any(
        _grown(before, now, product) < 0 or _holding(before, product) - _holding(now, product) for product in POOLS
    )


def _holding(row: LedgerRow, product: str) -> set[str]:
    """Return the scratched runners whose money a pool may still hold: one that is there no more has been refunded.

    In doubt it is one's own cents or what is nobody's; where there are neither, nothing of it can go.
    """
    settled = row.pools.settled.get(product) if row.pools else None
    return {i for i, cents in settled.unrefunded.items() if cents or settled.unattributed_cents} if settled else set()


def _unsure(row: LedgerRow, product: str) -> bool:
    """Tell whether nobody can say whose a pool's money is, or its total cannot be."""
    settled = row.pools.settled.get(product) if row.pools else None
    leapt = row.pools is not None and product in row.pools.unlikely
    return leapt or (settled is not None and settled.word == "undecided")


def _field(row: LedgerRow) -> frozenset[tuple[str, bool]]:
    return frozenset((line.entrant_id, line.scratched) for line in row.runners)


def _running(row: LedgerRow) -> list[RunnerLine]:
    return [line for line in row.runners if not line.scratched]


def _grown(before: LedgerRow, now: LedgerRow, product: str) -> int:
    """Return by how many cents the runners' money in one pool grew."""
    return sum(cents_of(line, product) for line in now.runners) - sum(
        cents_of(line, product) for line in before.runners
    )


def _money(columns: Columns, product: str) -> list[Movement]:
    base, before, now, absolute = columns
    if (base is None and not absolute) or (base is not None and disturbed(base, before)):
        return []
    if any(row is not None and _unsure(row, product) for row in (base, before, now)):
        return []
    old, new = _came(base, before, product), _came(before, now, product)
    if old is None or new is None:
        return []
    found = []
    for line in _running(now):
        i = line.entrant_id
        was, share = _share(base, before, product, i), _share(before, now, product, i)
        least = new[i].low - old[i].high
        if least >= THRESHOLD:
            found.append(Movement(i, MONEY_KINDS[product], share - was, least, "pool", was, share))
    return found


def _came(before: LedgerRow | None, now: LedgerRow, product: str) -> dict[str, Span] | None:
    """Return each runner's share of what came into a pool, of 100, as a range; None where nobody can tell."""
    at_now = amount_spans(now.runners, product)
    if at_now is None:
        return None
    if before is None:
        total = sum(cents_of(line, product) for line in _running(now))
        return _of_hundred(at_now, total)
    at_before = amount_spans(before.runners, product)
    grown = _grown(before, now, product)
    return None if at_before is None else _of_hundred(growth_spans(at_before, at_now, grown), grown)


def _of_hundred(spans: dict[str, Span], total: int) -> dict[str, Span] | None:
    if total <= 0:
        return None
    return {i: Span(span.low / total * 100, span.high / total * 100) for i, span in spans.items()}


def _share(before: LedgerRow | None, now: LedgerRow, product: str, entrant_id: str) -> float:
    """Return one runner's share of what came in, as the timeline's own amounts have it: the client shows the same."""
    came = {
        line.entrant_id: max(0, cents_of(line, product) - (_cents(before, line.entrant_id, product)))
        for line in _running(now)
    }
    return came[entrant_id] / (sum(came.values()) or 1) * 100


def _cents(row: LedgerRow | None, entrant_id: str, product: str) -> int:
    line = row.runner(entrant_id) if row is not None else None
    return cents_of(line, product) if line is not None else 0


def _odds(before: LedgerRow, now: LedgerRow, product: str) -> list[Movement]:
    found = []
    for line in _running(now):
        was = before.runner(line.entrant_id)
        if was is None:
            continue
        fixed = line.odds(f"fixed_{product}") is not None or was.odds(f"fixed_{product}") is not None
        market = "fixed" if fixed else "pool"
        a, b = was.odds(f"{market}_{product}"), line.odds(f"{market}_{product}")
        if a is not None and b is not None and a > b:
            found.append(_shortened(line.entrant_id, ODDS_KINDS[product], a, b, market))
    return [movement for movement in found if movement.least >= THRESHOLD]


def _shortened(entrant_id: str, kind: str, was: Decimal, now: Decimal, market: str) -> Movement:
    """Return by how much odds shortened; the tote's could have been a step longer than they are shown now."""
    value = float((was - now) / was * 100)
    least = value if market == "fixed" else (float(was) - float(now) - STEP) / float(was) * 100
    return Movement(entrant_id, kind, value, least, market, float(was), float(now))
