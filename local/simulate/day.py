"""A race day minute by minute: the trigger fires, the platform runs, until nothing is left to come."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from local.feedsim import FeedDay
from local.simulate.world import SimWorld

SCHEDULER, WATCHDOG = "master-race-scheduler", "daily-meetings"
MINUTE, WHOLE = timedelta(minutes=1), timedelta(hours=24)
# The imports of a race day begin at 17:00 UTC on its eve; the simulation does shortly before.
EVE_HOUR, EVE_MINUTE = 16, 57
RECHECKS = timedelta(minutes=30)
GIVEN_UP = timedelta(hours=6)
AFTERWARDS = timedelta(minutes=6)


def day_start(day: date) -> datetime:
    """Return the instant at which the simulation of an NZ race day begins."""
    return datetime(day.year, day.month, day.day, EVE_HOUR, EVE_MINUTE, tzinfo=UTC) - timedelta(days=1)


def day_end(day: FeedDay) -> datetime:
    """Return the instant by which every race is over, re-checked and closed."""
    return max(_over(day, race.race_id) for race in day.core_races) + RECHECKS + AFTERWARDS


def _over(day: FeedDay, race_id: str) -> datetime:
    race, script = day.books[race_id].race, day.books[race_id].race.script
    if script.stuck_open and script.abandoned_list is not None:
        # Found by the next refresh of the meetings, within a quarter of an hour.
        return script.abandoned_list + timedelta(minutes=20)
    if script.abandoned_event is not None:
        return script.abandoned_event + timedelta(minutes=31)
    return max(race.advertised, script.final)


async def run_day(world: SimWorld, end: datetime, progress: Callable[[datetime], None] | None = None) -> None:
    """Fire the scheduler's trigger each minute until `end`, then wait for what is under way."""
    minute = world.loop.now().replace(second=0, microsecond=0) + MINUTE
    while minute < end:
        await asyncio.sleep((minute - world.loop.now()).total_seconds())
        for _ in range(world.seams.triggers(minute)):
            world.platform.spawn(_trigger(world, SCHEDULER, {}))
        for _ in range(world.seams.watchdogs(minute)):
            world.platform.spawn(_trigger(world, WATCHDOG, {"watchdog": True}))
        if progress is not None:
            progress(minute)
        minute += MINUTE
    await settle(world)


async def settle(world: SimWorld) -> None:
    """Wait until nothing is under way, webhooks included."""
    await world.platform.settle()
    for _ in range(600):
        if not world.backend.waiting and not world.platform.in_flight:
            return
        await asyncio.sleep(1)
        await world.platform.settle()


async def _trigger(world: SimWorld, function: str, body: dict[str, Any]) -> None:
    await asyncio.sleep(world.chances.span("trigger", world.delays.trigger))
    await world.platform.activate(function, body)
