"""`./raceday invoke FUNCTION`: one function as the platform would run it."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from local.world import DEV_STORE, World, known, open_world, pretty
from raceday.catalogue.functions import NAMES
from raceday.errors import SettingsError

ENDED = {"settings": 2, "bad_request": 2}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "invoke",
        help="run one function as the platform would",
        description="Prints the result as JSON; log lines go to standard error. Exit code 0 finished, 1 finished with "
        "failed items under --strict, 2 wrong usage or settings, 3 nothing could be done.",
        epilog="functions: " + ", ".join(NAMES),
    )
    parser.add_argument("function", metavar="FUNCTION")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter; JSON where it parses")
    parser.add_argument("--event", metavar="FILE", help="the whole event as JSON; - reads standard input")
    parser.add_argument("--feed", default="generated", help="generated (default), live, or recorded:DIR")
    parser.add_argument(
        "--store", help="file of the embedded store, or env; default env where APPWRITE_ENDPOINT is set"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of a generated feed")
    parser.add_argument("--races", type=int, default=24, help="races of a generated feed")
    parser.add_argument("--timeout", type=float, metavar="SECS", help="deadline; default as deployed")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where items failed")
    parser.add_argument("--quiet", action="store_true", help="no log lines")
    parser.add_argument("--staged", action="store_true", help="boot the staged function in a clean interpreter")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run one activation and print its result."""
    try:
        event = read_event(args)
    except ValueError as error:
        return _wrong(str(error))
    if not known(args.function):
        return _wrong(f"there is no function {args.function!r}; expected one of {', '.join(NAMES)}")
    work = _run_staged if args.staged else _run
    try:
        return asyncio.run(work(args, event))
    except SettingsError as error:
        return _wrong("settings:\n  " + "\n  ".join(error.problems))
    except ValueError as error:
        return _wrong(str(error))


def read_event(args: argparse.Namespace) -> dict[str, Any]:
    """Return the event: the file's members, with parameters over them; raises ValueError with what was expected."""
    event: Any = {}
    if args.event:
        try:
            text = sys.stdin.read() if args.event == "-" else Path(args.event).read_text()
        except OSError as error:
            raise ValueError(f"--event: {args.event}: {error.strerror}") from None
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


async def _run(args: argparse.Namespace, event: dict[str, Any]) -> int:
    world = open_world(args.feed, _store(args), _quiet if args.quiet else _line, races=args.races, seed=args.seed)
    try:
        result = await world.invoke(args.function, event, timeout_secs=args.timeout)
        await _wait(world)
    finally:
        await world.aclose()
    print(pretty(result))
    return exit_code(result, strict=args.strict)


async def _wait(world: World) -> None:
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


async def _run_staged(args: argparse.Namespace, event: dict[str, Any]) -> int:
    from local.host.invoke import run_staged
    from local.staged import environment, listening

    world = open_world(args.feed, _store(args), _quiet, races=args.races, seed=args.seed)
    try:
        async with listening(world) as settings:
            env = {**os.environ, **environment(settings)}
            result, lines = await run_staged(args.function, event, env, args.timeout)
    finally:
        await world.aclose()
    if not args.quiet:
        for line in lines:
            _line(line)
    print(pretty(result))
    return exit_code(result, strict=args.strict)


def _store(args: argparse.Namespace) -> str:
    return str(args.store or ("env" if os.environ.get("APPWRITE_ENDPOINT") else DEV_STORE))


def _line(line: str) -> None:
    print(line, file=sys.stderr)


def _quiet(_: str) -> None:
    return


def _wrong(message: str) -> int:
    print(f"raceday invoke: {message}", file=sys.stderr)
    return 2
