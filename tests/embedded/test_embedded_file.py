"""What the embedded server keeps, and what a refused or failed request leaves behind: nothing."""

import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.embedded import Embedded, bootstrap
from tests.embedded.api import Api

NOON = datetime(2026, 2, 14, tzinfo=UTC)
STATE = {"kind": "tick", "name": "suite"}


def test_tables_rows_and_subscriptions_are_there_at_the_next_start(tmp_path: Path) -> None:
    """A file opened again has its tables, rows and subscriptions with their secrets, and is its owner's alone."""
    path = tmp_path / "store.db"
    first = Embedded(path)
    bootstrap(first)
    api = Api(first)
    body = {
        "webhookId": "w",
        "name": "w",
        "url": "https://f.raceday.nz/",
        "events": ["databases.*"],
        "secret": "12345678",
    }
    api("POST", "/webhooks", body)
    bands = api("GET", "/tablesdb/raceday-db/tables/user-alert-configs/rows").body
    first.close()
    again = Embedded(path)
    assert Api(again)("GET", "/tablesdb/raceday-db/tables/user-alert-configs/rows").body == bands
    assert bands["total"] == 6
    assert again.hooks.get("w").secret == "12345678"
    again.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_refused_table_leaves_nothing() -> None:
    """A table whose second column is refused is not made, so the mended request succeeds."""
    api = Api(Embedded())
    api("POST", "/tablesdb", {"databaseId": "d", "name": "d"})
    good = {"key": "a", "type": "integer", "required": True}
    bad = {"key": "b", "type": "integer", "required": True, "default": 1}
    table = {"tableId": "t", "name": "t", "columns": [good, bad]}
    refused = api("POST", "/tablesdb/d/tables", table)
    assert (refused.status, refused.kind) == (400, "column_default_unsupported")
    assert api("GET", "/tablesdb/d/tables/t").status == 404
    assert api("POST", "/tablesdb/d/tables", {**table, "columns": [good]}).status == 201


def test_a_column_is_unknown_while_it_is_made() -> None:
    """With a latency a new column is `processing`: rows may not have it and indexes not name it until it is there."""
    moment = [NOON]
    api = Api(Embedded(now=lambda: moment[0], column_latency_secs=2))
    api("POST", "/tablesdb", {"databaseId": "d", "name": "d"})
    api("POST", "/tablesdb/d/tables", {"tableId": "t", "name": "t"})
    assert api("POST", "/tablesdb/d/tables/t/columns/integer", {"key": "n", "required": True}).status == 202
    column, rows = "/tablesdb/d/tables/t/columns/n", "/tablesdb/d/tables/t/rows"
    row = {"rowId": "a", "data": {"n": 1}}
    assert api("GET", column).body["status"] == "processing"
    assert api("POST", rows, row).body["message"] == 'Invalid document structure: Unknown attribute: "n"'
    index = {"key": "by_n", "type": "key", "columns": ["n"]}
    assert api("POST", "/tablesdb/d/tables/t/indexes", index).kind == "column_not_available"
    moment[0] += timedelta(seconds=2)
    assert api("GET", column).body["status"] == "available"
    assert api("POST", rows, row).status == 201


def test_requests_are_counted_by_route() -> None:
    """Each request counts under its method and the route's pattern."""
    server = Embedded()
    api = Api(server)
    api("POST", "/tablesdb", {"databaseId": "d", "name": "d"})
    api("GET", "/tablesdb/d")
    api("GET", "/tablesdb/nope")
    assert server.requests == {"POST /tablesdb": 1, "GET /tablesdb/{db}": 2}


def test_a_transaction_runs_out() -> None:
    """After its time a transaction takes nothing and answers 410 transaction_expired."""
    moment = [NOON]
    api = Api(Embedded(now=lambda: moment[0]))
    path = f"/tablesdb/transactions/{api('POST', '/tablesdb/transactions', {'ttl': 60}).body['$id']}"
    moment[0] += timedelta(seconds=61)
    answer = api("PATCH", path, {"commit": True})
    assert (answer.status, answer.kind) == (410, "transaction_expired")
    assert api("POST", "/tablesdb/transactions", {"ttl": 59}).kind == "general_argument_invalid"


def test_a_commit_that_the_file_does_not_take_has_failed(tmp_path: Path) -> None:
    """A disk that is full only at the commit leaves a failed transaction, no row, and a store that goes on."""
    server = Embedded(tmp_path / "store.db")
    bootstrap(server)
    api = Api(server)
    table = "/tablesdb/raceday-db/tables/suite-state"
    path = f"/tablesdb/transactions/{api('POST', '/tablesdb/transactions', {}).body['$id']}"
    staged = {"action": "create", "databaseId": "raceday-db", "tableId": "suite-state", "rowId": "a", "data": STATE}
    assert api("POST", f"{path}/operations", {"operations": [staged]}).status == 201

    def no_commit(action: int, statement: str | None, *_: str | None) -> int:
        full = (action, statement) == (sqlite3.SQLITE_TRANSACTION, "COMMIT")
        return sqlite3.SQLITE_DENY if full else sqlite3.SQLITE_OK

    server._db.set_authorizer(no_commit)
    assert api("PATCH", path, {"commit": True}).status == 500
    server._db.set_authorizer(None)
    assert api("GET", path).body["status"] == "failed"
    assert api("GET", f"{table}/rows/a").status == 404
    assert api("POST", f"{table}/rows", {"rowId": "a", "data": STATE}).status == 201
