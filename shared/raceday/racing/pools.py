"""A race's pools after one answer: totals as far as they are known, and whose money the Win and Place pools are."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from raceday.catalogue.products import POOL_COLUMNS
from raceday.racing import refunds
from raceday.racing.apportion import apportion
from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement, Source
from raceday.racing.shares import BOOK, Share, Shares, pool_shares, positions_paid
from raceday.racing.snapshot import Pool, Runner, Snapshot, Status

SHARED = ("win", "place")


class Money(NamedTuple):
    """Whose money one pool is: each runner's cents and their source, and what stands on no runner."""

    cents: Mapping[str, tuple[int | None, Source]]
    settlement: Settlement = Settlement()


def totals(snapshot: Snapshot, before: PoolTotals | None, status: Status) -> PoolTotals | None:
    """Return the totals by product; None where no answer ever knew any.

    A positive total of the answer counts first, then the pool behind the dividends, then what was last known: the
    feed drops or zeroes pools at the end. A pool called off counts 0, but those of an abandoned race stay as they were.
    """
    paid = dividend_pools(snapshot)
    if snapshot.pools is None and before is None and not paid:
        return None
    listed = _by_product(snapshot.pools or ())
    known = before.single if before else {}
    single: dict[str, int] = {}
    dead: list[str] = []
    kept: dict[str, str] = {}
    for product in [p for p in POOL_COLUMNS if p in listed or p in known or p in paid]:
        pool = listed.get(product)
        called_off = pool.dead if pool is not None else before is not None and product in before.dead
        if called_off and status is not Status.ABANDONED:
            single[product] = 0
            dead.append(product)
        elif pool is not None and pool.total_cents and pool.total_cents > 0 and not pool.dead:
            single[product] = pool.total_cents
        elif paid.get(product):
            single[product], kept[product] = paid[product], "dividends"
        elif known.get(product):
            single[product], kept[product] = known[product], "before"
        elif pool is not None and pool.total_cents is not None:
            single[product] = max(0, pool.total_cents)
    return PoolTotals(single, _multi(snapshot, before), tuple(dead), kept)


def dividend_pools(snapshot: Snapshot, *, final_only: bool = False) -> dict[str, int]:
    """Return the pool in cents behind each product's dividends: of the Final ones where that product has any."""
    found: dict[str, int] = {}
    for product in dict.fromkeys(d.product for d in snapshot.dividends):
        own = [d for d in snapshot.dividends if d.product == product and d.pool_cents is not None]
        final = [d for d in own if d.status.lower() == "final"]
        cents = [d.pool_cents or 0 for d in (final if final or final_only else own)]
        if cents:
            found[product] = max(cents)
    return found


def same_pool(total_cents: int, paid_cents: int) -> bool:
    """Tell whether a dividend's pool is a total: within a cent, or the precision of a 32-bit number of dollars."""
    return abs(total_cents - paid_cents) <= max(1, math.ceil(max(total_cents, paid_cents) / 2**23))


def _by_product(pools: Sequence[Pool]) -> dict[str, Pool]:
    """Return each single-race product's pool; of two of one product the one that lives."""
    found: dict[str, Pool] = {}
    for pool in pools:
        if pool.single_race and (pool.product not in found or found[pool.product].dead):
            found[pool.product] = pool
    return found


def _multi(snapshot: Snapshot, before: PoolTotals | None) -> dict[str, int]:
    """Return multi-leg totals; a race can be a leg of two doubles at once."""
    multi: dict[str, int] = {}
    for pool in snapshot.pools or ():
        if not pool.single_race and pool.total_cents is not None and pool.total_cents >= 0 and not pool.dead:
            multi[pool.product] = multi.get(pool.product, 0) + pool.total_cents
    return multi or (dict(before.multi) if before else {})


def money(
    product: str, runners: Sequence[Runner], snapshot: Snapshot, pools: PoolTotals | None, base: LedgerRow | None
) -> Money:
    """Return whose money one of the two shared pools is; all parts together are its total, to the cent."""
    total = pools.cents(product) if pools else None
    if pools is None or total is None:
        return Money({r.entrant_id: (None, "none") for r in runners})
    if product in pools.dead or total == 0:
        word = Settlement(word="dead", why="betting on it was called off") if product in pools.dead else Settlement()
        return Money({r.entrant_id: (0, "none") for r in runners}, word)
    former = _former(product, base)
    if pools.kept.get(product) == "before" and former is not None:
        return _as_before(runners, total, former, base, product)
    running = [r for r in runners if not r.scratched]
    odds, book = _odds(runners, product), _book(snapshot, running, product)
    refund = _refund(runners, snapshot, pools, base, product)
    shares = pool_shares(running, odds, book, refund.holding)
    if former is not None and all(s.part is None for s in shares.runners.values()) and product in pools.kept:
        return _grown(running, runners, total, former)
    return _apportioned(runners, shares, refund, total)


def _odds(runners: Sequence[Runner], product: str) -> dict[str, Decimal | None]:
    return {r.entrant_id: r.odds.pool_win if product == "win" else r.odds.pool_place for r in runners}


def _book(snapshot: Snapshot, running: Sequence[Runner], product: str) -> Fraction:
    return BOOK * (positions_paid(snapshot.positions_paid, len(running)) if product == "place" else 1)


def _refund(
    runners: Sequence[Runner], snapshot: Snapshot, pools: PoolTotals, base: LedgerRow | None, product: str
) -> refunds.Refund:
    """Decide on one pool, with what the other one proves where this one proves nothing."""
    run = snapshot.status in (Status.INTERIM, Status.FINAL)
    running = [r for r in runners if not r.scratched]

    def decided(name: str, other: refunds.Refund | None = None) -> refunds.Refund:
        odds, book = _odds(runners, name), _book(snapshot, running, name)
        total = pools.cents(name) or 0
        return refunds.decide(runners, odds, book, total, _former(name, base), run=run, other=other)

    own = decided(product)
    beside = "place" if product == "win" else "win"
    if not own.word or own.proven or beside in pools.dead or not pools.cents(beside):
        return own
    return decided(product, decided(beside))


def _apportioned(runners: Sequence[Runner], shares: Shares, refund: refunds.Refund, total: int) -> Money:
    order = sorted((r for r in runners if r.entrant_id in shares.runners), key=lambda r: (r.number, r.entrant_id))
    known: list[tuple[str, Share]] = [(r.entrant_id, shares.runners[r.entrant_id]) for r in order]
    parts = [share.part or 0 for _, share in known]
    weights = [*parts, *shares.unrefunded.values(), shares.unattributed]
    cents = apportion(total, weights) if any(weights) else [*([0] * (len(weights) - 1)), total]
    found: dict[str, tuple[int | None, Source]] = {
        i: (None if share.part is None else part, share.source) for (i, share), part in zip(known, cents, strict=False)
    }
    held = dict(zip(shares.unrefunded, cents[len(known) : -1], strict=True))
    settlement = Settlement(held, cents[-1], refund.word, refund.why)
    return Money({r.entrant_id: found.get(r.entrant_id, (0, "none")) for r in runners}, settlement)


def _as_before(
    runners: Sequence[Runner], total: int, former: refunds.Former, base: LedgerRow | None, product: str
) -> Money:
    """Keep what was known of a pool that the answer lacks; who was scratched meanwhile is unrefunded."""
    sources = {line.entrant_id: _line_money(line, product)[1] for line in base.runners} if base else {}
    held = dict(former.unrefunded)
    cents: dict[str, tuple[int | None, Source]] = {}
    for r in runners:
        had = former.cents.get(r.entrant_id)
        if r.scratched:
            if had:
                held[r.entrant_id] = had
            had = 0
        cents[r.entrant_id] = (had, sources.get(r.entrant_id, "none"))
    rest = total - sum(c or 0 for c, _ in cents.values()) - sum(held.values())
    return Money(cents, Settlement(held, rest, "kept", "the answer lacks the pool"))


def _grown(running: Sequence[Runner], runners: Sequence[Runner], total: int, former: refunds.Former) -> Money:
    """Share out a total that only dividends tell, in the former proportions."""
    order = sorted(running, key=lambda r: (r.number, r.entrant_id))
    weights = [former.cents.get(r.entrant_id) or 0 for r in order]
    if not any(weights):
        return Money({r.entrant_id: (None, "none") for r in runners}, Settlement({}, total, "kept", "no shares known"))
    parts = dict(zip((r.entrant_id for r in order), apportion(total, weights), strict=True))
    found: dict[str, tuple[int | None, Source]] = {i: (part, "pool_odds") for i, part in parts.items()}
    return Money({r.entrant_id: found.get(r.entrant_id, (0, "none")) for r in runners})


def _former(product: str, base: LedgerRow | None) -> refunds.Former | None:
    """Return one pool at the poll before, None where nothing was known of it."""
    total = base.pools.cents(product) if base and base.pools else None
    if base is None or base.pools is None or not total:
        return None
    settled = base.pools.settled.get(product, Settlement())
    kind = f"pool_{product}"
    odds: dict[str, Decimal | None] = {line.entrant_id: line.odds(kind) for line in base.runners}
    return refunds.Former(
        total,
        {line.entrant_id: _line_money(line, product)[0] for line in base.runners},
        odds,
        frozenset(line.entrant_id for line in base.runners if line.scratched),
        settled.unrefunded,
        settled.word,  # type: ignore[arg-type]
    )


def _line_money(line: RunnerLine, product: str) -> tuple[int | None, Source]:
    return (line.win_cents, line.win_source) if product == "win" else (line.place_cents, line.place_source)
