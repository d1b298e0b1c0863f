"""How far each projection is behind the ledger of the last hour."""

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from appwrite.query import Query

from local.console.source import Source
from raceday.clock import iso
from raceday.container import Container
from raceday.ledger.codec import HEAD, read_head
from raceday.racing.records import LedgerHead
from raceday.scheduling.waking import PROJECTIONS, Projection
from raceday.tables import RACE_POLLS

BACK = timedelta(hours=1)
_MOST_RACES = 100


@dataclass(frozen=True, slots=True)
class Lag:
    """One projection's races behind, of those that were polled; `secs` since the oldest poll that it does not show."""

    function: str
    behind: int
    races: int
    secs: float


async def read_lags(source: Source) -> list[Lag]:
    """Compare each projection with the ledger's rows of the last hour, as the scheduler does to wake it."""
    queries = [Query.greater_than("slot", iso(source.now() - BACK))]
    rows = [read_head(row) for row in await source.store.find(RACE_POLLS, queries, select=HEAD)]
    return [await _lag(source, projection, rows) for projection in PROJECTIONS]


async def _lag(source: Source, projection: Projection, rows: list[LedgerHead]) -> Lag:
    shown = sorted((row for row in rows if projection.shows(row)), key=lambda row: row.n)
    newest = list({row.race_id: row for row in shown}.values())
    # A projection's reach is read from the store alone.
    reader = cast("Container", SimpleNamespace(store=source.store, clock=source.clock))
    reached: dict[str, int] = {}
    for begin in range(0, len(newest), _MOST_RACES):
        reached |= await projection.reached(reader, newest[begin : begin + _MOST_RACES])
    owed = [row for row in shown if row.n > reached.get(row.race_id, 0)]
    secs = max(((source.now() - row.slot).total_seconds() for row in owed), default=0.0)
    return Lag(projection.function, len({row.race_id for row in owed}), len(newest), max(0.0, secs))
