"""`./raceday up`: the suite on the real clock, until stopped."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import click

from local.commands.options import INSTANT, Options
from local.deliveries import LedgerWatch, make_hook_server
from local.embedded import WebhookWorker
from local.embedded.http import LOOPBACK, make_server
from local.serving import serve_told
from local.tape.feed import TapeFeed
from local.tape.format import TERMS
from local.tape.reader import Tape
from local.testing.pace import PacedClock
from local.world import EVENT_URLS, HOME, LocalWorld, deliver, open_world, subscribe
from raceday.errors import SettingsError
from raceday.settings import specs

SCHEDULER = "master-race-scheduler"
STORE = HOME / "up.db"
KEY_FILE = HOME / "up.key"
Send = Callable[[str, dict[str, str], bytes], Coroutine[Any, Any, int]]


@click.command(epilog="Example: ./raceday up --speed 10 --minutes 30")
@click.option("--feed", default="generated", help="generated (default), live, recorded:DIR or tape:FILE")
@click.option("--store", default=str(STORE), help=f"file of the embedded store, or env ({STORE})")
@click.option("--speed", type=float, default=1.0, metavar="N", help="run the clock N times as fast (1)")
@click.option("--at", type=INSTANT, metavar="ISO", help="begin at this instant, with its offset")
@click.option("--seed", type=int, default=1, help="seed of a generated feed")
@click.option("--races", type=int, default=24, help="races of a generated feed")
@click.option("--port", type=int, default=8080, help="port of the console page on loopback (8080; 0 takes any)")
@click.option("--store-port", type=int, default=8081, help="port of the embedded store on loopback (8081)")
@click.option(
    "--host-port",
    type=int,
    metavar="PORT",
    help="with --store env: take Appwrite's webhooks on this port of every interface, each function at the path "
    "of its RACEDAY_URL_*; without it nothing is taken, and the ledger is looked at each two seconds",
)
@click.option("--minutes", type=float, metavar="N", help="stop after so many minutes of the suite's clock")
@click.option("--staged", is_flag=True, help="run the staged functions as the platform would boot them")
@click.option("--verbose", is_flag=True, help="print every log line")
def up(**options: Any) -> int:
    """Run the suite on the real clock, until stopped, with its console page."""
    return run(Options(**options))


def run(args: Options) -> int:
    """Run until stopped; 2 wrong settings."""
    if args.at is not None and args.at.tzinfo is None:
        return _wrong("--at: expected an instant with its offset, as 2026-11-24T01:00:00+00:00")
    if args.staged and (args.at is not None or args.speed != 1):
        return _wrong("--staged runs on the machine's own clock: leave out --at and --speed")
    if args.host_port is not None and args.store != "env":
        return _wrong("--host-port goes with --store env: the embedded store hands its webhooks over by itself")
    try:
        clock = PacedClock(args.speed, args.at or _begin(args.feed))
        world = open_world(
            args.feed, args.store, _line if args.verbose else _warnings, clock=clock, races=args.races, seed=args.seed
        )
    except SettingsError as error:
        return _wrong("settings:\n  " + "\n  ".join(error.problems))
    except ValueError as error:
        return _wrong(str(error))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(world, args))
    return 0


def _begin(feed: str) -> datetime | None:
    """Return where a tape begins, a little before its imports; None where the feed is none."""
    kind, _, place = feed.partition(":")
    if kind != "tape":
        return None
    print(TERMS, file=sys.stderr)
    return TapeFeed(Tape.open(place)).begin - timedelta(minutes=2)


async def _run(world: LocalWorld, args: Options) -> None:
    try:
        await (_serve_staged(world, args) if args.staged else serve(world, args))
    finally:
        await world.aclose()


async def _serve_staged(world: LocalWorld, args: Options) -> None:
    from local.staged import post_delivery, staged

    print("staging the functions ...", flush=True)
    async with staged(world) as namespace:
        print(f"staged   {len(namespace.functions)} functions", flush=True)
        await serve(world, args, post_delivery)


async def serve(world: LocalWorld, args: Options, send: Send | None = None) -> None:
    """Run scheduler, webhooks, store and console page side by side until one of them ends.

    `send` delivers webhooks; without it they are handed to the functions of this process.
    """
    jobs: list[Coroutine[Any, Any, None]] = [minutes(world, args.minutes)]
    if world.embedded is not None:
        subscribe(world)
        jobs += [_webhooks(world, send), _store(world, args.store_port)]
    else:
        jobs.append(_from_elsewhere(world, args.host_port))
    jobs.append(_page(world, args))
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def minutes(world: LocalWorld, most: float | None) -> None:
    """Trigger the scheduler at every minute of the clock, as the platform does."""
    clock = world.clock
    begun = clock.now()
    while most is None or clock.now() - begun < timedelta(minutes=most):
        world.tasks.add(task := asyncio.create_task(_tick(world)))
        task.add_done_callback(world.tasks.discard)
        now = clock.now()
        following = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        await clock.sleep((following - now).total_seconds())


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
    await serve_told(make_hook_server(world, port), "webhooks {url}/  subscribed by `./raceday webhooks apply`")


async def _store(world: LocalWorld, port: int) -> None:
    assert world.embedded is not None
    _keep_key(world.embedded.api_key)
    server = make_server(world.embedded, LOOPBACK, port)
    await serve_told(server, f"store    {{url}}/v1  project {world.embedded.project_id}  key in {KEY_FILE}")


def _keep_key(key: str) -> None:
    KEY_FILE.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key)


async def _page(world: LocalWorld, args: Options) -> None:
    from local.console.serve import serve_page

    await serve_page(world, args.port)


def _line(line: str) -> None:
    print(line, file=sys.stderr)


def _warnings(line: str) -> None:
    if '"level": "info"' not in line and '"level": "debug"' not in line:
        print(line, file=sys.stderr)


def _wrong(message: str) -> int:
    print(f"raceday up: {message}", file=sys.stderr)
    return 2
