"""Webhooks of the embedded server: when they come, what they say, and what becomes of failures."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from local.embedded import Delivery, Embedded, WebhookWorker
from local.embedded.hooks import event_names, signature
from tests.embedded.api import Api

DB, ROWS = "d", "/tablesdb/d/tables/cars/rows"
URL = "http://127.0.0.1:9777/hook"


@pytest.fixture
def api() -> Api:
    """Return an API with one table and a subscription to all its rows."""
    api = Api(Embedded(loopback_hooks=True))
    api("POST", "/tablesdb", {"databaseId": DB, "name": DB})
    columns = [{"key": "num", "type": "integer", "required": True}, {"key": "team", "type": "string", "size": 40}]
    api("POST", f"/tablesdb/{DB}/tables", {"tableId": "cars", "name": "cars", "columns": columns})
    subscribe(api, "all", f"databases.{DB}.tables.cars.rows.*")
    return api


def subscribe(api: Api, name: str, *events: str) -> Any:
    """Subscribe to events and give the answer."""
    body = {"webhookId": name, "name": name, "url": URL, "events": list(events), "secret": "whsec-test-0123456789"}
    return api("POST", "/webhooks", body)


def queued(api: Api) -> list[Delivery]:
    """Take the deliveries that wait."""
    assert api.server is not None
    found = list(api.server.hooks.queue)
    api.server.hooks.queue.clear()
    return found


def commit(api: Api, *ops: dict[str, Any]) -> None:
    """Commit operations on the table."""
    path = f"/tablesdb/transactions/{api('POST', '/tablesdb/transactions', {}).body['$id']}"
    base = {"databaseId": DB, "tableId": "cars"}
    api("POST", f"{path}/operations", {"operations": [{**base, **op} for op in ops]})
    assert api("PATCH", path, {"commit": True}).status == 200


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end."""
    asyncio.run(work())


@pytest.mark.parametrize(
    ("body", "signed"),
    [
        (
            r'{"num":44,"gap":2,"$id":"car-44","$permissions":[],"$updatedAt":"2026-11-23T12:46:00.553+00:00",'
            r'"$createdAt":"2026-11-23T12:46:00.536+00:00","team":"\u00c9quipe\/X","$sequence":"1",'
            r'"$databaseId":"d","$tableId":"cars"}',
            "qG5HlaRaJL6bmlJMMW+78LET9DM=",
        ),
        (
            r'{"$id":"car-44","num":44,"team":"\u00c9quipe\/X","gap":1.25,"$collection":"database_1_collection_2",'
            r'"$updatedAt":"2026-11-23T12:46:00.536+00:00","$createdAt":"2026-11-23T12:46:00.536+00:00",'
            r'"$permissions":[],"$sequence":"1","$databaseId":"d","$tableId":"cars"}',
            "681Ps6I6upJMuYC2XCSfDer1uyM=",
        ),
    ],
)
def test_a_signature_is_that_of_a_real_delivery(body: str, signed: str) -> None:
    """Secret, URL and body of two real deliveries give their signatures; an encoded URL is signed decoded."""
    assert signature("whsec-test-0123456789", URL, body.encode()) == signed
    assert signature("whsec-test-0123456789", URL.replace("hook", "h%6Fok"), body.encode()) == signed


def test_an_event_has_every_name(api: Api) -> None:
    """A row's event is told under 42 names; a create begins with the former form, an update with the present one."""
    assert len(event_names("d", "cars", "a", "create")) == 42
    api("POST", ROWS, {"rowId": "a", "data": {"num": 1, "team": "É/X"}})
    api("PUT", f"{ROWS}/a", {"data": {"num": 2}})
    made, changed = queued(api)
    assert made.headers["X-Appwrite-Webhook-Events"].startswith("databases.d.collections.cars.documents.a.create,")
    assert changed.headers["X-Appwrite-Webhook-Events"].startswith("databases.d.tables.cars.rows.a.upsert,")
    assert rb'"team":"\u00c9\/X"' in made.body
    assert "$collection" not in json.loads(made.body)
    assert made.headers["X-Appwrite-Webhook-Signature"] == signature("whsec-test-0123456789", URL, made.body)
    assert "X-Appwrite-Webhook-User-Id" not in made.headers


def test_a_patch_that_changes_nothing_is_told(api: Api) -> None:
    """A single patch with equal values makes a delivery; a bulk upsert of equal rows makes none."""
    api("POST", ROWS, {"rowId": "a", "data": {"num": 1}})
    queued(api)
    api("PATCH", f"{ROWS}/a", {"data": {"num": 1}})
    assert len(queued(api)) == 1
    api("PUT", ROWS, {"rows": [{"$id": "a", "num": 1, "team": None}]})
    assert queued(api) == []


def test_a_bulk_is_told_row_by_row(api: Api) -> None:
    """A bulk outside a transaction makes one delivery for each row, which names its collection."""
    api("POST", ROWS, {"rows": [{"$id": f"r{i}", "num": i} for i in range(3)]})
    found = queued(api)
    assert [json.loads(d.body)["$id"] for d in found] == ["r0", "r1", "r2"]
    assert all(json.loads(d.body)["$collection"].startswith("database_1_collection_") for d in found)


def test_a_transaction_tells_of_single_operations_only(api: Api) -> None:
    """Single operations make a delivery each, with the final state and as updates; bulk ones make none."""
    commit(
        api,
        {"action": "create", "rowId": "a", "data": {"num": 1}},
        {"action": "update", "rowId": "a", "data": {"num": 2}},
        {"action": "upsert", "rowId": "b", "data": {"$id": "b", "num": 3}},
        {"action": "bulkUpsert", "data": [{"$id": "c", "num": 4}]},
    )
    found = queued(api)
    kinds = [d.headers["X-Appwrite-Webhook-Events"].split(",")[0] for d in found]
    base = "databases.d.tables.cars.rows"
    assert kinds == [f"{base}.a.create", f"{base}.a.update", f"{base}.b.update"]
    first = json.loads(found[0].body)
    assert first["num"] == 2
    assert first["$collectionId"] == "cars"
    assert "$databaseId" not in first


def test_a_subscription_to_updates_misses_upserts(api: Api) -> None:
    """`upsert` may not be subscribed to by name, and a subscription to updates does not get it."""
    assert subscribe(api, "bad", "databases.*.tables.*.rows.*.upsert").status == 400
    assert subscribe(api, "updates", "databases.*.tables.*.rows.*.update").status == 201
    api("PUT", f"{ROWS}/a", {"data": {"num": 2}})
    assert [d.hook_id for d in queued(api)] == ["all"]


def test_a_secret_is_told_once(api: Api) -> None:
    """The answer that makes a subscription has its secret, later ones do not; a short one is refused."""
    assert subscribe(api, "one", "databases.*").body["secret"] == "whsec-test-0123456789"
    assert api("GET", "/webhooks/one").body["secret"] == ""
    body = {"webhookId": "two", "name": "two", "url": URL, "events": ["databases.*"], "secret": "short"}
    assert api("POST", "/webhooks", body).status == 400


def test_deliveries_are_made_one_after_another(api: Api) -> None:
    """The worker waits for each answer before the next delivery, in order, and never repeats one."""
    api("POST", ROWS, {"rows": [{"$id": f"r{i}", "num": i} for i in range(4)]})
    seen: list[str] = []

    async def send(url: str, headers: dict[str, str], body: bytes) -> int:
        row_id = json.loads(body)["$id"]
        seen.append(f"{row_id} begins")
        await asyncio.sleep(0)
        seen.append(f"{row_id} ends")
        return 500

    run(lambda: drain(api, send))
    assert seen == [f"r{i} {word}" for i in range(4) for word in ("begins", "ends")]


def test_ten_failures_in_a_row_switch_a_subscription_off(api: Api) -> None:
    """After ten failures nothing more is sent; switching it on again forgets them, and a success does too."""
    api("POST", ROWS, {"rows": [{"$id": f"r{i}", "num": i} for i in range(12)]})
    answers = [302] + [500] * 20
    sent: list[int] = []

    async def send(url: str, headers: dict[str, str], body: bytes) -> int:
        sent.append(answers[len(sent)])
        if len(sent) == 3:
            raise ConnectionError("refused")
        return sent[-1]

    run(lambda: drain(api, send))
    assert len(sent) == 11
    assert api("GET", "/webhooks/all").body["enabled"] is False
    api("PATCH", f"{ROWS}/r1", {"data": {"num": 9}})
    assert queued(api) == []
    again = {"name": "all", "url": URL, "events": ["databases.*"], "enabled": True}
    assert api("PUT", "/webhooks/all", again).body["attempts"] == 0


def test_deliveries_can_be_dropped_doubled_and_turned_round(api: Api) -> None:
    """Whatever a fault injector makes of a delivery is what is sent."""
    api("POST", ROWS, {"rows": [{"$id": f"r{i}", "num": i} for i in range(3)]})
    seen: list[str] = []

    async def send(url: str, headers: dict[str, str], body: bytes) -> int:
        seen.append(json.loads(body)["$id"])
        return 200

    def tamper(delivery: Delivery) -> list[Delivery]:
        return [delivery] * json.loads(delivery.body)["num"]

    run(lambda: drain(api, send, tamper))
    assert seen == ["r1", "r2", "r2"]


async def drain(api: Api, send: Any, tamper: Any = None) -> None:
    """Run a worker until its queue is empty."""
    assert api.server is not None
    worker = WebhookWorker(api.server.hooks, send, tamper)
    task = asyncio.get_running_loop().create_task(worker.run())
    while worker.waiting:  # noqa: ASYNC110 - the worker offers no event that says it is idle
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("left_out", ["url", "name", "events"])
def test_a_subscription_is_changed_whole(api: Api, left_out: str) -> None:
    """A change names URL, name and events; what else it leaves out is as if it were new."""
    body = {"url": URL, "name": "all", "events": ["databases.*"], "enabled": True}
    assert api("PUT", "/webhooks/all", {k: v for k, v in body.items() if k != left_out}).status == 400
    assert api("PUT", "/webhooks/all", {**body, "tls": True}).body["tls"] is True
    assert api("PUT", "/webhooks/all", body).body["tls"] is False
