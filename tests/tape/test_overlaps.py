"""An import that overlaps a race's first poll is replayed in the order in which the store took the two."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from local.feedsim import FeedSim, FeedTransport, generate_day
from local.functions import function
from local.simulate.world import SETTINGS
from local.tape.keeping import Keeper
from local.tape.overlaps import arranged
from local.tape.reader import Tape
from local.tape.replay import TapeReplay
from local.tape.scanning import TapeEntry
from local.tape.script import SetClock
from local.tape.steps import ReplayStep
from local.tape.verify import compare
from local.tape.writer import TapeWriter
from local.testing.containers import make_container
from local.testing.memory_store import MemoryStore
from raceday.clock import instant, iso
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.runtime.function import handle
from raceday.store.port import Op, Row, Store
from raceday.tables import ENTRANTS, ODDS_HISTORY, RACE_POLLS, RACES
from tests.tape.kit import DAY, START

POLLER = "enhanced-race-poller"
IMPORT = "daily-entrants"


class Gates:
    """Where the import and the poll wait for one another; each place is passed once it is opened."""

    def __init__(self, *closed: str) -> None:
        self.open = {name: asyncio.Event() for name in ("asked", "read", "import", "poll", "rest")}
        for name in self.open.keys() - set(closed):
            self.open[name].set()


class GatedStore:
    """A function's way to the one store: a poll waits after it has read, an import before it commits the first race."""

    def __init__(self, inner: MemoryStore, name: str, race_id: str, gates: Gates) -> None:
        self._inner, self._name, self._race_id, self._gates = inner, name, race_id, gates

    def __getattr__(self, name: str) -> Any:
        """Return what the store itself has."""
        return getattr(self._inner, name)

    async def find(self, table: str, queries: Sequence[str] = (), **given: Any) -> list[Row]:
        """Find rows."""
        rows = await self._inner.find(table, queries, **given)
        if self._name == POLLER and table == ENTRANTS:
            self._gates.open["asked"].set()
            await self._gates.open["read"].wait()
        return rows

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Commit."""
        mine = any(op.row_id == self._race_id for op in ops)
        if self._name == IMPORT and mine:
            await self._gates.open["import"].wait()
        await self._inner.commit(ops, begun)
        if self._name == IMPORT and mine:
            self._gates.open["read"].set()


class World:
    """A day of two races whose meetings are imported, with a tape."""

    def __init__(self, path: Path) -> None:
        self.clock = SetClock(START - timedelta(hours=8))
        self.store = MemoryStore(self.clock.now)
        self.keeper = Keeper(TapeWriter.create(path))
        self.feed = FeedSim(generate_day(1, DAY, 2), compress=False)
        self.race = ""
        self.gates = Gates()

    async def run(self, name: str, event: dict[str, Any], gates: Gates) -> dict[str, Any]:
        """Run one function in a container of its own, heard as the platform's are."""

        class Before:
            async def before(self, request: httpx.Request) -> None:
                # What the import asks for besides comes when the rest may.
                if name == IMPORT and "/events/" in str(request.url) and race not in str(request.url):
                    await gates.open["rest"].wait()

            async def after(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
                return response

        race = self.race
        transport = FeedTransport(self.feed, self.clock.now, cast("Any", Before()))
        store = cast("Store", GatedStore(self.store, name, self.race, gates))
        made = make_container(SETTINGS, self.clock, chance=SeededRandomSource(name), log=Log(lambda _: None),
                              feed_transport=transport, store=store)  # fmt: skip
        self.keeper.listen(name, made)
        self.keeper.began(name, made)
        began = self.clock.now()
        context = SimpleNamespace(activation_id=name, deadline=round((began.timestamp() + 600) * 1000))
        answer = await handle(made, function(name), event, context)
        self.keeper.ended(name, name, event, began, self.clock.now(), whole=True)
        return answer

    async def tick(self, secs: float = 1.0) -> None:
        """Let some time pass, and everybody go on as far as they may."""
        for _ in range(200):
            await asyncio.sleep(0)
        self.clock.set(self.clock.now() + timedelta(seconds=secs))


async def import_first(world: World, poll: Callable[[Gates], Coroutine[Any, Any, Any]]) -> None:
    """Have the import commit the race before it is polled, and end after that with the rest of its races."""
    gates = Gates("rest")
    importing = asyncio.create_task(world.run(IMPORT, {"date": DAY.isoformat()}, gates))
    await world.tick()
    await poll(gates)
    await world.tick()
    gates.open["rest"].set()
    await importing


async def between(world: World, poll: Callable[[Gates], Coroutine[Any, Any, Any]]) -> None:
    """Have the import commit the race after the poll has read it and before it commits."""
    gates = Gates("read", "import", "asked")
    polling = asyncio.create_task(poll(gates))
    await world.tick()
    importing = asyncio.create_task(world.run(IMPORT, {"date": DAY.isoformat()}, gates))
    await world.tick()
    gates.open["import"].set()
    await polling
    await importing


async def poll_first(world: World, poll: Callable[[Gates], Coroutine[Any, Any, Any]]) -> None:
    """Have the import's answers come before the poll's, and the import commit after the poll has."""
    gates = Gates("import")
    importing = asyncio.create_task(world.run(IMPORT, {"date": DAY.isoformat()}, gates))
    await world.tick()
    await poll(gates)
    await world.tick()
    gates.open["import"].set()
    await importing


@pytest.mark.parametrize("order", [import_first, between, poll_first])
def test_a_first_poll_beside_an_import_is_replayed_as_it_was(order: Any, tmp_path: Path) -> None:
    """Import, then poll; poll reads, import, poll commits; poll, then import: no row of any table differs."""

    async def live() -> World:
        world = World(tmp_path / "day.tape")
        for name in ("daily-meetings", "daily-races"):
            assert (await world.run(name, {"date": DAY.isoformat()}, Gates()))["ok"]
            await world.tick()
        races = sorted(world.store.tables[RACES].values(), key=lambda row: row["startTime"])
        world.race, start = races[0]["$id"], instant(races[0]["startTime"])

        async def poll(gates: Gates) -> None:
            slot = {"raceId": world.race, "slot": iso(world.clock.now()), "kind": "slot", "start": iso(start)}
            world.clock.set(start - timedelta(minutes=30))
            slot["slot"] = iso(start - timedelta(minutes=30))
            answer = await world.run(POLLER, {"slots": [slot], "tick": iso(world.clock.now())}, gates)
            assert answer.get("committed") == 1, answer
            for each in ("money-flow-tracker", "race-pools-aggregator", "alert-evaluator"):
                await world.run(each, {"raceId": world.race}, Gates())

        world.clock.set(start - timedelta(minutes=31))
        await order(world, poll)
        world.keeper.writer.close()
        return world

    world = asyncio.run(live())
    stored = world.store.tables
    assert len(stored[RACE_POLLS]) == 1
    assert {row["n"] for row in stored[ODDS_HISTORY].values() if row["raceId"] == world.race} == EXPECTED[order]
    made = TapeReplay(Tape.checked(tmp_path / "day.tape"), stored, SETTINGS)
    asyncio.run(made.run())
    assert [str(each) for each in compare(stored, made.store.tables)] == []


# Which polls wrote odds: 0 is the import. Where a poll had read no entrants every kind is new to it.
EXPECTED = {import_first: {0, 1}, between: {0, 1}, poll_first: {1}}


def test_entrants_that_a_poll_made_itself_put_no_import_before_it() -> None:
    """A poll whose commit was not answered reads its own entrants when it asks again: the import behind stays there."""
    marks = [{"what": "read", "race": "r", "entrants": 0}, {"what": "read", "race": "r", "entrants": 15}]
    marks += [{"what": "stored", "race": "r", "entrants": 0}]
    at = START
    poll = ReplayStep(at, (at, "r", 1), "poll", row={"raceId": "r", "n": 1})
    entry = TapeEntry(0, 0, 1, "https://f.test/racing/events/r", at, at + timedelta(minutes=9), 200)
    told = {"what": "activation", "function": "daily-entrants"}
    behind = ReplayStep(entry.sent, (entry.received, "", 0), "import", (entry,), mark=told)
    assert arranged([poll, behind], marks) == [poll, behind]
    made = [{"what": "stored", "race": "r", "entrants": 15}, *marks]
    assert [step.what for step in arranged([poll, behind], made)] == ["import", "poll"]
