"""From the predecessor's tables to ours, one repeatable step after another; what is unknown is never touched.

Each step is worked out anew from what stands on the server, so a migration that was stopped goes on where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from appwrite.query import Query

from ops.schema import BULK, NEWER, SchemaChange, Server, apply, plan
from raceday.errors import StoreError
from raceday.tables import BY_ID, ENTRANTS, MONEY_FLOW, ODDS_HISTORY, RACE_POOLS, RACE_RESULTS
from raceday.tables.base import Column, Table

PAGE = 100


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship of the predecessor's that becomes a plain id: `fills` is the column that takes the id over."""

    table: str
    key: str
    fills: str


# A relationship makes a table refuse every bulk, and ours are written in bulk.
LINKS = (
    Link(RACE_RESULTS, "race", "raceId"),
    Link(ENTRANTS, "race", "raceId"),
    Link(MONEY_FLOW, "entrant", "entrantId"),
    Link(ODDS_HISTORY, "entrant", "entrantId"),
    Link(RACE_POOLS, "race", "raceId"),
)


@dataclass(frozen=True, slots=True)
class MigrateStep:
    """One thing to do: in words, what is lost by it, and how it is done."""

    what: str
    loses: str = ""
    change: SchemaChange | None = None
    fill: "Fill | None" = None
    method: str = ""
    path: str = ""
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """Rows of `table` in which one of `columns` is empty get what their link or their runner tells."""

    table: str
    columns: tuple[str, ...]


def steps(server: Server) -> list[MigrateStep]:
    """Return everything that can be foreseen, in order; what is done may make more of it possible."""
    return [step for phase in phases(server) for step in phase]


def phases(server: Server) -> list[list[MigrateStep]]:
    """Return columns that are missing, ids to fill, links and rules to change, indexes: each waits for those before.

    No link may go before the columns that take its ids over are there and filled. The version is noted where nothing
    stays open: functions trust it. Tables of a newer suite are left alone.
    """
    planned = plan(server)
    if any(c.advice == NEWER for c in planned):
        return []
    stuck = bool(unsolved(server, planned))
    changes = [c for c in planned if not c.refused and not (stuck and c.what.startswith("schema version "))]
    late = [c for c in changes if c.what.startswith(("index ", "alert band ", "schema version "))]
    made = [MigrateStep(f"make {c.what}", change=c) for c in changes if c not in late]
    fills = [MigrateStep(f"fill {' and '.join(f.columns)} of {f.table} from its links", fill=f) for f in _fills(server)]
    return [made, fills, alterations(server), [MigrateStep(f"make {c.what}", change=c) for c in late]]


def alterations(server: Server) -> list[MigrateStep]:
    """Return what has to go or to change on tables that are there: `schema apply` does none of it."""
    return [*_links(server), *_loosened(server), *_unique(server), *_rules(server)]


def unsolved(server: Server, planned: list[SchemaChange] | None = None) -> list[SchemaChange]:
    """Return what stands in the way and no step takes away."""
    solved = {f"column {table}.{key}" for table, key, _ in _deleted_links(server)}
    loose = {f"column {table}.{key}" for table, key, _ in _patches(server)}
    planned = plan(server) if planned is None else planned
    return [c for c in planned if c.refused and c.what not in solved | loose]


def migrate(server: Server, limit: int | None = None) -> int:
    """Do step after step until none is left or `limit` are done; gives how many were. Raises where one cannot be."""
    done, before = 0, None
    while todo := next((phase for phase in phases(server) if phase), None):
        if todo == before:
            raise StoreError(f"{todo[0].what}: it was done and did not take")
        for step in todo:
            if limit is not None and done >= limit:
                return done
            _do(server, step)
            done += 1
        before = todo
    if stuck := unsolved(server):
        raise StoreError("; ".join(f"{c.what}: {c.refused}" for c in stuck))
    return done


def _do(server: Server, step: MigrateStep) -> None:
    if step.change is not None:
        apply(server, [step.change])
    elif step.fill is not None:
        _fill(server, step.fill)
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
    """Yield table, key and the column that keeps the id of each relationship that has to go, "" for none.

    The far end of a two-way one goes with its near end; of a table unknown to us, it is not ours to delete.
    """
    kept = {(link.table, link.key): link.fills for link in LINKS}
    for _, table, there in _tables(server):
        ours = {column.key: column for column in table.columns}
        for column in there["columns"]:
            key = column["key"]
            known = (table.id, key) in kept
            bulk = table.id in BULK or (column.get("twoWay") and column.get("relatedTable") in BULK)
            strange = bulk and key not in ours and column.get("side") != "child"
            if _is_link(column) and (known or strange):
                yield table.id, key, kept.get((table.id, key), "")


def _links(server: Server) -> Iterator[MigrateStep]:
    for table, key, kept in _deleted_links(server):
        stays = f"its id stays in {kept}" if kept else f"which one belonged to a row of {table} is kept nowhere"
        yield MigrateStep(
            f"delete the relationship {table}.{key}",
            f"rows of {table} no longer expand to their {key}; {stays}",
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
    """Delete unique indexes: an upsert that meets one overwrites another row and says nothing."""
    for base, table, there in _tables(server):
        for found in there["indexes"]:
            if found["type"] == "unique":
                what = f"delete the unique index {table.id}.{found['key']}"
                loses = f"{', '.join(found['columns'])} of {table.id} is unique by the row's id alone"
                yield MigrateStep(what, loses, method="DELETE", path=f"{base}/indexes/{found['key']}")


def _patches(server: Server) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield table, key and new settings of each column that is required without need, or too short for ours."""
    for _, table, there in _tables(server):
        ours = {c.key: c for c in table.columns}
        for column in there["columns"]:
            if not _is_link(column) and (change := _loosening(ours.get(column["key"]), column)):
                yield table.id, column["key"], change


def _loosening(ours: Column | None, there: dict[str, Any]) -> dict[str, Any]:
    needless = bool(there.get("required")) and not (ours and ours.required)
    short = ours is not None and ours.kind == "varchar" and 0 < int(there.get("size") or 0) < ours.size
    if not needless and not short:
        return {}
    size = {"size": ours.size} if ours is not None and short else {}
    return {"required": bool(there.get("required")) and not needless, "default": there.get("default"), **size}


def _loosened(server: Server) -> Iterator[MigrateStep]:
    for table, key, change in _patches(server):
        column = _columns(server, table)[key]
        kind = {"double": "float"}.get(column["type"], column.get("format") or column["type"])
        path = f"/tablesdb/{server.database}/tables/{table}/columns/{kind}/{key}"
        more = {name: column[name] for name in ("min", "max", "elements") if column.get(name) is not None}
        words = f"make {table}.{key} optional"
        if "size" in change:
            words = f"give {table}.{key} {change['size']} characters"
        yield MigrateStep(words, method="PATCH", path=path, body={**more, **change})


def _fills(server: Server) -> Iterator[Fill]:
    for link in LINKS:
        fill = Fill(link.table, tuple(dict.fromkeys((link.fills, "raceId", *(["race"] if link is LINKS[0] else [])))))
        if next(_patches_of_rows(server, fill), None):
            yield fill


def _patches_of_rows(server: Server, fill: Fill) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield id and missing ids of each row that lacks some and whose link, or whose runner, tells all of them."""
    there = _columns(server, fill.table)
    columns = [key for key in fill.columns if key in there and not _is_link(there[key])]
    if not columns:
        return
    nulls = [Query.is_null(key) for key in columns]
    after = ""
    while True:
        queries = [nulls[0] if len(nulls) == 1 else Query.or_queries(nulls), Query.limit(PAGE)]
        queries += [Query.cursor_after(after)] if after else []
        params = httpx.QueryParams({f"queries[{i}]": q for i, q in enumerate(queries)})
        rows = (server.get(f"{_rows(server, fill.table)}?{params}") or {}).get("rows", [])
        for row in rows:
            known = _ids(server, fill.table, row)
            # A required column that stays empty would have the whole patch refused.
            if all(known.get(key) for key in columns):
                yield row["$id"], {key: known[key] for key in columns if not row.get(key)}
        if len(rows) < PAGE:
            return
        after = rows[-1]["$id"]


def _ids(server: Server, table: str, row: dict[str, Any]) -> dict[str, str]:
    """Return the ids that a row tells: its own columns, its link, and its runner's race."""
    link = next(link for link in LINKS if link.table == table)
    linked = row.get(link.key)
    linked = linked.get("$id", "") if isinstance(linked, dict) else linked
    known = {"raceId": row.get("raceId") or "", link.fills: row.get(link.fills) or linked or ""}
    if link.fills == "entrantId" and known["entrantId"] and not known["raceId"]:
        runner = server.get(f"{_rows(server, ENTRANTS)}/{known['entrantId']}")
        known["raceId"] = (runner or {}).get("raceId") or ""
    return {**known, "race": known["raceId"]}


def _rows(server: Server, table: str) -> str:
    return f"/tablesdb/{server.database}/tables/{table}/rows"


def _fill(server: Server, fill: Fill) -> None:
    for row_id, patch in list(_patches_of_rows(server, fill)):
        server.send("PATCH", f"{_rows(server, fill.table)}/{row_id}", {"data": patch})
