"""Routes of rows, by their present and their former name."""

from typing import Any

from local.embedded.checks import check_id, check_permissions, check_place, check_timestamp
from local.embedded.errors import ApiRefusal, argument
from local.embedded.request import NO_PAGE, Request, Routes
from local.embedded.rows import EVENTS_OF_BULK, Fired

ROUTES = Routes()
on = ROUTES.add
ROWS = "/tablesdb/{db}/tables/{table}/rows"
FORMER = "/databases/{db}/collections/{table}/documents"
MOST_TTL_SECS = 86_400
EXPANDING_FORMATS = ("1.7", "1.6", "1.5", "1.4")


def _is_bulk(r: Request) -> bool:
    return "rows" in r.body or "documents" in r.body


def _many(r: Request, action: str) -> list[dict[str, Any]]:
    rows = r.body.get("rows", r.body.get("documents"))
    if rows is None:
        raise argument('Param "rows" is not optional.')
    found = r.server.rows.check_bulk(r.table(), rows, action)
    if action == "create" and not found and not r.body.get("data"):
        raise ApiRefusal(400, "row_missing_data", "The row data is missing. Try again with row data populated.")
    return found


def _staged(r: Request, action: str, data: Any, row_id: str = "") -> dict[str, Any] | None:
    """Stage a write that names a transaction instead of doing it; None where it names none."""
    name = r.body.get("transactionId")
    if not name:
        return None
    op = {"databaseId": r.parts["db"], "tableId": r.parts["table"], "action": action, "data": data}
    op |= {"rowId": row_id} if row_id else {}
    transactions, plain = r.server.transactions, action in ("create", "update", "upsert", "delete")
    transaction = transactions.pending(str(name)) if plain else transactions.bulk_pending(str(name))
    # A number's change is looked at when it is committed.
    transactions.stage(transaction, [op], seen=plain)
    if action.startswith("bulk"):
        return {"total": len(data) if isinstance(data, list) else 0, "rows": []}
    r.status = r.status or (201 if r.method == "PUT" else 0)
    system = {"$id": row_id, "$permissions": [], "$databaseId": r.parts["db"], "$tableId": r.parts["table"]}
    return {**(data or {}), **system}


def _shown(r: Request, raw: dict[str, Any]) -> dict[str, Any]:
    return r.server.rows.show(r.table(), raw)


def _told(r: Request, raws: list[dict[str, Any]], action: str) -> dict[str, Any]:
    """Answer a bulk: the count, and the first rows, which are also those that events tell of."""
    table, first = r.table(), raws[:EVENTS_OF_BULK]
    r.fired += [Fired(table, action, raw, bulk=True) for raw in first]
    return {"total": len(raws), "rows": [r.server.rows.show(table, raw) for raw in first]}


@on("POST", ROWS, 201)
@on("POST", FORMER, 201)
def create_rows(r: Request) -> Any:
    """One new row, or many."""
    asked = r.body.get("rowId", r.body.get("documentId"))
    if asked is not None and asked != "unique()":
        check_id(asked)
    table, data = r.table(), r.body.get("data")
    if _is_bulk(r) and (_many(r, "create") or not data):
        _check_many(r)
        rows = _many(r, "create")
        if staged := _staged(r, "bulkCreate", rows):
            return staged
        return _told(r, r.server.rows.bulk_create(table, rows), "create")
    data = r.data()
    if not asked:
        raise ApiRefusal(400, "row_missing_data", "Row ID is required when creating a single row.")
    row_id = r.server.new_id() if asked == "unique()" else asked
    if staged := _staged(r, "create", data, row_id):
        return staged
    rights = check_permissions(r.body.get("permissions"))
    raw = r.server.rows.create(table, row_id, {**data, "$permissions": rights})
    r.fired.append(Fired(table, "create", raw))
    return r.server.rows.made(table, raw, data)


def _check_many(r: Request) -> None:
    """Refuse what only one row can have beside many."""
    if r.body.get("data"):
        raise ApiRefusal(400, "general_bad_request", "You can only send one of the following parameters: data, rows")
    if word := next((name for name in ("rowId", "documentId", "permissions") if r.body.get(name)), ""):
        raise ApiRefusal(400, "general_bad_request", f'Param "{word}" is not allowed when creating multiple rows')


@on("PUT", ROWS)
@on("PUT", FORMER)
def upsert_rows(r: Request) -> Any:
    """Many rows, new or not."""
    rows = _many(r, "upsert")
    if staged := _staged(r, "bulkUpsert", rows):
        return staged
    return _told(r, r.server.rows.bulk_upsert(r.table(), rows), "upsert")


def _asked(r: Request) -> list[Any]:
    queries = r.body.get("queries") or []
    if not isinstance(queries, list):
        raise argument("Invalid `queries` param: Value must a valid array")
    return queries


@on("PATCH", ROWS)
@on("PATCH", FORMER)
def update_rows(r: Request) -> Any:
    """Change all rows that match."""
    data, asked = _payload(r), _asked(r)
    r.server.rows.check_bulk(r.table(), [], "update")
    check_permissions(data.get("$permissions"), "general_bad_request")
    if staged := _staged(r, "bulkUpdate", {"queries": asked, "data": data}):
        return staged
    return _told(r, r.server.rows.bulk_update(r.table(), asked, data), "update")


@on("DELETE", ROWS)
@on("DELETE", FORMER)
def delete_rows(r: Request) -> Any:
    """Delete all rows that match the queries of the body; queries in the URL are not looked at."""
    r.server.rows.check_bulk(r.table(), [], "delete")
    asked = _asked(r)
    if staged := _staged(r, "bulkDelete", {"queries": asked}):
        return staged
    return _told(r, r.server.rows.bulk_delete(r.table(), asked), "delete")


@on("GET", ROWS)
def list_rows(r: Request) -> Any:
    """Rows by queries. That an answer may be kept for `ttl` seconds is checked, and nothing is kept."""
    r.whole_number("ttl", 0, MOST_TTL_SECS)
    return r.server.rows.find(r.table(), r.queries, count=r.flag("total", True))


@on("GET", ROWS + "/{row}")
def get_row(r: Request) -> Any:
    """One row."""
    return r.server.rows.one(r.table(), r.parts["row"], r.queries)


@on("PUT", ROWS + "/{row}")
@on("PUT", FORMER + "/{row}")
def upsert_row(r: Request) -> Any:
    """One row, new or not."""
    table, row_id, data = r.table(), r.parts["row"], _payload(r)
    # The word for a random id is an id like another here.
    if row_id != "unique()":
        check_place(row_id, "rowId")
    if staged := _staged(r, "upsert", {**data, "$id": row_id}, row_id):
        return staged
    there = r.server.rows.raw(table, row_id)
    if there is not None:
        check_timestamp(there, r.headers.get("x-appwrite-timestamp", ""))
    raw, _ = r.server.rows.upsert(table, row_id, data)
    # A row that was not made is told all the same, empty.
    r.fired.append(Fired(table, "upsert", raw or {}))
    return _shown(r, raw) if raw else {"$databaseId": table.database, "$tableId": table.id}


def _payload(r: Request) -> dict[str, Any]:
    """Return the columns that a change carries; one of a single row may bring permissions alone."""
    rights = check_permissions(r.body.get("permissions")) if "row" in r.parts else None
    if not r.body.get("data") and rights is None:
        raise ApiRefusal(
            400,
            "row_missing_payload",
            "The row data and permissions are missing. You must provide either row data or permissions to be updated.",
        )
    return {**(r.data() if r.body.get("data") else {}), **({} if rights is None else {"$permissions": rights})}


@on("PATCH", ROWS + "/{row}")
@on("PATCH", FORMER + "/{row}")
def update_row(r: Request) -> Any:
    """Change one row; the event comes even where nothing differs."""
    table, row_id, data = r.table(), check_place(r.parts["row"], "rowId"), _payload(r)
    if staged := _staged(r, "update", data, row_id):
        return staged
    there = r.server.rows.need(table, row_id)
    check_timestamp(there, r.headers.get("x-appwrite-timestamp", ""))
    raw, _ = r.server.rows.patch(table, there, data)
    r.fired.append(Fired(table, "update", raw))
    return _shown(r, raw)


@on("DELETE", ROWS + "/{row}")
@on("DELETE", FORMER + "/{row}")
def delete_row(r: Request) -> Any:
    """Delete one row."""
    table, row_id = r.table(), check_place(r.parts["row"], "rowId")
    if _staged(r, "delete", {}, row_id):
        return
    check_timestamp(r.server.rows.need(table, row_id), r.headers.get("x-appwrite-timestamp", ""))
    r.fired.append(Fired(table, "delete", r.server.rows.delete(table, row_id)))


@on("PATCH", ROWS + "/{row}/{column}/{direction}")
@on("PATCH", FORMER + "/{row}/{column}/{direction}")
def change_number(r: Request) -> Any:
    """Add to or take from a number."""
    direction, table, row_id, column = (
        r.parts["direction"],
        r.table(),
        check_place(r.parts["row"], "rowId"),
        r.parts["column"],
    )
    if direction not in ("increment", "decrement"):
        return NO_PAGE
    bound = "max" if direction == "increment" else "min"
    by, limit = r.body.get("value", 1), r.body.get(bound)
    if staged := _staged(r, direction, {"column": column, "value": by, bound: limit}, row_id):
        return staged
    raw = r.server.rows.increment(table, row_id, column, by, limit, 1 if bound == "max" else -1)
    r.fired.append(Fired(table, "update", raw))
    return _shown(r, raw)


def _expands(r: Request) -> bool:
    return r.headers.get("x-appwrite-response-format", "").startswith(EXPANDING_FORMATS)


@on("GET", FORMER)
def list_documents(r: Request) -> Any:
    """Rows by the former name of the route; formats up to 1.7 show related rows whole."""
    return r.server.rows.find(r.table(), r.queries, count=r.flag("total", True), expand=_expands(r))


@on("GET", FORMER + "/{row}")
def get_document(r: Request) -> Any:
    """One row by the former name of the route."""
    return r.server.rows.one(r.table(), r.parts["row"], r.queries, expand=_expands(r))
