"""What the poll tests stand on: a clock that runs only when somebody sleeps, a scripted feed, a store in memory."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from local.testing.containers import make_container
from local.testing.memory_store import MemoryStore
from raceday.call import Call, Http
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import FeedNotFound, PayloadError
from raceday.ids import SeededRandomSource
from raceday.ledger.codec import from_row
from raceday.log import Log
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import FormerRace, MeetingEntry, Snapshot, Status
from raceday.settings import Settings
from raceday.store.port import Op, Row
from raceday.tables import RACE_POLLS, RACES
from tests.sample_race import RACE_ID, START


class StillClock:
    """A clock whose time passes only in sleeps, and by `advance`."""

    speed = 1.0

    def __init__(self, now: datetime) -> None:
        self._began = self._now = now

    def now(self) -> datetime:
        """Return the present instant."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since the clock was made."""
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

    async def event(
        self, race_id: str, status: Status | None = None, *, urgent: bool = False, known: FormerRace | None = None
    ) -> Snapshot:
        """Return the race, FeedNotFound where the script has none."""
        self.asked.append((race_id, status))
        await asyncio.sleep(0)
        found = self.races.get(race_id, FeedNotFound(f"{race_id}: no such race"))
        if isinstance(found, Exception):
            raise found
        return found

    async def meetings(self, day: date, unreadable: list[PayloadError] | None = None) -> list[MeetingEntry]:
        """Return no meetings."""
        return []

    async def meeting(self, meeting_id: str) -> MeetingEntry:
        """Know no meeting."""
        raise FeedNotFound(meeting_id)


class WatchedStore(MemoryStore):
    """The store in memory that names its calls and lets others run at each.

    `fault` is told before and after a write takes effect, and may raise.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.asked: list[str] = []
        self.fault: Callable[[str, str], None] = lambda moment, action: None

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Return one row."""
        await self._pause("get")
        return await super().get(table, row_id, select=select)

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match."""
        await self._pause("find")
        return await super().find(table, queries, limit=limit, select=select)

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row."""
        await self._pause("create")
        self.fault("before", "create")
        row = await super().create(table, row_id, data)
        self.fault("after", "create")
        return row

    async def begin(self) -> str:
        """Open a transaction."""
        await self._pause("transaction")
        return await super().begin()

    async def drop(self, begun: str) -> None:
        """End a transaction."""
        await self._pause("rollback")
        await super().drop(begun)

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Do all or nothing."""
        for call in ("stage", "commit") if begun in self.open else ("transaction", "stage", "commit"):
            await self._pause(call)
        self.fault("before", "commit")
        await super().commit(ops, begun)
        self.fault("after", "commit")

    async def _pause(self, call: str) -> None:
        self.asked.append(call)
        await asyncio.sleep(0)

    def put(self, table: str, row_id: str, data: Mapping[str, Any]) -> None:
        """Write a row as somebody else would have."""
        self._apply([Op("upsert", table, row_id, data)], fires=False)


@dataclass
class Kit:
    """A container for polls with its parts at hand."""

    clock: StillClock
    feed: ScriptedFeed
    store: WatchedStore
    container: Container
    lines: list[str]

    def ledger(self, race_id: str = RACE_ID) -> list[LedgerRow]:
        """Return a race's ledger in order."""
        rows = [from_row(row) for row in self.store.tables[RACE_POLLS].values() if row["raceId"] == race_id]
        return sorted(rows, key=lambda row: row.n)

    def call(self, web: bool = False, budget_secs: float = 55.0, **params: Any) -> Call:
        """Make one activation."""
        deadline = self.clock.now().timestamp() + budget_secs
        http = Http() if web else None
        return Call("test", params, "activation", deadline, self.clock, self.container.log, http)


def make_kit(now: datetime = START - timedelta(minutes=5), **settings: Any) -> Kit:
    """Make a container whose race is stored but never polled."""
    clock, feed, lines = StillClock(now), ScriptedFeed(), list[str]()
    store = WatchedStore(clock.now)
    log = Log(lines.append, level="debug")
    given, chance = Settings(**settings), SeededRandomSource(1)
    container = make_container(given, clock, chance=chance, log=log, feed=feed, store=store)
    return Kit(clock, feed, store, container, lines)


def stored_race(kit: Kit, race: Snapshot) -> None:
    """Put a race's row into the store as an import would, without its entrants."""
    row = {
        "raceId": race.race_id,
        "name": race.name,
        "raceNumber": race.number,
        "startTime": iso(race.start),
        "status": "Open",
        "meetingId": race.meeting_id,
        "meeting": race.meeting_id,
    }
    kit.store.put(RACES, race.race_id, row)
