"""`./raceday pause|resume [FUNCTION]`: the switches that the scheduler obeys."""

import asyncio
import json
import sys

from local import stores
from local.choices import ALL
from local.logfile import keeping
from local.meant import hint
from local.options import Options
from local.switches import SWITCHED, paused_names, switch_all
from local.world import open_world
from raceday.errors import SettingsError, StoreError

SCHEDULER = "master-race-scheduler"
TOLD = {"level": "warning", "event": "cli.switched", "function": "cli"}


def run(args: Options) -> int:
    """Set the switch and show all of them."""
    if args.function not in SWITCHED:
        names = ", ".join(name for name in SWITCHED if name != ALL)
        near = hint(args.function, SWITCHED)
        return _wrong(
            args,
            f"{args.function!r} cannot be switched{near}; expected one of {names}, or none for all",
        )
    store = stores.present(args.store, simulated=False)
    stores.tell(store)
    try:
        return asyncio.run(_run(args, store))
    except SettingsError as error:
        return _wrong(args, "\n  ".join(error.problems))
    except StoreError as error:
        print(f"raceday {args.command}: {error}", file=sys.stderr)
        return 3


async def _run(args: Options, store: str) -> int:
    world = open_world("generated", store, lambda line: print(line, file=sys.stderr))
    try:
        tell = keeping(stores.beside(store), world.clock.now, lambda _: None)
        container = world.container(SCHEDULER)
        paused = args.command == "pause"
        for name in await switch_all(container.store, container.clock, args.function, paused=paused):
            tell(json.dumps({**TOLD, "switched": name, "state": "paused" if paused else "running"}))
        names = await paused_names(container.store)
    finally:
        await world.aclose()
    print("paused: " + (", ".join(names) or "nothing"))
    return 0


def _wrong(args: Options, message: str) -> int:
    print(f"raceday {args.command}: {message}", file=sys.stderr)
    return 2
