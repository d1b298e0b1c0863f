"""Rows that the predecessor wrote under random ids and ours are under their race's: moved, so that a race has one row.

The client asks for one row of a race without an order, and an older one might be the one that it gets.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.fills import FILLED, LINKS, Link, LinkedRows, named, rows_of
from ops.schema import Server, clashing
from raceday.errors import StoreError
from raceday.ids import is_id
from raceday.tables import BY_ID, RACE_POOLS, RACE_RESULTS

# Of the tables that have one row a race. Timeline and odds rows are many, and stay under the ids that they have.
BY_RACE = tuple(link for link in LINKS if link.table in (RACE_RESULTS, RACE_POOLS))


@dataclass(frozen=True, slots=True)
class Moves:
    """What of one table stands under other ids than its races'.

    Ids to move, and to delete, for their race has one: each with its race.

    `copied` are the first of them whose copy a migration that was stopped had made: nothing is lost with these.
    """

    link: Link
    to: dict[str, str] = field(default_factory=dict)
    copied: list[str] = field(default_factory=list)
    doubled: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say how many rows are copied and deleted."""
        count = len(self.to) + len(self.copied) + len(self.doubled)
        return f"put {rows_of(count)} of {self.link.table} under their race's id"

    @property
    def loses(self) -> str:
        """Say which rows are deleted beside one that stays, "" for none."""
        if not self.doubled:
            return ""
        told = named([f"{row} of race {race}" for row, race in self.doubled.items()])
        return f"{rows_of(len(self.doubled))} of races that have one under their id already, or a better one ({told})"


def found_moves(server: Server) -> Iterator[Moves]:
    """Yield for each table what has to be moved; of several rows of a race the best stays, Final ones before newer."""
    rows = LinkedRows(server)
    for link in BY_RACE:
        if any(_stays(link, column) for column in rows.columns(link.table).values()) or _unique(server, link.table):
            continue
        there = {row["$id"]: row for row in rows.all(link.table)}
        races = {row_id: rows.ids(link, row)["raceId"] for row_id, row in there.items()}
        known = Counter(race for row_id, race in races.items() if row_id == race)
        moves = Moves(link)
        # Of two of one millisecond the one made later is the newer.
        best = sorted(enumerate(there), key=lambda each: (*_worth(there[each[1]]), each[0]), reverse=True)
        for _, row_id in best:
            race = races[row_id]
            if row_id == race or not is_id(race):
                continue
            if known[race] == 1 and race in there and _is_copy(there[race], there[row_id]):
                moves.copied.append(row_id)
            elif known[race]:
                moves.doubled[row_id] = race
            else:
                moves.to[row_id] = race
            known[race] += 1
        if moves.to or moves.copied or moves.doubled:
            yield moves


def _worth(row: dict[str, Any]) -> tuple[bool, bool, str]:
    """Return what makes one row of a race better than another: Final results, results at all, then the newer."""
    final = str(row.get("resultStatus") or "").lower() == "final"
    return final, bool(row.get("resultsAvailable")), str(row["$updatedAt"])


def _stays(link: Link, column: dict[str, Any]) -> bool:
    """Tell whether a column is somebody's own link, or the far end of one, which no copy of a row would have."""
    far = (column.get("relatedTable"), column.get("twoWayKey")) if column.get("side") == "child" else None
    known = column["key"] == link.key or far in {(each.table, each.key) for each in FILLED}
    return column["type"] == "relationship" and not known


def _unique(server: Server, table: str) -> bool:
    """Tell whether a unique index is somebody's own: under it no copy can stand beside what it was made of."""
    there = server.get(f"/tablesdb/{server.database}/tables/{table}") or {}
    return any(index["type"] == "unique" and not clashing(BY_ID[table], index) for index in there.get("indexes", []))


def move(server: Server, moves: Moves, done: Callable[[int], None]) -> None:
    """Copy each row with all its columns, then delete it: stopped between, the copy stands and the rest follows.

    A copy that does not stand as it should ends it before the row is deleted. `done` hears of each row.
    """
    path = f"/tablesdb/{server.database}/tables/{moves.link.table}/rows"
    for count, row_id in enumerate([*moves.to, *moves.copied, *moves.doubled], 1):
        race = moves.to.get(row_id)
        row = server.get(f"{path}/{row_id}") if race else None
        if row is not None:
            made = server.send("POST", path, {"rowId": race, "data": _copy(row)}) or server.get(f"{path}/{race}") or {}
            if not _is_copy(made, row):
                raise StoreError(f"{moves.link.table} {row_id}: its copy under {race} is not as it is, so it stays")
        server.drop(f"{path}/{row_id}")
        done(count)


def _is_copy(made: dict[str, Any], row: dict[str, Any]) -> bool:
    """Tell whether a row has all that another has; a column that is null there may have its default."""
    return all(made.get(key) == value for key, value in _copy(row).items())


def _copy(row: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in row.items() if not key.startswith("$") and value is not None}
    stamps = {key: row.get(key) for key in ("$createdAt", "$updatedAt")}
    return {**own, **stamps, "$permissions": row.get("$permissions") or []}
