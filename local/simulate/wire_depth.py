"""Wire depth: the real clients and their pools over virtual sockets, to store, feed and platform as hosts."""

import json
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from local.embedded import Embedded
from local.simulate.full_store import FullBackend
from local.simulate.hosts import Host
from local.simulate.read_back import ReadBack
from local.simulate.sockets import Network
from local.simulate.storms import CalmNet
from local.simulate.virtual_http import virtual_transports
from local.simulate.wire import SlowWire
from local.simulate.world import SimWorld
from raceday.clock import Clock
from raceday.connections import Transports
from raceday.container import Invoker
from raceday.ids import RandomSource, SeededRandomSource
from raceday.log import Log
from raceday.runtime.invoke import PlatformInvoker
from raceday.store.client import make_store
from raceday.store.port import Store

PLATFORM_HOST = "platform.raceday.local"
# The network has the latency: a host's own wire adds none.
NONE = (0.0, 0.0)


class WireBackend(FullBackend):
    """The embedded server behind a host of a virtual network, beside the feed's and the platform's."""

    def __init__(self, path: str | Path = ":memory:", *, profile: str = "fast", weather: CalmNet | None = None) -> None:
        super().__init__(path, profile=profile)
        self.weather = weather
        self.network: Network | None = None
        self.hosts: dict[str, Host] = {}
        self.clients: list[Any] = []
        self.read_back: ReadBack | None = None
        self._on_request: dict[str, Callable[[], None]] = {}

    def open(self, world: SimWorld) -> Embedded:
        """Open the server, and put the hosts on the network, on first use."""
        server = super().open(world)
        if self.network is None:
            weather = self.weather or CalmNet(world.seed, world.loop.time)
            self.weather = weather
            network = self.network = Network(world.loop, weather)
            hosts = {
                urlsplit(world.settings.store_endpoint).netloc: self._store_handler(world),
                urlsplit(world.settings.feed_url).netloc: self._feed_handler(world),
                PLATFORM_HOST: self._platform_handler(world),
            }
            for name, handler in hosts.items():
                self.hosts[name.split(".")[0]] = Host(network, name, handler, weather.trouble)
        return server

    @property
    def dropped(self) -> list[str]:
        """Return the rows that the server knows it dropped, and those that were not there when they were read back."""
        return [*super().dropped, *(self.read_back.lost if self.read_back is not None else ())]

    def host(self, world: SimWorld, name: str) -> Host:
        """Return one of the network's hosts."""
        self.open(world)
        return self.hosts[name]

    def store(self, world: SimWorld, name: str, serial: int, clock: Clock, on_request: Callable[[], None]) -> Store:
        """Make the store client of one container, with connections of its own."""
        self.open(world)
        random = SeededRandomSource(f"{world.seed}/store/{name}/{serial}")
        store = make_store(world.settings, clock, random, world.log(), self._transports(name, serial, on_request))
        self.clients.append(store)
        return store

    def feed_transport(self, world: SimWorld, name: str, serial: int, on_request: Callable[[], None]) -> Transports:
        """Return the maker of one container's connections to the feed."""
        self.open(world)
        return self._transports(name, serial, on_request)

    def invoker(self, world: SimWorld, name: str, serial: int, clock: Clock, random: RandomSource, log: Log) -> Invoker:
        """Make the deployed invoker of one container."""
        self.open(world)
        made = PlatformInvoker(world.settings, clock, random, log, self._transports(name, serial, lambda: None))
        self.clients.append(made)
        return made

    async def aclose(self) -> None:
        """Close every client's connections, the hosts and the server."""
        for client in self.clients:
            await client.aclose()
        for host in self.hosts.values():
            await host.aclose()
        await super().aclose()

    def _transports(self, name: str, serial: int, on_request: Callable[[], None]) -> Transports:
        assert self.network is not None
        client = f"{name}/{serial}"
        self._on_request[client] = on_request
        return virtual_transports(self.network, client)

    def _store_handler(self, world: SimWorld) -> Any:
        inner = self.served(world)
        assert self.server is not None
        assert self.weather is not None
        read_back = self.read_back = ReadBack(self.server, world.settings.store_database, self.weather.share)

        async def handle(request: httpx.Request) -> httpx.Response:
            client = request.extensions["client"]
            self._on_request[client]()
            world.counts.store[client.split("/")[0]] += 1
            answer = await inner.handle_async_request(request)
            read_back.after(request, answer.status_code)
            world.meter.note_http(client.split("/")[0], request, answer)
            return _dated(world, answer)

        return handle

    def _feed_handler(self, world: SimWorld) -> Any:
        wires: dict[str, SlowWire] = {}

        async def handle(request: httpx.Request) -> httpx.Response:
            client = request.extensions["client"]
            if client not in wires:
                wires[client] = world.feed_wire(client.split("/")[0], self._on_request[client], NONE)
            return _dated(world, await wires[client].handle_async_request(request))

        return handle

    def _platform_handler(self, world: SimWorld) -> Any:
        async def handle(request: httpx.Request) -> httpx.Response:
            function = request.url.path.rsplit("/", 1)[-1]
            payload = json.loads(request.content)
            world.counts.hand(payload)
            world.started(function, payload)
            if world.platform.busy:
                return httpx.Response(429, json={"error": "Too many requests."})
            return httpx.Response(202, json={"activationId": world.platform.start(function, payload)})

        return handle


def _dated(world: SimWorld, answer: httpx.Response) -> httpx.Response:
    answer.headers["date"] = format_datetime(world.loop.now(), usegmt=True)
    return answer
