"""From the predecessor's tables to ours, one repeatable step after another; what is unknown is never touched.

Each step is worked out anew from what stands on the server, so a migration that was stopped goes on where it was.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx
from appwrite.query import Query

from ops.fills import FILLED, LINKS, Fill, Link, LinkedRows, named, rows_of
from ops.fitting import incompatible, widened
from ops.moves import Moves, found_moves, move
from ops.schema import APPLY, MIGRATE, NEWER, SchemaChange, Server, apply, clashing, new_column, plan
from raceday.errors import StoreError
from raceday.tables import BY_ID, RACES, SUITE_STATE
from raceday.tables.base import Column, Table
from raceday.tables.suite_state import schema_key

LATE = ("index ", "alert band ", "schema version ")


@dataclass(frozen=True, slots=True)
class MigrateStep:
    """One thing to do: in words, what is lost by it, and how it is done."""

    what: str
    loses: str = ""
    change: SchemaChange | None = None
    fill: Link | None = None
    moves: Moves | None = None
    method: str = ""
    path: str = ""
    body: dict[str, Any] | None = None
    widens: bool = False

    @property
    def kind(self) -> str:
        """Say what sort of thing it does, for counts of each."""
        if self.change is not None:
            return "made"
        if self.fill is not None:
            return "filled"
        if self.moves is not None:
            return "moved"
        return "deleted" if self.method == "DELETE" else "changed"


def steps(server: Server) -> list[MigrateStep]:
    """Return everything that a migration will do, in order: what its later phases find is foreseen."""
    return [step for phase in phases(server, foreseen=True) for step in phase]


def phases(server: Server, *, foreseen: bool = False, refused: Collection[str] = ()) -> list[list[MigrateStep]]:
    """Return columns that are missing, ids to fill, links and rules to change, rows to move, indexes.

    Each waits for those before, rows to move also for unique indexes to go, under which no copy could stand.

    No link may go before the columns that take its ids over are there and filled. The version is noted where nothing
    stays open: functions trust it. Tables of a newer suite are left alone. `foreseen` adds what is possible only once
    the phases before are done. What Appwrite has `refused` is left out.
    """
    planned = plan(server)
    if any(c.advice == NEWER for c in planned):
        return []
    stuck = bool(refused) or bool(unsolved(server, planned))
    changes = [c for c in planned if not c.refused and not (stuck and c.what.startswith("schema version "))]
    late = [c for c in changes if c.what.startswith(LATE)]
    made = [_made(c) for c in changes if c not in late]
    rows = LinkedRows(server)
    fills, remade = (_fills(rows), []) if not foreseen else _foreseen(server, rows)
    # What links contradict is read row by row: only where it is told.
    told = rows if foreseen or not (made or fills) else None
    altered = [step for step in alterations(server, told) if step.what not in refused]
    found = [made, fills, altered, remade]
    moves = _moves(server) if foreseen or not any(found) else []
    return [*found, moves, [MigrateStep(f"make {c.what}", change=c) for c in late]]


def _moves(server: Server) -> list[MigrateStep]:
    return [MigrateStep(str(moves), moves.loses, moves=moves) for moves in found_moves(server)]


def _foreseen(server: Server, rows: LinkedRows) -> tuple[list[MigrateStep], list[MigrateStep]]:
    """Return what is filled once all columns are there, and what is made and filled when the links are gone."""
    remade = list(_remade(server))
    later = {step.change.what for step in remade if step.change}
    fills: list[MigrateStep] = []
    for link in FILLED:
        now = [key for key in link.sources if f"column {link.table}.{key}" not in later]
        fills += _filled(rows.foreseen(link, now))
        remade += _filled(rows.foreseen(link, [key for key in link.sources if key not in now]))
    return fills, remade


def _made(change: SchemaChange) -> MigrateStep:
    """Return the making of a change: a column that takes a link's id over is optional, for some rows know none."""
    taken = {f"column {link.table}.{key}" for link in FILLED for key in link.sources}
    if change.what in taken:
        change = replace(change, body={**change.body, "required": False})
    return MigrateStep(f"make {change.what}", change=change)


def _remade(server: Server) -> Iterator[MigrateStep]:
    """Yield the plain columns of ours that can be made only when the link of their name is gone."""
    for table, key, _ in _deleted_links(server):
        for column in (c for c in BY_ID[table].columns if c.key == key):
            yield _made(new_column(f"/tablesdb/{server.database}/tables/{table}", BY_ID[table], column))


def _fills(rows: LinkedRows) -> list[MigrateStep]:
    """Return what can be filled now: columns that are there, of rows that lack them."""
    there = {link.table: rows.fillable(link, rows.columns(link.table)) for link in FILLED}
    return [step for link in FILLED for step in _filled(rows.foreseen(link, there[link.table]))]


def _filled(fill: Fill | None) -> list[MigrateStep]:
    return [] if fill is None else [MigrateStep(str(fill), fill.loses, fill=fill.link)]


def alterations(server: Server, rows: LinkedRows | None = None) -> list[MigrateStep]:
    """Return what has to go or to change on tables that are there: `schema apply` does none of it.

    `rows` are looked through for ids that a link contradicts and that stay.
    """
    return [*_links(server, rows), *_loosened(server), *_unique(server), *_rules(server)]


def advised(server: Server, changes: list[SchemaChange]) -> str:
    """Return the one command that a plan's changes call for, "" where none does.

    Tables that have races and no version are the predecessor's, however far they were migrated: apply would note the
    version over rows that were never filled or moved.
    """
    if any(change.advice == NEWER for change in changes):
        return NEWER
    if alterations(server) or (changes and _unversioned(server)):
        return MIGRATE
    return APPLY if any(not change.refused for change in changes) else ""


def _unversioned(server: Server) -> bool:
    tables = f"/tablesdb/{server.database}/tables"
    if server.get(f"{tables}/{SUITE_STATE}/rows/{schema_key()}") is not None:
        return False
    params = httpx.QueryParams({"queries[0]": Query.limit(1)})
    return bool((server.get(f"{tables}/{RACES}/rows?{params}") or {}).get("rows"))


def unsolved(server: Server, planned: list[SchemaChange] | None = None) -> list[SchemaChange]:
    """Return what stands in the way and no step takes away."""
    links = list(_deleted_links(server))
    # The far end of a two-way one goes with its near end.
    solved = {f"column {place}" for table, key, far in links for place in (f"{table}.{key}", far)}
    loose = {
        f"column {table.id}.{ours.key}"
        for table, ours, there, change in _patches(server)
        if not incompatible(ours, {**there, **change})
    }
    planned = plan(server) if planned is None else planned
    return [c for c in planned if c.refused and c.what not in solved | loose]


def migrate(
    server: Server,
    limit: int | None = None,
    told: Callable[[MigrateStep], None] = lambda _: None,
    at: Callable[[str], None] = lambda _: None,
) -> int:
    """Do step after step until none is left or `limit` are done; gives how many were. Raises where one cannot be.

    `told` hears of each step when it is done, `at` of how far the present one is.
    """
    done, before = 0, None
    refused: dict[str, str] = {}
    while todo := next((phase for phase in phases(server, refused=refused) if phase), None):
        if todo == before:
            raise StoreError(f"{todo[0].what}: it was done and did not take")
        for step in todo:
            if limit is not None and done >= limit:
                return done
            at(step.what)
            try:
                _do(server, step, partial(_tell, at, step.what))
            except StoreError as error:
                if error.status != 400 or not step.widens:
                    raise StoreError(f"{step.what}: {error}", status=error.status, kind=error.kind) from error
                # Nothing waits for a wider column but its own values.
                refused[step.what] = str(error)
                continue
            told(step)
            done += 1
        before = todo
    stuck = [f"{c.what}: {c.refused}" for c in unsolved(server)]
    if stuck or refused:
        raise StoreError("; ".join([*stuck, *(f"{what}: {_wider(why)}" for what, why in refused.items())]))
    return done


def _wider(why: str) -> str:
    return (
        f"Appwrite answered {why}: delete what is indexed over it or columns of your own that are wide, or rename it, "
        "and run this again, which makes it anew, empty"
    )


def _tell(at: Callable[[str], None], what: str, rows: int) -> None:
    at(f"{what}: {rows_of(rows)} done")


def _do(server: Server, step: MigrateStep, done: Callable[[int], None]) -> None:
    if step.change is not None:
        apply(server, [step.change])
    elif step.fill is not None:
        LinkedRows(server).write(step.fill, done)
    elif step.moves is not None:
        move(server, step.moves, done)
    elif step.method == "DELETE":
        server.remove(step.path)
    else:
        server.send(step.method, step.path, step.body or {})


def _tables(server: Server) -> Iterator[tuple[str, Table, dict[str, Any]]]:
    for table in BY_ID.values():
        base = f"/tablesdb/{server.database}/tables/{table.id}"
        if there := server.get(base):
            yield base, table, there


def _columns(server: Server, table: str) -> dict[str, dict[str, Any]]:
    there = server.get(f"/tablesdb/{server.database}/tables/{table}")
    return {column["key"]: column for column in (there or {}).get("columns", [])}


def _is_link(column: dict[str, Any] | None) -> bool:
    return column is not None and column["type"] == "relationship"


def _deleted_links(server: Server) -> Iterator[tuple[str, str, str]]:
    """Yield table, key and far end, "" for none, of each of the predecessor's relationships that is still there."""
    for link in LINKS:
        column = _columns(server, link.table).get(link.key)
        if column is not None and _is_link(column):
            far = f"{column.get('relatedTable')}.{column.get('twoWayKey')}" if column.get("twoWay") else ""
            yield link.table, link.key, far


def _links(server: Server, rows: LinkedRows | None) -> Iterator[MigrateStep]:
    kept = {(link.table, link.key): link for link in LINKS}
    for table, key, _ in _deleted_links(server):
        link = kept[table, key]
        loses = f"rows of {table} no longer expand to their {key}; its id stays in {link.fills}"
        if rows is not None and (others := rows.contradicted(link)):
            told = f"{rows_of(len(others))} whose {link.fills}, which the client reads, is another"
            loses += f"; what the link tells of {told} and stays ({named(others)})"
        yield MigrateStep(
            f"delete the relationship {table}.{key}",
            loses,
            method="DELETE",
            path=f"/tablesdb/{server.database}/tables/{table}/columns/{key}",
        )


def _rules(server: Server) -> Iterator[MigrateStep]:
    """Set a link's fate at the end of its target, which the predecessor left to the server: restrict."""
    for base, table, there in _tables(server):
        for column in there["columns"]:
            ours = next((c for c in table.columns if c.key == column["key"] and c.kind == "relationship"), None)
            if ours and _is_link(column) and column.get("onDelete") != "setNull":
                path = f"{base}/columns/{column['key']}/relationship"
                yield MigrateStep(
                    f"let {table.id}.{column['key']} become empty when its {ours.to} row goes",
                    method="PATCH",
                    path=path,
                    body={"onDelete": "setNull"},
                )


def _unique(server: Server) -> Iterator[MigrateStep]:
    """Delete unique indexes over columns of ours: an upsert that meets one overwrites another row and says nothing."""
    for base, table, there in _tables(server):
        for found in there["indexes"]:
            if clashing(table, found):
                what = f"delete the unique index {table.id}.{found['key']}"
                loses = f"{', '.join(found['columns'])} of {table.id} is unique by the row's id alone"
                yield MigrateStep(what, loses, method="DELETE", path=f"{base}/indexes/{found['key']}")


def _patches(server: Server) -> Iterator[tuple[Table, Column, dict[str, Any], dict[str, Any]]]:
    """Yield each column of ours that is required without need, or too short, as it is there, with its new settings."""
    for _, table, there in _tables(server):
        ours = {c.key: c for c in table.columns}
        for column in there["columns"]:
            known = ours.get(column["key"])
            if known and not _is_link(column) and (change := _loosening(known, column)):
                yield table, known, column, change


def _loosening(ours: Column, there: dict[str, Any]) -> dict[str, Any]:
    needless = bool(there.get("required")) and not ours.required
    short = widened(ours, there)
    if not needless and not short:
        return {}
    size = {"size": short} if short else {}
    return {"required": bool(there.get("required")) and not needless, "default": there.get("default"), **size}


def _loosened(server: Server) -> Iterator[MigrateStep]:
    for table, ours, there, change in _patches(server):
        kind = {"double": "float"}.get(there["type"], there.get("format") or there["type"])
        path = f"/tablesdb/{server.database}/tables/{table.id}/columns/{kind}/{ours.key}"
        more = {name: there[name] for name in ("min", "max", "elements") if there.get(name) is not None}
        place = f"{table.id}.{ours.key}"
        words = f"make {place} optional"
        if "size" in change:
            words = f"give {place} room for {change['size']:,} characters instead of {there['size']:,}"
        yield MigrateStep(words, method="PATCH", path=path, body={**more, **change}, widens="size" in change)
