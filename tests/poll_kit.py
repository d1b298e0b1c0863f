"""What the poll tests stand on: a clock that runs only when somebody sleeps, a scripted feed, a store in memory."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from raceday.call import Call, Http
from raceday.container import Container
from raceday.errors import FeedNotFound, StoreConflict, StoreMissing
from raceday.ids import SeededChance
from raceday.log import Log
from raceday.racing.ledger import LedgerRow
from raceday.racing.snapshot import MeetingEntry, Snapshot, Status
from raceday.settings import Settings
from raceday.store.port import Op, Row
from raceday.store.schema import BY_ID, ENTRANTS, MEETINGS, RACE_POLLS, RACES
from tests.sample_race import MEETING_ID, RACE_ID, START


class StillClock:
    """A clock whose time passes only in sleeps, and by `advance`."""

    def __init__(self, now: datetime) -> None:
        self._began = self._now = now

    def now(self) -> datetime:
        """Give the present instant."""
        return self._now

    def monotonic(self) -> float:
        """Give seconds since the clock was made."""
        return (self._now - self._began).total_seconds()

    async def sleep(self, secs: float) -> None:
        """Pass the time at once."""
        self.advance(max(0.0, secs))

    def advance(self, secs: float) -> None:
        """Move the clock on."""
        self._now += timedelta(seconds=secs)


@dataclass
class ScriptedFeed:
    """Answers with the snapshot of the race, or raises what the script says; counts its calls."""

    races: dict[str, Snapshot | Exception] = field(default_factory=dict)
    asked: list[tuple[str, Status | None]] = field(default_factory=list)

    async def event(self, race_id: str, status: Status | None = None) -> Snapshot:
        """Give the race, FeedNotFound where the script has none."""
        self.asked.append((race_id, status))
        await asyncio.sleep(0)
        found = self.races.get(race_id, FeedNotFound(f"{race_id}: no such race"))
        if isinstance(found, Exception):
            raise found
        return found

    async def meetings(self, day: date) -> list[MeetingEntry]:
        """Give no meetings."""
        return []

    async def meeting(self, meeting_id: str) -> MeetingEntry:
        """Know no meeting."""
        raise FeedNotFound(meeting_id)


class NoInvoker:
    """Starts nothing."""

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Give an activation id without an activation."""
        return "none"


class TinyStore:
    """The part of the store that a poll uses, in dicts: every call lets others run first.

    `fault` may raise before or after a write takes effect.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in BY_ID}
        self.calls: list[str] = []
        self.fault: Callable[[str, str], None] = lambda moment, action: None

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Give one row."""
        self.calls.append("get")
        await asyncio.sleep(0)
        found = self.tables[table].get(row_id)
        return dict(found) if found else None

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Give rows by equal, between and one order."""
        self.calls.append("find")
        await asyncio.sleep(0)
        self.fault("before", "find")
        rows = [dict(row) for row in self.tables[table].values()]
        for query in map(json.loads, queries):
            rows = _apply(rows, query)
        return rows[:limit]

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create a row."""
        self.calls.append("create")
        await asyncio.sleep(0)
        self._all([Op("create", table, row_id, data)], "create")
        return self.tables[table][row_id]

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or patch a row."""
        self.calls.append("upsert")
        await asyncio.sleep(0)
        self._all([Op("upsert", table, row_id, data)], "upsert")
        return self.tables[table][row_id]

    async def commit(self, ops: Sequence[Op]) -> None:
        """Do all or nothing; three calls of the wire."""
        self.calls += ["transaction", "stage", "commit"]
        await asyncio.sleep(0)
        self._all(ops, "commit")

    def _all(self, ops: Sequence[Op], action: str) -> None:
        self.fault("before", action)
        draft = {table: dict(rows) for table, rows in self.tables.items()}
        for op in ops:
            for row_id, data in _targets(op):
                there = draft[op.table].get(row_id)
                if op.action in ("create", "bulkCreate") and there:
                    raise StoreConflict(f"{op.table} {row_id} exists", status=409)
                if op.action == "update" and not there:
                    raise StoreMissing(f"{op.table} {row_id}", status=404)
                merged = {**(there or {}), **data, "$id": row_id}
                _check(op.table, merged)
                draft[op.table][row_id] = merged
        self.tables = draft
        self.fault("after", action)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a poll has no use for {name}")


def _targets(op: Op) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(row["$id"]), row) for row in op.rows] if op.action.startswith("bulk") else [(op.row_id, op.data)]


def _check(table: str, row: Row) -> None:
    columns = {c.key: c for c in BY_ID[table].columns}
    strange = [k for k in row if not k.startswith("$") and k not in columns]
    missing = [c.key for c in columns.values() if c.required and row.get(c.key) is None]
    long = [k for k, v in row.items() if k in columns and columns[k].size and len(str(v or "")) > columns[k].size]
    if strange or missing or long:
        raise AssertionError(f"{table}: strange {strange} missing {missing} long {long}")


def _apply(rows: list[Row], query: dict[str, Any]) -> list[Row]:
    key, values, method = str(query.get("attribute")), query.get("values", []), query["method"]
    if method == "equal":
        return [row for row in rows if row.get(key) in values]
    if method == "between":
        low, high = (datetime.fromisoformat(v) for v in values)
        return [row for row in rows if low <= datetime.fromisoformat(row[key]) <= high]
    if method in ("orderDesc", "orderAsc"):
        return sorted(rows, key=lambda row: row[key], reverse=method == "orderDesc")
    raise AssertionError(f"the tiny store does not know {method}")


@dataclass
class Kit:
    """A container for polls with its parts at hand."""

    clock: StillClock
    feed: ScriptedFeed
    store: TinyStore
    container: Container
    lines: list[str]

    def ledger(self, race_id: str = RACE_ID) -> list[LedgerRow]:
        """Give a race's ledger in order."""
        rows = [LedgerRow.from_row(row) for row in self.store.tables[RACE_POLLS].values() if row["raceId"] == race_id]
        return sorted(rows, key=lambda row: row.n)

    def call(self, web: bool = False, budget_secs: float = 55.0, **params: Any) -> Call:
        """Make one activation."""
        deadline = self.clock.now().timestamp() + budget_secs
        http = Http() if web else None
        return Call("test", params, "activation", deadline, self.clock, self.container.log, http)


def make_kit(now: datetime = START - timedelta(minutes=5), **settings: Any) -> Kit:
    """Make a container whose race is stored but never polled."""
    clock, feed, store, lines = StillClock(now), ScriptedFeed(), TinyStore(), list[str]()
    log = Log(lines.append, level="debug")
    container = Container(Settings(**settings), clock, SeededChance(1), log, feed, store, NoInvoker())
    return Kit(clock, feed, store, container, lines)


def stored_race(kit: Kit, race: Snapshot, entrants: Mapping[str, Row] | None = None) -> None:
    """Put a race's row into the store as an import would, and its entrants where given."""
    kit.store.tables[MEETINGS][MEETING_ID] = {"$id": MEETING_ID}
    kit.store.tables[RACES][race.race_id] = {
        "$id": race.race_id,
        "raceId": race.race_id,
        "name": race.name,
        "raceNumber": race.number,
        "startTime": race.start.astimezone(UTC).isoformat(timespec="milliseconds"),
        "status": "Open",
        "meeting": MEETING_ID,
    }
    kit.store.tables[ENTRANTS].update({key: dict(row) for key, row in (entrants or {}).items()})
