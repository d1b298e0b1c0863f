"""Rows that the predecessor wrote under random ids and ours are under their race's: moved, so that a race has one row.

The client asks for one row of a race without an order, and an older one might be the one that it gets.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.fills import FILLED, LINKS, Link, LinkedRows, named, rows_of
from ops.schema import Server, clashing
from raceday.errors import StoreError
from raceday.ids import is_id, row_key
from raceday.tables import BY_ID, RACE_POOLS, RACE_RESULTS, RACES

# Of the tables that have one row a race. Timeline and odds rows are many, and stay under the ids that they have.
BY_RACE = tuple(link for link in LINKS if link.table in (RACE_RESULTS, RACE_POOLS))


@dataclass(frozen=True, slots=True)
class Moves:
    """What of one table stands under other ids than its races'.

    Ids to move, and to delete, for their race has one: each with its race. `aside` are rows that stand under a race's
    id and tell none: each with the id under which it stays. Under the ids of `waits` a row waits for its place.
    `order` is each row with where it goes, "" for nowhere.

    `copied` are ids whose copy a migration that was stopped had made: nothing is lost with these.
    """

    link: Link
    to: dict[str, str] = field(default_factory=dict)
    copied: list[str] = field(default_factory=list)
    doubled: dict[str, str] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    waits: set[str] = field(default_factory=set)
    order: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        """Say how many rows are copied and deleted."""
        count = len(self.to) + len(self.copied) + len(self.doubled)
        return f"put {rows_of(count)} of {self.link.table} under their race's id"

    @property
    def loses(self) -> str:
        """Say which rows are deleted beside one that stays, and which lose their id, "" for none."""
        told = []
        if self.doubled:
            rows = named([f"{row} of race {race}" for row, race in self.doubled.items()])
            count = rows_of(len(self.doubled))
            told.append(f"{count} of races that have one under their id already, or a better one ({rows})")
        if self.aside:
            rows = named([f"{row} as {new}" for row, new in self.aside.items()])
            told.append(f"the id of {rows_of(len(self.aside))} that a race's row needs and that tell no race ({rows})")
        return "; ".join(told)


def found_moves(server: Server) -> Iterator[Moves]:
    """Yield for each table what has to be moved; of several rows of a race the best stays, Final ones before newer."""
    rows = LinkedRows(server)
    for link in BY_RACE:
        if any(_stays(link, column) for column in rows.columns(link.table).values()) or _unique(server, link.table):
            continue
        there = {row["$id"]: row for row in rows.all(link.table)}
        races = {row_id: rows.ids(link, row)["raceId"] for row_id, row in there.items()}
        if all(row_id == race or not is_id(race) for row_id, race in races.items()):
            continue
        spelt, fold = _as_stored([row["$id"] for row in rows.all(RACES)], races)
        moves = Moves(link)
        # Of two of one millisecond the one made later is the newer.
        best = sorted(enumerate(there), key=lambda each: (*_worth(there[each[1]]), each[0]), reverse=True)
        of_race = defaultdict[str, list[str]](list)
        for _, row_id in best:
            if is_id(races[row_id]):
                of_race[spelt[races[row_id]]].append(row_id)
        goes: dict[str, str] = {}
        for race, ids in of_race.items():
            kept = race if race in ids else ids[0]
            for row_id in ids:
                if row_id == kept:
                    if kept != race:
                        moves.to[row_id] = goes[row_id] = race
                elif kept == race and _has_values(there[kept], _copy(there[row_id], race)):
                    moves.copied.append(row_id)
                    moves.order.append((row_id, race))
                elif _is_copy(there[kept], _copy(there[row_id])):
                    moves.copied.append(row_id)
                    goes[row_id] = ""
                else:
                    moves.doubled[row_id] = race
                    goes[row_id] = ""
        _put_in_order(moves, {fold(row_id): row_id for row_id in there}, goes, fold)
        if moves.order:
            yield moves


def _as_stored(stored: list[str], races: dict[str, str]) -> tuple[dict[str, str], Callable[[str], str]]:
    """Return how each race's id is spelt where it is stored, and what makes ids equal: case, on MariaDB, does not.

    Two races whose ids differ by case alone show a database that tells them apart.
    """
    exact, folded = set(stored), {race.casefold(): race for race in stored}
    # One that is stored nowhere is spelt as the row that stands under it.
    for row_id, race in sorted(races.items(), key=lambda each: each[0] != each[1]):
        folded.setdefault((row_id if row_id.casefold() == race.casefold() else race).casefold(), race)
    spelt = {race: race if race in exact else folded[race.casefold()] for race in races.values()}
    return spelt, str.casefold if len({race.casefold() for race in exact}) == len(exact) else str


def _put_in_order(moves: Moves, places: dict[str, str], goes: dict[str, str], fold: Callable[[str], str]) -> None:
    """Order the moves so that each finds its place free.

    A row that stands in one for good is put aside under an id of its own, and so is one of several that wait for
    each other.
    """
    left = dict(goes)
    while left:
        free = [(row_id, to) for row_id, to in left.items() if not to or fold(to) not in places]
        if not free:
            taken = places.pop(fold(next(iter(left.values()))))
            aside = row_key("aside", moves.link.table, taken)
            if taken in left:
                left[aside] = left.pop(taken)
                moves.waits.add(aside)
            else:
                moves.aside[taken] = aside
            free = [(taken, aside)]
        for row_id, to in free:
            left.pop(row_id, None)
            places.pop(fold(row_id), None)
            if to:
                places[fold(to)] = to
            moves.order.append((row_id, to))


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

    A row whose copy does not stand as it should is kept, and named once the others are done. `done` hears of each row.
    """
    path = f"/tablesdb/{server.database}/tables/{moves.link.table}/rows"
    asides = {*moves.waits, *moves.aside.values()}
    count, stuck = 0, []
    for row_id, to in moves.order:
        row = server.get(f"{path}/{row_id}") if to else None
        if row is not None and not _copied(server, path, to, _copy(row, "" if to in asides else to)):
            stuck.append(f"{row_id}: its copy under {to} is not as it is, so it stays")
            continue
        server.drop(f"{path}/{row_id}")
        if to not in asides:
            count += 1
            done(count)
    if stuck:
        advice = "end what writes there, keep one of the two and delete the other, and run this again"
        raise StoreError(f"{moves.link.table} {named(stuck)}: {advice}")


def _copied(server: Server, path: str, to: str, wanted: dict[str, Any]) -> bool:
    """Copy a row, or find the copy of it; one that was made without the row's permissions gets them."""
    rights = wanted["$permissions"]
    data = {key: value for key, value in wanted.items() if key != "$permissions"}
    body = {"rowId": to, "data": data, "permissions": rights}
    made = server.send("POST", path, body) or server.get(f"{path}/{to}") or {}
    if _has_values(made, wanted) and not _is_copy(made, wanted):
        stamp = {"$updatedAt": wanted["$updatedAt"]}
        made = server.send("PATCH", f"{path}/{to}", {"data": stamp, "permissions": rights})
    return _is_copy(made, wanted)


def _is_copy(made: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tell whether a row has all that a copy wants, permissions in any order."""
    return _has_values(made, wanted) and sorted(made.get("$permissions") or []) == sorted(wanted["$permissions"])


def _has_values(made: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tell whether a row has every value that a copy wants; a column that is null there may have its default."""
    return all(made.get(key) == value for key, value in wanted.items() if key != "$permissions")


def _copy(row: dict[str, Any], race: str = "") -> dict[str, Any]:
    """Return what a copy of a row has, under its race's id also the id as it is spelt there."""
    own = {key: value for key, value in row.items() if not key.startswith("$") and value is not None}
    own |= {key: race for key in ("raceId", "race") if race and key in own}
    stamps = {key: row.get(key) for key in ("$createdAt", "$updatedAt")}
    return {**own, **stamps, "$permissions": row.get("$permissions") or []}
