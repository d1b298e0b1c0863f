"""race-pools-aggregator: keeps a race's pool totals as of the newest poll that knew them, and its closing prices."""

import json
from collections.abc import Mapping
from typing import Any

from raceday.call import Call
from raceday.catalogue.products import POOL_COLUMNS
from raceday.clock import iso
from raceday.container import Container, Kept, forget_oldest
from raceday.errors import StoreConflict
from raceday.ledger import log as ledger
from raceday.projections import closing_prices
from raceday.racing.pools import same_pool
from raceday.racing.records import LedgerRow
from raceday.store.port import Row
from raceday.tables import RACE_POOLS

CURRENCY = "$"
TRIES = 3
# By race: the row as this process wrote it last.
_WRITTEN: Kept[dict[str, Row]] = Kept(dict)
_MOST_KNOWN = 300


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Bring one race's pool totals, and when it has closed its closing prices, up to date."""
    race_id = call.params["raceId"]
    changed = await catch_up(container, race_id, call)
    closed = closing_prices.may_owe(call) and await closing_prices.catch_up(container, race_id)
    return {"ok": True, "raceId": race_id, "changed": changed, "closingPrices": closed}


async def catch_up(container: Container, race_id: str, call: Call) -> bool:
    """Write the totals of the newest poll that listed pools, unless a newer one is there; tells whether it wrote."""
    known = container.cache.of(_WRITTEN)
    sent = ledger.with_pools(call.row) if call.row and ledger.remember(container, call.row) else None
    mine = known.pop(race_id, None) if sent else None
    for turn in range(TRIES):
        # The first try trusts what this process wrote and the row that its webhook carries; a conflict reads anew.
        stored = mine if turn == 0 and mine else await container.store.get(RACE_POOLS, race_id)
        after_n = int(stored["n"] or 0) if stored else 0
        newest = sent
        if sent is None or turn:
            newest = await ledger.newest_with_pools(container.store, race_id, after_n)
        if newest is None or newest.n <= after_n:
            return False
        row = pools_row(newest)
        try:
            known[race_id] = await _write(container, race_id, stored, row)
        except StoreConflict:
            # Somebody else wrote between the read and the write; look again whether theirs is newer.
            continue
        forget_oldest(known, _MOST_KNOWN)
        _tell_differences(call, row)
        return True
    return False


def pools_row(state: LedgerRow) -> dict[str, Any]:
    """Return the columns of a race's totals in cents; a product that the feed does not list counts 0.

    The total holds single-race products alone: a multi-leg pool is listed again on each of its races.
    """
    single = state.pools.single if state.pools else {}
    multi = state.pools.multi if state.pools else {}
    differences = dividend_differences(single, state.dividends)
    return {
        "raceId": state.race_id,
        **{column: single.get(product, 0) for product, column in POOL_COLUMNS.items()},
        "totalRacePool": sum(single.get(product, 0) for product in POOL_COLUMNS),
        "multiLegTotal": sum(multi.values()),
        "currency": CURRENCY,
        "n": state.n,
        "lastUpdated": iso(state.slot),
        "dividendDifferences": json.dumps(differences) if differences else None,
    }


def dividend_differences(single: Mapping[str, int], paid: Mapping[str, int] | None) -> dict[str, dict[str, int]]:
    """Return the products whose total differs from the pool that their dividends were paid from, in cents."""
    return {
        product: {"pool_cents": single[product], "dividend_pool_cents": cents}
        for product, cents in (paid or {}).items()
        if single.get(product) and not same_pool(single[product], cents)
    }


async def _write(container: Container, race_id: str, stored: Row | None, row: dict[str, Any]) -> Row:
    """Write the row; gives what a later write has to know of it."""
    if stored is None:
        found = await container.store.create(RACE_POOLS, race_id, row)
    else:
        found = await container.store.update(RACE_POOLS, race_id, row, if_not_after=stored.get("$updatedAt", ""))
    return {"n": row["n"], "$updatedAt": found["$updatedAt"]}


def _tell_differences(call: Call, row: dict[str, Any]) -> None:
    if row["dividendDifferences"]:
        call.log.warning("pools.differ_from_dividends", raceId=row["raceId"], differences=row["dividendDifferences"])
