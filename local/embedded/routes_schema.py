"""Routes of databases, tables, columns and indexes."""

from collections.abc import Mapping
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.checks import check_id
from local.embedded.column_rules import KINDS, check_asked
from local.embedded.columns import ApiColumn, column_of
from local.embedded.errors import argument, missing
from local.embedded.links import add_link, change_fate
from local.embedded.request import NO_PAGE, Request, Routes
from local.embedded.scopes import GUESTS
from local.embedded.values import check_default

ROUTES = Routes()
on = ROUTES.add
DB, TABLE = "/tablesdb/{db}", "/tablesdb/{db}/tables/{table}"
MOST_SHOWN = 5000
INLINE = ("string", "integer", "bigint", "double", "boolean", "datetime")


@on("GET", "/health/version", scopes=GUESTS)
def version(r: Request) -> Any:
    """The server's version."""
    return {"version": "1.9.6"}


@on("GET", "/health")
def health(r: Request) -> Any:
    """That the server answers."""
    return {"name": "http", "ping": 0, "status": "pass"}


@on("GET", "/tablesdb")
def list_databases(r: Request) -> Any:
    """Every database."""
    found = list(r.server.catalog.databases.values())
    return r.page(found, "databases")


@on("POST", "/tablesdb", 201)
def create_database(r: Request) -> Any:
    """A new database."""
    return r.server.catalog.add_database(_own_id(r, "databaseId"), str(r.need("name")), r.stamp())


def _own_id(r: Request, name: str) -> str:
    asked = r.need(name)
    return r.server.new_id() if asked == "unique()" else check_id(asked, name)


@on("GET", DB)
def get_database(r: Request) -> Any:
    """One database."""
    return r.server.catalog.database(r.parts["db"])


@on("PUT", DB)
def rename_database(r: Request) -> Any:
    """Another name for a database."""
    return r.server.catalog.rename(r.server.catalog.database(r.parts["db"]), str(r.need("name")), r.stamp())


@on("DELETE", DB)
def delete_database(r: Request) -> Any:
    """Delete a database."""
    r.server.catalog.drop_database(r.parts["db"])


@on("GET", DB + "/tables")
def list_tables(r: Request) -> Any:
    """Every table of a database, in pages."""
    r.server.catalog.database(r.parts["db"])
    found = [t.shown(r.stamp()) for t in r.server.catalog.tables.values() if t.database == r.parts["db"]]
    return r.page(found, "tables")


@on("POST", DB + "/tables", 201)
def create_table(r: Request) -> Any:
    """A new table, with the columns and indexes that come with it."""
    made = r.server.catalog.add_table(r.parts["db"], _own_id(r, "tableId"), str(r.need("name")), r.stamp())
    shown = made.shown()
    for column in _objects(r, "columns"):
        r.server.catalog.add_column(made, _column(_inline(column), column, r), at_once=True)
    for index in _objects(r, "indexes"):
        _add_index(made, index, "attributes", r)
    return shown


def _objects(r: Request, name: str) -> list[dict[str, Any]]:
    found = r.body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise argument(f"Invalid `{name}` param: Value must a valid array of objects")
    return found


def _add_index(table: SqlTable, index: Mapping[str, Any], columns_name: str, r: Request) -> dict[str, Any]:
    columns, orders = index.get(columns_name), index.get("orders") or []
    for name, found in ((columns_name, columns), ("orders", orders)):
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise argument(f"Invalid `{name}` param: Value must a valid array of texts")
    assert isinstance(columns, list)
    return r.server.catalog.add_index(table, str(index.get("key")), str(index.get("type")), columns, orders, r.stamp())


def _column(kind: str, body: Mapping[str, Any], r: Request) -> ApiColumn:
    column = column_of(kind, body, r.stamp())
    check_default(column)
    return column


def _inline(column: dict[str, Any]) -> str:
    kind = str(column.get("type"))
    if kind not in INLINE:
        raise argument(f"Invalid `columns` param: type must be one of {', '.join(INLINE)}, got {kind}")
    return kind


@on("GET", TABLE)
def get_table(r: Request) -> Any:
    """One table."""
    return r.table().shown(r.stamp())


@on("PUT", TABLE)
def rename_table(r: Request) -> Any:
    """Another name for a table."""
    return r.server.catalog.rename_table(r.table(), str(r.need("name"))).shown(r.stamp())


@on("DELETE", TABLE)
def delete_table(r: Request) -> Any:
    """Delete a table."""
    r.server.catalog.drop_table(r.table())


@on("GET", TABLE + "/columns")
def list_columns(r: Request) -> Any:
    """Every column of a table."""
    found = [c.shown(r.stamp()) for c in r.table().columns.values()]
    return r.page(found, "columns", limit=MOST_SHOWN)


@on("POST", TABLE + "/columns/{kind}", 202)
def create_column(r: Request) -> Any:
    """A new column; it is at once available here, which the answer does not say yet."""
    body = dict(r.body)
    if r.parts["kind"] not in KINDS:
        return NO_PAGE
    if r.parts["kind"] == "relationship":
        body.setdefault("key", body.get("relatedTableId"))
        other = r.server.catalog.table(r.parts["db"], str(body.get("relatedTableId")))
        column = add_link(r.server.catalog, r.table(), other, _column("relationship", body, r))
    else:
        check_asked(r.parts["kind"], body)
        column = r.server.catalog.add_column(r.table(), _column(r.parts["kind"], body, r))
    return {**column.shown(), "status": "processing"}


@on("PATCH", TABLE + "/columns/{key}/relationship")
def change_link(r: Request) -> Any:
    """Another fate of a link when its target goes."""
    column = r.table().columns.get(r.parts["key"])
    if column is None or column.type != "relationship":
        raise missing("column", r.parts["key"])
    change_fate(r.server.catalog, r.table(), column, str(r.need("onDelete")))
    return column.shown(r.stamp())


@on("PATCH", TABLE + "/columns/{kind}/{key}")
def change_column(r: Request) -> Any:
    """Another default, size, range or need of a column."""
    column = r.server.catalog.change_column(r.table(), r.parts["key"], r.body, r.stamp())
    check_default(column)
    return column.shown(r.stamp())


@on("GET", TABLE + "/columns/{key}")
def get_column(r: Request) -> Any:
    """One column."""
    column = r.table().columns.get(r.parts["key"])
    if column is None:
        raise missing("column", r.parts["key"])
    return column.shown(r.stamp())


@on("DELETE", TABLE + "/columns/{key}")
def delete_column(r: Request) -> Any:
    """Delete a column."""
    r.server.catalog.drop_column(r.table(), r.parts["key"])


@on("GET", TABLE + "/indexes")
def list_indexes(r: Request) -> Any:
    """Every index of a table."""
    found = list(r.table().indexes.values())
    return r.page(found, "indexes", limit=MOST_SHOWN)


@on("POST", TABLE + "/indexes", 202)
def create_index(r: Request) -> Any:
    """A new index."""
    made = _add_index(r.table(), r.body, "columns", r)
    return {**made, "status": "processing"}


@on("GET", TABLE + "/indexes/{key}")
def get_index(r: Request) -> Any:
    """One index."""
    found = r.table().indexes.get(r.parts["key"])
    if found is None:
        raise missing("column_index", r.parts["key"])
    return found


@on("DELETE", TABLE + "/indexes/{key}")
def delete_index(r: Request) -> Any:
    """Delete an index."""
    r.server.catalog.drop_index(r.table(), r.parts["key"])
