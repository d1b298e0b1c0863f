"""What the store's client makes of lost, late and strange answers, and what it never sends at all."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from appwrite.query import Query

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from raceday.errors import StoreConflict, StoreError, StoreInvalid, StoreMissing, StoreUnavailable
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.checks import agrees
from raceday.store.client import StoreClient, make_store
from raceday.store.port import Op
from raceday.tables import NOTIFICATIONS, RACE_POOLS, SUITE_STATE
from tests.poll_kit import StillClock

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SETTINGS = Settings(store_endpoint="http://store.test/v1", store_project="raceday", store_key="embedded-key")
STATE = {"kind": "pause", "name": "all"}
NOTE = {"userId": "u", "type": "odds", "title": "t", "message": "m"}
Answer = Callable[[httpx.Request], httpx.Response]


class Late(httpx.AsyncBaseTransport):
    """Loses the first request of a method, and delivers it only just before the next one of that method."""

    def __init__(self, server: Embedded, method: str) -> None:
        self._inner, self._method = EmbeddedTransport(server), method
        self._held: httpx.Request | None = None
        self._done = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hold, deliver late, or pass on."""
        if request.method == self._method and not self._done:
            if self._held is None:
                self._held = request
                raise httpx.ReadTimeout("held up", request=request)
            self._done = True
            await self._inner.handle_async_request(self._held)
        return await self._inner.handle_async_request(request)


def over(transport: httpx.AsyncBaseTransport) -> StoreClient:
    """Make a client over a transport."""
    return make_store(SETTINGS, StillClock(NOW), SeededRandomSource(1), Log(lambda _: None), transport)


def fresh() -> Embedded:
    """Make a server with every table."""
    server = Embedded(now=lambda: NOW)
    bootstrap(server)
    return server


def scripted(*answers: httpx.Response | Exception) -> tuple[StoreClient, list[httpx.Request]]:
    """Make a client of a server that gives these answers in turn; gives the requests too."""
    seen: list[httpx.Request] = []
    left = list(answers)

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return over(httpx.MockTransport(handler)), seen


def ok(**body: Any) -> httpx.Response:
    """Return an answer of 200."""
    return httpx.Response(200, json=body)


LOST = httpx.ReadTimeout("lost")


@pytest.mark.parametrize("row_id", ["", "a/b", "..", "a?b", "é", "x" * 37, "_a", "bad id"])
async def test_an_id_that_no_row_can_have_is_never_sent(row_id: str) -> None:
    """An empty id would make a row's route its table's, where DELETE removes every row: nothing is sent."""
    store, seen = scripted()

    writes = [
        store.delete(SUITE_STATE, row_id), store.create(SUITE_STATE, row_id, STATE),
        store.upsert(SUITE_STATE, row_id, STATE), store.update(SUITE_STATE, row_id, STATE),
        store.upsert_many(SUITE_STATE, [{"$id": row_id, **STATE}]),
        store.create_many(SUITE_STATE, [{"$id": row_id, **STATE}]),
        store.commit([Op("upsert", SUITE_STATE, row_id, STATE)]),
        store.commit([Op("bulkUpsert", SUITE_STATE, rows=[{"$id": row_id, **STATE}])]),
        store.put_file("silks", row_id, "a.svg", b"<svg/>", "image/svg+xml"),
    ]  # fmt: skip
    for write in writes:
        with pytest.raises(StoreInvalid):
            await write
    assert await store.get(SUITE_STATE, row_id) is None
    assert seen == []


def test_find_refuses_a_limit_among_its_queries() -> None:
    """A limit that paging would overrule is refused instead of being lost."""
    store, seen = scripted()
    with pytest.raises(StoreInvalid):
        asyncio.run(store.find(SUITE_STATE, [Query.limit(2)]))
    assert seen == []


async def test_a_create_that_arrives_late_is_still_its_own() -> None:
    """The second try's conflict with our own first one is read back and is no conflict."""
    store = over(Late(fresh(), "POST"))
    try:
        row = await store.create(RACE_POOLS, "r", {"raceId": "r", "winPoolTotal": None, "lastUpdated": "2026-11-24"})
    except StoreConflict:
        pytest.fail("its own row was told as somebody else's")
    assert (row["$id"], row["winPoolTotal"]) == ("r", 0)


async def test_a_bulk_that_arrives_late_is_still_its_own() -> None:
    """A bulk whose first try made it after all is not reported as somebody else's."""
    store = over(Late(fresh(), "POST"))
    await store.create_many(NOTIFICATIONS, [{"$id": f"n{i}", **NOTE} for i in range(100)])
    assert len(await store.find(NOTIFICATIONS)) == 100


@pytest.mark.parametrize(
    "there", [[{"$id": "n1", **NOTE, "title": "other"}, {"$id": "n2", **NOTE}], [{"$id": "n1", **NOTE}]]
)
async def test_a_lost_bulk_that_meets_other_rows_conflicts(there: list[dict[str, Any]]) -> None:
    """Rows of others under our ids, or only some of ours, are a conflict and never taken for our bulk."""
    server = fresh()
    await over(EmbeddedTransport(server)).create_many(NOTIFICATIONS, there)
    store = over(Late(server, "POST"))
    with pytest.raises(StoreConflict):
        await store.create_many(NOTIFICATIONS, [{"$id": "n1", **NOTE}, {"$id": "n2", **NOTE}])


async def test_a_guarded_update_whose_answer_is_lost_is_made_once() -> None:
    """A patch that names an instant is read back after a lost answer, and its late twin does no harm."""
    server = fresh()
    await over(EmbeddedTransport(server)).create(SUITE_STATE, "a", STATE)
    row = await over(Late(server, "PATCH")).update(
        SUITE_STATE, "a", {"status": "x"}, if_not_after="2026-11-24T01:00:00.000+00:00"
    )
    assert row["status"] == "x"


def test_a_commit_under_way_is_waited_for() -> None:
    """A transaction found committing after a lost answer is read again until it has ended."""
    store, seen = scripted(
        ok(**{"$id": "t"}), ok(), LOST, ok(status="committing"), ok(status="committing"), ok(status="committed")
    )
    asyncio.run(store.commit([Op("create", SUITE_STATE, "a", STATE)]))
    assert [request.method for request in seen] == ["POST", "POST", "PATCH", "GET", "GET", "GET"]


def test_a_commit_that_overtakes_the_rollback_counts() -> None:
    """A rollback refused because the late commit came first leads to another reading, which tells."""
    refused = httpx.Response(400, json={"type": "transaction_not_ready", "message": "ended"})
    store, seen = scripted(ok(**{"$id": "t"}), ok(), LOST, ok(status="pending"), refused, ok(status="committed"))
    asyncio.run(store.commit([Op("create", SUITE_STATE, "a", STATE)]))
    assert json.loads(seen[4].content) == {"rollback": True}


def test_an_open_transaction_is_ended_before_it_counts_as_failed() -> None:
    """A transaction that is still pending is rolled back, lest its commit arrives when another has been made."""
    store, seen = scripted(*[ok(status="pending")] * 6)
    assert asyncio.run(store._resolve_transaction("/t")) == "failed"
    assert [(request.method, request.content) for request in seen] == [("GET", b""), ("PATCH", b'{"rollback":true}')]


@pytest.mark.parametrize("ending", [[ok(status="failed")], [ok(status="pending"), ok(status="failed")]])
def test_a_commit_known_to_have_failed_says_so(ending: list[httpx.Response]) -> None:
    """Where each transaction tells that nothing was written, the last error has the kind `not_committed`."""
    once: list[httpx.Response | Exception] = [ok(**{"$id": "t"}), ok(), LOST, *ending]
    store, seen = scripted(*once * 3)
    with pytest.raises(StoreUnavailable) as caught:
        asyncio.run(store.commit([Op("create", SUITE_STATE, "a", STATE)]))
    assert caught.value.kind == "not_committed"
    assert len(seen) == 3 * (3 + len(ending))


def test_a_commit_nobody_can_tell_of_stays_unknown() -> None:
    """Without any answer after the commit its own error is raised, for the caller to resolve by reading."""
    store, _ = scripted(ok(**{"$id": "t"}), ok(), LOST, *[httpx.ConnectError("down")] * 15)
    with pytest.raises(StoreUnavailable) as caught:
        asyncio.run(store.commit([Op("create", SUITE_STATE, "a", STATE)]))
    assert (caught.value.status, caught.value.kind) == (0, "timeout")


def test_a_staging_that_is_refused_ends_its_transaction() -> None:
    """What cannot be staged is rolled back and raises the refusal itself."""
    refused = httpx.Response(400, json={"type": "general_argument_invalid", "message": "no"})
    store, seen = scripted(ok(**{"$id": "t"}), refused, ok(status="pending"), ok(status="failed"))
    with pytest.raises(StoreInvalid):
        asyncio.run(store.commit([Op("create", SUITE_STATE, "a", STATE)]))
    assert json.loads(seen[-1].content) == {"rollback": True}


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{}", b"<html></html>", b'{"rows": ['])
def test_an_answer_from_something_else_is_a_typed_error(body: bytes) -> None:
    """A proxy's 200 in Appwrite's place raises StoreUnavailable, not an error of our own code."""
    store = over(httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    with pytest.raises(StoreUnavailable):
        asyncio.run(store.find(SUITE_STATE))


async def test_a_file_whose_answer_is_lost_is_there_once() -> None:
    """A lost answer, then our own file in the way: the file ends up there with its new content."""
    server = fresh()
    store = over(Late(server, "POST"))
    await store.put_file("silks", "s1", "s1.svg", b"<svg>1</svg>", "image/svg+xml")
    assert server.files.get("silks", "s1")[1] == b"<svg>1</svg>"


def test_a_hanging_server_is_given_up() -> None:
    """A server that never answers ends in a typed time-out, however long its connection stays open."""

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    settings = Settings(
        store_endpoint="http://store.test/v1",
        store_project="p",
        store_key="k",
        store_timeout_secs=0.01,
        store_attempts=2,
    )
    store = make_store(settings, StillClock(NOW), SeededRandomSource(1), Log(lambda _: None), Hanging())
    with pytest.raises(StoreError) as caught:
        asyncio.run(store.find(SUITE_STATE))
    assert (caught.value.kind, store.calls) == ("timeout", 2)


@pytest.mark.parametrize(
    ("stored", "sent", "same"),
    [
        ("2026-11-24T01:00:00.123+00:00", "2026-11-24T14:00:00.123456+13:00", True),
        ("2026-11-24T01:00:00.000+00:00", "2026-11-24 01:00:00", True),
        ("2026-11-24T01:00:00.000+00:00", "2026-11-24T01:00:00.001+00:00", False),
        (7, 7.0, True), (None, "x", False), ("a", "b", False),
    ],
)  # fmt: skip
def test_rows_agree_by_what_the_store_makes_of_values(stored: Any, sent: Any, same: bool) -> None:
    """Instants agree across offsets and precision, whole floats with integers."""
    assert agrees({"v": stored}, {"v": sent}) is same


def test_a_begun_transaction_saves_the_commit_a_call() -> None:
    """A commit stages into the transaction that stands open; one that is dropped is rolled back."""
    server = fresh()
    store = over(EmbeddedTransport(server))

    async def go() -> None:
        begun = await store.begin()
        before = store.calls
        await store.commit([Op("create", SUITE_STATE, "a", STATE)], begun)
        assert store.calls - before == 2
        await store.drop(await store.begin())
        assert await store.get(SUITE_STATE, "a") is not None

    asyncio.run(go())
    assert sorted(each.status for each in server.transactions.all.values()) == ["committed", "failed"]


@pytest.mark.parametrize("case", ["expired", "unknown"])
def test_a_begun_transaction_that_is_of_no_use_is_replaced(case: str) -> None:
    """Where the open transaction's time is over, or the store knows it no more, the commit opens another."""
    server = fresh()
    store = over(EmbeddedTransport(server))

    async def go() -> None:
        begun = await store.begin()
        if case == "expired":
            server.transactions.all[begun].expires -= timedelta(seconds=120)
        else:
            del server.transactions.all[begun]
        await store.commit([Op("create", SUITE_STATE, "a", STATE)], begun)
        assert await store.get(SUITE_STATE, "a") is not None

    asyncio.run(go())


def test_what_is_refused_in_a_begun_transaction_is_refused_in_its_own() -> None:
    """A refusal that is the operations' own is raised, after a second transaction has told."""
    store = over(EmbeddedTransport(fresh()))

    async def go() -> None:
        with pytest.raises(StoreMissing):
            await store.commit([Op("update", SUITE_STATE, "none", STATE)], await store.begin())

    asyncio.run(go())
