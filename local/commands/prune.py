"""`./raceday prune`: deletes what is past its time."""

import asyncio
import os
import sys

import click

from local.commands.options import Options, store_option
from local.world import DEV_STORE, open_world
from raceday.errors import SettingsError, StoreError
from raceday.scheduling import retention


@click.command(epilog="Example: ./raceday prune --store .raceday/dev.db")
@store_option(f"env where APPWRITE_ENDPOINT is set, else {DEV_STORE}")
def prune(store: str | None) -> int:
    """Delete rows older than the retention settings."""
    return run(Options(store=store))


def run(args: Options) -> int:
    """Prune and print what went."""
    store = args.store or ("env" if os.environ.get("APPWRITE_ENDPOINT") else str(DEV_STORE))
    try:
        return asyncio.run(_run(store))
    except SettingsError as error:
        print("raceday prune: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"raceday prune: {error}", file=sys.stderr)
        return 3


async def _run(store: str) -> int:
    world = open_world("generated", store, lambda line: print(line, file=sys.stderr))
    try:
        deleted = (await retention.prune(world.container("master-race-scheduler")))["deleted"]
    finally:
        await world.aclose()
    for table, _, days in retention.limits(world.settings):
        print(f"{table:<22} {deleted[table]:>7} rows older than {days} days deleted")
    return 0
