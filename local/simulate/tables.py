"""The rows that a simulated day has left, table by table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from raceday.store.port import Row, Store
from raceday.tables import (
    ALERT_CONFIGS,
    ALERT_FILTERS,
    BY_ID,
    ENTRANTS,
    MEETINGS,
    MONEY_FLOW,
    NOTIFICATIONS,
    RACE_POLLS,
    RACE_POOLS,
    RACES,
    SILKS,
)

# What belongs to users, and is read whole whoever wrote it.
_USERS = (ALERT_CONFIGS, ALERT_FILTERS, SILKS)


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of a finished day, by table."""

    rows: Mapping[str, Sequence[Row]]

    def __getitem__(self, table: str) -> Sequence[Row]:
        """Return one table's rows."""
        return self.rows[table]

    @property
    def meetings(self) -> Sequence[Row]:
        """Return the meetings."""
        return self.rows[MEETINGS]

    @property
    def races(self) -> Sequence[Row]:
        """Return the races."""
        return self.rows[RACES]

    @property
    def entrants(self) -> Sequence[Row]:
        """Return the entrants."""
        return self.rows[ENTRANTS]

    @property
    def ledger(self) -> Sequence[Row]:
        """Return the committed polls."""
        return self.rows[RACE_POLLS]

    @property
    def pools(self) -> Sequence[Row]:
        """Return the pool totals."""
        return self.rows[RACE_POOLS]

    @property
    def flow(self) -> Sequence[Row]:
        """Return the timeline's rows."""
        return self.rows[MONEY_FLOW]

    @property
    def notifications(self) -> Sequence[Row]:
        """Return the notifications."""
        return self.rows[NOTIFICATIONS]


def when(text: str) -> datetime:
    """Read an instant of a row."""
    return datetime.fromisoformat(text)


async def read_tables(store: Store) -> Tables:
    """Read every table whole."""
    return Tables({table: await store.find(table) for table in BY_ID})


def since(before: Tables, after: Tables) -> Tables:
    """Leave out what an earlier run on the same store had written and this one left alone."""
    rows = dict(after.rows)
    for table in rows.keys() - set(_USERS):
        known = {(row["$id"], row["$updatedAt"]) for row in before[table]}
        rows[table] = [row for row in after[table] if (row["$id"], row["$updatedAt"]) not in known]
    return Tables(rows)
