"""Serving the console on loopback: beside a world that runs, or over a store by itself."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from local import stores
from local.console.actions import Actions
from local.console.activity import Activity, path_beside
from local.console.app import make_app
from local.console.source import Source
from local.embedded import Embedded, EmbeddedTransport
from local.embedded.http import LOOPBACK
from local.feedsim import FeedSim
from local.logfile import keeping
from local.logfile import path_beside as path_of_log
from local.running import running_on
from local.serving import serve_told
from local.tape.opening import OpenTape
from local.world import HOME, LocalWorld, open_embedded
from raceday.clock import Clock, SystemClock
from raceday.ids import SystemRandomSource, row_key
from raceday.log import Log
from raceday.settings import STORE, Settings, read_settings
from raceday.store.client import make_store


def hooks_of(server: Embedded) -> Callable[[], list[dict[str, Any]]]:
    """Return a reader of an embedded server's subscriptions, without their secrets."""
    return lambda: [hook.shown() for hook in server.hooks.hooks.values()]


def _source(
    name: str, settings: Settings, clock: Clock, embedded: Embedded | None, activity: Activity, *, generated: bool
) -> Source:
    # The page's own reads are not the suite's, and a reader that is told of trouble shows it itself.
    log = Log(lambda _: None, level="error", secrets=settings.secrets())
    transport = EmbeddedTransport(embedded) if embedded else None
    store = make_store(settings, clock, SystemRandomSource(), log, transport)
    hooks = hooks_of(embedded) if embedded else None
    return Source(store, clock, activity, hooks, settings, generated, name)


def source_of(world: LocalWorld, *, writes: bool = True) -> Source:
    """Return the source of a running world, and record what its functions do from now on.

    `writes` allows the page to act on a real Appwrite; on the embedded store of a running world it always may.
    """
    beside = path_beside(world.store_path or _env_path(world.settings))
    beside.parent.mkdir(parents=True, exist_ok=True)
    activity = Activity(beside)
    place = str(world.store_path or stores.ENV)
    world.on_done = activity.on_world
    feed = getattr(world.feed_transport, "feed", None)
    activity.mark_feed(generated=isinstance(feed, FeedSim))
    source = _source(
        stores.shown_name(place), world.settings, world.clock, world.embedded, activity, generated=activity.generated
    )
    source.log_file = path_of_log(stores.beside(place))
    source.tape = OpenTape(world.keeper.writer.path) if world.keeper else None
    if world.embedded is None and not writes:
        return source
    source.actions = Actions(source.store, world.clock, world.sink, world)
    return source


def _env_path(settings: Settings) -> Path:
    """Return what stands for a store elsewhere: each database has its own record of what was done on it from here."""
    parts = settings.store_endpoint, settings.store_project, settings.store_database
    return HOME / f"env-{row_key('activity', *parts)}"


def open_source(store: str, clock: Clock | None = None, *, writes: bool = False) -> Source:
    """Open a store to look at: a file of the embedded store, or `env`; with `writes` its switches can be set.

    Where `up` runs on it, its clock and intervals are that one's. Raises SettingsError for settings that are missing,
    FileNotFoundError for a file that is not there.
    """
    up = running_on(store)
    clock = clock or (up.clock if up else SystemClock())
    if store == stores.ENV:
        settings = read_settings(needs=frozenset({STORE}))
        server, activity = None, Activity(path_beside(_env_path(settings)), read_only=True)
    elif not Path(store).exists():
        raise FileNotFoundError(store)
    else:
        place = store if writes else stores.readable(store)
        server, settings = open_embedded(Path(place), read_settings(), clock)
        activity = Activity(path_beside(place), read_only=True)
    if up is not None:
        settings = up.polls_by(settings)
    generated = activity.generated if server else False
    source = _source(stores.shown_name(store), settings, clock, server, activity, generated=generated)
    source.log_file = path_of_log(stores.beside(store))
    if writes:
        log = keeping(stores.beside(store), clock.now, lambda line: print(line, file=sys.stderr))
        source.actions = Actions(source.store, clock, log)
    return source


def make_console_server(source: Source, port: int = 0) -> uvicorn.Server:
    """Return a uvicorn server of the page on loopback; port 0 takes a free one."""
    return uvicorn.Server(
        uvicorn.Config(make_app(source), host=LOOPBACK, port=port, lifespan="off", log_level="warning", ws="none")
    )


async def serve(server: uvicorn.Server) -> None:
    """Serve until stopped, and say where once it is bound: port 0 is known only then."""
    await serve_told(server, "console  {url}/")
