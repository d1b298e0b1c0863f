"""The suite on one machine and the real clock: feed, store, and functions that start one another."""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx

from local.counted import CALLS, counted
from local.embedded import Embedded, EmbeddedTransport, bootstrap
from local.embedded.http import new_key
from local.feedsim import FeedDay, FeedSim, FeedTransport, RecordedFeed, generate_day
from local.functions import function
from local.origin import Calls, Origin
from local.running import running_on
from local.stores import HOME as HOME
from local.tape.feed import TapeFeed
from local.tape.keeping import Keeper
from local.tape.reader import Tape
from local.testing.containers import make_container
from raceday.catalogue.functions import BY_NAME, EVENT_FUNCTIONS, NAMES
from raceday.clock import Clock, SystemClock
from raceday.container import Container, NoHeartbeat
from raceday.ids import SystemRandomSource
from raceday.log import Log
from raceday.racing.nzday import race_day
from raceday.runtime.alarm import PostAlarm
from raceday.runtime.function import handle
from raceday.runtime.heartbeat import PostHeartbeat
from raceday.settings import FEED, STORE, Settings, read_settings

EVENT_URLS = {name: BY_NAME[name].url_setting for name in EVENT_FUNCTIONS}


# Carried into the tasks that an activation starts, so that each knows its parent.
_RUNNING: ContextVar[str] = ContextVar("running", default="")


class InProcess:
    """Starts functions as tasks of this process, by the contract of an asynchronous invocation."""

    def __init__(self, world: "LocalWorld") -> None:
        self._world = world

    async def start(self, name: str, payload: dict[str, Any]) -> str:
        """Start a function without waiting for it."""
        return await self._world.start(name, payload)


@dataclass(slots=True)
class LocalWorld:
    """Settings, clock and clients that every function here shares; one container per function.

    With `remote` the functions run elsewhere: it takes a name and an event and gives the result. A `keeper` hears
    every function that runs here.
    """

    settings: Settings
    clock: Clock
    sink: Callable[[str], None]
    embedded: Embedded | None = None
    store_path: Path | None = None
    feed_transport: httpx.AsyncBaseTransport | None = None
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    containers: dict[str, Container] = field(default_factory=dict)
    on_done: Callable[[str, str, datetime, float, dict[str, Any], Origin], None] | None = None
    remote: Callable[[str, dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]] | None = None
    keeper: Keeper | None = None

    def container(self, name: str) -> Container:
        """Return a function's container, made on first use."""
        if name not in self.containers:
            chance = SystemRandomSource()
            log = Log(self.sink, level=self.settings.log_level, secrets=self.settings.secrets())
            store = counted("store", EmbeddedTransport(self.embedded) if self.embedded else None, self.clock)
            self.containers[name] = make_container(
                self.settings,
                self.clock,
                chance=chance,
                log=log,
                feed_transport=counted("feed", self.feed_transport, self.clock),
                store_transport=store,
                # Even where settings name the platform, what runs here starts what runs here.
                invoker=InProcess(self),
                alarm=PostAlarm(self.settings.alarm_url),
                heartbeat=PostHeartbeat(url) if (url := self.settings.heartbeat_url) else NoHeartbeat(),
                checks_schema=True,
            )
            if self.keeper is not None:
                self.keeper.listen(name, self.containers[name])
        return self.containers[name]

    async def invoke(
        self, name: str, event: dict[str, Any], *, activation: str = "", timeout_secs: float | None = None
    ) -> dict[str, Any]:
        """Run one activation with a true deadline, and give the result that the platform would."""
        began = self.clock.now()
        limit = timeout_secs or BY_NAME[name].timeout_secs
        deadline = int((began.timestamp() + limit) * 1000)
        context = SimpleNamespace(activation_id=activation or SystemRandomSource().token(), deadline=deadline)
        parent, running = _RUNNING.get(), _RUNNING.set(context.activation_id)
        calls = Calls()
        counting = CALLS.set(calls)
        if self.keeper is not None:
            self.keeper.began(context.activation_id, self.container(name))
        try:
            async with asyncio.timeout(limit):
                if self.remote is not None:
                    result = await self.remote(name, event)
                else:
                    result = await handle(self.container(name), function(name), event, context)
        except TimeoutError:
            result = {"error": {"kind": "time_limit", "message": f"{name} was ended after {limit:g} s"}}
        finally:
            _RUNNING.reset(running)
            CALLS.reset(counting)
        if self.keeper is not None:
            told, ended = result.get("error"), self.clock.now()
            whole = not isinstance(told, dict) or told.get("kind") != "time_limit"
            self.keeper.ended(name, context.activation_id, event, began, ended, whole=whole)
        if self.on_done is not None:
            spent_ms = (self.clock.now() - began).total_seconds() * 1000
            origin = Origin(event, parent, calls if self.remote is None else None)
            self.on_done(name, context.activation_id, began, spent_ms, result, origin)
        return result

    async def start(self, name: str, event: dict[str, Any]) -> str:
        """Start a function as a task of this process without waiting for it; gives the activation's id."""
        activation = SystemRandomSource().token()
        task = asyncio.get_running_loop().create_task(self.invoke(name, event, activation=activation))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return activation

    async def settle(self) -> None:
        """Wait until every function started here has ended."""
        while self.tasks:
            await asyncio.gather(*list(self.tasks), return_exceptions=True)

    async def stop(self) -> None:
        """End every function started here, and those that one of them started as it ended."""
        while self.tasks:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """Stop what runs and close the connections and the file."""
        await self.stop()
        for container in self.containers.values():
            for client in (container.feed, container.store):
                close = getattr(client, "aclose", None)
                if close is not None:
                    await close()
        if self.embedded is not None:
            self.embedded.close()


def open_world(
    feed: str,
    store: str,
    sink: Callable[[str], None],
    *,
    clock: Clock | None = None,
    races: int = 24,
    seed: int = 1,
    first_race_minutes: int | None = None,
    day: date | None = None,
    heartbeat: bool = False,
) -> LocalWorld:
    """Make a world; a generated card is of `day` and begins `first_race_minutes` after NZ midnight where given.

    `feed`: generated, live, recorded:DIR or tape:FILE; `store`: an embedded store's file, or `env`. Without a clock
    it is the one of the `up` that runs on the store, and polls go by that one's intervals. The deployed scheduler's
    watcher is told of nothing that runs here, which would hide that scheduler's death, but with `heartbeat`.

    Raises SettingsError or ValueError, naming what was expected.
    """
    needs = ({FEED} if feed == "live" else set()) | ({STORE} if store == "env" else set())
    settings = read_settings(needs=frozenset(needs))
    if clock is None and (up := running_on(store)) is not None:
        clock, settings = up.clock, up.polls_by(settings)
    clock = clock or SystemClock()
    world = LocalWorld(settings, clock, sink)
    card = _generated(day or race_day(clock.now()), races, seed, first_race_minutes)
    world.feed_transport, settings = _feed(feed, settings, clock, card)
    if store != "env":
        world.embedded, settings = open_embedded(Path(store), settings, clock)
        world.store_path = Path(store)
    world.settings = settings if heartbeat else dataclasses.replace(settings, heartbeat_url="")
    return world


def _feed(
    feed: str, settings: Settings, clock: Clock, generated: Callable[[], FeedDay]
) -> tuple[httpx.AsyncBaseTransport | None, Settings]:
    if feed == "live":
        return None, settings
    known = dataclasses.replace(
        settings,
        feed_from=settings.feed_from or "developer@localhost",
        feed_partner=settings.feed_partner or "local",
        feed_partner_id=settings.feed_partner_id or "local",
    )
    kind, _, place = feed.partition(":")
    if kind == "recorded" and place:
        return FeedTransport(RecordedFeed(place), clock.now), known
    if kind == "tape" and place:
        return FeedTransport(TapeFeed(Tape.open(place)), clock.now), known
    if kind == "generated":
        return FeedTransport(FeedSim(generated()), clock.now), known
    raise ValueError(f"--feed: expected generated, live, recorded:DIR or tape:FILE, got {feed!r}")


def _generated(day: date, races: int, seed: int, first_minutes: int | None) -> Callable[[], FeedDay]:
    options: dict[str, Any] = {} if first_minutes is None else {"first_race_minutes": first_minutes}
    return lambda: generate_day(seed, day, races, **options)


def open_embedded(path: Path, settings: Settings, clock: Clock) -> tuple[Embedded, Settings]:
    """Open the embedded store on a file, with the declared tables in it, and the settings that reach it."""
    server = Embedded(path, now=clock.now, api_key=new_key())
    if not server.catalog.databases:
        bootstrap(server, database=settings.store_database, bucket=settings.store_bucket)
    if settings.tape_bucket and settings.tape_bucket not in {each["$id"] for each in server.files.buckets()}:
        server.files.add_bucket(settings.tape_bucket, {"name": settings.tape_bucket})
    urls: dict[str, Any] = {setting: f"http://functions.invalid/{name}" for name, setting in EVENT_URLS.items()}
    return server, dataclasses.replace(
        settings,
        store_endpoint="http://embedded.invalid/v1",
        store_project=server.project_id,
        store_key=server.api_key,
        webhook_secret=settings.webhook_secret or "local-webhook-secret",
        # Functions of the deployed suite would be started by this one, and its watcher not hear of its death.
        platform_host="",
        platform_namespace="",
        platform_key="",
        alarm_url="",
        heartbeat_url="",
        **urls,
    )


def subscribe(world: LocalWorld) -> None:
    """Subscribe the event functions to ledger rows, as `./raceday webhooks apply` would."""
    assert world.embedded is not None
    event = f"databases.{world.settings.store_database}.tables.race-polls.rows.*.create"
    for name, setting in EVENT_URLS.items():
        hook = {
            "webhookId": name,
            "name": name,
            "url": getattr(world.settings, setting),
            "events": [event],
            "secret": world.settings.webhook_secret,
        }
        world.embedded.hooks.put(hook, datetime.now(UTC).isoformat())


async def deliver(world: LocalWorld, url: str, headers: dict[str, str], body: bytes) -> int:
    """Hand a webhook's delivery to its function as the platform's raw web event."""
    name = urlsplit(url).path.strip("/")
    event = {
        "http": {"method": "POST", "path": "", "queryString": "", "headers": headers, "body": body.decode()},
    }
    answer = await world.invoke(name, event)
    return int(answer.get("statusCode", 500))


def is_date(text: str) -> bool:
    """Tell whether a text is a date as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def known(name: str) -> bool:
    """Tell whether a function is one of the twelve."""
    return name in NAMES


def pretty(result: dict[str, Any]) -> str:
    """Write a result for people."""
    return json.dumps(result, indent=2, ensure_ascii=False)
