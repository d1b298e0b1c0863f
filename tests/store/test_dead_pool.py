"""A pool of connections after stalls: thirty races, sixteen connections, the real httpcore over virtual sockets."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import httpcore
import httpx
import pytest

from local.simulate.hosts import Host
from local.simulate.loop import VirtualClock, VirtualLoop
from local.simulate.sockets import Network
from local.simulate.virtual_http import httpcore_on, turns, virtual_transports
from raceday.connections import FAILURES_IN_A_ROW, Connections, Transports
from raceday.errors import StoreUnavailable
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.patience import within
from raceday.settings import Settings
from raceday.store.client import StoreClient, make_store
from raceday.tables import RACES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SETTINGS = Settings(
    store_endpoint="https://store.test/v1", store_project="raceday", store_key="k", store_connections=16
)
RACES_DUE = 30
STALL_SECS = 12.0
# Requests begin this far apart: the leak needs a cancel a turn or two after a connection was given.
SPREAD_SECS = 3e-4
Ask = Callable[[int], Coroutine[Any, Any, None]]


async def answer(request: httpx.Request) -> httpx.Response:
    """Answer as a healthy store."""
    await asyncio.sleep(0.02)
    return httpx.Response(200, json={"$id": "r"})


class Trial:
    """Thirty requests at once, before, during and after two stalls of the host."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.loop, self.network = loop, Network(loop)
        self.host = Host(self.network, "store.test", answer)
        self._chance = random.Random(seed)

    def transports(self) -> Transports:
        """Return the maker of the one client's transports."""
        return virtual_transports(self.network, "poller")

    async def due(self, ask: Ask) -> Counter[str]:
        """Let all races ask at once, and count what came of them."""

        async def one(number: int) -> str:
            await asyncio.sleep(self._chance.uniform(0, SPREAD_SECS))
            try:
                await ask(number)
            except (httpx.HTTPError, StoreUnavailable, TimeoutError) as error:
                return type(error).__name__
            return "answered"

        return Counter(await asyncio.gather(*map(one, range(RACES_DUE))))

    async def run(self, ask: Ask) -> Counter[str]:
        """Return what becomes of thirty races on a healthy host that stalled twice before."""
        await self.due(ask)
        for _ in range(2):
            self.host.freeze()
            self.loop.call_later(STALL_SECS, self.host.thaw)
            await self.due(ask)
            await asyncio.sleep(30)
        return await self.due(ask)


def trial(seed: int, work: Callable[[Trial], Coroutine[Any, Any, None]]) -> None:
    """Run a trial on virtual time."""
    loop = VirtualLoop(NOW, turns(seed))

    async def whole() -> None:
        made = Trial(seed, loop)
        try:
            await work(made)
        finally:
            await made.host.aclose()

    with httpcore_on(loop):
        try:
            loop.run_until_complete(whole())
        finally:
            loop.close()


@pytest.mark.parametrize("seed", [1, 3])
def test_a_bare_pool_dies_of_requests_that_are_cancelled(seed: int) -> None:
    """The fault itself: cancelled around httpcore's pool, requests leave each of its slots taken for ever."""

    async def work(made: Trial) -> None:
        transport = made.transports()(httpx.Limits(max_connections=16, max_keepalive_connections=16))
        assert isinstance(transport, httpx.AsyncHTTPTransport)

        async def ask(number: int) -> None:
            async with asyncio.timeout(10):
                got = await transport.handle_async_request(httpx.Request("GET", "https://store.test/"))
                await got.aread()

        assert (await made.run(ask)) == {"TimeoutError": RACES_DUE}
        pool = transport._pool
        assert isinstance(pool, httpcore.AsyncConnectionPool)
        assert "Requests: 0 active, 0 queued | Connections: 16 active" in repr(pool)
        await transport.aclose()

    trial(seed, work)


@pytest.mark.parametrize("seed", range(4))
def test_thirty_races_are_answered_after_two_stalls(seed: int) -> None:
    """The store's client loses no connection to a stall: each race is answered once the store is."""

    async def work(made: Trial) -> None:
        store = make_store(
            SETTINGS, VirtualClock(made.loop), SeededRandomSource(seed), Log(lambda _: None), made.transports()
        )

        async def ask(number: int) -> None:
            await store.get(RACES, f"r{number}")

        assert (await made.run(ask)) == {"answered": RACES_DUE}
        await store.aclose()

    trial(seed, work)


def test_a_caller_that_goes_leaves_its_connection_whole() -> None:
    """A request whose caller is cancelled, waiting or served, gives its connection back: sixteen are left."""

    async def work(made: Trial) -> None:
        connections = Connections(16, made.transports())

        async def ask(number: int) -> None:
            async with asyncio.timeout(0.001 * (number % 7)):
                await connections.send(httpx.Request("GET", "https://store.test/"), 10)

        async def patiently(number: int) -> None:
            await connections.send(httpx.Request("GET", "https://store.test/"), 10)

        for _ in range(5):
            await made.due(ask)
        assert (await made.due(patiently)) == {"answered": RACES_DUE}
        assert connections.renewed == 0
        await connections.aclose()

    trial(3, work)


def test_failures_in_a_row_bring_a_new_pool_and_harm_no_running_request() -> None:
    """Time-outs in a row are told, later requests have connections of their own, and an older one still ends well."""

    async def work(made: Trial) -> None:
        told: list[int] = []
        connections = Connections(16, made.transports(), told.append)
        url = "https://store.test/"
        made.host.freeze()
        patient = made.loop.create_task(connections.send(httpx.Request("GET", url), 60))
        for _ in range(FAILURES_IN_A_ROW):
            with pytest.raises(httpx.TimeoutException):
                await connections.send(httpx.Request("GET", url), 1)
        assert told == [FAILURES_IN_A_ROW]
        made.host.thaw()
        assert (await connections.send(httpx.Request("GET", url), 1)).status_code == 200
        assert (await patient).status_code == 200
        await connections.aclose()

    trial(1, work)


@pytest.mark.parametrize(("out_secs", "limit_secs", "comes"), [(20.0, 30.0, True), (20.0, 15.0, False)])
def test_a_call_is_tried_while_its_time_lasts(out_secs: float, limit_secs: float, comes: bool) -> None:
    """A store that is killed and comes back within the limit costs a call time only; the limit ends it otherwise."""

    async def work(made: Trial) -> None:
        clock = VirtualClock(made.loop)
        store: StoreClient = make_store(SETTINGS, clock, SeededRandomSource(1), Log(lambda _: None), made.transports())
        made.host.stop()
        made.loop.call_later(out_secs, made.host.start)
        with within(clock, limit_secs):
            if comes:
                assert await store.get(RACES, "r1") is not None
                assert out_secs <= made.loop.time() <= out_secs + 3
            else:
                with pytest.raises(StoreUnavailable):
                    await store.get(RACES, "r1")
                assert limit_secs - 2.1 <= made.loop.time() <= limit_secs
        await store.aclose()

    trial(1, work)
