"""`./raceday up`: the suite on the real clock, until stopped."""

import asyncio
import sqlite3
import sys
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import running, stores
from local.choices import DEMO_MINUTES
from local.deliveries import LedgerWatch, make_hook_server, subscribed
from local.embedded.hooks import Send, WebhookWorker
from local.embedded.http import LOOPBACK, make_server
from local.failures import PortTaken
from local.feedsim import RecordedFeed
from local.logfile import keeping
from local.options import Options
from local.races import next_name
from local.secrets import kept
from local.serving import bound, interrupted, serve_told
from local.tape.feed import TapeFeed
from local.tape.format import TERMS
from local.tape.keeping import Keeper
from local.tape.opening import opened
from local.tape.writer import TapeWriter
from local.testing.pace import PacedClock
from local.world import EVENT_URLS, LocalWorld, deliver, open_world, subscribe
from ops.environment import admin_key
from raceday.catalogue.schedules import SCHEDULES
from raceday.errors import SettingsError
from raceday.racing.nzday import day_limits, race_day
from raceday.scheduling.schedules import Run, last_due
from raceday.scheduling.state import run_id, run_row
from raceday.settings import specs
from raceday.tables import RACES, SUITE_STATE

if TYPE_CHECKING:
    from local.console.source import Source

IMPORTS = ("daily-meetings", "daily-races", "daily-entrants")
SCHEDULER = "master-race-scheduler"
RECORDED = ("tape", "recorded")
# When the imports of a race day begin on its eve in UTC, by their schedule.
IMPORTED = time(17)
KEY_FILE = stores.HOME / "up.key"


def run(args: Options) -> int:
    """Run until stopped; 2 wrong settings."""
    if args.at is not None and args.at.tzinfo is None:
        return _wrong("--at: expected an instant with its offset, as 2026-11-24T01:00:00+00:00")
    if args.speed <= 0:
        return _wrong(f"--speed: expected more than 0, got {args.speed:g}")
    if args.staged and (args.at is not None or args.speed != 1):
        return _wrong("--staged runs on the machine's own clock: leave out --at and --speed")
    if args.tape is not None and (args.staged or args.tape.exists()):
        return _wrong("--tape: expected a new file, and functions that run here: leave out --staged")
    if args.tape is not None and not args.tape.parent.is_dir():
        return _wrong(f"--tape: {args.tape}: there is no folder {args.tape.parent}")
    if args.demo and args.feed != "generated":
        return _wrong("--demo makes a card of its own: leave out --feed")
    place = _place(args)
    if args.heartbeat and place != stores.ENV:
        return _wrong("--heartbeat goes with --store env: a run on this machine's own store tells no watcher")
    if args.host_port is not None and place != stores.ENV:
        return _wrong("--host-port goes with --store env: the embedded store hands its webhooks over by itself")
    try:
        begin = _begin(args.feed)
        _check_ports(args, place)
        _clear(args, place)
        clock = PacedClock(args.speed, args.at or begin)
        sink = keeping(stores.beside(place), clock.now, _line if args.verbose else _warnings)
        first = _demo_minutes(clock) if args.demo else None
        # A demo's races are new ones each time: those of an earlier start have a ledger of their own.
        seed = int(clock.now().timestamp() // 60) if args.demo else args.seed
        world = open_world(
            args.feed,
            place,
            sink,
            clock=clock,
            races=args.races,
            seed=seed,
            first_race_minutes=first,
            heartbeat=args.heartbeat,
        )
    except SettingsError as error:
        return _wrong("settings:\n  " + "\n  ".join(error.problems))
    except ValueError as error:
        return _wrong(str(error))
    _keep_key(world)
    try:
        with stores.held(place, "./raceday up"):
            stores.tell(place)
            near, last = world.settings.near_interval_secs, world.settings.last_interval_secs
            running.note(place, running.Running(clock, near, last, args.feed, seed, args.races, first))
            world.keeper = _keeper(args.tape)
            return _until_stopped(world, args)
    finally:
        if world.keeper is not None:
            writer = world.keeper.writer
            writer.close()
            print(f"{writer.n} records, {writer.size_bytes:,} bytes in {writer.path}, {writer.lost} lost", flush=True)
        if world.embedded is not None:
            world.embedded.close()


def _until_stopped(world: LocalWorld, args: Options) -> int:
    asyncio.run(_run(world, args))
    if interrupted():
        raise KeyboardInterrupt
    return 0


def _keeper(path: Path | None) -> Keeper | None:
    """Begin the tape that is asked for."""
    if path is None:
        return None
    print(TERMS, file=sys.stderr)
    return Keeper(TapeWriter.create(path, source="up"))


def _place(args: Options) -> str:
    """Return the store: a recorded day and a demo have their own, and are never written to Appwrite unasked."""
    own = stores.TAPED if _is_recorded(args) else stores.DEMO if args.demo else None
    return stores.of_feed(args.store, args.feed, own=own, of_running=False)


def _is_recorded(args: Options) -> bool:
    return args.feed.partition(":")[0] in RECORDED


def _check_ports(args: Options, place: str) -> None:
    """Raise PortTaken, or StoreHeld where that says more, before anything is written."""
    ports = [(LOOPBACK, args.port), (LOOPBACK, args.functions_port)]
    ports += [(LOOPBACK, args.store_port)] if place != stores.ENV else []
    ports += [("0.0.0.0", args.host_port)] if args.host_port is not None else []
    try:
        for host, port in ports:
            bound(host, port).close()
    except PortTaken:
        stores.tell(place)
        if Path(f"{place}-lock").exists():
            with stores.held(place, "./raceday up"):
                pass
        raise


def _clear(args: Options, place: str) -> None:
    """Remove what an earlier run left of a recorded day or a demo: its feed no longer serves those races."""
    if (_is_recorded(args) or args.demo) and not args.store:
        with stores.held(place, "./raceday up"):
            stores.remove(Path(place))


def _begin(feed: str) -> datetime | None:
    """Return where what was recorded begins, a little before its imports; None for a feed of the present."""
    kind, _, place = feed.partition(":")
    if kind not in RECORDED or not place:
        return None
    if kind == "recorded":
        print(TERMS, file=sys.stderr)
        return datetime.combine(RecordedFeed(place).date, IMPORTED, UTC) - timedelta(days=1, minutes=2)
    return TapeFeed(opened(place)).begin - timedelta(minutes=2)


def _demo_minutes(clock: PacedClock) -> int:
    """Return how many minutes after midnight in New Zealand a demo's first race starts."""
    now = clock.now()
    return int((now - day_limits(race_day(now))[0]).total_seconds() // 60) + DEMO_MINUTES + 1


async def _run(world: LocalWorld, args: Options) -> None:
    from local.console.serve import source_of

    # What the imports do is recorded too.
    source = source_of(world, writes=args.allow_writes)
    try:
        if args.demo and args.store and await world.container(IMPORTS[0]).store.find(RACES, limit=1):
            print(
                "this store holds races of another card: the demo's feed answers their polls with 404 "
                "(without --store a demo begins in a new store)",
                flush=True,
            )
        if args.demo or _is_recorded(args):
            # By its schedules a day has its entrants twenty minutes after its meetings.
            await _import(world)
            # On the platform a client asks for them; here nobody does, and the grid would stay without.
            await world.start("jockey-silks-enricher", {"date": race_day(world.clock.now()).isoformat()})
        await (_serve_staged(world, args, source) if args.staged else serve(world, args, source))
    finally:
        world.on_done = None
        await source.aclose()
        await world.aclose()


async def _import(world: LocalWorld) -> None:
    """Import the day at once, as the schedule does at its hours."""
    print("importing the card ...", flush=True)
    for name in IMPORTS:
        result = await world.invoke(name, {})
        if "error" in result:
            print(f"{name}: {result['error'].get('message')}", file=sys.stderr)
        else:
            await _note_run(world, name)


async def _note_run(world: LocalWorld, name: str) -> None:
    """Keep that today's import has run: the scheduler would make up for that of the day before, which a demo lacks."""
    now = world.clock.now()
    schedule = next(each for each in SCHEDULES if each.name == name)
    due = last_due(schedule, now)
    if due is not None:
        row = run_row(Run(name, due, now, finished=True), "finished")
        await world.container(SCHEDULER).store.upsert(SUITE_STATE, run_id(name, due), row)


async def _serve_staged(world: LocalWorld, args: Options, source: "Source") -> None:
    from local.embedded.posting import post_delivery
    from local.staged import staged

    print("staging the functions ...", flush=True)
    async with staged(world) as namespace:
        print(f"staged   {len(namespace.functions)} functions", flush=True)
        await serve(world, args, source, post_delivery)


async def serve(world: LocalWorld, args: Options, source: "Source", send: Send | None = None) -> None:
    """Run scheduler, webhooks, store and console page side by side until one of them ends.

    `send` delivers webhooks; without it they are handed to the functions of this process.
    """
    jobs: list[Coroutine[Any, Any, None]] = []
    if world.embedded is not None:
        subscribe(world)
        jobs += [_webhooks(world, send), _store(world, args.store_port), until_unwritable(world)]
    else:
        jobs.append(_from_elsewhere(world, args.host_port))
    jobs += [_page(source, args.port), _functions(world, args.functions_port)]
    ticking, serving = asyncio.create_task(minutes(world, args.minutes)), [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait([ticking, *serving], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        # A function that ends after the page has closed its record, or the store its file, would write to neither.
        await _end(ticking)
        await world.stop()
        await _end(*serving)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def minutes(world: LocalWorld, most: float | None) -> None:
    """Trigger the scheduler at every minute of the clock, as the platform does."""
    clock = world.clock
    begun = clock.now()
    last = None if most is None else begun + timedelta(minutes=most)
    while last is None or clock.now() < last:
        world.tasks.add(task := asyncio.create_task(_tick(world)))
        task.add_done_callback(world.tasks.discard)
        now = clock.now()
        due = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        due = min(due, last or due)
        await clock.sleep((due - now).total_seconds())
        running.tell_late(str(world.store_path or stores.ENV), clock, (clock.now() - due).total_seconds(), world.sink)


async def until_unwritable(world: LocalWorld) -> None:
    """Wait until the embedded store's file can be written no more; raises what SQLite says of it."""
    assert world.embedded is not None
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(error: sqlite3.OperationalError) -> None:
        if not failed.done():
            failed.set_exception(error)

    world.embedded.on_unwritable = fail
    await failed


async def _tick(world: LocalWorld) -> None:
    result = await world.invoke(SCHEDULER, {})
    if "error" in result:
        print(f"{world.clock.now():%H:%M:%S} scheduler: {result['error'].get('message')}", file=sys.stderr)


async def _webhooks(world: LocalWorld, send: Send | None) -> None:
    assert world.embedded is not None

    async def hand_over(url: str, headers: dict[str, str], body: bytes) -> int:
        return await deliver(world, url, headers, body)

    await WebhookWorker(world.embedded.hooks, send or hand_over).run()


async def _from_elsewhere(world: LocalWorld, port: int | None) -> None:
    """Take a real Appwrite's webhooks, or say that none are taken and look at its ledger instead."""
    if port is None:
        print("webhooks are not taken (--host-port PORT takes them): the ledger is looked at each 2 s", flush=True)
        await LedgerWatch(world).run()
        return
    needed = [*EVENT_URLS.values(), "webhook_secret"]
    if missing := [specs()[name].env for name in needed if not getattr(world.settings, name)]:
        print(f"webhooks will be refused: {', '.join(missing)} missing", file=sys.stderr)
    key = admin_key(world.settings)
    found = await asyncio.to_thread(subscribed, world.settings, key)
    words = found.words if found.whole else f"{found.words}; until the next start the ledger is looked at each 2 s too"
    jobs = [serve_told(make_hook_server(world, port), f"webhooks {{url}}/  {words}")]
    tasks = [asyncio.create_task(job) for job in (*jobs, *([] if found.whole else [LedgerWatch(world).run()]))]
    try:
        for task in (await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0]:
            task.result()
    finally:
        await _end(*tasks)


async def _store(world: LocalWorld, port: int) -> None:
    assert world.embedded is not None
    server = make_server(world.embedded, LOOPBACK, port)
    await serve_told(server, f"store    {{url}}/v1  project {world.embedded.project_id}  key in {KEY_FILE}")


def _keep_key(world: LocalWorld) -> None:
    """Serve the embedded store with the key that is kept: another `up` may have told its callers of it."""
    if world.embedded is not None:
        world.embedded.api_key = kept(KEY_FILE, world.embedded.api_key)
        world.settings = replace(world.settings, store_key=world.embedded.api_key)


async def _functions(world: LocalWorld, port: int) -> None:
    from local.gateway import Gateway, kept_secret, make_gateway_server, told

    def note(url: str) -> None:
        if world.store_path is not None:
            running.note_port(str(world.store_path), int(url.rpartition(":")[2]))

    race = await next_name(world.container(SCHEDULER).store, world.clock.now())
    await serve_told(make_gateway_server(Gateway(world, kept_secret()), port), told(race), note)


async def _page(source: "Source", port: int) -> None:
    from local.console.serve import make_console_server, serve

    await serve(make_console_server(source, port))


def _line(line: str) -> None:
    print(line, file=sys.stderr)


def _warnings(line: str) -> None:
    if '"level": "info"' not in line and '"level": "debug"' not in line:
        print(line, file=sys.stderr)


def _wrong(message: str) -> int:
    print(f"raceday up: {message}", file=sys.stderr)
    return 2
