"""Oddities of one Appwrite adapter, and requests that make no sense: refused, never masked as the server's fault."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.embedded import Embedded, bootstrap
from local.embedded.routes import ROUTES
from tests.embedded.api import Api

CARS = "/tablesdb/d/tables/cars"
# fmt: off
WORDS = [
    "data", "rows", "rowId", "queries", "operations", "ttl", "commit", "columns", "indexes", "key", "type",
    "name", "events", "url", "secret", "webhookId", "value", "max", "min", "databaseId", "tableId", "bucketId",
    "size", "default", "required", "elements", "relatedTableId", "action", "$id", "entrantId", "runnerNumber",
    "meeting", "attributes", "orders", "$createdAt", "array", "method", "values", "documents", "documentId",
    "equal", "limit", "create", "bulkUpsert", "upsert", "bulkDelete", "increment", "integer", "varchar",
    "enum", "entrants", "races", "raceday-db", "silks", "a",
]
# fmt: on
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(WORDS) | st.text()
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS), inner), max_leaves=12
)
BODIES = st.dictionaries(st.sampled_from(WORDS), JSON, max_size=8)
KEPT = ("DELETE /tablesdb/{db}", "DELETE /tablesdb/{db}/tables/{table}")
ALL = sorted(r.name for routes in ROUTES.by_method.values() for r in routes if r.name not in KEPT)


@pytest.fixture
def api() -> Api:
    """Return an API with one table whose `num` is unique."""
    api = Api(Embedded())
    api("POST", "/tablesdb", {"databaseId": "d", "name": "d"})
    columns = [{"key": "num", "type": "integer", "required": True}, {"key": "name", "type": "string", "size": 40}]
    indexes = [{"key": "one", "type": "unique", "attributes": ["num"]}]
    made = api("POST", "/tablesdb/d/tables", {"tableId": "cars", "name": "c", "columns": columns, "indexes": indexes})
    assert made.status == 201
    return api


def test_an_upsert_that_clashes_overwrites_the_other_row(api: Api) -> None:
    """A new id whose unique value another row has answers 200 without a sequence and changes that other row."""
    api("POST", f"{CARS}/rows", {"rowId": "a", "data": {"num": 1, "name": "Alba"}})
    upserted = api("PUT", f"{CARS}/rows/b", {"data": {"num": 1, "name": "Bora"}})
    assert (upserted.status, upserted.body["$id"], upserted.body["$sequence"]) == (200, "b", "")
    assert api("GET", f"{CARS}/rows/b").kind == "row_not_found"
    assert api("GET", f"{CARS}/rows/a").body["name"] == "Bora"


def test_a_created_row_that_clashes_is_refused(api: Api) -> None:
    """A create whose unique value another row has answers 409 row_already_exists; a bulk update of that kind 500."""
    for row_id, num in (("a", 1), ("b", 2)):
        api("POST", f"{CARS}/rows", {"rowId": row_id, "data": {"num": num}})
    assert api("POST", f"{CARS}/rows", {"rowId": "c", "data": {"num": 1}}).kind == "row_already_exists"
    assert api("PATCH", f"{CARS}/rows", {"data": {"num": 7}}).kind == "general_unknown"
    assert [r["num"] for r in api("GET", f"{CARS}/rows").body["rows"]] == [1, 2]


def test_a_table_takes_another_name(api: Api) -> None:
    """A table renamed keeps its rows."""
    api("POST", f"{CARS}/rows", {"rowId": "a", "data": {"num": 1}})
    assert api("PUT", CARS, {"name": "motors"}).body["name"] == "motors"
    assert api("GET", f"{CARS}/rows").body["total"] == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("integer", {"key": "n", "min": 0, "max": 3, "default": 4}),
        ("integer", {"key": "n", "default": "four"}),
        ("varchar", {"key": "n", "size": 3, "default": "four"}),
        ("enum", {"key": "n", "elements": ["run", "pit"], "default": "out"}),
    ],
)
def test_a_default_that_its_column_refuses_is_refused(api: Api, kind: str, body: dict[str, Any]) -> None:
    """A wrong default answers 400 when the column is made, before any row could trip over it."""
    assert api("POST", f"{CARS}/columns/{kind}", body).kind == "column_value_invalid"
    assert api("GET", f"{CARS}/columns/n").status == 404


def test_a_bulk_upsert_needs_ids(api: Api) -> None:
    """A row without `$id` in a bulk upsert is refused, and with it the whole bulk."""
    refused = api("PUT", f"{CARS}/rows", {"rows": [{"$id": "a", "num": 1}, {"num": 2}]})
    assert refused.kind == "general_bad_request"
    assert api("GET", f"{CARS}/rows").body["total"] == 0


@pytest.mark.parametrize("events", [[{}], [""], [None], ["rows.*"], [], "databases.*"])
def test_only_events_that_exist_may_be_subscribed_to(api: Api, events: Any) -> None:
    """What is no event's name is refused, an empty one too."""
    body = {"webhookId": "w", "name": "w", "url": "http://x", "events": events}
    assert api("POST", "/webhooks", body).kind == "general_argument_invalid"


@pytest.fixture(scope="module")
def whole_suite() -> Embedded:
    """Return the suite's tables."""
    server = Embedded()
    bootstrap(server)
    return server


@settings(max_examples=250, deadline=None, derandomize=True)
@given(route=st.sampled_from(ALL), body=BODIES, query=JSON, name=st.sampled_from(WORDS), table=st.sampled_from(WORDS))
def test_nonsense_is_refused_not_masked(
    whole_suite: Embedded, route: str, body: dict[str, Any], query: Any, name: str, table: str
) -> None:
    """Whatever is sent to whichever route, the answer is never 500 and no SQL transaction stays open."""
    method, path = route.split(" ", 1)
    for part, value in (("db", "raceday-db"), ("table", "entrants"), ("direction", "increment"), ("kind", table)):
        path = path.replace(f"{{{part}}}", value)
    for part in ("row", "column", "key", "id", "bucket", "file", "form"):
        path = path.replace(f"{{{part}}}", name)
    headers = {"x-appwrite-project": whole_suite.project_id, "x-appwrite-key": whole_suite.api_key}
    raw = json.dumps(body).encode()
    answer = whole_suite.answer(method, f"/v1{path}", [("queries[0]", json.dumps(query))], headers, raw)
    assert answer.status < 500, answer.body
    with whole_suite.whole():
        assert "raceday-db" in whole_suite.catalog.databases
