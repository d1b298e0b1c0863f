"""`./raceday backfill FROM..TO`: past race days that the feed still serves, by the code of imports and polls."""

import asyncio
import dataclasses
import sys
from datetime import date, datetime

import click

from local import stores
from local.choices import LIVE
from local.progress import counted
from local.tape.format import TERMS
from local.testing.pace import PacedClock
from local.work.export import days_of
from local.world import open_world
from ops.backfill import FilledDay, fill_day
from raceday.errors import SettingsError
from raceday.racing.nzday import race_day


def run(days: str, store: str | None, feed: str, rate: float, again: bool, at: datetime | None) -> int:
    """Fill the days; 0 all is there, 1 something is not, 2 wrong usage or settings, 3 the feed served none."""
    try:
        wanted = days_of(days)
        if feed == "generated" or (feed == LIVE and at is not None):
            raise ValueError("a generated feed has no past, and --at goes with recorded:DIR or tape:FILE")
        print(TERMS, file=sys.stderr)
        place = stores.chosen(store)
        stores.tell(place)
        found = asyncio.run(_fill(wanted, place, feed, rate, again, at))
    except SettingsError as error:
        click.echo("raceday backfill: settings:\n  " + "\n  ".join(error.problems), err=True)
        return 2
    except ValueError as error:
        click.echo(f"raceday backfill: {error}", err=True)
        return 2
    if not any(each.listed or each.skipped for each in found):
        return 3
    return 0 if all(each.skipped or each.whole for each in found) else 1


async def _fill(
    days: list[date], place: str, feed: str, rate: float, again: bool, at: datetime | None
) -> list[FilledDay]:
    clock = PacedClock(1.0, at)
    today = race_day(clock.now())
    if days[-1] >= today:
        raise ValueError(f"{days[-1]} is not over: the daily imports have every day from {today} on")
    world = open_world(feed, place, _quiet, clock=clock)
    world.settings = dataclasses.replace(world.settings, feed_rate_per_sec=rate, feed_concurrency=1)
    found = []
    try:
        with stores.held(place, "./raceday backfill"):
            container = world.container("daily-meetings")
            for day in counted(days, "days", len(days)):
                found.append(filled := await fill_day(container, day, again=again))
                click.echo(str(filled))
                for failure in filled.failures[:5]:
                    click.echo(f"  {failure['item']}: {failure['message']}")
    finally:
        await world.aclose()
    return found


def _quiet(line: str) -> None:
    """Write no log: each day's line tells what became of it."""
