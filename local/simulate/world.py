"""One simulated world: a feed, a store, the platform and the webhooks, all on one virtual loop."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import httpx

from local.feedsim import FeedTransport
from local.feedsim.serve import AnyFeed
from local.simulate.chances import Chances, Delays, Span
from local.simulate.loop import VirtualClock, VirtualLoop
from local.simulate.metering import Meter
from local.simulate.platform import Limit, Platform
from local.simulate.seams import FaultHooks
from local.simulate.served import Alarmed, Beat, Record
from local.simulate.wire import SlowWire
from local.testing.containers import make_container
from raceday.clock import Clock, SyncedClock
from raceday.connections import Transports
from raceday.container import Container, Invoker
from raceday.ids import RandomSource, SeededRandomSource
from raceday.log import Log
from raceday.runtime.invoke import InvokeFailed
from raceday.settings import Settings, read_settings
from raceday.store.port import Store

# A release of Appwrite signs a URL as it is, another with its escapes undone: here they differ.
FUNCTIONS_URL = "https://functions.raceday.local/web%2Draceday"
POLLER, SCHEDULER = "enhanced-race-poller", "master-race-scheduler"
SECRET = "simulated-webhook-secret"
# Processor time of a whole processor, from `bench`: `growth` and `parse` around one call.
CALL_CPU_SECS = 0.002
# What is logged of an error that nobody foresaw.
CRASHES = ("activation.crashed", "import.crashed", "projection.crashed")
SETTINGS = Settings(
    feed_url="https://feed.raceday.local/affiliates/v1/racing",
    feed_from="raceday@raceday.local",
    feed_partner="RaceDay",
    feed_partner_id="simulated-partner",
    store_endpoint="https://store.raceday.local/v1",
    store_project="raceday",
    store_key="simulated-key",
    webhook_secret=SECRET,
    log_level="info",
    money_flow_url=f"{FUNCTIONS_URL}/money-flow-tracker",
    race_pools_url=f"{FUNCTIONS_URL}/race-pools-aggregator",
    alerts_url=f"{FUNCTIONS_URL}/alert-evaluator",
    alarm_url="https://operator.raceday.local/alarm",
)


class Backend(Protocol):
    """A store for a world: full depth speaks HTTP to the embedded server, port depth goes straight to memory.

    `checks_schema` has each container look at the version of its tables first, as deployed ones do.
    """

    checks_schema: bool

    def store(self, world: "SimWorld", name: str, serial: int, clock: Clock, on_request: Callable[[], None]) -> Store:
        """Make the store client of one container."""
        ...

    def feed_transport(
        self, world: "SimWorld", name: str, serial: int, on_request: Callable[[], None]
    ) -> httpx.AsyncBaseTransport | Transports:
        """Return what one container reaches the feed by."""
        ...

    def invoker(
        self, world: "SimWorld", name: str, serial: int, clock: Clock, random: RandomSource, log: Log
    ) -> Invoker:
        """Make the invoker of one container."""
        ...

    def reader(self, world: "SimWorld") -> Store:
        """Make a client without delays, to read what a finished day has left."""
        ...

    @property
    def waiting(self) -> int:
        """Return how many webhooks are still on their way."""
        ...

    @property
    def dropped(self) -> list[str]:
        """Return the rows of upserts that were answered 200 and not kept, for they differ too little."""
        ...

    def transactions(self, now: datetime) -> dict[str, int]:
        """Count transactions: `opened`, `open` within their term, `expired` without an end; empty where none last."""
        ...

    def expired(self, now: datetime) -> list[str]:
        """Return the transactions that expired without an end."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


@dataclass(slots=True)
class Counts:
    """Requests seen on the wires, by the function that sent them."""

    feed_events: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    feed_lists: list[datetime] = field(default_factory=list)
    store: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    asked: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    served: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    imports: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    handed: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    failed: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def hand(self, payload: Mapping[str, Any]) -> None:
        """Count the slots that an invocation hands out."""
        for slot in payload.get("slots", ()):
            self.handed[slot["raceId"], slot["slot"]] += 1


class SimWorld:
    """Everything of one simulated day; made inside its loop, and only ever used by it."""

    def __init__(
        self,
        loop: VirtualLoop,
        feed: AnyFeed,
        backend: Backend,
        limits: dict[str, Limit],
        *,
        seed: int,
        settings: Settings = SETTINGS,
        seams: FaultHooks | None = None,
        delays: Delays | None = None,
        trace: Callable[[str], None] | None = None,
        sizes: str = "seed",
    ) -> None:
        self.loop = loop
        self.sizes = sizes
        self._limits = limits
        self.settings = settings
        self.backend = backend
        self.seams = seams or FaultHooks()
        self.delays = delays or Delays()
        self.chances = Chances(seed, loop.time)
        self.counts = Counts()
        self.meter = Meter()
        self.record = Record()
        self.crashes: list[str] = []
        self.forbidden: list[str] = []
        self.paused: tuple[datetime, datetime] | None = None
        self.seed = seed
        self.trace = trace
        self.log_levels: dict[str, int] = defaultdict(int)
        self.events: dict[str, int] = defaultdict(int)
        self._feed = FeedTransport(feed, loop.now)
        self.platform = Platform(
            loop,
            self.chances,
            self.delays,
            self.seams,
            self._build,
            limits,
            self._count,
            self._note if trace else None,
            slower=self.slower,
        )

    def slower(self, name: str) -> float:
        """Return how much longer a function's own work takes at its size than with a whole processor.

        The platform does not say how it shares processors; this has them shared by memory, 1 GiB being a whole one.
        """
        return max(0.0, 1 / self._limits[name].memory_gib - 1)

    async def work(self, name: str, secs: float = CALL_CPU_SECS) -> None:
        """Let the work around a call take what it takes longer than with a whole processor."""
        if slower := self.slower(name):
            await asyncio.sleep(secs * slower)

    def use(self, seams: FaultHooks) -> None:
        """Break things as a fault profile says; before anything runs."""
        self.seams = self.platform.seams = seams

    def _count(self, name: str, serial: int, answer: dict[str, Any]) -> None:
        """Keep what the report tells of an activation's answer, and in which container it was."""
        if name.startswith("daily-") and "stoodIn" not in answer:
            self.counts.imports.append({"function": name, **answer})
            if name == "daily-meetings" and answer.get("ok") and not answer["failures"] and not answer["left"]:
                self.record.imported.append(self.loop.now())
        if "unstarted" in answer:
            self.record.ticks.append(answer)
        for outcome in answer.get("results", ()):
            self.counts.outcomes[outcome["result"]] += 1
            self.counts.failed[outcome["raceId"], outcome["slot"]] += outcome["result"] == "failed"
            self.record.outcomes.append({**outcome, "by": serial})

    def _build(self, name: str, serial: int, on_request: Callable[[], None]) -> Container:
        """Make a container as a cold start would, with clock and chance of its own."""
        clock = SyncedClock(VirtualClock(self.loop, self.seams.skew_secs(name, serial)))
        chance = SeededRandomSource(f"{self.seed}/{name}/{serial}")
        log = self.log()
        feed = self.backend.feed_transport(self, name, serial, on_request)
        made = make_container(
            self.settings,
            clock,
            chance=chance,
            log=log,
            feed_transport=feed,
            store=self.backend.store(self, name, serial, clock, on_request),
            invoker=self.backend.invoker(self, name, serial, clock, chance, log),
            alarm=Operator(self.loop, self.record),
            heartbeat=Watcher(self.loop, name, self.record),
            checks_schema=self.backend.checks_schema,
        )
        if self.platform.keeper is not None:
            self.platform.keeper.listen(name, made)
        return made

    def log(self) -> Log:
        """Make the log of one container."""
        return Log(self._line, level=self.settings.log_level, secrets=self.settings.secrets())

    def feed_wire(self, name: str, on_request: Callable[[], None], delay: Span | None = None) -> SlowWire:
        """Make a way to the feed for one function's container, which counts and keeps what goes over it."""

        def counted(request: httpx.Request) -> None:
            on_request()
            room, _, key = request.url.path.rsplit("/racing/", 1)[-1].partition("/")
            if room == "events":
                self.counts.feed_events[name] += 1
                if name == "enhanced-race-poller":
                    self.counts.asked[key].append(self.loop.now())

        async def answered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
            path = request.url.path.rsplit("/racing/", 1)[-1]
            room, _, key = path.partition("/")
            if room == "meetings" and not key and response.status_code == 200:
                self.counts.feed_lists.append(self.loop.now())
            elif room == "events" and response.status_code == 200:
                self.counts.served[key].append(self.loop.now())
            answer = await self.seams.after_feed(request, response)
            await self.work(name)
            if answer.status_code == 200:
                tracked = request.url.params.get("with_money_tracker") == "true"
                self.record.keep(path, name, self.loop.now(), answer.content, tracked=tracked)
            return answer

        span = self.delays.feed if delay is None else delay
        return SlowWire(self._feed, self.chances, "feed", lambda _: span, self.seams.before_feed, answered, counted)

    def store_span(self, request: httpx.Request) -> Span:
        """Return the delay of one store request: committing takes longer."""
        return (
            self.delays.commit
            if request.method == "PATCH" and "transactions" in request.url.path
            else self.delays.store
        )

    def started(self, function: str, payload: Mapping[str, Any]) -> None:
        """Be told that the scheduler starts a function: no poller may be paused, or have more races than one takes.

        The one poller that looks at results takes as many as there are.
        """
        if looks := tuple(slot["raceId"] for slot in payload.get("slots", ()) if slot.get("kind") == "watch"):
            self.record.looks_handed.append((self.loop.now(), looks))
        races, most = len({slot["raceId"] for slot in payload.get("slots", ())}), self.settings.races_per_poller
        most = max(most, len(looks))
        if races > most:
            self.forbidden.append(
                f"{self.loop.now():%H:%M:%S} {function} was given {races} races, at most {most} are one's"
            )
        if function == POLLER and self.paused is not None and self.paused[0] <= self.loop.now() <= self.paused[1]:
            self.forbidden.append(f"{self.loop.now():%H:%M:%S} {function} was started while it was paused")

    def _line(self, line: str) -> None:
        record = json.loads(line)
        self.log_levels[record["level"]] += 1
        self.events[record["event"]] += 1
        if record["event"] in CRASHES:
            self.crashes.append(f"{self.loop.now():%H:%M:%S} {line[:500]}")
        if self.trace is not None:
            self.trace(f"{self.loop.now():%H:%M:%S.%f} {line}")

    def _note(self, what: str, fields: dict[str, Any]) -> None:
        if self.trace is not None:
            self.trace(f"{self.loop.now():%H:%M:%S.%f} activation.{what} {json.dumps(fields, default=str)}")


@dataclass(frozen=True, slots=True)
class Watcher:
    """Hears of each tick from one function's container, as somebody outside would, and notes when."""

    loop: VirtualLoop
    function: str
    record: Record

    async def beat(self, done: bool, summary: str) -> bool:
        """Take a beat."""
        self.record.beats.append(Beat(self.loop.now(), self.function, done, summary))
        return True


@dataclass(frozen=True, slots=True)
class Operator:
    """Hears of alarms, and notes when."""

    loop: VirtualLoop
    record: Record

    async def send(self, message: dict[str, Any]) -> bool:
        """Take a message."""
        kinds = tuple((each["kind"], each["text"]) for each in message["alarms"])
        self.record.alarms.append(Alarmed(self.loop.now(), kinds))
        return True


@dataclass(slots=True)
class PlatformStarter:
    """The invoker of simulated containers: the platform takes a call at once, or refuses it at its limits."""

    platform: Platform
    counts: Counts
    told: Callable[[str, Mapping[str, Any]], None] = lambda function, payload: None

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Start a function and give its activation's id; the payload travels as JSON."""
        self.counts.hand(payload)
        self.told(function, payload)
        sent = json.loads(json.dumps(payload))
        await self.platform.seams.starts(function, sent)
        if self.platform.busy:
            raise InvokeFailed(f"{function}: the platform answered 429", 429)
        return self.platform.start(function, sent)


def settings_from_env(*names: str) -> Settings:
    """Return the simulation's settings with those that `names` lists taken from the environment."""
    found = read_settings()
    return replace(SETTINGS, **{name: getattr(found, name) for name in names})


def settings_with(**changes: Any) -> Settings:
    """Return the simulation's settings with some of them changed."""
    return replace(SETTINGS, **changes)
