"""`./raceday rebuild RACE|DATE`: projections made anew from the poll ledger, and what differs."""

import asyncio
import os
import sys
from pathlib import Path

import click

from local.commands.options import Options, store_option
from local.world import open_world
from ops.rebuild import RaceDifference, compare, races_of
from raceday.errors import SettingsError, StoreError

DEFAULT_STORE = ".raceday/simulate.db"


@click.command(epilog="Example: ./raceday rebuild 2026-02-14 --write")
@click.argument("subject", metavar="RACE|DATE")
@store_option(f"env where APPWRITE_ENDPOINT is set, else {DEFAULT_STORE}")
@click.option("--write", is_flag=True, help="put right what differs")
def rebuild(subject: str, store: str | None, write: bool) -> int:
    """Compare timeline and pool totals of a race, or of an NZ race day (YYYY-MM-DD), with the ledger.

    Exit code 0 nothing differs or all is mended, 1 something differs, 2 wrong settings, 3 the store cannot be read.
    """
    return run(Options(subject=subject, store=store, write=write))


def run(args: Options) -> int:
    """Compare each race and print what differs."""
    try:
        return asyncio.run(_run(args))
    except SettingsError as error:
        print("raceday rebuild: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"raceday rebuild: {error}", file=sys.stderr)
        return 3


async def _run(args: Options) -> int:
    store = args.store or ("env" if os.environ.get("APPWRITE_ENDPOINT") else DEFAULT_STORE)
    if store != "env" and not Path(store).exists():  # noqa: ASYNC240
        print(f"raceday rebuild: there is no store at {store}; `./raceday simulate` makes one", file=sys.stderr)
        return 2
    world = open_world("generated", store, lambda _: None)
    try:
        container = world.container("money-flow-tracker")
        races = await races_of(container, args.subject)
        found = [await compare(container, race, write=args.write) for race in races]
    finally:
        await world.aclose()
    for difference in found:
        _show(difference)
    wrong = sum(not d.none for d in found)
    print(f"{len(found)} races compared, {wrong} differ" + (", mended" if wrong and args.write else ""))
    return 1 if wrong and not args.write else 0


def _show(difference: RaceDifference) -> None:
    if difference.none:
        return
    print(
        f"{difference.race_id}: {len(difference.missing)} rows missing, {len(difference.extra)} too many, "
        f"{len(difference.other)} otherwise; pools: {difference.pools or 'as they should be'}; "
        f"closing prices: {len(difference.closing)} to write"
    )
    for key, columns in list(difference.other.items())[:5]:
        print(f"  {key}: stored {columns}")
