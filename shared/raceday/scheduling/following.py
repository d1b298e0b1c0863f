"""Reading a table's rows once and then only what changed: rows read are what Appwrite's cloud charges for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from appwrite.query import Query

from raceday.clock import iso
from raceday.container import Container, Kept
from raceday.store.port import Row

# A row may be committed a little after its stamp, and clocks differ: what is this old is read again.
OVERLAP = timedelta(seconds=45)
# A row that was deleted is forgotten when everything is read anew; a process that slept has missed too much.
WHOLE_EVERY, LONGEST_GAP = timedelta(minutes=30), timedelta(minutes=10)


@dataclass(slots=True)
class Followed:
    """A process's picture of some rows: by id, when they were read whole, and when last."""

    rows: dict[str, Row]
    whole_at: datetime
    read_at: datetime


# By table.
_FOLLOWED: Kept[dict[str, Followed]] = Kept(dict)


async def follow(
    container: Container,
    table: str,
    whole: list[str],
    select: tuple[str, ...],
    *,
    changes: list[str] | None = None,
    keep: Callable[[Row], bool] = lambda row: True,
) -> list[Row]:
    """Return the rows that match `whole`: read once, then only those changed since, of `changes` where that is wider.

    `keep` tells of a changed row whether it still belongs; a changed row that does not is dropped.
    """
    now, followed = container.clock.now(), container.cache.of(_FOLLOWED)
    known = followed.get(table)
    if known is None or now - known.whole_at >= WHOLE_EVERY or not timedelta(0) <= now - known.read_at < LONGEST_GAP:
        found = await container.store.find(table, whole, select=select)
        followed[table] = known = Followed({row["$id"]: row for row in found}, now, now)
    else:
        since = Query.greater_than_equal("$updatedAt", iso(known.read_at - OVERLAP))
        found = await container.store.find(table, [*(whole if changes is None else changes), since], select=select)
        known.rows |= {row["$id"]: row for row in found}
        known.read_at = now
    known.rows = {row_id: row for row_id, row in known.rows.items() if keep(row)}
    return list(known.rows.values())
