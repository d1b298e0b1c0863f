"""A small suite for the bench: real entrypoints over the embedded store and the generated feed, with delays."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from local.feedsim import FeedDay, FeedSim, FeedTransport, generate_day
from local.feedsim.model import FeedRace
from local.functions import function
from local.simulate.day import day_start
from local.testing.containers import make_container
from raceday.catalogue.functions import IMPORTS
from raceday.clock import iso
from raceday.container import Container
from raceday.feed.client import FeedClient
from raceday.runtime.function import handle
from raceday.settings import Settings
from raceday.store.client import StoreClient

DATE = date(2026, 2, 14)
POLLER = "enhanced-race-poller"
SETTINGS = Settings(
    feed_url="http://feed.test/affiliates/v1/racing",
    feed_from="bench@localhost",
    feed_partner="bench",
    feed_partner_id="bench",
    feed_rate_per_sec=0.0,
    store_endpoint="http://store.test/v1",
    store_project="raceday",
    store_key="embedded-key",
    log_level="error",
)


class ShiftedClock:
    """The machine's own pace, begun at another instant and moved on at will."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        self.move_to(at)

    def move_to(self, at: datetime) -> None:
        """Go on from another instant."""
        self._base, self._began = at, time.monotonic()

    def now(self) -> datetime:
        """Return the present instant."""
        return self._base + timedelta(seconds=time.monotonic() - self._began)

    def monotonic(self) -> float:
        """Return the machine's seconds."""
        return time.monotonic()

    async def sleep(self, secs: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, secs))


@dataclass(slots=True)
class Sent:
    """One request that went over a wire: when, whose, what is needed to send it again, and how long its answer took."""

    at: float
    wire: str
    method: str
    url: str
    headers: list[tuple[str, str]]
    content: bytes
    took_secs: float = 0.0


@dataclass(slots=True)
class CountedWire(httpx.AsyncBaseTransport):
    """A transport with a delay before each answer, which keeps what was sent."""

    name: str
    inner: httpx.AsyncBaseTransport
    delay_secs: Callable[[], float]
    log: list[Sent]
    clock: ShiftedClock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request after its delay."""
        at = self.clock.now().timestamp()
        content = await request.aread()
        sent = Sent(at, self.name, request.method, str(request.url), request.headers.multi_items(), content)
        self.log.append(sent)
        began = time.perf_counter()
        if delay := self.delay_secs():
            await asyncio.sleep(delay)
        answer = await self.inner.handle_async_request(request)
        sent.took_secs = time.perf_counter() - began
        return answer


@dataclass(slots=True)
class Bench:
    """One day, one store in memory, and functions run by name; delays may change from run to run."""

    races: int = 24
    seed: int = 1
    form: str = "compact"
    settings: Settings = SETTINGS
    feed_secs: Callable[[], float] = lambda: 0.0
    store_secs: Callable[[], float] = lambda: 0.0
    sent: list[Sent] = field(default_factory=list)
    feed_at: datetime | None = None
    given: FeedDay | None = None
    day: FeedDay = field(init=False)
    clock: ShiftedClock = field(init=False)
    server: Embedded = field(init=False)
    feed_wire: CountedWire = field(init=False)
    store_wire: CountedWire = field(init=False)
    container: Container = field(init=False)

    def __post_init__(self) -> None:
        """Make day, store and a cold container."""
        self.day = self.given or generate_day(self.seed, DATE, self.races, form=self.form)
        self.clock = ShiftedClock(day_start(DATE) + timedelta(minutes=5))
        self.server = Embedded(now=self.clock.now)
        bootstrap(self.server, database=self.settings.store_database, bucket=self.settings.store_bucket)
        store = EmbeddedTransport(self.server)
        feed = FeedTransport(FeedSim(self.day, compress=False), lambda: self.feed_at or self.clock.now())
        self.feed_wire = CountedWire("feed", feed, lambda: self.feed_secs(), self.sent, self.clock)
        self.store_wire = CountedWire("store", store, lambda: self.store_secs(), self.sent, self.clock)
        self.container = self.new_container()

    def new_container(self, **changes: Any) -> Container:
        """Make a cold container; `changes` are settings."""
        settings = replace(self.settings, **changes)
        feed, store = self.feed_wire, self.store_wire
        return make_container(settings, self.clock, feed_transport=feed, store_transport=store)

    @property
    def store(self) -> StoreClient:
        """Return the store client."""
        assert isinstance(self.container.store, StoreClient)
        return self.container.store

    @property
    def calls(self) -> tuple[int, int]:
        """Return the feed's and the store's requests so far."""
        assert isinstance(self.container.feed, FeedClient)
        return self.container.feed.calls, self.store.calls

    async def run(self, name: str, event: dict[str, Any] | None = None, *, secs: float = 300) -> dict[str, Any]:
        """Run one activation; raises RuntimeError where it does not answer well."""
        deadline = (self.clock.now().timestamp() + secs) * 1000
        answer = await handle(
            self.container, function(name), event or {}, SimpleNamespace(activation_id="bench", deadline=deadline)
        )
        if "error" in answer or answer.get("failures"):
            raise RuntimeError(f"{name}: {str(answer)[:300]}")
        return answer

    async def imported(self) -> "Bench":
        """Run the three imports without delay."""
        for name in IMPORTS:
            await self.run(name)
        return self

    async def run_slots(self, races: Sequence[FeedRace], times: Sequence[datetime]) -> None:
        """Hand the slots of several races at these instants to one poller now; every one has to be committed."""
        slots = [(race, at) for at in times for race in races]
        answer = await self.poll(slots)
        if answer["committed"] != len(slots):
            raise RuntimeError(f"{answer['committed']} of {len(slots)} polls were committed: {answer['results'][:1]}")

    async def poll(self, slots: Sequence[tuple[FeedRace, datetime]], *, secs: float = 170) -> dict[str, Any]:
        """Hand slots to one poller now."""
        handed = [
            {"raceId": race.race_id, "slot": iso(at), "start": iso(race.advertised_at(at)), "kind": "slot"}
            for race, at in slots
        ]
        return await self.run(POLLER, {"slots": handed, "tick": iso(self.clock.now())}, secs=secs)

    def runs_at(self, race: FeedRace, before_secs: float) -> datetime:
        """Return the instant so long before a race's start, as served then."""
        return race.advertised_at(race.advertised - timedelta(hours=2)) - timedelta(seconds=before_secs)

    def plain_races(self) -> list[FeedRace]:
        """Return the races that neither move nor are abandoned, by start."""
        return [
            race
            for race in self.day.core_races
            if not (race.script.moved_at or race.script.abandoned_list or race.script.abandoned_event)
        ]


async def replay(sent: list[Sent], transports: dict[str, httpx.AsyncBaseTransport]) -> None:
    """Send what was sent again, one request after another."""
    for one in sent:
        request = httpx.Request(one.method, one.url, headers=one.headers, content=one.content or None)
        answer = await transports[one.wire].handle_async_request(request)
        await answer.aread()


def spans(seed: str, low: float, high: float) -> Callable[[], float]:
    """Return delays between two limits, drawn from a seed."""
    chance = random.Random(seed)
    return lambda: chance.uniform(low, high)


async def wall_secs(work: Awaitable[Any]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
