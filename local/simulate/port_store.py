"""Port depth: the store's port straight to memory, with the delays of its calls and the same seams."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx

from local.simulate.chances import Span
from local.simulate.faults.store import OUT
from local.simulate.webhooks import PortWebhooks
from local.simulate.world import PlatformStarter, SimWorld
from local.testing.memory_store import MemoryStore
from raceday.clock import Clock, SyncedClock
from raceday.connections import Transports
from raceday.container import Invoker
from raceday.errors import StoreUnavailable
from raceday.ids import RandomSource, SeededRandomSource
from raceday.log import Log
from raceday.patience import Patience
from raceday.store.port import Op, Row, Store
from raceday.tables import RACE_POOLS, RACES

T = TypeVar("T")
COMMIT_CALLS = 3


class PortBackend:
    """One store in memory for a whole world; each container talks to it with delays of its own."""

    # A store in memory is made of the tables as they are declared.
    checks_schema = False

    def __init__(self) -> None:
        self.memory: MemoryStore | None = None

    def open(self, world: SimWorld) -> MemoryStore:
        """Make the store and its webhooks on first use."""
        if self.memory is None:
            webhooks = PortWebhooks(world)

            def told(table: str, action: str, row: Row) -> None:
                if table == RACE_POOLS:
                    world.record.total(str(row["raceId"]), int(row.get("n") or 0))
                elif table == RACES and action == "create":
                    world.record.race_created(row)
                webhooks.on_event(table, action, row)

            self.memory = MemoryStore(world.loop.now, told)
        return self.memory

    def store(self, world: SimWorld, name: str, serial: int, clock: Clock, on_request: Callable[[], None]) -> Store:
        """Make the store of one container."""

        def counted() -> None:
            on_request()
            world.counts.store[name] += 1

        return DelayedStore(self.open(world), world, clock, counted, name, serial)

    def feed_transport(
        self, world: SimWorld, name: str, serial: int, on_request: Callable[[], None]
    ) -> httpx.AsyncBaseTransport | Transports:
        """Return one container's wire to the feed."""
        return world.feed_wire(name, on_request)

    def invoker(self, world: SimWorld, name: str, serial: int, clock: Clock, random: RandomSource, log: Log) -> Invoker:
        """Return the platform itself."""
        return PlatformStarter(world.platform, world.counts, world.started)

    def reader(self, world: SimWorld) -> Store:
        """Return the store itself, to read what a finished day has left."""
        return self.open(world)

    @property
    def waiting(self) -> int:
        """Return how many webhooks are still on their way: the platform knows of them itself."""
        return 0

    @property
    def dropped(self) -> list[str]:
        """Return the rows of upserts that a real server would not have kept."""
        return self.memory.dropped if self.memory is not None else []

    def transactions(self, now: datetime) -> dict[str, int]:
        """Count transactions that polls were armed with; any other begins and ends at one instant here."""
        expired = len(self.expired(now))
        opened = self.memory.opened if self.memory is not None else 0
        open_still = len(self.memory.open) - expired if self.memory is not None else 0
        return {"opened": opened, "open": open_still, "expired": expired}

    def expired(self, now: datetime) -> list[str]:
        """Return the transactions that expired without an end."""
        made = self.memory.open if self.memory is not None else {}
        return [name for name, expires in made.items() if expires <= now]

    async def aclose(self) -> None:
        """Have nothing to close."""


def _is_out(error: BaseException) -> bool:
    return isinstance(error, StoreUnavailable) and error.kind == OUT


class DelayedStore:
    """The store's port with a delay before and after each call, as a wire would have."""

    def __init__(
        self,
        inner: MemoryStore,
        world: SimWorld,
        clock: Clock,
        on_request: Callable[[], None],
        name: str = "",
        serial: int = 0,
    ) -> None:
        self._name = name
        self._inner = inner
        self._world = world
        self._meter = world.meter
        self._clock = clock
        self._on_request = on_request
        chance = SeededRandomSource(f"{world.seed}/{name}/{serial}/store")
        self._patience = Patience(clock, chance, world.settings.store_attempts)
        self.calls = 0

    async def aclose(self) -> None:
        """Have nothing to close."""

    async def _call(self, name: str, about: str, work: Callable[[], Awaitable[T]], calls: int = 1) -> T:
        """Make one call; `about` tells equal reads apart."""
        delays = self._world.delays
        for _ in range(calls - 1):
            self._count()
            await asyncio.sleep(self._world.chances.span("store", delays.store))

        async def once() -> T:
            return await self._once(name, about, work, delays.commit if calls > 1 else delays.store)

        # Nothing is written while the store is out: the client tries again for as long as it may, here as there.
        return await self._patience.keep_trying(once, _is_out)

    async def _once(self, name: str, about: str, work: Callable[[], Awaitable[T]], span: Span) -> T:
        self._count()
        await self._world.work(self._name)
        half = self._world.chances.span("store", span) / 2
        await asyncio.sleep(half)
        found = await self._world.seams.port(name, about, work)
        await asyncio.sleep(half)
        if isinstance(self._clock, SyncedClock):
            self._clock.observe(self._world.loop.now())
        return found

    def _count(self) -> None:
        self.calls += 1
        self._on_request()

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Return one row, None where it does not exist."""
        found = await self._call(
            "get", f"{table}/{row_id}/{select}", lambda: self._inner.get(table, row_id, select=select)
        )
        self._meter.note_read(self._name, int(found is not None))
        return found

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match."""
        found = await self._call(
            "find",
            f"{table}/{queries}/{limit}/{select}",
            lambda: self._inner.find(table, queries, limit=limit, select=select),
        )
        self._meter.note_read(self._name, len(found))
        return found

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row."""
        found = await self._call("create", table, lambda: self._inner.create(table, row_id, data))
        self._meter.note_written(self._name, table)
        return found

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or overwrite one row."""
        found = await self._call("upsert", table, lambda: self._inner.upsert(table, row_id, data))
        self._meter.note_written(self._name, table)
        return found

    async def update(self, table: str, row_id: str, data: Mapping[str, Any], *, if_not_after: str = "") -> Row:
        """Patch one row."""
        found = await self._call(
            "update", table, lambda: self._inner.update(table, row_id, data, if_not_after=if_not_after)
        )
        self._meter.note_written(self._name, table)
        return found

    async def delete(self, table: str, row_id: str) -> None:
        """Delete one row."""
        await self._call("delete", table, lambda: self._inner.delete(table, row_id))
        self._meter.note_written(self._name, table)

    async def create_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Create rows in bulk."""
        await self._call("create_many", table, lambda: self._inner.create_many(table, rows))
        self._meter.note_written(self._name, table, len(rows))

    async def upsert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Upsert rows in bulk."""
        changed = await self._call("upsert_many", table, lambda: self._inner.upsert_many(table, rows))
        self._meter.note_written(self._name, table, len(rows))
        return changed

    async def delete_where(self, table: str, queries: Sequence[str]) -> int:
        """Delete the rows that match."""
        deleted = await self._call("delete_where", table, lambda: self._inner.delete_where(table, queries))
        self._meter.note_written(self._name, table, deleted)
        return deleted

    async def begin(self) -> str:
        """Open a transaction."""
        return await self._call("begin", "transactions", self._inner.begin)

    async def drop(self, begun: str) -> None:
        """End a transaction."""
        await self._call("drop", "transactions", lambda: self._inner.drop(begun))

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Do all of `ops`, or none."""
        calls = COMMIT_CALLS - (begun in self._inner.open)
        await self._call("commit", "", lambda: self._inner.commit(ops, begun), calls)
        self._meter.note_ops(self._name, ops)

    async def put_file(self, bucket: str, file_id: str, name: str, content: bytes, media_type: str) -> str:
        """Store a file under its id."""
        return await self._call(
            "put_file", bucket, lambda: self._inner.put_file(bucket, file_id, name, content, media_type)
        )
