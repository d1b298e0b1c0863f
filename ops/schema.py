"""The difference between the declared tables and a server's, and its making: one change at a time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from appwrite.query import Query

from ops.fitting import broken, incompatible
from raceday.catalogue.alert_kinds import BAND_KIND
from raceday.errors import StoreError
from raceday.ids import row_key
from raceday.settings import Settings
from raceday.tables import (
    ALERT_CONFIGS,
    CLOSING_PRICES,
    ENTRANTS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POOLS,
    SUITE_STATE,
    TABLES,
)
from raceday.tables.base import Column, Index, Table
from raceday.tables.suite_state import SCHEMA_VERSION, schema_key, schema_row

WAIT_SECS = 60.0
# Tables that are written in bulk, which Appwrite refuses where a table has a relationship.
BULK = (ENTRANTS, ODDS_HISTORY, MONEY_FLOW, RACE_POOLS, CLOSING_PRICES, NOTIFICATIONS)
NEWER = "deploy the newer suite, the one that made these tables"
APPLY = "run `./raceday schema apply`"
MIGRATE = "run `./raceday schema migrate`"
# A silk is drawn as SVG, and as PNG for a browser: Appwrite serves SVG as plain text.
PICTURES = ("svg", "png")
# What pollers upload for the tape, docs/tape.md.
UPLOADS = "gz"
DEFAULT_USER = "Default User"
BANDS = (
    (5, 10, "#E5E7EB"),
    (10, 15, "#BFDBFE"),
    (15, 20, "#FEF3C7"),
    (20, 25, "#BBF7D0"),
    (25, 50, "#FECACA"),
    (50, None, "#F3E8FF"),
)


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One thing to make: a request, if any, and where to look until it is `available`; or why it is refused.

    `advice` is what to do about a refusal, empty where that is a person's to decide.
    """

    what: str
    method: str = "POST"
    path: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    watch: str = ""
    refused: str = ""
    advice: str = ""


class Server:
    """Appwrite's management routes, with a key that may change tables."""

    def __init__(self, settings: Settings, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self.database = settings.store_database
        self.bucket = settings.store_bucket
        self.tape_bucket = settings.tape_bucket
        headers = {
            "x-appwrite-project": settings.store_project,
            "x-appwrite-key": key,
            "x-appwrite-response-format": "1.9.6",
        }
        self._http = httpx.Client(base_url=settings.store_endpoint, headers=headers, timeout=30, transport=transport)

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an answer, None for 404 of Appwrite's own."""
        answer = self._http.get(path)
        if answer.status_code == 404 and "json" in answer.headers.get("content-type", ""):
            kind = answer.json().get("type", "")
            if kind.endswith("_not_found") and kind != "project_not_found":
                return None
        found: dict[str, Any] = self._read(answer)
        return found

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a change; one that is there already counts as made, any other conflict does not."""
        answer = self._http.request(method, path, json=body)
        try:
            return self._read(answer)
        except StoreError as error:
            if error.status == 409 and error.kind.endswith("_already_exists"):
                return {}
            raise

    def wait(self, path: str) -> None:
        """Wait until a column or index is available; StoreError where it fails or takes a minute."""
        end = time.monotonic() + WAIT_SECS
        while time.monotonic() < end:
            found = self.get(path) or {}
            if found.get("status") == "available":
                return
            if found.get("status") in ("failed", "stuck"):
                raise StoreError(f"{path}: {found['status']}: {found.get('error', '')}")
            time.sleep(0.1)
        raise StoreError(f"{path}: not available after {WAIT_SECS:g} s")

    def remove(self, path: str) -> None:
        """Delete something and wait until it is gone; StoreError where that takes a minute."""
        if self.get(path) is None:
            return
        self.send("DELETE", path, {})
        end = time.monotonic() + WAIT_SECS
        while self.get(path) is not None:
            if time.monotonic() > end:
                raise StoreError(f"{path}: not gone after {WAIT_SECS:g} s")
            time.sleep(0.1)

    def drop(self, path: str) -> None:
        """Delete a row, which is gone at once; one that is gone already counts as deleted."""
        try:
            self.send("DELETE", path, {})
        except StoreError as error:
            if error.status != 404 or not error.kind.endswith(("row_not_found", "document_not_found")):
                raise

    @staticmethod
    def _read(answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code >= 400:
            told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            message = told.get("message", answer.reason_phrase)
            raise StoreError(f"{answer.status_code} {message}", status=answer.status_code, kind=told.get("type", ""))
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def plan(server: Server) -> list[SchemaChange]:
    """Return every change that is missing, in the order in which it has to be made."""
    tables = (change for table in TABLES for change in _table_changes(server, table))
    return [*_places(server), *tables, *_bands(server), *_version(server)]


def apply(server: Server, changes: list[SchemaChange]) -> int:
    """Make the changes one after another, waiting for each; gives how many were made. Refused ones raise first."""
    if refused := [c for c in changes if c.refused]:
        raise StoreError("; ".join(f"{c.what}: {c.refused}" for c in refused))
    for change in changes:
        if change.path:
            server.send(change.method, change.path, change.body)
        if change.watch:
            server.wait(change.watch)
    return len(changes)


def _places(server: Server) -> Iterator[SchemaChange]:
    db, bucket = server.database, server.bucket
    if server.get(f"/tablesdb/{db}") is None:
        yield SchemaChange(f"database {db}", path="/tablesdb", body={"databaseId": db, "name": db})
    body = {"name": bucket, "permissions": ['read("any")'], "allowedFileExtensions": list(PICTURES)}
    there = server.get(f"/storage/buckets/{bucket}")
    if there is None:
        yield SchemaChange(f"bucket {bucket}", path="/storage/buckets", body={"bucketId": bucket, **body})
    elif (allowed := there.get("allowedFileExtensions")) and not set(PICTURES) <= set(allowed):
        yield SchemaChange(f"bucket {bucket}: files", "PUT", f"/storage/buckets/{bucket}", body)
    if server.tape_bucket:
        yield from _tape_place(server, server.tape_bucket)


def _tape_place(server: Server, bucket: str) -> Iterator[SchemaChange]:
    """Return what the bucket named by RACEDAY_TAPE lacks; what the feed said is for nobody but the key."""
    what, path = f"bucket {bucket}", f"/storage/buckets/{bucket}"
    if bucket == server.bucket:
        yield SchemaChange(what, refused="RACEDAY_TAPE names the silks' bucket, which everybody may read")
    elif (there := server.get(path)) is None:
        body = {"bucketId": bucket, "name": bucket, "permissions": [], "allowedFileExtensions": [UPLOADS]}
        yield SchemaChange(what, path="/storage/buckets", body=body)
    elif 'read("any")' in there.get("$permissions", []):
        yield SchemaChange(what, refused="RACEDAY_TAPE names a bucket that everybody may read: name another")
    elif (allowed := there.get("allowedFileExtensions")) and UPLOADS not in allowed:
        body = {
            "name": there.get("name", bucket),
            "permissions": there.get("$permissions", []),
            "allowedFileExtensions": [*allowed, UPLOADS],
        }
        yield SchemaChange(f"{what}: files", "PUT", path, body)


def _table_changes(server: Server, table: Table) -> Iterator[SchemaChange]:
    base = f"/tablesdb/{server.database}/tables/{table.id}"
    there = server.get(base)
    if there is None:
        body = {"tableId": table.id, "name": table.id, "permissions": [], "rowSecurity": False}
        yield SchemaChange(f"table {table.id}", path=f"/tablesdb/{server.database}/tables", body=body)
    columns = {c["key"]: c for c in (there or {}).get("columns", [])}
    for column in table.columns:
        if column.key not in columns:
            yield new_column(base, table, column)
        else:
            yield from _column_changes(
                f"{base}/columns", f"column {table.id}.{column.key}", column, columns[column.key]
            )
    yield from _strange_links(table, columns)
    yield from _strange_rules(table, columns, (there or {}).get("indexes", []))
    indexes = {i["key"]: i for i in (there or {}).get("indexes", [])}
    for index in table.indexes:
        what = f"index {table.id}.{index.key}"
        if index.key not in indexes:
            yield _new_index(base, table, index)
        elif refused := broken(indexes[index.key]):
            yield SchemaChange(what, refused=refused)
        elif list(indexes[index.key]["columns"]) != list(index.columns):
            yield SchemaChange(what, refused="it is over other columns; delete it by hand first")
        elif indexes[index.key].get("status", "available") != "available":
            yield SchemaChange(what, watch=f"{base}/indexes/{index.key}")


def _strange_links(table: Table, columns: dict[str, dict[str, Any]]) -> Iterator[SchemaChange]:
    """Refuse each relationship that is none of ours on a table that is written in bulk; it is not ours to delete."""
    if table.id not in BULK:
        return
    for key, there in columns.items():
        if there["type"] == "relationship" and key not in {column.key for column in table.columns}:
            refused = (
                f"it is a relationship to {there.get('relatedTable')}, with which Appwrite refuses every bulk write to "
                f"{table.id}: keep what it says elsewhere and delete it"
            )
            yield SchemaChange(f"column {table.id}.{key}", refused=refused)


def clashing(table: Table, there: dict[str, Any]) -> bool:
    """Tell whether rows of ours can clash under an index: a column that we never write has a null there, or a default.

    The default's case is refused by name in a plan: the index is not ours to delete.
    """
    written = {*(column.key for column in table.columns), "$id", "$createdAt", "$updatedAt"}
    return there["type"] == "unique" and set(there["columns"]) <= written


def _strange_rules(
    table: Table, columns: dict[str, dict[str, Any]], indexes: list[dict[str, Any]]
) -> Iterator[SchemaChange]:
    """Refuse what makes rows of ours impossible and is not ours to change: whose it is has to decide."""
    ours = {column.key for column in table.columns}
    own = {key: there for key, there in columns.items() if key not in ours and there["type"] != "relationship"}
    for key, there in own.items():
        if there.get("required"):
            refused = "it is required and none of the suite's, whose rows are refused so: make it optional or delete it"
            yield SchemaChange(f"column {table.id}.{key}", refused=refused)
    for index in indexes:
        filled = [key for key in index["columns"] if key in own]
        if not filled or index["type"] != "unique":
            continue
        if all(own[key].get("default") is not None for key in filled):
            refused = (
                f"it is unique, and {' and '.join(filled)} of the suite's rows has its default: an upsert would "
                "overwrite another row and say nothing; delete the index or the default"
            )
            yield SchemaChange(f"index {table.id}.{index['key']}", refused=refused)


def _column_changes(base: str, what: str, column: Column, there: dict[str, Any]) -> Iterator[SchemaChange]:
    """Return what a stored column needs: to be waited for, or a reason why it cannot serve."""
    if refused := broken(there) or incompatible(column, there):
        yield SchemaChange(what, refused=refused)
    elif there.get("status", "available") != "available":
        yield SchemaChange(what, watch=f"{base}/{column.key}")


def new_column(base: str, table: Table, column: Column) -> SchemaChange:
    """Return the making of a column."""
    body: dict[str, Any] = {"key": column.key, "required": column.required}
    if column.kind == "relationship":
        body = {
            "relatedTableId": column.to,
            "type": "manyToOne",
            "twoWay": False,
            "key": column.key,
            "onDelete": "setNull",
        }
    else:
        if column.size:
            body["size"] = column.size
        if column.default is not None:
            body["default"] = column.default
    path = f"{base}/columns/{column.kind}"
    return SchemaChange(f"column {table.id}.{column.key}", path=path, body=body, watch=f"{base}/columns/{column.key}")


def _new_index(base: str, table: Table, index: Index) -> SchemaChange:
    body = {"key": index.key, "type": "unique" if index.unique else "key", "columns": list(index.columns)}
    what = f"index {table.id}.{index.key}"
    return SchemaChange(what, path=f"{base}/indexes", body=body, watch=f"{base}/indexes/{index.key}")


def _bands(server: Server) -> Iterator[SchemaChange]:
    """Return the default user's alert bands: its client would make six of its own under random ids."""
    base = f"/tablesdb/{server.database}/tables/{ALERT_CONFIGS}/rows"
    known = server.get(f"/tablesdb/{server.database}/tables/{ALERT_CONFIGS}")
    queries = [Query.equal("userId", [DEFAULT_USER]), Query.limit(100)]
    found = (
        server.get(f"{base}?{httpx.QueryParams({f'queries[{i}]': q for i, q in enumerate(queries)})}")
        if known
        else None
    )
    orders = {row["displayOrder"] for row in (found or {}).get("rows", [])}
    for order, (low, high, color) in enumerate(BANDS, 1):
        if order not in orders:
            data = band_row(order, low, high, color)
            body = {"rowId": row_key("band", DEFAULT_USER, order), "data": data}
            yield SchemaChange(f"alert band {order} of {DEFAULT_USER}", path=base, body=body)


def _version(server: Server) -> Iterator[SchemaChange]:
    """Return the note of the tables' version, by which functions know whether they can use them: made last."""
    rows = f"/tablesdb/{server.database}/tables/{SUITE_STATE}/rows"
    what = f"schema version {SCHEMA_VERSION}"
    there = server.get(f"{rows}/{schema_key()}")
    row = schema_row(datetime.now(UTC).isoformat())
    if there is None:
        yield SchemaChange(what, path=rows, body={"rowId": schema_key(), "data": row})
        return
    found = str(there.get("status") or "")
    if found.isdigit() and int(found) > SCHEMA_VERSION:
        yield SchemaChange(what, refused=f"the tables are of the newer version {found}", advice=NEWER)
    elif found != str(SCHEMA_VERSION):
        yield SchemaChange(what, "PATCH", f"{rows}/{schema_key()}", {"data": row})


def noted(server: Server) -> bool:
    """Tell whether the tables' version stands on the server as functions want it."""
    there = server.get(f"/tablesdb/{server.database}/tables/{SUITE_STATE}/rows/{schema_key()}")
    return there is not None and there.get("status") == str(SCHEMA_VERSION)


def band_row(order: int, low: float, high: float | None, color: str, user: str = DEFAULT_USER) -> dict[str, Any]:
    """Return one alert band as its table keeps it."""
    return {
        "userId": user,
        "indicatorType": BAND_KIND,
        "percentageRangeMin": low,
        "percentageRangeMax": high,
        "color": color,
        "isDefault": True,
        "enabled": True,
        "displayOrder": order,
        "audibleAlertsEnabled": True,
    }
