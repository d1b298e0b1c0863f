"""Each race's append-only log of polls: the only module that reads or writes table `race-polls`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from appwrite.query import Query

from raceday.clock import iso
from raceday.container import Container, Kept, forget_oldest
from raceday.ids import row_key
from raceday.ledger.codec import HEAD, from_row, read_gaps, read_head, to_row
from raceday.racing.records import Gap, LedgerHead, LedgerRow, carried
from raceday.store.port import Op, Row, Store
from raceday.tables import RACE_POLLS

_POLL = ("raceId", "meetingId", "n", "slot", "kind", "fetchedAt", "generatedAt", "startTime", "status")
# What the timeline and the alerts read of a row, and what the pool totals do.
FIGURES = (*_POLL, "score", "race", "pools", "runners", "held")
TOTALS = (*_POLL, "pools", "dividends")
_READ: Kept[dict[tuple[str, int], LedgerRow]] = Kept(dict)
_MOST_KEPT = 1500


def key(race_id: str, n: int) -> str:
    """Return the id of a race's row `n`: two polls that would both be the n-th meet on it."""
    return row_key("race-poll", race_id, n)


async def append(store: Store, row: LedgerRow, ops: Sequence[Op] = (), begun: str = "") -> None:
    """Append a row, in one transaction with `ops` where there are any; raises StoreConflict where row n is there.

    `begun` is a transaction that stands open for it.
    """
    if ops:
        await store.commit([Op("create", RACE_POLLS, key(row.race_id, row.n), to_row(row)), *ops], begun)
    else:
        await store.create(RACE_POLLS, key(row.race_id, row.n), to_row(row))


async def newest(store: Store, race_id: str) -> LedgerRow | None:
    """Return a race's newest row, None before its first poll."""
    found = await store.find(RACE_POLLS, [Query.equal("raceId", [race_id]), Query.order_desc("n")], limit=1)
    return from_row(found[0]) if found else None


async def newest_n(store: Store, race_id: str) -> int:
    """Return the number of a race's newest row, 0 before its first poll."""
    queries = [Query.equal("raceId", [race_id]), Query.order_desc("n")]
    found = await store.find(RACE_POLLS, queries, limit=1, select=("n",))
    return int(found[0]["n"]) if found else 0


async def newest_with_pools(store: Store, race_id: str, after_n: int) -> LedgerRow | None:
    """Return a race's newest row beyond `after_n` that knows its pools of its own answer, with the columns of TOTALS.

    A held row repeats what stands already.
    """
    queries = [Query.greater_than("n", after_n), Query.is_not_null("pools"), Query.equal("held", [False])]
    return await _last(store, race_id, queries, TOTALS)


def with_pools(row: Mapping[str, Any]) -> LedgerRow | None:
    """Return a whole stored row with the columns of TOTALS, None where it knows no pools of its own answer."""
    if row.get("held") is not False or row.get("pools") is None:
        return None
    return from_row({column: row.get(column) for column in TOTALS}, selected=TOTALS)


async def whole(store: Store, race_id: str) -> list[LedgerRow]:
    """Return every row of a race in order."""
    rows = await store.find(RACE_POLLS, [Query.equal("raceId", [race_id]), Query.order_asc("n")])
    return [from_row(row) for row in rows]


async def since(container: Container, race_id: str, n: int, *, until_n: int = 0) -> list[LedgerRow]:
    """Return a race's rows from `n` on, in order, with the columns of FIGURES.

    A row that lists no pools stands on the figures before it, wherever the reader begins. What this process has read or
    was sent is not read again, for a row never changes; where it has all rows up to `until_n`, none is read.
    """
    known = container.cache.of(_READ)
    found = list(_in_a_row(known, race_id, n))
    unknown = n + len(found)
    if not found or unknown <= until_n or not until_n:
        rows = await container.store.find(
            RACE_POLLS,
            [Query.equal("raceId", [race_id]), Query.greater_than_equal("n", unknown), Query.order_asc("n")],
            select=FIGURES,
        )
        found += _remembered(container, race_id, rows)
    if found and found[0].pools is None and found[0].n > 1:
        queries = [Query.less_than("n", found[0].n), Query.is_not_null("pools")]
        before = await _last(container.store, race_id, queries, FIGURES)
        found[0] = carried(found[0], before) if before else found[0]
    for i, row in enumerate(found[1:], 1):
        if row.pools is None and found[i - 1].pools is not None:
            found[i] = carried(row, found[i - 1])
    return found


async def heads(
    store: Store, since: datetime, statuses: Sequence[str] = (), *, created_since: datetime | None = None
) -> list[LedgerHead]:
    """Return the heads of all races' rows whose slot is at `since` or later, of these statuses only where given.

    With `created_since` only of rows that were written then or later.
    """
    queries = [Query.greater_than_equal("slot", iso(since))]
    if created_since is not None:
        queries.append(Query.greater_than_equal("$createdAt", iso(created_since)))
    if statuses:
        queries.append(Query.equal("status", list(statuses)))
    return [read_head(row) for row in await store.find(RACE_POLLS, queries, select=("$id", *HEAD))]


async def gaps(store: Store, since: datetime, until: datetime) -> list[tuple[str, Gap]]:
    """Return the gaps that rows with slots from `since` to `until` tell of, each with its race."""
    rows = await store.find(
        RACE_POLLS, [Query.between("slot", iso(since), iso(until))], select=("$id", "raceId", "gaps")
    )
    return [(row["raceId"], gap) for row in rows for gap in read_gaps(row)]


async def _last(store: Store, race_id: str, queries: Sequence[str], select: Sequence[str]) -> LedgerRow | None:
    rows = await store.find(
        RACE_POLLS, [Query.equal("raceId", [race_id]), *queries, Query.order_desc("n")], limit=1, select=select
    )
    return from_row(rows[0], selected=select) if rows else None


def remember(container: Container, row: Mapping[str, Any]) -> int:
    """Keep the row that a webhook carried, and give its number; 0 where it is not a whole row."""
    if any(column not in row for column in FIGURES):
        return 0
    try:
        kept = _remembered(container, str(row["raceId"]), [{column: row[column] for column in FIGURES}])
    except (ValueError, KeyError, TypeError):
        return 0
    return kept[0].n


def _in_a_row(known: Mapping[tuple[str, int], LedgerRow], race_id: str, n: int) -> Iterator[LedgerRow]:
    """Return the rows from `n` on that follow one another without a gap."""
    while (row := known.get((race_id, n))) is not None:
        yield row
        n += 1


def _remembered(container: Container, race_id: str, rows: Sequence[Row]) -> list[LedgerRow]:
    """Parse rows once per process: a ledger row never changes."""
    known = container.cache.of(_READ)
    found = []
    for row in rows:
        at = (race_id, int(row["n"]))
        if at not in known:
            known[at] = from_row(row, selected=FIGURES)
        found.append(known[at])
    forget_oldest(known, _MOST_KEPT)
    return found
