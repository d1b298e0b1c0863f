"""How far each race's alerts are evaluated: a row of the suite's state for each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from appwrite.query import Query

from raceday.clock import iso
from raceday.container import Container
from raceday.ids import row_key
from raceday.tables import SUITE_STATE

CURSOR = "alert-cursor"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a race is evaluated: labels seen, the newest two labels' ledger rows, and whether users were reminded."""

    intervals: tuple[int, ...] = ()
    before_n: int = 0
    last_n: int = 0
    reminded: bool = False
    row_id: str = ""

    def dump(self) -> str:
        """Write the cursor as its row keeps it."""
        return json.dumps(
            {
                "intervals": self.intervals,
                "before_n": self.before_n,
                "last_n": self.last_n,
                "reminded": self.reminded,
            }
        )


async def read_cursor(container: Container, race_id: str) -> Cursor:
    """Read how far a race is evaluated; an empty cursor where it never was."""
    row = await container.store.get(SUITE_STATE, row_key(CURSOR, race_id))
    if row is None:
        return Cursor()
    data = json.loads(row["data"] or "{}")
    return Cursor(
        tuple(data.get("intervals", ())), data.get("before_n", 0), data.get("last_n", 0), bool(data.get("reminded"))
    )


async def write_cursor(container: Container, race_id: str, cursor: Cursor, *, reminded: bool) -> None:
    """Keep how far a race is evaluated; written last, so that a crash repeats an evaluation and never skips one."""
    state = Cursor(cursor.intervals, cursor.before_n, cursor.last_n, reminded)
    row = {"kind": CURSOR, "name": race_id, "at": iso(container.clock.now()), "data": state.dump()}
    await container.store.upsert(SUITE_STATE, row_key(CURSOR, race_id), row)


async def evaluated(container: Container, race_ids: Sequence[str]) -> dict[str, int]:
    """Return for each of at most 100 races the ledger row of the newest label that was evaluated, where one was."""
    keys = [row_key(CURSOR, race_id) for race_id in race_ids]
    rows = await container.store.find(SUITE_STATE, [Query.equal("$id", keys)], select=("$id", "name", "data"))
    return {row["name"]: int(json.loads(row["data"] or "{}").get("last_n", 0)) for row in rows}
