"""A day's big tables on disk: what a race has left is put away when it is over, and read again race by race."""

import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from local.tape.keeping import one_race
from local.testing.memory_store import MemoryStore
from raceday.store.port import Row
from raceday.tables import CLOSING_PRICES, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY, RACE_POLLS

SPILLED = (RACE_POLLS, MONEY_FLOW, ODDS_HISTORY)
# Where nothing follows a race's last step, as a ledger tells, these go with them.
WHOLE = (*SPILLED, CLOSING_PRICES, NOTIFICATIONS)


class Finds(Protocol):
    """What an export asks of a store."""

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]: ...


class SpilledStore:
    """A store in memory, with ledger, timeline and odds of the races that are over on disk until it is closed.

    Functions find them as retention leaves them: the ledger gone, results and closing prices there.
    """

    def __init__(self, memory: MemoryStore, tables: Sequence[str] = SPILLED) -> None:
        self.memory, self.tables = memory, tables
        self._folder = tempfile.TemporaryDirectory(prefix="raceday-spill-")
        self._races: set[str] = set()

    def take(self, race_id: str) -> None:
        """Put a race's rows away; those that come later are put away with them by another call."""
        path = self._path(race_id)
        before = self._read(race_id)
        rows = {table: [*before.get(table, []), *self.memory.forget(table, race_id)] for table in self.tables}
        path.write_bytes(pickle.dumps(rows, protocol=pickle.HIGHEST_PROTOCOL))
        self._races.add(race_id)

    def give(self, race_id: str) -> None:
        """Put a race's rows back into memory, for functions that go on with it."""
        for table, rows in self._read(race_id).items():
            self.memory.restore(table, rows)
        if race_id in self._races:
            self._races.remove(race_id)
            self._path(race_id).unlink()

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return rows as the store in memory would, one race's from disk where they were put away."""
        there = await self.memory.find(table, queries, limit=limit, select=select)
        race_id = one_race(queries) if table in self.tables else ""
        return [*self._read(race_id).get(table, []), *there] if race_id else there

    def close(self) -> None:
        """Remove what is on disk."""
        self._folder.cleanup()

    def _read(self, race_id: str) -> dict[str, list[Row]]:
        if race_id not in self._races:
            return {}
        # Only this process has written it, into a folder that nobody else may read.
        rows: dict[str, list[Row]] = pickle.loads(self._path(race_id).read_bytes())
        return rows

    def _path(self, race_id: str) -> Path:
        return Path(self._folder.name) / f"{race_id.encode().hex()}.rows"
