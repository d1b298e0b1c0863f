"""`./raceday rebuild RACE|DATE`: projections made anew from the poll ledger, and what differs."""

import asyncio
import re
import sys
from datetime import date

from local import stores
from local.failures import NoSuchRace
from local.options import Options
from local.races import find_race
from local.world import open_world
from ops.rebuild import RaceDifference, compare, races_of
from raceday.container import Container
from raceday.errors import SettingsError, StoreError

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def run(args: Options) -> int:
    """Compare each race and print what differs."""
    if DATE.fullmatch(args.subject):
        try:
            date.fromisoformat(args.subject)
        except ValueError:
            print(f"raceday rebuild: {args.subject} is no date of the calendar", file=sys.stderr)
            return 2
    try:
        return asyncio.run(_run(args))
    except SettingsError as error:
        print("raceday rebuild: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except NoSuchRace as error:
        print(f"raceday rebuild: {error}", file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"raceday rebuild: {error}", file=sys.stderr)
        return 3


async def _run(args: Options) -> int:
    store = stores.present(args.store)
    stores.tell(store)
    world = open_world("generated", store, lambda _: None)
    try:
        container = world.container("money-flow-tracker")
        races = await _races(container, args.subject)
        found = [await compare(container, race, write=args.write) for race in races]
    finally:
        await world.aclose()
    for difference in found:
        _show(difference)
    wrong = sum(not d.none for d in found)
    print(f"{len(found)} races compared, {wrong} differ" + (", mended" if wrong and args.write else ""))
    return 1 if wrong and not args.write else 0


async def _races(container: Container, subject: str) -> list[str]:
    """Return the races to compare; raises NoSuchRace for a day without any, and for what names none."""
    if not DATE.fullmatch(subject):
        return [await find_race(container.store, subject)]
    if races := await races_of(container, subject):
        return races
    raise NoSuchRace(f"the store has no races of {subject}")


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
