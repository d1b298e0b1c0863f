"""Oddities of one Appwrite adapter, and requests that make no sense: refused, never masked as the server's fault."""

import json
from typing import Any

import httpx
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
        ("integer", {"min": 0, "max": 3, "default": 4}),
        ("varchar", {"size": 3, "default": "four"}),
        ("enum", {"elements": ["run", "pit"], "default": "out"}),
    ],
)
def test_a_default_that_its_column_refuses_is_refused(api: Api, kind: str, body: dict[str, Any]) -> None:
    """A wrong default answers 400 when the column is made, before any row could trip over it."""
    body = {"key": "n", "required": False, **body}
    assert api("POST", f"{CARS}/columns/{kind}", body).kind == "column_value_invalid"
    assert api("GET", f"{CARS}/columns/n").status == 404


def test_a_bulk_upsert_makes_ids_up(api: Api) -> None:
    """A row without `$id` in a bulk upsert comes under a random one; staged, it is lost."""
    assert api("PUT", f"{CARS}/rows", {"rows": [{"$id": "a", "num": 1}, {"num": 2}]}).status == 200
    path = f"/tablesdb/transactions/{api('POST', '/tablesdb/transactions', {}).body['$id']}"
    op = {"databaseId": "d", "tableId": "cars", "action": "bulkUpsert", "data": [{"num": 3}, {"$id": "b", "num": 4}]}
    assert api("POST", f"{path}/operations", {"operations": [op]}).status == 201
    assert api("PATCH", path, {"commit": True}).status == 200
    rows = api("GET", f"{CARS}/rows").body["rows"]
    assert [row["num"] for row in rows] == [1, 2, 4]
    assert len(rows[1]["$id"]) == 20


def test_a_drawing_is_served_as_text(api: Api) -> None:
    """An SVG is viewed as plain text and previewed as a picture of nothing; a PNG is what it is in every form."""
    server = api.server
    assert server is not None
    server.files.add_bucket("b", {"name": "b"})
    found = {}
    for name, media_type in (("a.svg", "image/svg+xml"), ("a.png", "image/png")):
        form = httpx.Request(
            "POST", "http://x", data={"fileId": name}, files={"file": (name, b"<picture>", media_type)}
        )
        server.files.add("b", form.headers["content-type"], form.read())
        for way in ("view", "preview", "download"):
            answer = server.answer("GET", f"/v1/storage/buckets/b/files/{name}/{way}", [], {}, b"")
            found[name, way] = (answer.headers["content-type"], answer.body == b"<picture>")
    assert found["a.svg", "view"] == ("text/plain", True)
    assert found["a.svg", "preview"] == ("image/png", False)
    assert found["a.svg", "download"] == ("image/svg+xml", True)
    assert {found["a.png", way] for way in ("view", "preview", "download")} == {("image/png", True)}


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        ({"rows.read"}, "GET", f"{CARS}/rows", 200),
        ({"documents.read"}, "GET", f"{CARS}/rows", 200),
        ({"rows.read"}, "PATCH", f"{CARS}/rows/a", 401),
        ({"rows.read", "rows.write"}, "GET", CARS, 401),
        ({"rows.read", "rows.write"}, "GET", "/databases/d/collections/cars/documents", 401),
        ({"rows.read", "rows.write"}, "GET", "/webhooks", 401),
    ],
)
def test_a_key_may_do_what_its_scopes_say(scopes: set[str], method: str, path: str, status: int) -> None:
    """Another scope than the route's answers 401 general_unauthorized_scope; rows take the former scope too."""
    api = Api(Embedded(scopes=frozenset(scopes)))
    assert api.server is not None
    with api.server.whole():
        api.server.catalog.add_database("d", "d", "")
        api.server.catalog.add_table("d", "cars", "c", "")
    answer = api(method, path, {})
    assert answer.status == status
    assert status == 200 or answer.kind == "general_unauthorized_scope"


def test_a_loopback_webhook_is_taken_where_the_server_says_so() -> None:
    """With the switch, and only with it, webhooks may go to this machine; never to another private name."""
    body = {"webhookId": "w", "name": "w", "url": "http://127.0.0.1:9/x", "events": ["databases.*"]}
    assert Api(Embedded())("POST", "/webhooks", body).status == 400
    api = Api(Embedded(loopback_hooks=True))
    assert api("POST", "/webhooks", body).status == 201
    assert api("PUT", "/webhooks/w", {**body, "url": "http://10.0.0.1/x"}).status == 400


@pytest.mark.parametrize("events", [[{}], [""], [None], ["rows.*"], [], "databases.*"])
def test_only_events_that_exist_may_be_subscribed_to(api: Api, events: Any) -> None:
    """What is no event's name is refused, an empty one too."""
    body = {"webhookId": "w", "name": "w", "url": "https://functions.com/x", "events": events}
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
