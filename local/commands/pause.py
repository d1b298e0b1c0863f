"""`./raceday pause|resume [FUNCTION]`: the switches that the scheduler obeys."""

import asyncio
import sys

import click
from appwrite.query import Query

from local import stores
from local.commands.options import Options, store_option
from local.world import open_world
from raceday.catalogue.functions import NAMES
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import SettingsError, StoreError
from raceday.ids import row_key
from raceday.scheduling.state import PAUSE, PAUSED
from raceday.tables import SUITE_STATE

ALL, RUNNING = "all", "running"
SCHEDULER = "master-race-scheduler"


STORE = store_option()
ABOUT = (
    "The next tick obeys; what runs is not ended. With no function: {} every function. Prints every switch afterwards. "
    "Exit code 2 wrong usage or settings, 3 the store cannot be reached."
)


@click.command(help=ABOUT.format("stop the scheduler starting"), epilog="Example: ./raceday pause daily-races")
@click.argument("function", default=ALL)
@STORE
def pause(function: str, store: str | None) -> int:
    """Stop the scheduler starting one function, or all."""
    return run(Options(command="pause", function=function, store=store))


@click.command(help=ABOUT.format("let the scheduler start"), epilog="Example: ./raceday resume")
@click.argument("function", default=ALL)
@STORE
def resume(function: str, store: str | None) -> int:
    """Let the scheduler start one function, or all."""
    return run(Options(command="resume", function=function, store=store))


def run(args: Options) -> int:
    """Set the switch and show all of them."""
    if args.function not in (ALL, *NAMES) or args.function == SCHEDULER:
        names = ", ".join(name for name in NAMES if name != SCHEDULER)
        return _wrong(args, f"{args.function!r} cannot be switched; expected one of {names}, or none for all")
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
        container = world.container(SCHEDULER)
        await switch(container, args.function, paused=args.command == "pause")
        paused = await paused_names(container)
    finally:
        await world.aclose()
    print("paused: " + (", ".join(paused) or "nothing"))
    return 0


async def switch(container: Container, name: str, *, paused: bool) -> None:
    """Set one switch; `name` is a function, or all. A switch for all leaves those of single functions alone."""
    status = PAUSED if paused else RUNNING
    row = {"kind": PAUSE, "name": name, "status": status, "at": iso(container.clock.now())}
    await container.store.upsert(SUITE_STATE, row_key(PAUSE, name), row)


async def paused_names(container: Container) -> list[str]:
    """Return the names of the switches that are set."""
    rows = await container.store.find(SUITE_STATE, [Query.equal("kind", [PAUSE])], select=("name", "status"))
    return sorted(str(row["name"]) for row in rows if row.get("status") == PAUSED)


def _wrong(args: Options, message: str) -> int:
    print(f"raceday {args.command}: {message}", file=sys.stderr)
    return 2
