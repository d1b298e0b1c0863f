"""The scheduler on a store in memory and a virtual clock, a minute at a time."""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local.simulate.loop import VirtualClock, VirtualLoop
from local.testing.containers import make_container
from local.testing.memory_store import MemoryStore
from raceday.call import Call
from raceday.clock import iso
from raceday.container import Alarm, Cache, Container, NoAlarm
from raceday.errors import RaceDayError, StoreRefused, StoreUnavailable
from raceday.ids import row_key
from raceday.ledger.codec import from_row, to_row
from raceday.projections import alerts, money_flow
from raceday.racing.compose import finish
from raceday.racing.records import LedgerRow, RaceFacts
from raceday.racing.snapshot import Status
from raceday.scheduling import scheduler
from raceday.settings import Settings
from raceday.store.port import Row
from raceday.tables import RACE_POLLS, RACES, SUITE_STATE

START = datetime(2026, 2, 14, 2, 30, tzinfo=UTC)
POLLER = "enhanced-race-poller"


@dataclass
class Takes:
    """An invoker that writes down what it is asked to start."""

    started: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    at: list[datetime] = field(default_factory=list)
    clock: VirtualClock | None = None
    broken: frozenset[str] = frozenset()
    refusals: int = 0

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Take a call."""
        self.refusals -= self.refusals > 0
        if function in self.broken or self.refusals:
            raise RaceDayError(f"{function}: refused")
        self.started.append((function, payload))
        if self.clock is not None:
            self.at.append(self.clock.now())
        return "id"

    def leads(self) -> list[tuple[float, list[float]]]:
        """Return for each poller how many seconds before its first slot it was started, and its slots' distances.

        What is started for a slot that has passed is left out.
        """
        found = []
        for (name, p), at in zip(self.started, self.at, strict=True):
            if name == POLLER:
                slots = [datetime.fromisoformat(slot["slot"]) for slot in p["slots"]]
                lead = (min(slots) - at).total_seconds()
                found.append((round(lead, 1), [(slot - min(slots)).total_seconds() for slot in slots]))
        return [each for each in found if each[0] > 0]

    def slots(self) -> list[tuple[str, str]]:
        """Return race and slot of everything handed to pollers."""
        return [(slot["raceId"], slot["slot"]) for name, p in self.started if name == POLLER for slot in p["slots"]]

    def names(self) -> list[str]:
        """Return what was started beside pollers."""
        return [name for name, _ in self.started if name != POLLER]


class Refusing(MemoryStore):
    """A store that cannot read one table while a test says so."""

    refused = ""
    refusals = 0
    rows_read: Counter[str]

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match."""
        self.refusals -= self.refusals > 0
        if self.refusals:
            raise StoreRefused("401")
        if table == self.refused:
            raise StoreUnavailable("timed out")
        found = await super().find(table, queries, limit=limit, select=select)
        self.rows_read[table] += len(found)
        return found


@dataclass
class Suite:
    """A store, an invoker and a container at one instant; `tick` runs the scheduler once."""

    at: datetime
    settings: Settings = field(default_factory=Settings)
    invoker: Takes = field(default_factory=Takes)

    def __post_init__(self) -> None:
        self.store = Refusing(lambda: self.at)
        self.rows_read = self.store.rows_read = Counter()
        self.cache = Cache()
        self.alarm: Alarm = NoAlarm()

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run something on a virtual loop."""
        loop = VirtualLoop(self.at)
        try:
            return loop.run_until_complete(work())
        finally:
            loop.close()

    def tick(self, at: datetime, *, cold: bool = False, secs: float = 140) -> dict[str, Any]:
        """Run the scheduler at an instant, by default in the process that is warm; `secs` are left to it."""
        self.at = at
        loop = VirtualLoop(at)
        container = self.container(loop, cold=cold)
        call = Call("master-race-scheduler", {}, "tick", at.timestamp() + secs, container.clock, container.log)
        try:
            report: dict[str, Any] = loop.run_until_complete(scheduler.handle(container, call))
        finally:
            self.ended = loop.now()
            loop.close()
        return report

    def container(self, loop: VirtualLoop, *, cold: bool = False) -> Container:
        """Return what a stage works with."""
        self.invoker.clock = VirtualClock(loop)
        return make_container(
            self.settings,
            VirtualClock(loop),
            store=self.store,
            invoker=self.invoker,
            cache=Cache() if cold else self.cache,
            alarm=self.alarm,
        )

    def woken(self, at: datetime) -> list[tuple[str, str]]:
        """Run the scheduler at an instant; gives the functions that it started for one race each."""
        before = len(self.invoker.started)
        self.tick(at)
        return [(name, p["raceId"]) for name, p in self.invoker.started[before:] if "raceId" in p]

    def projects(self, race_id: str) -> None:
        """Bring a race's timeline and its alerts up to date."""
        loop = VirtualLoop(self.at)
        container = self.container(loop)
        try:
            loop.run_until_complete(money_flow.catch_up(container, race_id))
            loop.run_until_complete(alerts.catch_up(container, race_id))
        finally:
            loop.close()

    def race(self, race_id: str, start: datetime = START, status: str = "Open", **more: Any) -> None:
        """Store a race."""
        row = {
            "raceId": race_id,
            "meetingId": "m",
            "name": race_id,
            "raceNumber": 1,
            "startTime": iso(start),
            "status": status,
            "raceDateNz": "2026-02-14",
            "importedAt": iso(self.at - timedelta(hours=2)),
            "entrantsImportedAt": iso(self.at - timedelta(hours=2)),
            **more,
        }
        self.run(lambda: self.store.upsert(RACES, race_id, row))

    def polled(self, race_id: str, n: int, slot: datetime, status: Status = Status.OPEN, **more: Any) -> None:
        """Store a ledger row."""
        row = LedgerRow(
            race_id=race_id,
            meeting_id="m",
            n=n,
            slot=slot,
            kind=more.pop("kind", "slot"),
            fetched_at=slot,
            generated_at=slot,
            start=START,
            status=status,
            race=RaceFacts("Race", 1, "Meeting", "NZ", "T"),
            finished_at=finish(next((row for row in self.ledger(race_id) if row.n == n - 1), None), status, slot),
        )
        self.run(lambda: self.store.create(RACE_POLLS, row_key("race-poll", race_id, n), to_row(row._replace(**more))))

    def state(self, kind: str, name: str, status: str, at: datetime | None = None) -> None:
        """Store a row of the suite's state."""
        row = {"kind": kind, "name": name, "status": status, "at": iso(at) if at else None, "data": "{}"}
        self.run(lambda: self.store.upsert(SUITE_STATE, row_key(kind, name), row))

    def ledger(self, race_id: str) -> list[LedgerRow]:
        """Read a race's ledger."""
        rows = [from_row(r) for r in self.store.tables[RACE_POLLS].values() if r["raceId"] == race_id]
        return sorted(rows, key=lambda row: row.n)


def at_minute(minutes: float, secs: float = 1) -> datetime:
    return START - timedelta(minutes=minutes) + timedelta(seconds=secs)
