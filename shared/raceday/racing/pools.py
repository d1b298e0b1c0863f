"""A race's pools after one answer: totals as far as they are known."""

import math
from collections.abc import Mapping, Sequence

from raceday.catalogue.products import POOL_COLUMNS
from raceday.racing.records import PoolTotals
from raceday.racing.snapshot import Pool, Snapshot, Status


def totals(snapshot: Snapshot, before: PoolTotals | None, status: Status) -> PoolTotals | None:
    """Return the totals by product; None where no answer ever knew any.

    A positive total of the answer counts first, then the pool behind the dividends, then what was last known: the
    feed drops or zeroes pools at the end. A pool called off counts 0. An abandoned race keeps of each pool the last
    total that it was seen to live with, whenever it was called off: one by one or all at once is the same end.
    """
    paid = dividend_pools(snapshot)
    if snapshot.pools is None and before is None and not paid:
        return None
    known = dict(before.single) if before else {}
    listed = _by_product(snapshot.pools or (), known)
    off = set(before.dead) if before else set()
    if status is Status.ABANDONED and before is not None:
        known |= before.lived
        off -= before.lived.keys()
    settled = dividend_pools(snapshot, final_only=True)
    # Provisional dividends may be of a pool that was not whole yet: less than what was known is no news.
    paid = {p: cents for p, cents in paid.items() if p in settled or cents >= known.get(p, 0)}
    single: dict[str, int] = {}
    dead: list[str] = []
    kept: dict[str, str] = {}
    for product in [p for p in POOL_COLUMNS if p in listed or p in known or p in paid]:
        pool = listed.get(product)
        was_off = product in off
        # The feed calls off every pool of an abandoned race, which tells nothing of the pool itself; nor does a word
        # that nobody knows.
        if was_off if pool is None or status is Status.ABANDONED or not pool.is_told else pool.dead:
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
    lived = _lived(before, dead)
    return PoolTotals(single, _multi(snapshot, before), tuple(dead), kept, lived=lived)


def _lived(before: PoolTotals | None, dead: Sequence[str]) -> dict[str, int]:
    """Return the last totals that dead pools were seen to live with: the race's own if it turns Abandoned."""
    if before is None:
        return {}
    alive = {product: cents for product, cents in before.single.items() if cents and product not in before.dead}
    return {product: cents for product, cents in {**before.lived, **alive}.items() if product in dead}


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


def listed_twice(snapshot: Snapshot) -> list[str]:
    """Return the single-race products that are listed with more than one total: nobody can tell which is theirs."""
    totals: dict[str, set[int]] = {}
    for pool in snapshot.pools or ():
        if pool.single_race and not pool.dead and (pool.total_cents or 0) > 0:
            totals.setdefault(pool.product, set()).add(pool.total_cents or 0)
    return [product for product, each in totals.items() if len(each) > 1]


def _by_product(pools: Sequence[Pool], known: Mapping[str, int]) -> dict[str, Pool]:
    """Return each single-race product's pool.

    Of two of one product it is the one that lives, then one with money, then the nearer to what was known.
    """
    found: dict[str, Pool] = {}
    for pool in pools:
        first = found.get(pool.product)
        if pool.single_race and (first is None or _counts_less(first, pool, known.get(pool.product, 0))):
            found[pool.product] = pool
    return found


def _counts_less(one: Pool, other: Pool, known: int) -> bool:
    if one.dead or other.dead:
        return one.dead and not other.dead
    first, second = one.total_cents or 0, other.total_cents or 0
    if first > 0 and second > 0 and known:
        # How many times one is the other: a pool grows by a factor, not by an amount.
        return max(second, known) * min(first, known) < max(first, known) * min(second, known)
    return first <= 0 < second


def _multi(snapshot: Snapshot, before: PoolTotals | None) -> dict[str, int]:
    """Return multi-leg totals; a race can be a leg of two doubles at once."""
    multi: dict[str, int] = {}
    for pool in snapshot.pools or ():
        if not pool.single_race and pool.total_cents is not None and pool.total_cents >= 0 and not pool.dead:
            multi[pool.product] = multi.get(pool.product, 0) + pool.total_cents
    return multi or (dict(before.multi) if before else {})
