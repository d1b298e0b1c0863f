"""Closing prices, kept by race-pools-aggregator: written when a race has closed, corrected with its results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.ids import row_key
from raceday.ledger import log as ledger
from raceday.ledger.codec import read_head
from raceday.racing.closing import is_closed, jump_of, prices_of, runners_of
from raceday.racing.dividends import dividends_of
from raceday.racing.records import LedgerRow
from raceday.store.port import Row
from raceday.tables import CLOSING_PRICES, RACE_POLLS, RACE_RESULTS
from raceday.tables.base import changed_columns
from raceday.tables.closing_prices import price_row, with_dividends

_PASSING = frozenset({"lastUpdated"})


def may_owe(call: Call) -> bool:
    """Tell from the row that woke a function whether its race may have closed; only a ledger row can say that not."""
    if not call.row or call.table != RACE_POLLS:
        return True
    try:
        head = read_head(call.row)
    except (ValueError, KeyError, TypeError):
        return True
    return head.status.over or head.kind == "closing"


async def catch_up(container: Container, race_id: str) -> bool:
    """Write the runners' rows that differ from what the ledger and the results say; tells whether any did."""
    changed = await differing(container, race_id)
    if changed:
        stamp = iso(container.clock.now())
        await container.store.upsert_many(CLOSING_PRICES, [{**row, "lastUpdated": stamp} for row in changed])
    return bool(changed)


async def is_behind(container: Container, race_id: str) -> bool:
    """Tell whether a race has closing prices that are not written."""
    return bool(await differing(container, race_id))


async def differing(container: Container, race_id: str) -> list[Row]:
    """Return the rows that a race owes and does not have; what was made of a newer poll stays."""
    history = await ledger.since(container, race_id, 1)
    results = await container.store.get(RACE_RESULTS, race_id)
    if not is_closed(history) and (history or results is None):
        return []
    stored = {row["$id"]: row for row in await _stored(container, race_id)}
    whole = bool(history) and history[0].n == 1
    owed = rows_of(history, results) if whole else _corrected(list(stored.values()), results)
    return [row for row in owed if _is_newer(stored.get(row["$id"]), row)]


async def _stored(container: Container, race_id: str) -> list[Row]:
    return await container.store.find(CLOSING_PRICES, [Query.equal("raceId", [race_id])])


def rows_of(history: Sequence[LedgerRow], results: Mapping[str, Any] | None) -> list[Row]:
    """Return every runner's row of a race that has closed."""
    newest, jump = history[-1], jump_of(history)
    runners = runners_of(history)
    worn = Counter(line.number for line in newest.runners if not line.scratched)
    found = []
    for entrant_id, line in runners.items():
        row = price_row(newest.race_id, line, prices_of(history, entrant_id), jump, newest.n)
        out = line.scratched or newest.runner(entrant_id) is None
        paid = dividends_of(results, line.number, scratched=out, shared=worn[line.number] > 1)
        found.append({"$id": row_key("closing-price", newest.race_id, entrant_id), **with_dividends(row, paid)})
    return found


def _corrected(stored: Sequence[Row], results: Mapping[str, Any] | None) -> list[Row]:
    """Return stored rows with the dividends of newer results: the ledger they were made of has been pruned."""
    worn = Counter(row["runnerNumber"] for row in stored if '"reason": "scratched"' not in row["detail"])
    found = []
    for row in stored:
        out = row["runnerNumber"] not in worn
        paid = dividends_of(results, row["runnerNumber"], scratched=out, shared=worn[row["runnerNumber"]] > 1)
        kept = {k: v for k, v in row.items() if not k.startswith("$") and k not in _PASSING}
        found.append({"$id": row["$id"], **with_dividends(kept, paid)})
    return found


def _is_newer(stored: Row | None, row: Row) -> bool:
    if stored is None:
        return True
    if int(stored["n"]) > int(row["n"]):
        return False
    new = {k: v for k, v in row.items() if k not in ("$id", "n")}
    # A price that is null now is no gap to keep a former one in: the reason stands beside it.
    return bool(changed_columns(stored, new)) or any(stored.get(k) is not None and v is None for k, v in new.items())
