"""master-race-scheduler minute by minute, on a store in memory and a virtual clock."""

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.simulate.loop import VirtualClock, VirtualLoop
from local.testing.containers import make_container
from local.testing.memory_store import MemoryStore
from raceday.call import Call
from raceday.catalogue.schedules import Schedule
from raceday.clock import iso
from raceday.container import Alarm, Cache, Container, NoAlarm
from raceday.errors import RaceDayError, StoreRefused, StoreUnavailable
from raceday.ids import row_key
from raceday.ledger.codec import from_row, to_row
from raceday.projections import alerts, money_flow
from raceday.racing.compose import finish
from raceday.racing.records import LedgerRow, PoolTotals, RaceFacts, RunnerLine
from raceday.racing.snapshot import Status
from raceday.scheduling import closing, runs, scheduler
from raceday.settings import Settings
from raceday.store.port import Row
from raceday.tables import MONEY_FLOW, RACE_POLLS, RACE_POOLS, RACES, SUITE_STATE

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


def _minute(minutes: float, secs: float = 1) -> datetime:
    return START - timedelta(minutes=minutes) + timedelta(seconds=secs)


def test_a_minute_hands_out_up_to_eighty_seconds_ahead() -> None:
    """A tick hands out the slots up to 80 s after its minute, and the next one only those after them."""
    suite = Suite(_minute(10))
    suite.race("r1")
    for i in range(6):
        suite.polled("r1", i + 1, START - timedelta(minutes=4 - i / 2))
    suite.tick(_minute(4))
    first = suite.invoker.slots()
    assert first == [("r1", iso(START - timedelta(minutes=m))) for m in (4, 3.5, 3)]
    suite.tick(_minute(3))
    assert suite.invoker.slots()[3:] == [("r1", iso(START - timedelta(minutes=m))) for m in (2.5, 2)]


def test_pollers_are_started_just_in_time() -> None:
    """A poller gets one instant's slots, 1.5 s before it in the last minutes and half a second before those."""
    suite = Suite(_minute(70))
    suite.race("far", START + timedelta(minutes=12))
    suite.tick(_minute(5.5))
    suite.race("r1")
    suite.race("r2")
    suite.tick(_minute(4))
    assert all(set(apart) == {0.0} for _, apart in suite.invoker.leads())
    assert [lead for lead, _ in suite.invoker.leads()] == [1.5, 1.5]
    suite.race("r1", status="Final")
    suite.race("r2", status="Final")
    suite.tick(_minute(1))
    assert suite.invoker.leads()[2:] == [(0.5, [0.0])]


def test_a_poller_that_may_be_cold_is_started_earlier() -> None:
    """After minutes without one, and where an instant needs more pollers than were up, the first start is earlier."""
    suite = Suite(_minute(70), settings=Settings(races_per_poller=1))
    suite.race("r1")
    suite.tick(_minute(4))
    suite.race("r2")
    suite.tick(_minute(3))
    assert [lead for lead, _ in suite.invoker.leads()] == [1.5, 1.5, 9.0, 9.0, 1.5, 1.5]


def test_what_the_tick_cannot_wait_for_is_handed_out_at_once() -> None:
    """A tick whose time ends before a slot starts its poller at once, and the poller waits."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(4), secs=30)
    assert [slot for _, slot in suite.invoker.slots()].count(iso(START - timedelta(minutes=3))) == 1
    assert max(suite.invoker.at) - _minute(4) < timedelta(seconds=5)


def test_pollers_are_started_ahead_where_settings_say_so() -> None:
    """In the mode `ahead` one poller is started with all of a minute's slots, as soon as the tick knows them."""
    suite = Suite(_minute(70), settings=Settings(hand_out="ahead"))
    suite.race("r1")
    suite.tick(_minute(4, 0) - timedelta(seconds=1))
    assert suite.invoker.leads() == [(1.0, [0.0, 30.0, 60.0])]


def test_a_recheck_joins_the_hand_out_of_its_instant() -> None:
    """A re-check and a slot of one instant travel in one payload, though the tick learns of the re-check later."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.race("r2", status="Final")
    suite.polled("r2", 1, START - timedelta(minutes=8), Status.FINAL)
    suite.tick(_minute(4))
    together = [sorted(s["raceId"] for s in p["slots"]) for name, p in suite.invoker.started if name == POLLER]
    assert together[-1] == ["r1", "r2"]
    assert sum("r2" in races for races in together) == 1


def test_no_slot_is_handed_out_twice_over_an_hour() -> None:
    """Over an hour of ticks in which every poll commits, each slot of each race is handed out once and none is left."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.race("r2", START + timedelta(minutes=7))
    n = {"r1": 0, "r2": 0}
    for minute in range(66, -6, -1):
        before = len(suite.invoker.slots())
        suite.tick(_minute(minute, 0.5 + minute % 3), secs=30)
        for race_id, slot in suite.invoker.slots()[before:]:
            n[race_id] += 1
            suite.polled(race_id, n[race_id], datetime.fromisoformat(slot))
    slots = suite.invoker.slots()
    assert len(slots) == len(set(slots))
    mine = {datetime.fromisoformat(s) for race, s in slots if race == "r1"}
    assert {START - timedelta(minutes=m) for m in (*range(60, 4, -5), 4, 3, 2, 1, 0, -1, -2)} <= mine


def test_a_missed_minute_is_made_up() -> None:
    """After a missed tick the slots that may still be polled are handed out, and expired ones are not."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(32))
    suite.tick(_minute(27))
    late = [slot for _, slot in suite.invoker.slots()]
    assert iso(START - timedelta(minutes=27.5)) in late
    assert iso(START - timedelta(minutes=30)) not in late


def test_an_uncommitted_slot_is_retried_while_it_lives() -> None:
    """A slot that nobody committed is handed out again by the next tick, and a committed one is not."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.race("r2")
    suite.tick(_minute(21))
    suite.polled("r2", 1, START - timedelta(minutes=20))
    suite.tick(_minute(20))
    again = suite.invoker.slots()
    assert again.count(("r1", iso(START - timedelta(minutes=20)))) == 2
    assert again.count(("r2", iso(START - timedelta(minutes=20)))) == 1


@pytest.mark.parametrize(("moved_secs", "times"), [(0, 2), (437, 1)])
def test_a_slot_is_not_retried_by_a_start_that_was_moved_meanwhile(moved_secs: int, times: int) -> None:
    """Where a poll of this minute moved the start after the tick read the races, nothing of the old grid is retried."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(5))
    suite.polled("r1", 1, START - timedelta(minutes=4), start=START + timedelta(seconds=moved_secs))
    suite.tick(_minute(4))
    again = suite.invoker.slots()
    assert again.count(("r1", iso(START - timedelta(minutes=3, seconds=30)))) == times


def test_two_ticks_of_one_minute_hand_out_once() -> None:
    """A second tick of the same minute finds everything handed out."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(10))
    before = suite.invoker.slots()
    suite.polled("r1", 1, START - timedelta(minutes=10))
    suite.tick(_minute(10, 8), cold=True)
    assert suite.invoker.slots() == before


def test_a_moved_start_is_planned_anew() -> None:
    """When the start moves, slots of the new grid are handed out although the old grid's were already."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(20))
    suite.race("r1", START + timedelta(minutes=8))
    suite.tick(_minute(19))
    new = [slot for _, slot in suite.invoker.slots()]
    assert (
        iso(START + timedelta(minutes=8) - timedelta(minutes=27.5)) in new
        or iso(START + timedelta(minutes=8) - timedelta(minutes=25)) in new
    )


def test_a_refused_invocation_is_tried_again() -> None:
    """Slots that the platform did not take are handed out by the next tick."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.invoker.broken = frozenset({POLLER})
    report = suite.tick(_minute(6))
    assert report["failures"][0]["item"] == POLLER
    suite.invoker.broken = frozenset()
    suite.tick(_minute(5))
    assert ("r1", iso(START - timedelta(minutes=5))) in suite.invoker.slots()


def test_a_refused_invocation_is_tried_again_within_its_own_minute() -> None:
    """A platform that takes nothing for a while costs no slot that the next minute would be too late for."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.invoker.refusals = 6
    suite.tick(_minute(5), secs=30)
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=4.5)))) == 1


@pytest.mark.parametrize(("committed", "secs", "times"), [(False, 140, 2), (True, 140, 1), (False, 30, 1)])
def test_a_slot_that_the_next_minute_would_find_expired_is_looked_at_again(
    committed: bool, secs: float, times: int
) -> None:
    """Close to the start a slot that nobody committed is handed out anew half a minute on, where there is time."""
    suite = Suite(_minute(70))
    suite.race("r1")
    if committed:
        suite.polled("r1", 1, START - timedelta(minutes=3.5), Status.OPEN)
    suite.tick(_minute(4), secs=secs)
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=3.5)))) == times
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=4)))) == 1


def test_a_refused_read_is_tried_again_within_the_minute() -> None:
    """A store that refuses once, as it does while it restarts, costs a tick seconds and no slot."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.store.refusals = 2
    suite.tick(_minute(5))
    assert ("r1", iso(START - timedelta(minutes=4.5))) in suite.invoker.slots()
    suite.store.refusals = 99
    with pytest.raises(StoreRefused):
        suite.tick(_minute(4))


def test_far_from_the_start_no_tick_waits_for_a_second_look() -> None:
    """A slot that lives a minute is left to the next tick, and this one ends when its work is done."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(32.5))
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=32.5)))) == 1


def test_a_pause_stops_what_it_names() -> None:
    """A pause of the poller stops polling and nothing else; one of all stops everything."""
    suite = Suite(datetime(2026, 2, 13, 17, 0, 1, tzinfo=UTC))
    suite.race("r1", suite.at + timedelta(minutes=10))
    suite.state("pause", POLLER, "paused")
    report = suite.tick(suite.at)
    assert report["paused"] is True
    assert suite.invoker.slots() == []
    assert suite.invoker.names() == ["daily-meetings"]
    suite.state("pause", "all", "paused")
    suite.tick(suite.at + timedelta(days=1))
    assert suite.invoker.names() == ["daily-meetings"]


def test_batches_hold_so_many_races() -> None:
    """No payload names more races than the settings allow; where pollers wait, all slots of a race travel together."""
    suite = Suite(_minute(70), settings=Settings(races_per_poller=2, hand_out="ahead"))
    for i in range(5):
        suite.race(f"r{i}")
    suite.tick(_minute(2), secs=30)
    payloads = [p for name, p in suite.invoker.started if name == POLLER]
    assert [len({s["raceId"] for s in p["slots"]}) for p in payloads] == [2, 2, 1]
    assert all(p["tick"] == iso(_minute(2)) for p in payloads)


def test_a_finished_race_is_rechecked_three_times() -> None:
    """Five, fifteen and thirty minutes after the slot that saw it Final a race is looked at again, and that is all."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Final")
    suite.polled("r1", 1, START + timedelta(minutes=6), Status.FINAL)
    n = 1
    for minute in range(7, 45):
        before = len(suite.invoker.slots())
        suite.tick(_minute(-minute))
        for race_id, slot in suite.invoker.slots()[before:]:
            n += 1
            suite.polled(race_id, n, datetime.fromisoformat(slot), Status.FINAL, kind="recheck")
    expected = [("r1", iso(START + timedelta(minutes=6 + m))) for m in (5, 15, 30)]
    assert suite.invoker.slots() == expected
    assert {s["kind"] for name, p in suite.invoker.started if name == POLLER for s in p["slots"]} == {"recheck"}
    assert suite.ledger("r1")[-1].kind == "recheck"


def test_rechecks_that_nobody_made_are_gaps_of_a_closing_row() -> None:
    """Re-checks that were never committed are told by a closing row, once."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Final")
    suite.polled("r1", 1, START + timedelta(minutes=6), Status.FINAL)
    for minute in (20, 36, 38, 39, 40):
        suite.tick(_minute(-minute))
    last = suite.ledger("r1")[-1]
    assert last.kind == "closing"
    assert last.n == 2
    assert [gap.slot - START for gap in last.gaps] == [timedelta(minutes=6 + m) for m in (5, 15, 30)]


def test_a_closing_row_tells_of_a_slot_that_has_time_left() -> None:
    """A slot just before the row that closes its race is among that row's gaps, for nobody can commit it any more."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, START - timedelta(minutes=30))
    suite.tick(_minute(25) + timedelta(seconds=29))
    gaps = suite.ledger("r1")[-1].gaps
    assert [START - gap.slot for gap in gaps] == [timedelta(minutes=27.5), timedelta(minutes=25)]


def test_a_race_abandoned_at_the_minute_of_its_poll_is_closed_a_minute_later() -> None:
    """Where a poll took the slot that the closing row would have, the next tick of the same process closes the race."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, _minute(20, 0))
    suite.tick(_minute(20))
    assert [row.kind for row in suite.ledger("r1")] == ["slot"]
    suite.tick(_minute(19))
    assert [row.kind for row in suite.ledger("r1")] == ["slot", "closing"]


def test_missing_rechecks_are_told_however_long_the_store_refused() -> None:
    """Ten minutes in which no tick could write after the last re-check still end in the row that tells of it."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Final")
    suite.polled("r1", 1, START + timedelta(minutes=6), Status.FINAL)
    suite.tick(_minute(-47))
    assert len(suite.ledger("r1")[-1].gaps) == 3


def test_a_race_abandoned_by_its_meeting_is_closed() -> None:
    """A race that its meeting's list calls Abandoned gets a closing row with its trailing gaps, and no more polls."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, START - timedelta(minutes=30))
    suite.tick(_minute(20))
    last = suite.ledger("r1")[-1]
    assert (last.kind, last.status, last.n) == ("closing", Status.ABANDONED, 2)
    assert [START - gap.slot for gap in last.gaps] == [timedelta(minutes=m) for m in (27.5, 25, 22.5)]
    assert suite.store.tables[RACES]["r1"]["status"] == "Abandoned"
    suite.tick(_minute(19), cold=True)
    assert len(suite.ledger("r1")) == 2
    assert suite.invoker.slots() == []


def test_what_a_fast_clock_handed_out_is_handed_out_again() -> None:
    """Slots that a tick five minutes ahead of time handed out are handed out again at their own minute."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(6), cold=True)
    early = set(suite.invoker.slots())
    suite.invoker.started.clear()
    suite.tick(_minute(11), cold=True)
    for minute in (10, 9, 8, 7, 6):
        suite.tick(_minute(minute))
    assert early
    assert early <= set(suite.invoker.slots())


def test_a_warm_scheduler_forgets_the_races_of_other_days() -> None:
    """What a process remembers of races that it closed goes with them."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, _minute(30, 0))
    suite.tick(_minute(20))
    assert suite.cache.of(closing.CLOSED) == {"r1"}
    suite.tick(_minute(20) + timedelta(days=2))
    assert suite.cache.of(closing.CLOSED) == set()


def test_a_daily_schedule_of_no_import_is_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only imports tell that they have finished: what any other daily schedule started is not started again."""
    daily = Schedule("silks", "jockey-silks-enricher", "50 17 * * *")
    monkeypatch.setattr(runs, "SCHEDULES", (daily,))
    suite = Suite(_minute(70))
    for minutes in (0, 1, 11, 60):
        suite.tick(datetime(2026, 2, 13, 17, 50, 1, tzinfo=UTC) + timedelta(minutes=minutes), cold=True)
    assert suite.invoker.started == [("jockey-silks-enricher", {})]


def test_a_race_is_given_up_after_six_hours() -> None:
    """Six hours after its start an unfinished race is closed with the cause given_up, and is polled no more."""
    suite = Suite(_minute(-350))
    suite.race("r1", status="Interim")
    suite.polled("r1", 1, START + timedelta(minutes=355), Status.INTERIM)
    suite.tick(_minute(-361))
    last = suite.ledger("r1")[-1]
    assert last.kind == "closing"
    assert last.gaps[-1].cause == "given_up"
    before = suite.invoker.slots()
    suite.tick(_minute(-366), cold=True)
    assert suite.invoker.slots() == before
    assert len(suite.ledger("r1")) == 2


def test_lagging_projections_are_woken_once() -> None:
    """A race whose pool totals are behind its ledger wakes the event functions; one up to date wakes none."""
    suite = Suite(_minute(70))
    for race_id, n in (("r1", 1), ("r2", 0)):
        suite.race(race_id, START + timedelta(minutes=200))
        suite.polled(race_id, 1, _minute(11, 0))
        suite.run(lambda race_id=race_id, n=n: suite.store.upsert(RACE_POOLS, race_id, {"raceId": race_id, "n": n}))  # type: ignore[misc]
    for row in suite.store.tables[RACE_POLLS].values():
        row["pools"] = json.dumps({"win": 1})
    assert suite.woken(_minute(10)) == [("race-pools-aggregator", "r2")]


def test_a_timeline_without_its_newest_label_is_woken() -> None:
    """An open race's label wakes the tracker and the evaluator while its rows and alerts are missing."""
    suite = Suite(_minute(31))
    suite.race("r1")
    suite.polled("r1", 1, _minute(30, 0), runners=(RunnerLine("e1", 1, "Runner"),))
    assert suite.woken(_minute(29)) == [("money-flow-tracker", "r1"), ("alert-evaluator", "r1")]
    suite.projects("r1")
    assert suite.woken(_minute(28)) == []


def test_a_projection_that_cannot_be_read_costs_the_tick_nothing_else() -> None:
    """Where the store refuses to give a projection, the tick names its function, wakes the others and is kept."""
    suite = Suite(_minute(31))
    suite.race("r1")
    suite.polled("r1", 1, _minute(30, 0), runners=(RunnerLine("e1", 1, "Runner"),))
    suite.store.refused = MONEY_FLOW
    report = suite.tick(_minute(29))
    assert [failure["item"] for failure in report["failures"]] == ["money-flow-tracker"]
    assert ("alert-evaluator", {"raceId": "r1"}) in suite.invoker.started
    assert suite.tick(_minute(28.9), cold=True)["slots"] == 0


def test_a_slot_between_labels_wakes_nobody() -> None:
    """A slot that shows in no projection for certain costs no wake."""
    suite = Suite(_minute(31))
    suite.race("r1")
    suite.polled("r1", 1, _minute(3, 30))
    assert suite.woken(_minute(2)) == []


def test_a_finished_race_is_woken_until_its_timeline_is_complete() -> None:
    """The last labels of a race that is over wake who lacks them, again at each tick, and then no more."""
    suite = Suite(_minute(0))
    suite.race("r1", status="Final")
    runners = (RunnerLine("e1", 1, "Runner"),)
    suite.polled("r1", 1, _minute(-3, 0), Status.FINAL, runners=runners, pools=PoolTotals({"win": 100}, {}))
    lacking = {("money-flow-tracker", "r1"), ("alert-evaluator", "r1")}
    assert lacking <= set(suite.woken(_minute(-4)))
    assert lacking <= set(suite.woken(_minute(-5)))
    suite.projects("r1")
    assert lacking.isdisjoint(suite.woken(_minute(-6)))


def test_daily_imports_run_in_order_after_a_failure() -> None:
    """A failed import is started again, delays the next one, and never cancels it."""
    eve = datetime(2026, 2, 13, 17, 0, 1, tzinfo=UTC)
    suite = Suite(eve)
    started: dict[int, list[str]] = {}
    for minute in range(45):
        before = len(suite.invoker.names())
        suite.tick(eve + timedelta(minutes=minute))
        if names := suite.invoker.names()[before:]:
            started[minute] = names
    # daily-meetings never says that it finished: tried again every ten minutes, its successor after twenty of patience.
    assert started[0] == ["daily-meetings"]
    assert started[10] == ["daily-meetings"]
    assert "daily-races" in started[30]
    assert "daily-entrants" in started[40]


def test_each_daily_import_starts_once_at_its_minute() -> None:
    """With every import finishing, each starts once at its own minute, doubled and missed ticks included."""
    eve = datetime(2026, 2, 13, 16, 58, 1, tzinfo=UTC)
    suite = Suite(eve)
    started: list[tuple[int, str]] = []
    for minute in range(50):
        if minute == 12:
            continue
        for again in (0, 1) if minute in (2, 22) else (0,):
            before = len(suite.invoker.names())
            suite.tick(eve + timedelta(minutes=minute, seconds=again * 9), cold=bool(again))
            for name in suite.invoker.names()[before:]:
                started.append((minute, name))
                suite.state("import", name, "done", suite.at + timedelta(seconds=20))
    daily = [(m, name) for m, name in started if not (name == "daily-meetings" and m not in (2,))]
    assert daily == [(2, "daily-meetings"), (13, "daily-races"), (22, "daily-entrants")]
    # The refresh of the meetings comes each quarter of an hour beside them.
    assert [m for m, name in started if name == "daily-meetings"] == [2, 17, 32, 47]


def test_a_race_that_came_later_gets_its_entrants() -> None:
    """A race stored after the day's import has its entrants imported, and is not asked for at every tick."""
    suite = Suite(_minute(120))
    run = {
        "kind": "run",
        "name": "daily-entrants",
        "status": "finished",
        "at": "2026-02-13T17:20:00.000+00:00",
        "data": "{}",
    }
    suite.run(lambda: suite.store.upsert(SUITE_STATE, "run", run))
    suite.race("r1", entrantsImportedAt=None, importedAt=iso(_minute(103)))
    for minute in (102, 100, 99, 98):
        suite.tick(_minute(minute))
    calls = [p for name, p in suite.invoker.started if name == "daily-entrants"]
    assert calls == [{"date": "2026-02-14"}]


def test_legacy_schedules_run_only_when_asked_for() -> None:
    """The legacy pollers start at their minutes when the setting says so, and never without it."""
    plain, legacy = Suite(_minute(70)), Suite(_minute(70), settings=Settings(legacy_schedules=True))
    for suite in (plain, legacy):
        suite.race("r1")
        for minute in (11, 10, 9):
            suite.tick(_minute(minute))
    assert "race-data-poller" not in plain.invoker.names()
    assert legacy.invoker.names().count("race-data-poller") == 3
    batches = [p for name, p in legacy.invoker.started if name == "batch-race-poller"]
    assert batches == [{"raceIds": ["r1"], "due": True}]


def test_a_quiet_tick_costs_few_store_calls() -> None:
    """A tick with nothing to do but look makes at most six calls to the store."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(59))
    before = suite.store.calls
    suite.tick(_minute(58))
    assert suite.store.calls - before <= 6


def test_a_warm_scheduler_reads_only_what_changed() -> None:
    """A second tick reads no race that stands as it stood, and sees at once one that moved, came or has ended."""
    suite = Suite(_minute(70))
    for i in range(5):
        suite.race(f"r{i}")
    suite.tick(_minute(20))
    suite.rows_read.clear()
    suite.tick(_minute(18))
    assert suite.rows_read[RACES] == 0
    suite.at = _minute(17, 5)
    suite.race("new", START - timedelta(minutes=2))
    suite.race("r0", START + timedelta(minutes=40))
    suite.race("r1", status="Final")
    assert suite.tick(_minute(16))["races"] == 5
    assert suite.rows_read[RACES] == 3


def test_a_tick_waits_only_where_slots_were_handed_out() -> None:
    """A minute without slots ends at once; one whose slots were handed out before waits until they have settled."""
    suite = Suite(_minute(200))
    suite.race("r1")
    suite.tick(_minute(70, 0))
    assert suite.ended == _minute(70, 0)
    suite.tick(_minute(65.5, 0))
    suite.polled("r1", 1, START - timedelta(minutes=65))
    suite.tick(_minute(64, 0))
    assert suite.ended == _minute(64, 3.5)


def test_a_pause_is_seen_by_a_warm_scheduler() -> None:
    """What an operator sets between two ticks of one process counts at the next, and so does lifting it."""
    suite = Suite(_minute(70))
    suite.race("r1")
    suite.tick(_minute(5))
    suite.at = _minute(4, 30)
    suite.state("pause", POLLER, "paused")
    assert suite.tick(_minute(4)).get("paused")
    suite.at = _minute(3, 30)
    suite.state("pause", POLLER, "running")
    assert not suite.tick(_minute(3)).get("paused")


def test_an_abandoned_race_tells_of_its_missing_rechecks() -> None:
    """A race that its own event called Abandoned, and whose re-checks all failed, tells them in a closing row."""
    suite = Suite(_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, START - timedelta(minutes=30), Status.ABANDONED)
    for minute in (29, 20, 5, 1, -3, -4):
        suite.tick(_minute(minute))
    last = suite.ledger("r1")[-1]
    assert (last.kind, last.n, len(last.gaps)) == ("closing", 2, 3)
