"""The store's client: its wire, its errors, and fates resolved by reading."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from appwrite.query import Query

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from raceday.errors import (
    StoreConflict,
    StoreError,
    StoreInvalid,
    StoreMissing,
    StoreRefused,
    StoreUnavailable,
)
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.client import StoreClient, make_store
from raceday.store.port import Op
from raceday.store.wire import error_of
from raceday.tables import ENTRANTS, NOTIFICATIONS, RACE_POOLS, RACES, SUITE_STATE
from tests.poll_kit import StillClock

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SETTINGS = Settings(store_endpoint="http://store.test/v1", store_project="raceday", store_key="embedded-key")
STATE = {"kind": "pause", "name": "all"}


class Lossy:
    """A hook that loses requests before the server sees them, or their answers after it did."""

    def __init__(self) -> None:
        self.before_of: list[str] = []
        self.after_of: list[str] = []

    async def before(self, request: httpx.Request) -> httpx.Response | None:
        """Lose the request where the script says so."""
        if self.before_of and self.before_of[0] == request.method:
            self.before_of.pop(0)
            raise httpx.ConnectError("lost", request=request)
        return None

    async def after(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Lose the answer where the script says so."""
        if self.after_of and self.after_of[0] == request.method:
            self.after_of.pop(0)
            raise httpx.ReadTimeout("lost", request=request)
        return response


def embedded(hook: Lossy | None = None) -> tuple[StoreClient, Embedded]:
    """Make a client of a fresh embedded server."""
    server = Embedded(now=lambda: NOW)
    bootstrap(server)
    store = make_store(
        SETTINGS, StillClock(NOW), SeededRandomSource(1), Log(lambda _: None), EmbeddedTransport(server, hook)
    )
    return store, server


def mocked(handler: Callable[[httpx.Request], httpx.Response]) -> StoreClient:
    """Make a client of a server that answers as told."""
    return make_store(
        SETTINGS, StillClock(NOW), SeededRandomSource(1), Log(lambda _: None), httpx.MockTransport(handler)
    )


def refuse(status: int, kind: str = "", *, html: bool = False) -> Callable[[httpx.Request], httpx.Response]:
    """Answer every request with one refusal."""

    def handler(_: httpx.Request) -> httpx.Response:
        if html:
            return httpx.Response(status, html="<html></html>")
        return httpx.Response(status, json={"message": "no", "type": kind, "code": status})

    return handler


def test_requests_carry_key_project_and_format() -> None:
    """Each request names project, key and response format, and goes to the database's own routes."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"$id": "x"})

    asyncio.run(mocked(handler).get(RACES, "x"))
    (request,) = seen
    assert request.url.path == "/v1/tablesdb/raceday-db/tables/races/rows/x"
    assert request.headers["x-appwrite-project"] == "raceday"
    assert request.headers["x-appwrite-key"] == "embedded-key"
    assert request.headers["x-appwrite-response-format"] == "1.9.6"


@pytest.mark.parametrize(
    ("status", "kind", "raised"),
    [
        (400, "row_invalid_structure", StoreInvalid),
        (401, "user_unauthorized", StoreRefused),
        (403, "general_access_forbidden", StoreRefused),
        (404, "table_not_found", StoreMissing),
        (409, "row_already_exists", StoreConflict),
        (429, "general_rate_limit_exceeded", StoreUnavailable),
        (500, "general_unknown", StoreUnavailable),
        (503, "", StoreUnavailable),
    ],
)
def test_every_refusal_has_its_kind(status: int, kind: str, raised: type[StoreError]) -> None:
    """Appwrite's answers become typed errors that keep status and type."""
    with pytest.raises(raised) as caught:
        asyncio.run(mocked(refuse(status, kind)).find(RACES))
    assert (caught.value.status, caught.value.kind) == (status, kind)


def test_a_page_in_the_place_of_json_is_an_error_of_its_status() -> None:
    """HTML with 404, and a bare 413 without any body or type, are typed errors too."""
    with pytest.raises(StoreMissing):
        asyncio.run(mocked(refuse(404, html=True)).get(RACES, "x"))
    with pytest.raises(StoreInvalid):
        asyncio.run(mocked(lambda _: httpx.Response(413)).find(RACES))


def test_a_secret_is_in_no_error() -> None:
    """The text of an error never holds the key."""
    with pytest.raises(StoreRefused) as caught:
        asyncio.run(mocked(refuse(401, "user_unauthorized")).find(RACES))
    assert SETTINGS.store_key not in str(caught.value)


def test_reads_are_repeated_and_give_up_in_the_end() -> None:
    """A read is tried as often as the settings say, and then raises."""
    calls: list[int] = []

    def handler(tries: int) -> Callable[[httpx.Request], httpx.Response]:
        def answer(_: httpx.Request) -> httpx.Response:
            calls.append(1)
            return httpx.Response(503) if len(calls) < tries else httpx.Response(200, json={"rows": []})

        return answer

    with pytest.raises(StoreUnavailable):
        asyncio.run(mocked(handler(99)).find(RACES))
    assert len(calls) == SETTINGS.store_attempts
    calls.clear()
    assert asyncio.run(mocked(handler(3)).find(RACES)) == []


async def test_find_reads_past_every_page() -> None:
    """More rows than any page come back whole and in order, with a limit no more than asked for."""
    store, _ = embedded()
    await store.create_many(
        RACE_POOLS, [{"$id": f"r{i:04}", "raceId": f"r{i:04}", "winPoolTotal": i % 7} for i in range(1203)]
    )
    rows = await store.find(RACE_POOLS, [Query.order_desc("winPoolTotal")], select=("raceId", "winPoolTotal"))
    assert len({row["$id"] for row in rows}) == 1203
    assert [row["winPoolTotal"] for row in rows] == sorted((i % 7 for i in range(1203)), reverse=True)
    assert len(await store.find(RACE_POOLS, limit=3)) == 3


@pytest.mark.parametrize("loss", ["before", "after"])
async def test_a_create_whose_answer_is_lost_is_made_once(loss: str) -> None:
    """Whether the request or its answer was lost, the row is there once and the caller gets it."""
    hook = Lossy()
    store, _ = embedded(hook)
    (hook.before_of if loss == "before" else hook.after_of).append("POST")
    row = await store.create(SUITE_STATE, "a", STATE)
    assert row["$id"] == "a"
    # Beside it stands the row that tells the schema's version.
    assert sorted(r["kind"] for r in await store.find(SUITE_STATE)) == sorted([STATE["kind"], "schema"])


async def test_a_lost_create_that_meets_another_row_conflicts() -> None:
    """A row that somebody else made under the same id is not taken for our own."""
    hook = Lossy()
    store, _ = embedded(hook)
    await store.create(SUITE_STATE, "a", {**STATE, "status": "paused"})
    hook.before_of.append("POST")
    with pytest.raises(StoreConflict):
        await store.create(SUITE_STATE, "a", {**STATE, "status": "running"})


async def test_a_commit_takes_three_calls_and_is_whole() -> None:
    """Create, bulk upsert and update take effect together, in exactly three calls."""
    store, _ = embedded()
    race = {"raceId": "r", "name": "R", "raceNumber": 1, "startTime": NOW.isoformat(), "status": "Open"}
    await store.create(RACES, "r", race)
    before = store.calls
    runners = [{"$id": f"e{i}", "entrantId": f"e{i}", "name": "E", "runnerNumber": i} for i in range(24)]
    await store.commit(
        [Op("bulkUpsert", ENTRANTS, rows=runners), Op("update", RACES, "r", {"status": "Closed"}),
         Op("upsert", SUITE_STATE, "s", STATE)]
    )  # fmt: skip
    assert store.calls - before == 3
    assert len(await store.find(ENTRANTS)) == 24
    assert (await store.get(SUITE_STATE, "s")) is not None
    found = await store.get(RACES, "r")
    assert found is not None
    assert found["status"] == "Closed"


async def test_a_commit_that_conflicts_writes_nothing() -> None:
    """An id that exists refuses the whole transaction."""
    store, _ = embedded()
    await store.create(SUITE_STATE, "a", STATE)
    with pytest.raises(StoreConflict):
        await store.commit([Op("create", SUITE_STATE, "b", STATE), Op("create", SUITE_STATE, "a", STATE)])
    assert await store.get(SUITE_STATE, "b") is None


async def test_a_commit_whose_answer_is_lost_is_found_to_be_made() -> None:
    """After a lost answer the transaction itself says that it was committed."""
    hook = Lossy()
    store, _ = embedded(hook)
    hook.after_of.append("PATCH")
    try:
        await store.commit([Op("create", SUITE_STATE, "a", STATE)])
    except StoreUnavailable as error:
        pytest.fail(f"a commit that was made is told of as unknown: {error}")
    assert await store.get(SUITE_STATE, "a") is not None


async def test_a_commit_that_never_arrived_is_ended_and_done_again() -> None:
    """A commit that the server never saw leaves no transaction open, and what it was to write is written by another."""
    hook = Lossy()
    store, server = embedded(hook)
    hook.before_of.append("PATCH")
    await store.commit([Op("create", SUITE_STATE, "a", STATE)])
    assert await store.get(SUITE_STATE, "a") is not None
    assert [t.status for t in server.transactions.all.values()] == ["failed", "committed"]


async def test_bulk_creation_whose_answer_is_lost_is_made_once() -> None:
    """A bulk is all or nothing, so that its first row tells what became of it."""
    hook = Lossy()
    store, _ = embedded(hook)
    hook.after_of.append("POST")
    rows = [{"$id": f"n{i}", "userId": "u", "type": "odds", "title": "t", "message": "m"} for i in range(5)]
    await store.create_many(NOTIFICATIONS, rows)
    assert len(await store.find(NOTIFICATIONS)) == 5


async def test_an_update_refuses_a_row_that_is_newer() -> None:
    """A patch names the instant it knows of and conflicts with anything later."""
    store, _ = embedded()
    await store.create(SUITE_STATE, "a", STATE)
    with pytest.raises(StoreConflict):
        await store.update(SUITE_STATE, "a", {"status": "x"}, if_not_after="2020-01-01T00:00:00.000+00:00")
    await store.update(SUITE_STATE, "a", {"status": "x"}, if_not_after=NOW.isoformat())


def test_deleting_without_queries_is_refused_here() -> None:
    """No call leaves this client that would delete a whole table."""
    with pytest.raises(StoreInvalid):
        asyncio.run(mocked(refuse(500)).delete_where(RACES, []))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_cannot_hold_are_refused_before_sending(value: float) -> None:
    """NaN would reach Appwrite as a body that it cannot read."""
    with pytest.raises(StoreInvalid):
        asyncio.run(mocked(refuse(500)).upsert(ENTRANTS, "e", {"fixedWinOdds": value}))


async def test_files_replace_what_was_there() -> None:
    """A file put under an id that exists replaces it, and its URL names bucket, id and project."""
    store, server = embedded()
    for content in (b"<svg>1</svg>", b"<svg>2</svg>"):
        url = await store.put_file("silks", "s1", "s1.svg", content, "image/svg+xml")
    assert url == "http://store.test/v1/storage/buckets/silks/files/s1/view?project=raceday"
    assert server.files.get("silks", "s1")[1] == b"<svg>2</svg>"


def test_queries_are_those_of_the_sdk() -> None:
    """Queries travel as the SDK writes them, numbered, and without a count."""
    seen: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params)
        return httpx.Response(200, json={"rows": []})

    asyncio.run(mocked(handler).find(RACES, [Query.equal("status", ["Open"])], limit=2, select=("raceId",)))
    (params,) = seen
    assert [json.loads(params[f"queries[{i}]"])["method"] for i in range(3)] == ["equal", "select", "limit"]
    assert params["total"] == "false"


@pytest.mark.parametrize("status", [402, 408, 425, 429, 500, 503])
def test_what_passes_by_itself_is_unavailable(status: int) -> None:
    """A store that is busy, out of quota or out of order is told apart from a request that is wrong."""
    assert isinstance(error_of("GET", "/rows", httpx.Response(status)), StoreUnavailable)
