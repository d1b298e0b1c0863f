"""Full depth: the store client's own HTTP against the embedded server, whose webhooks reach the functions signed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import httpx

from local.choices import STORE_PROFILES
from local.embedded import Embedded, EmbeddedTransport, WebhookWorker, bootstrap
from local.simulate.appwrite_profile import RealPace
from local.simulate.interrupted import Interrupted
from local.simulate.loop import VirtualClock
from local.simulate.storms import STORE, WEBHOOKS, Outage
from local.simulate.webhooks import deliver
from local.simulate.wire import SlowWire
from local.simulate.world import PlatformStarter, SimWorld
from ops.webhooks import wanted
from raceday.clock import Clock
from raceday.connections import Transports
from raceday.container import Invoker
from raceday.ids import RandomSource, SeededRandomSource
from raceday.log import Log
from raceday.store.client import make_store
from raceday.store.port import Store

PROFILES = STORE_PROFILES


class Stoppable(Protocol):
    """A host that an outage can take away and bring back."""

    def stop(self) -> None:
        """Be killed."""
        ...

    def start(self) -> None:
        """Come back."""
        ...

    def freeze(self) -> None:
        """Stand still."""
        ...

    def thaw(self) -> None:
        """Go on where it stood."""
        ...


class FullBackend:
    """One embedded server for a whole world, with the suite's subscriptions; `path` is its file, `profile` its pace."""

    checks_schema = True

    def __init__(self, path: str | Path = ":memory:", *, profile: str = "fast") -> None:
        self._path, self._profile = path, profile
        self.delivering = asyncio.Event()
        self.delivering.set()
        self._served: httpx.AsyncBaseTransport | None = None
        self._interrupted: Interrupted | None = None
        self.server: Embedded | None = None
        self.worker: WebhookWorker | None = None
        self._running: asyncio.Task[Any] | None = None

    def open(self, world: SimWorld) -> Embedded:
        """Open the server on first use: tables where there are none, and the subscriptions."""
        if self.server is not None:
            return self.server
        s = world.settings
        server = Embedded(
            self._path, now=world.loop.now, seed=world.seed, api_key=s.store_key, project_id=s.store_project
        )
        if not server.catalog.databases:
            bootstrap(server, database=s.store_database, bucket=s.store_bucket)
        for hook in wanted(s).values():
            server.hooks.put({**hook, "secret": s.webhook_secret}, server.rows.stamp())

        async def send(url: str, headers: Mapping[str, str], body: bytes) -> int:
            await self.delivering.wait()
            return await deliver(world, url, headers, body)

        self.worker = WebhookWorker(server.hooks, send)
        self._running = world.loop.create_task(self.worker.run())
        self.server = server
        return server

    def served(self, world: SimWorld) -> httpx.AsyncBaseTransport:
        """Return the one way to the server, at the pace of the profile."""
        if self._served is None:
            inner = EmbeddedTransport(self.open(world))
            self._served = RealPace(inner) if self._profile == "appwrite-1.9" else inner
        return self._served

    def plan_outages(self, world: SimWorld, outages: Sequence[Outage]) -> None:
        """Let hosts be killed or frozen at their instants, and the webhook worker stand still."""
        self.open(world)
        for outage in outages:
            begin, end = self._ends(world, outage)
            world.loop.call_at((outage.begin - world.loop.start).total_seconds(), begin)
            world.loop.call_at((outage.end - world.loop.start).total_seconds(), end)

    def host(self, world: SimWorld, name: str) -> Stoppable:
        """Return what an outage of this name takes away."""
        if name != STORE:
            raise ValueError(f"outage: expected of the store or its webhooks at full depth, got {name!r}")
        self._interrupted = self._interrupted or Interrupted(self.served(world))
        return self._interrupted

    def _ends(self, world: SimWorld, outage: Outage) -> tuple[Callable[[], None], Callable[[], None]]:
        if outage.host == WEBHOOKS:
            return self.delivering.clear, self.delivering.set
        host = self.host(world, outage.host)
        return (host.stop, host.start) if outage.kind == "killed" else (host.freeze, host.thaw)

    def _reached(self, world: SimWorld) -> httpx.AsyncBaseTransport:
        """Return what clients reach the server by: through the host that outages take away, where any are planned."""
        return self._interrupted or self.served(world)

    def store(self, world: SimWorld, name: str, serial: int, clock: Clock, on_request: Callable[[], None]) -> Store:
        """Make the store client of one container, on a wire of its own."""

        def counted(_: httpx.Request) -> None:
            on_request()
            world.counts.store[name] += 1

        seams = world.seams

        async def metered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            world.meter.note_http(name, request, response)
            await world.work(name)
            return await seams.after_store(request, response)

        wire = SlowWire(
            self._reached(world), world.chances, "store", world.store_span, seams.before_store, metered,
            counted, date=world.loop.now,
        )  # fmt: skip
        chance = SeededRandomSource(f"{world.seed}/store/{name}/{serial}")
        log = Log(lambda _: None, level="error")
        return make_store(world.settings, clock, chance, log, wire)

    def feed_transport(
        self, world: SimWorld, name: str, serial: int, on_request: Callable[[], None]
    ) -> httpx.AsyncBaseTransport | Transports:
        """Return one container's wire to the feed."""
        return world.feed_wire(name, on_request)

    def invoker(self, world: SimWorld, name: str, serial: int, clock: Clock, random: RandomSource, log: Log) -> Invoker:
        """Return the platform itself."""
        return PlatformStarter(world.platform, world.counts, world.started)

    def reader(self, world: SimWorld) -> Store:
        """Make a client without delays, to read what a finished day has left."""
        clock, chance = VirtualClock(world.loop), SeededRandomSource("reader")
        transport = EmbeddedTransport(self.open(world))
        return make_store(world.settings, clock, chance, Log(lambda _: None, level="error"), transport)

    @property
    def waiting(self) -> int:
        """Return how many webhooks are still on their way."""
        return self.worker.waiting if self.worker is not None else 0

    @property
    def dropped(self) -> list[str]:
        """Return the rows of upserts that were answered 200 and not kept."""
        return self.server.rows.dropped if self.server is not None else []

    def transactions(self, now: datetime) -> dict[str, int]:
        """Count transactions: `opened`, `open` within their term, and `expired` without an end."""
        made = self.server.transactions.all.values() if self.server is not None else ()
        pending = [transaction.expires for transaction in made if transaction.status == "pending"]
        expired = sum(expires <= now for expires in pending)
        return {"opened": len(made), "open": len(pending) - expired, "expired": expired}

    def expired(self, now: datetime) -> list[str]:
        """Return the transactions that expired without an end."""
        made = self.server.transactions.all if self.server is not None else {}
        return [name for name, each in made.items() if each.status == "pending" and each.expires <= now]

    async def aclose(self) -> None:
        """End the webhook worker and close the file."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self.server is not None:
            self.server.close()
