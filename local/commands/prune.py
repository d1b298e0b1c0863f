"""`./raceday prune`: deletes what is past its time."""

import argparse
import asyncio
import os
import sys

from local.world import DEV_STORE, open_world
from raceday.errors import SettingsError, StoreError
from raceday.scheduling.retention import limits, prune


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    p = subparsers.add_parser("prune", help="delete rows older than the retention settings", description=__doc__)
    p.add_argument("--store", help=f"file of the embedded store, or env; default env where set, else {DEV_STORE}")
    p.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
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
        deleted = (await prune(world.container("master-race-scheduler")))["deleted"]
    finally:
        await world.aclose()
    for table, _, days in limits(world.settings):
        print(f"{table:<22} {deleted[table]:>7} rows older than {days} days deleted")
    return 0
