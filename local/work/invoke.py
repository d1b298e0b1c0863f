"""`./raceday invoke FUNCTION`: one function as the platform would run it."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from local import stores
from local.console.activity import Activity, path_beside
from local.failures import NoSuchRace
from local.logfile import keeping
from local.meant import hint
from local.naming import with_ids
from local.options import Options
from local.running import Running, running_on
from local.world import LocalWorld, known, open_world, pretty
from ops.environment import ours
from raceday.catalogue.functions import NAMES, SCHEDULER
from raceday.clock import SystemClock
from raceday.errors import SettingsError
from raceday.ids import SystemRandomSource
from raceday.racing.nzday import race_day

# More than the platform passes on in an event.
MOST_CHARACTERS = 2_000_000
ENDED = {"settings": 2, "bad_request": 2}


def run(args: Options) -> int:
    """Run one activation and print its result."""
    if args.again and (args.function or args.words or args.param or args.event or args.staged):
        return _wrong(
            "--again takes function and event of an earlier activation: leave out FUNCTION and what is its own"
        )
    if not (args.function or args.again):
        return _wrong("expected a function, or --again ACTIVATION")
    args.param = (*args.param, *args.words)
    try:
        event = _former(args) if args.again else read_event(args)
    except ValueError as error:
        return _wrong(str(error))
    if not known(args.function):
        return _wrong(
            f"there is no function {args.function!r}{hint(args.function, NAMES)}; expected one of {', '.join(NAMES)}"
        )
    work = _run_staged if args.staged else _run
    try:
        return asyncio.run(work(args, event))
    except SettingsError as error:
        return _wrong("settings:\n  " + "\n  ".join(error.problems))
    except NoSuchRace as error:
        return _wrong(f"--param: {error}")
    except ValueError as error:
        return _wrong(str(error))


def _former(args: Options) -> dict[str, Any]:
    """Take function and event of the activation that is to start again; ValueError where none is kept."""
    place = stores.present(args.store)
    if place == stores.ENV:
        raise ValueError("--again starts what ran on a store of this machine, never on a real Appwrite")
    found = Activity(path_beside(stores.readable(place)), read_only=True).named(args.again)
    if found is None or not found.event:
        raise ValueError(f"--again: expected an activation whose event is kept beside {place}, got {args.again!r}")
    args.function, args.again = found.function, found.activation
    return dict(json.loads(found.event))


def read_event(args: Options) -> dict[str, Any]:
    """Return the event: the file's members, with parameters over them; raises ValueError with what was expected."""
    event: Any = {}
    if args.event:
        try:
            with nullcontext(sys.stdin) if args.event == "-" else Path(args.event).open(encoding="utf-8") as file:
                # A device, as /dev/zero, has no end.
                text = file.read(MOST_CHARACTERS + 1)
        except OSError as error:
            raise ValueError(f"--event: {args.event}: {(error.strerror or str(error)).lower()}") from None
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"--event: {args.event}: expected JSON of at most {MOST_CHARACTERS:,} characters")
        try:
            event = json.loads(text)
        except ValueError as error:
            raise ValueError(f"--event: expected JSON: {error}") from None
        if not isinstance(event, dict):
            raise ValueError("--event: expected a JSON object")
    for param in args.param:
        key, sign, value = param.partition("=")
        if not sign or not key:
            raise ValueError(f"--param: expected K=V, got {param!r}")
        event[key] = _value(value)
    return dict(event)


def _value(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, (bool, list, dict)) or found is None else text


async def _run(args: Options, event: dict[str, Any]) -> int:
    place = _store(args)
    up = running_on(place)
    clock = up.clock if up else SystemClock()
    sink = keeping(stores.beside(place), clock.now, _quiet if args.quiet else _line)
    world, new, activity = _world(args, place, sink, up), SystemRandomSource().token(), None
    if args.again:
        # The Suite page shows it beside the one that it repeats.
        activity = Activity(path_beside(place))
        world.on_done = activity.on_world
        told = {"function": "invoke", "replayed": args.again, "of": args.function, "activation": new}
        sink(json.dumps({"level": "warning", "event": "invoke.replayed", **told}))
    try:
        event = event if args.again else await _named(world, event)
        result = await world.invoke(args.function, event, activation=new, timeout_secs=args.timeout)
        await _wait(world)
    finally:
        await world.aclose()
        if activity is not None:
            activity.close()
    print(pretty(result))
    return exit_code(result, strict=args.strict)


def _world(args: Options, place: str, sink: Callable[[str], None], up: Running | None) -> LocalWorld:
    """Open the store with the feed that was asked for; where none was, with that of the `up` that runs on it."""
    if up is None or args.feed or args.seed is not None or args.races is not None:
        return open_world(
            args.feed or "generated", place, sink, races=args.races or 24, seed=1 if args.seed is None else args.seed
        )
    return open_world(
        up.feed,
        place,
        sink,
        races=up.races,
        seed=up.seed,
        first_race_minutes=up.first_race_minutes,
        day=race_day(up.clock.origin),
    )


async def _named(world: LocalWorld, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with races by their ids."""
    return await with_ids(world.container(SCHEDULER.name).store, event)


async def _wait(world: LocalWorld) -> None:
    if world.tasks:
        print(f"raceday: waiting for {len(world.tasks)} started functions", file=sys.stderr)
    await world.settle()


def exit_code(result: dict[str, Any], *, strict: bool) -> int:
    """Return the exit code of a result."""
    body = result.get("body") if "statusCode" in result else result
    body = body if isinstance(body, dict) else {}
    if "error" in body:
        kind = body["error"].get("kind", "") if isinstance(body["error"], dict) else ""
        return ENDED.get(kind, 3)
    return 1 if strict and body.get("failures") else 0


async def _run_staged(args: Options, event: dict[str, Any]) -> int:
    from local.host.invoke import run_staged
    from local.staged import environment, listening

    place = _store(args)
    world = _world(args, place, _quiet, running_on(place))
    try:
        event = await _named(world, event)
        async with listening(world) as settings:
            # What the world left out of the settings of the deployed suite is not to come back by its variable.
            env = {**{name: value for name, value in os.environ.items() if not ours(name)}, **environment(settings)}
            result, lines = await run_staged(args.function, event, env, args.timeout)
    finally:
        await world.aclose()
    if not args.quiet:
        for line in lines:
            _line(line)
    print(pretty(result))
    return exit_code(result, strict=args.strict)


def _store(args: Options) -> str:
    place = stores.of_feed(args.store, args.feed)
    stores.tell(place, sys.stderr)
    return place


def _line(line: str) -> None:
    print(line, file=sys.stderr)


def _quiet(_: str) -> None:
    return


def _wrong(message: str) -> int:
    print(f"raceday invoke: {message}", file=sys.stderr)
    return 2
