"""Rows that the predecessor wrote under random ids and ours are under their race's: moved, so that a race has one row.

The client asks for one row of a race without an order, and an older one might be the one that it gets.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.fills import FILLED, LINKS, Link, LinkedRows, rows_of
from ops.schema import Server
from raceday.ids import is_id
from raceday.tables import RACE_POOLS, RACE_RESULTS

# Of the tables that have one row a race. Timeline and odds rows are many, and stay under the ids that they have.
BY_RACE = tuple(link for link in LINKS if link.table in (RACE_RESULTS, RACE_POOLS))


@dataclass(frozen=True, slots=True)
class Moves:
    """What of one table stands under other ids than its races': ids to move, and to delete, for their race has one."""

    link: Link
    to: dict[str, str] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say how many rows are copied and deleted."""
        return f"put {rows_of(len(self.to) + len(self.doubled))} of {self.link.table} under their race's id"

    @property
    def loses(self) -> str:
        """Say how many rows are deleted beside one that stays, "" for none."""
        if not self.doubled:
            return ""
        return f"{rows_of(len(self.doubled))} of races that have one under their id already, or a newer one"


def found_moves(server: Server) -> Iterator[Moves]:
    """Yield for each table what has to be moved, of several rows of a race the newest."""
    rows = LinkedRows(server)
    for link in BY_RACE:
        if any(_stays(link, column) for column in rows.columns(link.table).values()):
            continue
        there = {row["$id"]: row for row in rows.all(link.table)}
        races = {row_id: rows.ids(link, row)["raceId"] for row_id, row in there.items()}
        known = Counter(race for row_id, race in races.items() if row_id == race)
        moves = Moves(link)
        # Of two of one millisecond the one made later is the newer.
        newest = sorted(enumerate(there), key=lambda each: (str(there[each[1]]["$updatedAt"]), each[0]), reverse=True)
        for _, row_id in newest:
            race = races[row_id]
            if row_id == race or not is_id(race):
                continue
            if known[race]:
                moves.doubled.append(row_id)
            else:
                moves.to[row_id] = race
            known[race] += 1
        if moves.to or moves.doubled:
            yield moves


def _stays(link: Link, column: dict[str, Any]) -> bool:
    """Tell whether a column is somebody's own link, or the far end of one, which no copy of a row would have."""
    far = (column.get("relatedTable"), column.get("twoWayKey")) if column.get("side") == "child" else None
    known = column["key"] == link.key or far in {(each.table, each.key) for each in FILLED}
    return column["type"] == "relationship" and not known


def move(server: Server, moves: Moves) -> None:
    """Copy each row with all its columns, then delete it: stopped between, the copy stands and the rest follows."""
    path = f"/tablesdb/{server.database}/tables/{moves.link.table}/rows"
    for row_id, race in moves.to.items():
        row = server.get(f"{path}/{row_id}")
        if row is not None:
            server.send("POST", path, {"rowId": race, "data": _copied(row)})
            server.remove(f"{path}/{row_id}")
    for row_id in moves.doubled:
        server.remove(f"{path}/{row_id}")


def _copied(row: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in row.items() if not key.startswith("$") and value is not None}
    stamps = {key: row[key] for key in ("$createdAt", "$updatedAt")}
    return {**own, **stamps, "$permissions": row.get("$permissions") or []}
