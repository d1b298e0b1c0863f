"""`./raceday prune`: shows what is past its time, and deletes it when it is told to."""

import asyncio
import sys

import click

from local import stores
from local.options import Options
from local.world import open_world
from raceday.errors import SettingsError, StoreError
from raceday.scheduling import retention


def run(args: Options) -> int:
    """Show, ask and prune."""
    store = stores.present(args.store, simulated=False)
    stores.tell(store)
    try:
        return asyncio.run(_run(store, yes=args.yes))
    except SettingsError as error:
        print("raceday prune: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"raceday prune: {error}", file=sys.stderr)
        return 3


async def _run(store: str, *, yes: bool) -> int:
    world = open_world("generated", store, lambda line: print(line, file=sys.stderr))
    try:
        container = world.container("master-race-scheduler")
        past = await retention.overdue(container)
        for table, _, days in retention.limits(world.settings):
            print(f"{table:<22} {past[table]:>7} rows older than {days} days")
        if not any(past.values()):
            print("nothing to delete")
            return 0
        if not yes and not _agreed(sum(past.values())):
            print("nothing was deleted; --yes deletes them")
            return 1
        deleted = (await retention.prune(container))["deleted"]
    finally:
        await world.aclose()
    print(f"{sum(deleted.values()):,} rows deleted")
    return 0


def _agreed(rows: int) -> bool:
    return sys.stdin.isatty() and click.confirm(f"Delete these {rows:,} rows?", default=False)
