"""The store in memory against the embedded server behind the real client: one script, the same outcome in both."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from appwrite.query import Query
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from local.testing.memory_store import MemoryStore
from raceday.errors import StoreError
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.client import make_store
from raceday.store.port import Op, Row, Store
from raceday.tables import BY_ID, ENTRANTS, RACE_POLLS, RACE_POOLS, RACES, SUITE_STATE
from raceday.tables.suite_state import schema_key
from tests.poll_kit import StillClock

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SETTINGS = Settings(store_endpoint="http://store.test/v1", store_project="raceday", store_key="embedded-key")
HOOK = {"webhookId": "all", "name": "all", "url": "http://hook.test", "events": ["databases.*"]}
UNTOLD = {"$permissions", "$databaseId", "$tableId", "$sequence", "$collection", "$collectionId"}

ids = st.sampled_from(["a", "b", "c", "a", "b", "C", "bad id", ""])
good_ids = st.sampled_from(["a", "b", "c", "d", "e"])
races = st.sampled_from(["r1", "r2"])
instants = st.sampled_from(
    ["2026-11-24T01:00:00.000+00:00", "2026-11-24T14:00:30.123456+13:00", "2026-11-24 01:01:00", "2026-11-24"]
)
Columns = dict[str, st.SearchStrategy[Any]]


def mostly(required: Columns, optional: Columns, bad: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Make data that is nearly always good; else without required columns, or with a value that is refused."""
    whole = st.fixed_dictionaries(required, optional=optional)
    part = st.fixed_dictionaries({}, optional={**required, **optional})
    refused = {key: st.sampled_from(values) for key, values in {**bad, "unknown": [1]}.items()}
    fits = {key: values for key, values in required.items() if key not in refused}
    strange = st.fixed_dictionaries(fits, optional={**optional, **refused})
    return st.one_of(whole, whole, whole, whole, part, strange)


def some(*values: Any) -> st.SearchStrategy[Any]:
    """Draw one of the values."""
    return st.sampled_from(values)


names = some("x", "é", "E", "0", "10%", "100", "x" * 50, "")
numbers = some(0, 1, -7, 2**63 - 1, None)
floats = some(0, 1.5, 2.0, -3, 2**60 + 1, None)
NOT_NAMES, NOT_NUMBERS, NOT_INSTANTS = ["x" * 51, 5, None], [2**63, True, 1.5, "1"], ["noon", 5, "0999-01-01"]
DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    SUITE_STATE: mostly(
        {"kind": some("k", "l"), "name": names}, {"status": some("a", None), "at": instants, "data": names},
        {"name": NOT_NAMES, "at": NOT_INSTANTS},
    ),
    RACE_POOLS: mostly(
        {"raceId": races}, {"winPoolTotal": numbers, "currency": some("$", None), "lastUpdated": instants},
        {"winPoolTotal": NOT_NUMBERS},
    ),
    ENTRANTS: mostly(
        {"entrantId": st.just("e"), "name": names, "runnerNumber": some(1, 2, 3)},
        {"raceId": races, "fixedWinOdds": floats, "isScratched": some(True, False, None)},
        {"fixedWinOdds": [True, "1.0"], "isScratched": [1]},
    ),
    RACE_POLLS: mostly(
        {
            "raceId": races, "meetingId": st.just("m"), "n": some(1, 2, 3), "slot": instants,
            "fetchedAt": instants, "generatedAt": instants, "startTime": instants,
            "kind": st.just("slot"), "status": st.just("Open"),
        },
        {}, {"slot": NOT_INSTANTS},
    ),
    RACES: mostly(
        {"raceId": races, "name": names, "raceNumber": some(1, 2), "startTime": instants,
         "status": some("Open", "Final")},
        {"distance": numbers}, {"name": [None]},
    ),
}  # fmt: skip
tables = st.sampled_from(list(DATA))
QUERIES: dict[str, list[str]] = {
    SUITE_STATE: [
        Query.equal("kind", ["k", "l"]), Query.not_equal("name", "x"), Query.is_null("at"), Query.is_not_null("status"),
        Query.greater_than("at", "2026-11-24T14:00:00+13:00"), Query.order_desc("at"), Query.order_asc("name"),
        Query.or_queries([Query.equal("kind", ["k"]), Query.is_null("data")]), Query.starts_with("name", "10%"),
        Query.less_than("at", "noon"), Query.equal("nowhere", ["x"]), Query.equal("kind", []),
    ],
    RACE_POOLS: [
        Query.equal("raceId", ["r1"]), Query.equal("raceId", ["r2", "r1", "r2"]), Query.order_desc("winPoolTotal"),
        Query.between("winPoolTotal", -7, 1), Query.equal("$id", ["a", "b", "a", "z"]),
        Query.equal("winPoolTotal", [0]),
        Query.greater_than_equal("$updatedAt", "2026-11-24T01:00:10Z"), Query.order_desc("$createdAt"),
    ],
    ENTRANTS: [
        Query.equal("raceId", ["r1"]), Query.order_asc("runnerNumber"), Query.order_desc("runnerNumber"),
        Query.less_than_equal("fixedWinOdds", 1.5), Query.equal("isScratched", [False]),
        Query.order_desc("fixedWinOdds"),
    ],
    RACE_POLLS: [
        Query.greater_than_equal("slot", "2026-11-24T01:00:30Z"), Query.less_than("slot", "2026-11-24T01:01:00Z"),
        Query.equal("raceId", ["r1"]), Query.order_desc("n"), Query.greater_than_equal("slot", "noon"),
        Query.greater_than_equal("slot", "2026-11-24T00:00:00Z"),
    ],
    RACES: [Query.equal("status", ["Open"]), Query.order_asc("startTime"), Query.order_desc("distance")],
}  # fmt: skip


@st.composite
def written(draw: st.DrawFn, *, any_id: bool = True) -> tuple[str, str, dict[str, Any]]:
    """Draw a table, a row id and data for it."""
    table = draw(tables)
    return table, draw(ids if any_id else good_ids), draw(DATA[table])


@st.composite
def bulk(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """Draw a table and rows of a bulk."""
    table = draw(tables)
    return table, [{"$id": draw(good_ids), **draw(DATA[table])} for _ in range(draw(st.integers(1, 3)))]


@st.composite
def operation(draw: st.DrawFn) -> Op:
    """Draw one operation of a transaction."""
    action = draw(st.sampled_from(["create", "create", "update", "upsert", "delete", "bulkCreate", "bulkUpsert"]))
    if action in ("bulkCreate", "bulkUpsert"):
        table, rows = draw(bulk())
        return Op(action, table, rows=rows)  # type: ignore[arg-type]
    table, row_id, data = draw(written(any_id=False))
    return Op(action, table, row_id, {} if action == "delete" else data)  # type: ignore[arg-type]


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Draw a table and queries on it."""
    table = draw(tables)
    return table, draw(st.lists(st.sampled_from(QUERIES[table]), max_size=3, unique=True))


class Both(RuleBasedStateMachine):
    """Does everything to both stores and compares what they answer, hold and tell."""

    def __init__(self) -> None:
        super().__init__()
        self.at = NOW
        self.loop = asyncio.new_event_loop()
        self.server = Embedded(now=lambda: self.at)
        bootstrap(self.server, [BY_ID[table] for table in DATA])
        transport = EmbeddedTransport(self.server)
        self.wired = make_store(SETTINGS, StillClock(NOW), SeededRandomSource(1), Log(lambda _: None), transport)
        # Both begin empty, without the row that tells the schema's version, and before anybody is told of rows.
        self.loop.run_until_complete(self.wired.delete(SUITE_STATE, schema_key()))
        self.server.hooks.add(dict(HOOK), "")
        self.told: list[tuple[str, str, Row]] = []
        self.memory = MemoryStore(lambda: self.at, lambda table, action, row: self.told.append((table, action, row)))

    def teardown(self) -> None:
        """Ask everything of what has come together, then let go of loop and file."""
        for table, queries in QUERIES.items():
            for query in queries:
                self.both(lambda store, table=table, query=query: store.find(table, [query]))  # type: ignore[misc]
        self.loop.close()
        self.server.close()

    def both(self, work: Callable[[Store], Awaitable[Any]]) -> None:
        """Do the same in both; the same answer or the same refusal has to come."""
        self.at += timedelta(seconds=1)
        assert self.outcome(work, self.memory) == self.outcome(work, self.wired)
        assert [(t, a, shown(r)) for t, a, r in self.told] == self.deliveries()
        self.told.clear()

    def outcome(self, work: Callable[[Store], Awaitable[Any]], store: Store) -> Any:
        """Return an answer, or the kind of a refusal."""
        try:
            return shown(self.loop.run_until_complete(_run(work(store))))
        except StoreError as error:
            return type(error).__name__, error.status, error.kind

    def deliveries(self) -> list[tuple[str, str, Any]]:
        """Return what the embedded server has queued for its subscriber since last time."""
        found = []
        while self.server.hooks.queue:
            delivery = self.server.hooks.queue.popleft()
            events = delivery.headers["X-Appwrite-Webhook-Events"].split(",")
            name = next(e for e in events if ".tables." in e and "*" not in e and e.count(".") == 6)
            found.append((name.split(".")[3], name.split(".")[6], shown(json.loads(delivery.body))))
        return found

    @rule(what=written())
    def create(self, what: tuple[str, str, dict[str, Any]]) -> None:
        """Create a row."""
        self.both(lambda store: store.create(*what))

    @rule(what=written())
    def upsert(self, what: tuple[str, str, dict[str, Any]]) -> None:
        """Upsert a row."""
        self.both(lambda store: store.upsert(*what))

    @rule(what=written(), secs=st.sampled_from([None, 0, -5, 5]))
    def update(self, what: tuple[str, str, dict[str, Any]], secs: int | None) -> None:
        """Patch a row, guarded by an instant or not."""
        table, row_id, data = what
        guard = "" if secs is None else (self.at + timedelta(seconds=secs)).isoformat(timespec="milliseconds")
        self.both(lambda store: store.update(table, row_id, data, if_not_after=guard))

    @rule(what=written())
    def delete(self, what: tuple[str, str, dict[str, Any]]) -> None:
        """Delete a row."""
        self.both(lambda store: store.delete(what[0], what[1]))

    @rule(what=bulk())
    def create_many(self, what: tuple[str, list[dict[str, Any]]]) -> None:
        """Create rows in bulk."""
        self.both(lambda store: store.create_many(*what))

    @rule(what=bulk())
    def upsert_many(self, what: tuple[str, list[dict[str, Any]]]) -> None:
        """Upsert rows in bulk."""
        self.both(lambda store: store.upsert_many(*what))

    @rule(
        table=st.sampled_from([SUITE_STATE, RACE_POLLS]), field=st.sampled_from(["kind", "status"]), word=some("k", "l")
    )
    def rewrite(self, table: str, field: str, word: str) -> None:
        """Upsert every row whole, all but one column as it was."""
        rows = self.loop.run_until_complete(self.memory.find(table))
        whole = [{**{k: v for k, v in row.items() if k == "$id" or k[0] != "$"}, field: word} for row in rows]
        self.both(lambda store: store.upsert_many(table, whole))

    @rule(what=asked(), most=st.sampled_from([None, 1, 2]))
    def find(self, what: tuple[str, list[str]], most: int | None) -> None:
        """Read what matches, in order."""
        self.both(lambda store: store.find(*what, limit=most))

    @rule(what=asked())
    def delete_where(self, what: tuple[str, list[str]]) -> None:
        """Delete what matches."""
        wheres = [q for q in what[1] if '"method":"order' not in q]
        self.both(lambda store: store.delete_where(what[0], wheres))

    @rule(ops=st.lists(operation(), min_size=0, max_size=4))
    def commit(self, ops: Sequence[Op]) -> None:
        """Commit several operations, whole or not at all."""
        self.both(lambda store: store.commit(ops))

    @invariant()
    def the_same_rows_are_there(self) -> None:
        """Both hold the same rows in the same order."""
        for table in DATA:
            here = self.loop.run_until_complete(self.memory.find(table))
            there = self.loop.run_until_complete(self.wired.find(table))
            assert shown(here) == shown(there)


async def _run(work: Awaitable[Any]) -> Any:
    return await work


def shown(answer: Any) -> Any:
    """Return an answer without what only a server adds."""
    if isinstance(answer, list):
        return [shown(a) for a in answer]
    if isinstance(answer, Mapping):
        return {k: v for k, v in answer.items() if k not in UNTOLD}
    return answer


Both.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMemoryModel = Both.TestCase
TestMemoryModel.__doc__ = "Whatever is done to both stores, they answer, hold and tell the same."
