"""Running the functions over a tape again: the ledger says which slot was polled when, the tape what the feed said.

Imports and polls run through the same handlers at their own instants, and the event functions after every ledger row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from appwrite.query import Query

from local.functions import function
from local.tape.given import TapedImports, give_entrants, give_races
from local.tape.keeping import IMPORTS
from local.tape.looks import WATCH, answer_of_look, as_kept, looks_of
from local.tape.overlaps import arranged
from local.tape.pairing import answer_of
from local.tape.reader import Tape
from local.tape.scanning import TapeEntry
from local.tape.script import LedgerStore, ScriptedFeed, SetClock, row_data, stamp
from local.tape.steps import ReplayStep
from local.testing.containers import make_container
from raceday.call import Call
from raceday.clock import instant
from raceday.container import Container
from raceday.feed.client import FeedClient
from raceday.ids import SeededRandomSource
from raceday.ledger import log as ledger
from raceday.log import Log
from raceday.polling import watch
from raceday.racing.nzday import race_day
from raceday.racing.planning import Race
from raceday.racing.snapshot import Status
from raceday.runtime.function import handle
from raceday.scheduling.closing import close_races
from raceday.scheduling.state import State
from raceday.scheduling.tick import Tick
from raceday.settings import Settings
from raceday.store.port import Row
from raceday.tables import (
    ALERT_CONFIGS,
    ALERT_FILTERS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
)

Rows = Mapping[str, Mapping[str, Row]]
POLLER = "enhanced-race-poller"
# Of what came at one instant a look is the later.
_AFTER_POLLS = 1 << 30
PROJECTIONS = ("money-flow-tracker", "race-pools-aggregator", "alert-evaluator")


@dataclass(slots=True)
class TapeReplay:
    """One day again, step by step; `lost` are ledger rows whose answer no tape has, taken as they are.

    So are `unlooked`, the versions of results whose look has none.

    `given` counts first odds that are taken as they are stored, of a tape without imports or of `untold` races, of
    which a damaged tape has lost the import.
    """

    tape: Tape
    recorded: Rows
    settings: Settings
    only: str = ""
    lost: list[Row] = field(default_factory=list)
    unlooked: list[Row] = field(default_factory=list)
    given: int = 0
    untold: set[str] = field(default_factory=set)
    taped_imports: bool = False
    clock: SetClock = field(init=False)
    store: LedgerStore = field(init=False)
    _feed: ScriptedFeed = field(init=False)
    _imported: TapedImports = field(init=False)
    _containers: dict[str, Container] = field(default_factory=dict)

    @property
    def damaged(self) -> bool:
        """Tell whether the tape is known to lack something that was heard."""
        return bool(self.tape.damages or self.untold or any(mark["what"] == "lost" for mark in self.tape.marks))

    @property
    def unknown(self) -> list[str]:
        """Name the polls and looks whose answer no tape has."""
        looks = [f"{row['raceId']} results version {row['version']}" for row in self.unlooked]
        return [*(f"{row['raceId']} n={row['n']}" for row in self.lost), *looks]

    def __post_init__(self) -> None:
        """Make the clock, the store and the feed."""
        self.clock = SetClock(datetime(2020, 1, 1, tzinfo=UTC))
        self.store = LedgerStore(self.clock, self.recorded.get(RACE_POLLS, {}))
        self._feed = ScriptedFeed(self.tape, self.clock)
        self._imported = TapedImports(self.tape, ())

    def steps(self) -> list[ReplayStep]:
        """Return everything that the tape and the ledger tell of, in the order in which it happened."""
        rows = [row for row in self.recorded.get(RACE_POLLS, {}).values() if self.only in ("", row["raceId"])]
        found = [self._poll_step(row) for row in rows]
        found += [self._look_step(version) for version in looks_of(self.recorded, self.only)]
        found += self._imports()
        return arranged(sorted(found, key=lambda step: step.order), self.tape.marks)

    def _poll_step(self, row: Row) -> ReplayStep:
        at = instant(row["fetchedAt"])
        entry = None if row["kind"] == "closing" else answer_of(self.tape, row)
        order = (entry.received if entry else at, row["raceId"], int(row["n"]))
        return ReplayStep(at, order, "closing" if row["kind"] == "closing" else "poll", (entry,) if entry else (), row)

    def _look_step(self, version: Row) -> ReplayStep:
        at, entry = instant(version["seenAt"]), answer_of_look(self.tape, version)
        order = (entry.received if entry else at, version["raceId"], _AFTER_POLLS)
        return ReplayStep(at, order, "look", (entry,) if entry else (), version=version)

    def _imports(self) -> Iterator[ReplayStep]:
        by_activation: dict[str, list[TapeEntry]] = defaultdict(list)
        for entry in self.tape.entries:
            if entry.function in IMPORTS:
                by_activation[entry.activation].append(entry)
        for mark in self.tape.marks:
            entries = by_activation.get(mark.get("activation", ""), [])
            if mark["what"] == "activation" and entries:
                yield ReplayStep(entries[0].sent, (entries[-1].received, "", 0), "import", tuple(entries), mark=mark)

    async def run(self, on_step: Callable[[ReplayStep], None] | None = None) -> None:
        """Do every step."""
        for step in await self.prepare():
            await self.do(step)
            if on_step is not None:
                on_step(step)

    async def prepare(self) -> list[ReplayStep]:
        """Fill in what the functions found there, and return the steps to `do` one by one."""
        steps = self.steps()
        imports = [entry for step in steps if step.what == "import" for entry in step.entries]
        self.taped_imports = bool(imports)
        self._imported = TapedImports(self.tape, imports)
        await self._seed(imports=self.taped_imports)
        return steps

    async def do(self, step: ReplayStep) -> None:
        """Do one step."""
        if step.what == "import" and step.mark is not None:
            self._feed.give(step.entries, alone=step.alone)
            self.clock.set(step.at)
            await self._invoke(step.mark["function"], step.mark["event"])
        elif step.row is not None:
            self.store.unseen = step.row["raceId"] if step.unseen else ""
            await (self._close(step.row) if step.what == "closing" else self._poll(step.row, step.entries))
            self.store.unseen = ""
            for name in PROJECTIONS:
                await self._invoke(name, {"raceId": step.row["raceId"]})
        elif step.version is not None:
            await self._look(step.version, step.entries)
            await self._invoke(watch.PROJECTION, {"raceId": step.version["raceId"]})

    def forget(self) -> None:
        """Have the functions start anew, as cold ones do: what they remember of races that are over is memory."""
        for container in self._containers.values():
            container.cache.clear()

    async def _poll(self, row: Row, entries: Sequence[TapeEntry]) -> None:
        if not entries:
            self.lost.append(row)
            await self.store.create(RACE_POLLS, row["$id"], row_data(row))
            return
        if self.taped_imports:
            await self._give(row)
        for start in self._starts(row):
            self._feed.give(entries, came_at(entries[0], instant(row["fetchedAt"])))
            self.clock.set(min(entries[0].sent, instant(row["fetchedAt"])) if row["kind"] == "request" else
                           instant(row["slot"]))  # fmt: skip
            slot = {"raceId": row["raceId"], "slot": row["slot"], "kind": row["kind"], "start": start}
            answer = await self._invoke(POLLER, {"slots": [slot], "tick": stamp(instant(row["fetchedAt"]))})
            if any(result["result"] == "committed" for result in answer.get("results", ())):
                return

    async def _look(self, version: Row, entries: Sequence[TapeEntry]) -> None:
        """Look at results as a look did that kept them; without its answer they are taken as they are."""
        race_id, seen = str(version["raceId"]), version["seenAt"]
        if race_id not in self.store.tables[RACE_RESULTS]:
            # No poll of this replay saw the race end, so that nobody looks at what came of it.
            return
        if not entries:
            self.unlooked.append(version)
            own, told = as_kept(version)
            await self.store.upsert(RACE_RESULT_VERSIONS, version["$id"], own)
            await self.store.update(RACE_RESULTS, race_id, told)
            return
        self._feed.give(entries, came_at(entries[0], instant(seen)))
        at = min(entries[0].sent, instant(seen))
        self.clock.set(at)
        # Looks that found nothing new, or kept nothing, moved when the next is due.
        await self.store.update(RACE_RESULTS, race_id, {"nextLookAt": stamp(at)})
        slot = {"raceId": race_id, "slot": stamp(at), "kind": WATCH}
        await self._invoke(POLLER, {"slots": [slot], "tick": stamp(at)})

    def _starts(self, row: Row) -> list[str | None]:
        """Return the advertised starts that the slot may have been planned from, the likeliest first."""
        stored = self.store.tables[RACES].get(row["raceId"], {}).get("startTime")
        return list(dict.fromkeys([stored, None, row["startTime"]]))

    async def _close(self, row: Row) -> None:
        """Have the scheduler close a race as it did, with the status and the gaps that it told of."""
        at, container = instant(row["fetchedAt"]), self._container("master-race-scheduler")
        self.clock.set(at)
        base = await ledger.newest(self.store, row["raceId"])
        call = Call("master-race-scheduler", {}, "replay", at.timestamp() + 60, self.clock, container.log)
        tick = Tick(container, call, at, State())
        container.cache.clear()
        status = Status(row["status"])
        if base is not None and base.status.over:
            gaps = ledger_gaps(row)
            await close_races(tick, [], {row["raceId"]: gaps}, at)
        else:
            race = Race(row["raceId"], instant(row["startTime"]), status, meeting_id=row["meetingId"])
            await close_races(tick, [race], {}, at)

    async def _invoke(self, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
        deadline = round((self.clock.now().timestamp() + 600) * 1000)
        context = SimpleNamespace(activation_id="replay", deadline=deadline)
        return await handle(self._container(name), function(name), event, context)

    def _container(self, name: str) -> Container:
        if name not in self._containers:
            made = self._containers[name] = make_container(
                self.settings,
                self.clock,
                chance=SeededRandomSource(f"replay/{name}"),
                log=Log(lambda _: None, level="error"),
                feed_transport=lambda _: self._feed,
                store=self.store,
            )
            if isinstance(made.feed, FeedClient):
                made.feed.tape = self._feed.heard
        return self._containers[name]

    async def _seed(self, *, imports: bool) -> None:
        """Put there what the functions found: what users set, and without imports on the tape what those had stored."""
        for table in (ALERT_CONFIGS, ALERT_FILTERS):
            for row_id, row in self.recorded.get(table, {}).items():
                await self.store.upsert(table, row_id, row_data(row))
        if imports:
            return
        await give_races(self.store, self.recorded)
        self.given += await give_entrants(self.store, self.recorded, self.only)

    async def _give(self, row: Row) -> None:
        """Put there what an import had stored of a race before its poll, where the tape has lost what tells of it."""
        race_id = str(row["raceId"])
        absent = race_id not in self.store.tables[RACES] and self._imported.lack_race(self.recorded, row)
        if absent:
            await give_races(self.store, self.recorded, [race_id])
        if absent or (int(row["n"]) == 1 and await self._lacks_entrants(row)):
            self.given += await give_entrants(self.store, self.recorded, race_id)
            self.untold.add(race_id)

    async def _lacks_entrants(self, row: Row) -> bool:
        """Tell whether the odds that a race's import wrote are not there at its first poll, and no answer has them."""
        if not self._imported.lack_entrants(row):
            return False
        if await self.store.find(ODDS_HISTORY, [Query.equal("raceId", [row["raceId"]])], limit=1):
            return False
        there = [each for each in self.recorded.get(ODDS_HISTORY, {}).values() if each["raceId"] == row["raceId"]]
        return any(
            each.get("n") == 0 and instant(each["eventTimestamp"]) <= instant(row["fetchedAt"]) for each in there
        )


def came_at(entry: TapeEntry, at: datetime) -> datetime:
    """Return a poll's or look's instant: the answer's own where its row has it to the millisecond, else the row's."""
    return entry.received if timedelta(0) <= entry.received - at < timedelta(milliseconds=1) else at


def ledger_gaps(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the gaps that a ledger row tells of."""
    from raceday.ledger.codec import from_row

    return from_row(row).gaps


def tables_of(rows: Mapping[str, Iterable[Row]]) -> dict[str, dict[str, Row]]:
    """Return tables by their rows' ids."""
    return {table: {row["$id"]: row for row in each} for table, each in rows.items()}


def days_of(recorded: Rows) -> list[str]:
    """Return the NZ race days of the races that a ledger has."""
    return sorted({race_day(instant(row["startTime"])).isoformat() for row in recorded.get(RACE_POLLS, {}).values()})
