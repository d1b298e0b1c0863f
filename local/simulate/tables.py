"""The rows that a simulated day has left, table by table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from raceday.store.port import Row, Store
from raceday.tables import (
    BY_ID,
    ENTRANTS,
    MEETINGS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_POOLS,
    RACES,
)

# Only new rows of these are a day's own: an earlier run on the same store may have left others.
_GROWING = (RACE_POLLS, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY)


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
    """Leave out what an earlier run on the same store had written: its polls are not this day's."""
    rows = dict(after.rows)
    for table in _GROWING:
        known = {row["$id"] for row in before[table]}
        rows[table] = [row for row in after[table] if row["$id"] not in known]
    return Tables(rows)
