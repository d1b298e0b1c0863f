"""The routes that the suite and its client use."""

import json
from typing import Any

from local.embedded.catalog import Catalog, Table, column_of
from local.embedded.errors import Refused, argument, missing
from local.embedded.queries import read
from local.embedded.request import Request, Response, Routes
from local.embedded.rows import Fired, check_id, check_timestamp

ROUTES = Routes()
on = ROUTES.add
DB, TABLE = "/tablesdb/{db}", "/tablesdb/{db}/tables/{table}"
ROWS = TABLE + "/rows"
LEGACY = "/databases/{db}/collections/{table}/documents"
EXPANDING_FORMATS = ("1.7", "1.6", "1.5", "1.4")


def _table(r: Request) -> Table:
    return r.server.catalog.table(r.parts["db"], r.parts["table"])


def _catalog(r: Request) -> Catalog:
    return r.server.catalog


def _stamp(r: Request) -> str:
    return r.server.rows.stamp()


def _data(r: Request) -> dict[str, Any]:
    data = r.body.get("data")
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            data = None
    if not isinstance(data, dict) or not data:
        raise Refused(400, "row_missing_data", "The row data is missing. Try again with row data populated")
    return data


@on("GET", "/health/version", public=True)
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
    found = list(_catalog(r).databases.values())
    return {"total": len(found), "databases": found}


@on("POST", "/tablesdb", 201)
def create_database(r: Request) -> Any:
    """A new database."""
    return _catalog(r).add_database(check_id(r.need("databaseId")), str(r.need("name")), _stamp(r))


@on("GET", DB)
def get_database(r: Request) -> Any:
    """One database."""
    return _catalog(r).database(r.parts["db"])


@on("DELETE", DB)
def delete_database(r: Request) -> Any:
    """Delete a database."""
    _catalog(r).drop_database(r.parts["db"])


@on("GET", DB + "/tables")
def list_tables(r: Request) -> Any:
    """Every table of a database, in pages."""
    _catalog(r).database(r.parts["db"])
    found = [t.shown() for t in _catalog(r).tables.values() if t.database == r.parts["db"]]
    limit, offset = 25, 0
    for raw in r.queries:
        query = json.loads(raw)
        limit = query["values"][0] if query["method"] == "limit" else limit
        offset = query["values"][0] if query["method"] == "offset" else offset
    return {"total": len(found), "tables": found[offset : offset + limit]}


@on("POST", DB + "/tables", 201)
def create_table(r: Request) -> Any:
    """A new table, with the columns and indexes that come with it."""
    made = _catalog(r).add_table(r.parts["db"], check_id(r.need("tableId")), str(r.need("name")), _stamp(r))
    shown = made.shown()
    for column in r.body.get("columns") or ():
        _catalog(r).add_column(made, column_of(str(column.get("type")), column, _stamp(r)))
    for index in r.body.get("indexes") or ():
        _catalog(r).add_index(
            made, index["key"], index["type"], index["attributes"], index.get("orders") or [], _stamp(r)
        )
    return shown


@on("GET", TABLE)
def get_table(r: Request) -> Any:
    """One table."""
    return _table(r).shown()


@on("DELETE", TABLE)
def delete_table(r: Request) -> Any:
    """Delete a table."""
    _catalog(r).drop_table(_table(r))


@on("GET", TABLE + "/columns")
def list_columns(r: Request) -> Any:
    """Every column of a table."""
    found = [c.shown() for c in _table(r).columns.values()]
    return {"total": len(found), "columns": found}


@on("POST", TABLE + "/columns/{kind}", 202)
def create_column(r: Request) -> Any:
    """A new column; it is at once available here, which the answer does not say yet."""
    body = dict(r.body)
    if r.parts["kind"] == "relationship":
        body.setdefault("key", body.get("relatedTableId"))
        _catalog(r).table(r.parts["db"], str(body.get("relatedTableId")))
    column = _catalog(r).add_column(_table(r), column_of(r.parts["kind"], body, _stamp(r)))
    return {**column.shown(), "status": "processing"}


@on("GET", TABLE + "/columns/{key}")
def get_column(r: Request) -> Any:
    """One column."""
    column = _table(r).columns.get(r.parts["key"])
    if column is None:
        raise missing("column")
    return column.shown()


@on("DELETE", TABLE + "/columns/{key}")
def delete_column(r: Request) -> Any:
    """Delete a column."""
    _catalog(r).drop_column(_table(r), r.parts["key"])


@on("GET", TABLE + "/indexes")
def list_indexes(r: Request) -> Any:
    """Every index of a table."""
    found = list(_table(r).indexes.values())
    return {"total": len(found), "indexes": found}


@on("POST", TABLE + "/indexes", 202)
def create_index(r: Request) -> Any:
    """A new index."""
    made = _catalog(r).add_index(
        _table(r),
        str(r.need("key")),
        str(r.need("type")),
        list(r.need("columns")),
        list(r.body.get("orders") or []),
        _stamp(r),
    )
    return {**made, "status": "processing"}


@on("GET", TABLE + "/indexes/{key}")
def get_index(r: Request) -> Any:
    """One index."""
    found = _table(r).indexes.get(r.parts["key"])
    if found is None:
        raise missing("index")
    return found


@on("DELETE", TABLE + "/indexes/{key}")
def delete_index(r: Request) -> Any:
    """Delete an index."""
    _catalog(r).drop_index(_table(r), r.parts["key"])


def _bulk(r: Request) -> bool:
    return "rows" in r.body or "documents" in r.body


def _many(r: Request, name: str = "rows") -> list[dict[str, Any]]:
    rows = r.body.get("rows", r.body.get("documents"))
    if rows is None:
        raise argument(f"Param `{name}` is not optional.")
    rows = [json.loads(x) if isinstance(x, str) else x for x in rows] if isinstance(rows, list) else rows
    action = {"POST": "create", "PUT": "upsert"}[r.method]
    found = r.server.rows.check_bulk(_table(r), rows, action)
    if action == "create" and not found:
        raise Refused(400, "row_missing_data", "The row data is missing. Try again with row data populated")
    return found


def _stage(r: Request, op: dict[str, Any]) -> dict[str, Any] | None:
    """Stage a write that names a transaction instead of doing it."""
    transaction_id = r.body.get("transactionId")
    if not transaction_id:
        return None
    transaction = r.server.transactions.pending(str(transaction_id))
    r.server.transactions.stage(transaction, [{**op, "databaseId": r.parts["db"], "tableId": r.parts["table"]}])
    return (
        {**op.get("data", {}), "$id": op.get("rowId", "")}
        if isinstance(op.get("data"), dict)
        else {"total": 0, "rows": []}
    )


def _shown(r: Request, raw: dict[str, Any]) -> dict[str, Any]:
    return r.server.rows.show(_table(r), raw)


def _told(r: Request, raws: list[dict[str, Any]], action: str, key: str = "rows") -> dict[str, Any]:
    r.fired += [Fired(_table(r), action, raw, bulk=True) for raw in raws]
    return {"total": len(raws), key: [_shown(r, raw) for raw in raws]}


@on("POST", ROWS, 201)
@on("POST", LEGACY, 201)
def create_rows(r: Request) -> Any:
    """One new row, or many."""
    table = _table(r)
    if _bulk(r):
        rows = _many(r)
        if staged := _stage(r, {"action": "bulkCreate", "data": rows}):
            return staged
        return _told(r, r.server.rows.bulk_create(table, rows), "create")
    row_id = check_id(r.body.get("rowId", r.body.get("documentId")))
    data = _data(r)
    row_id = r.server.new_id() if row_id == "unique" else row_id
    if staged := _stage(r, {"action": "create", "rowId": row_id, "data": data}):
        return staged
    raw = r.server.rows.create(table, row_id, {**data, "$permissions": r.body.get("permissions")})
    r.fired.append(Fired(table, "create", raw))
    return _shown(r, raw)


@on("PUT", ROWS)
@on("PUT", LEGACY)
def upsert_rows(r: Request) -> Any:
    """Many rows, new or not."""
    rows = _many(r)
    if staged := _stage(r, {"action": "bulkUpsert", "data": rows}):
        return staged
    return _told(r, r.server.rows.bulk_upsert(_table(r), rows), "upsert")


@on("PATCH", ROWS)
def update_rows(r: Request) -> Any:
    """Change all rows that match."""
    table, rows = _table(r), r.server.rows
    rows.check_bulk(table, [], "update")
    data = _data(r)
    changed = []
    for raw in _matching(r, table, r.body.get("queries") or []):
        after, moved = rows.patch(table, raw, data)
        if moved:
            changed.append(after)
    told = _told(r, changed[:100], "update")
    return {**told, "total": len(changed)}


@on("DELETE", ROWS)
def delete_rows(r: Request) -> Any:
    """Delete all rows that match the queries of the body; queries in the URL are not looked at."""
    table = _table(r)
    r.server.rows.check_bulk(table, [], "delete")
    gone = [r.server.rows.delete(table, raw["_id"]) for raw in _matching(r, table, r.body.get("queries") or [])]
    told = _told(r, gone[:100], "delete")
    return {**told, "total": len(gone)}


def _matching(r: Request, table: Table, queries: list[str]) -> list[dict[str, Any]]:
    plan = read(table, [q if isinstance(q, str) else json.dumps(q) for q in queries])
    where = " AND ".join(plan.where) or "1"
    limit = f" LIMIT {plan.limit}" if plan.limited else ""
    sql = f"SELECT * FROM {table.sql} WHERE {where} ORDER BY _seq{limit}"
    return [dict(raw) for raw in r.server._db.execute(sql, plan.values).fetchall()]


@on("GET", ROWS)
def list_rows(r: Request) -> Any:
    """Rows by queries."""
    return r.server.rows.find(_table(r), r.queries, count=r.flag("total", True))


@on("GET", ROWS + "/{row}")
def get_row(r: Request) -> Any:
    """One row."""
    table = _table(r)
    select = [v for q in r.queries for v in json.loads(q).get("values", ())]
    return r.server.rows.show(table, r.server.rows.need(table, r.parts["row"]), select)


@on("PUT", ROWS + "/{row}")
@on("PUT", LEGACY + "/{row}")
def upsert_row(r: Request) -> Any:
    """One row, new or not."""
    table, row_id, data = _table(r), check_id(r.parts["row"]), _data(r)
    if staged := _stage(r, {"action": "upsert", "rowId": row_id, "data": {**data, "$id": row_id}}):
        return staged
    there = r.server.rows.raw(table, row_id)
    if there is not None:
        check_timestamp(there, r.headers.get("x-appwrite-timestamp", ""))
    raw, _ = r.server.rows.upsert(table, row_id, data)
    r.fired.append(Fired(table, "upsert", raw))
    return _shown(r, raw)


@on("PATCH", ROWS + "/{row}")
@on("PATCH", LEGACY + "/{row}")
def update_row(r: Request) -> Any:
    """Change one row; the event comes even where nothing differs."""
    table, row_id = _table(r), r.parts["row"]
    if not r.body.get("data"):
        raise Refused(400, "row_missing_payload", "The row data or permissions are missing.")
    data = _data(r)
    if staged := _stage(r, {"action": "update", "rowId": row_id, "data": data}):
        return staged
    there = r.server.rows.need(table, row_id)
    check_timestamp(there, r.headers.get("x-appwrite-timestamp", ""))
    raw, _ = r.server.rows.patch(table, there, data)
    r.fired.append(Fired(table, "update", raw))
    return _shown(r, raw)


@on("DELETE", ROWS + "/{row}")
@on("DELETE", LEGACY + "/{row}")
def delete_row(r: Request) -> Any:
    """Delete one row."""
    table = _table(r)
    if _stage(r, {"action": "delete", "rowId": r.parts["row"], "data": {}}):
        return
    r.fired.append(Fired(table, "delete", r.server.rows.delete(table, r.parts["row"])))


@on("PATCH", ROWS + "/{row}/{column}/{direction}")
def change_number(r: Request) -> Any:
    """Add to or take from a number."""
    if r.parts["direction"] not in ("increment", "decrement"):
        raise missing("route")
    sign = 1 if r.parts["direction"] == "increment" else -1
    limit = r.body.get("max" if sign > 0 else "min")
    table = _table(r)
    raw = r.server.rows.increment(table, r.parts["row"], r.parts["column"], float(r.body.get("value", 1)), limit, sign)
    r.fired.append(Fired(table, "update", raw))
    return _shown(r, raw)


def _legacy(r: Request, row: dict[str, Any]) -> dict[str, Any]:
    shown = {k: v for k, v in row.items() if k != "$tableId"}
    return {**shown, "$collectionId": r.parts["table"]}


def _expands(r: Request) -> bool:
    return r.headers.get("x-appwrite-response-format", "").startswith(EXPANDING_FORMATS)


@on("GET", LEGACY)
def list_documents(r: Request) -> Any:
    """Rows by the former name of the route; formats up to 1.7 show related rows whole."""
    found = r.server.rows.find(_table(r), r.queries, count=r.flag("total", True), expand=_expands(r))
    return {"total": found["total"], "documents": [_legacy(r, row) for row in found["rows"]]}


@on("GET", LEGACY + "/{row}")
def get_document(r: Request) -> Any:
    """One row by the former name of the route."""
    table = _table(r)
    raw = r.server.rows.raw(table, r.parts["row"])
    if raw is None:
        raise missing("document")
    return _legacy(r, r.server.rows.show(table, raw, expand=_expands(r)))


@on("POST", "/tablesdb/transactions", 201)
def create_transaction(r: Request) -> Any:
    """A new transaction."""
    return r.server.transactions.open(int(r.body.get("ttl") or 300)).shown()


@on("GET", "/tablesdb/transactions/{id}")
def get_transaction(r: Request) -> Any:
    """One transaction."""
    return r.server.transactions.get(r.parts["id"]).shown()


@on("POST", "/tablesdb/transactions/{id}/operations", 201)
def stage_operations(r: Request) -> Any:
    """Stage operations."""
    transaction = r.server.transactions.pending(r.parts["id"])
    r.server.transactions.stage(transaction, r.body.get("operations") or [])
    return transaction.shown()


@on("PATCH", "/tablesdb/transactions/{id}")
def end_transaction(r: Request) -> Any:
    """Commit or roll back."""
    transaction = r.server.transactions.pending(r.parts["id"])
    if not r.body.get("commit"):
        transaction.status = "failed"
        return transaction.shown()
    try:
        fired = r.server.transactions.replay(transaction)
    except Refused:
        transaction.status = "failed"
        raise
    transaction.status = "committed"
    r.fired += fired
    return transaction.shown()


@on("DELETE", "/tablesdb/transactions/{id}")
def delete_transaction(r: Request) -> Any:
    """Forget a transaction."""
    r.server.transactions.get(r.parts["id"])
    del r.server.transactions.all[r.parts["id"]]


@on("GET", "/webhooks")
def list_webhooks(r: Request) -> Any:
    """Every subscription."""
    found = [h.shown() for h in r.server.hooks.hooks.values()]
    return {"total": len(found), "webhooks": found}


@on("POST", "/webhooks", 201)
def create_webhook(r: Request) -> Any:
    """A new subscription; its secret is told this once."""
    return r.server.hooks.add(r.body, _stamp(r)).shown(secret=True)


@on("GET", "/webhooks/{id}")
def get_webhook(r: Request) -> Any:
    """One subscription."""
    return r.server.hooks.get(r.parts["id"]).shown()


@on("PUT", "/webhooks/{id}")
def change_webhook(r: Request) -> Any:
    """Change a subscription."""
    return r.server.hooks.change(r.parts["id"], r.body).shown()


@on("DELETE", "/webhooks/{id}")
def delete_webhook(r: Request) -> Any:
    """Delete a subscription."""
    r.server.hooks.get(r.parts["id"])
    del r.server.hooks.hooks[r.parts["id"]]


@on("POST", "/storage/buckets", 201)
def create_bucket(r: Request) -> Any:
    """A new bucket."""
    return r.server.files.add_bucket(check_id(r.need("bucketId")), r.body)


@on("GET", "/storage/buckets")
def list_buckets(r: Request) -> Any:
    """Every bucket."""
    found = r.server.files.buckets()
    return {"total": len(found), "buckets": found}


@on("GET", "/storage/buckets/{bucket}")
def get_bucket(r: Request) -> Any:
    """One bucket."""
    return r.server.files.bucket(r.parts["bucket"])


@on("POST", "/storage/buckets/{bucket}/files", 201)
def create_file(r: Request) -> Any:
    """A new file."""
    return r.server.files.add(r.parts["bucket"], r.headers.get("content-type", ""), r.raw)


@on("GET", "/storage/buckets/{bucket}/files")
def list_files(r: Request) -> Any:
    """Every file of a bucket."""
    found = r.server.files.listed(r.parts["bucket"])
    return {"total": len(found), "files": found}


@on("GET", "/storage/buckets/{bucket}/files/{file}")
def get_file(r: Request) -> Any:
    """One file's description."""
    return r.server.files.get(r.parts["bucket"], r.parts["file"])[0]


@on("GET", "/storage/buckets/{bucket}/files/{file}/{form}", public=True)
def view_file(r: Request) -> Any:
    """One file's content, to view or to download."""
    shown, content = r.server.files.get(r.parts["bucket"], r.parts["file"])
    return Response(200, {"content-type": shown["mimeType"], "x-content-type-options": "nosniff"}, content)


@on("DELETE", "/storage/buckets/{bucket}/files/{file}")
def delete_file(r: Request) -> Any:
    """Delete a file."""
    r.server.files.delete(r.parts["bucket"], r.parts["file"])
