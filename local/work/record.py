"""`./raceday record`: tapes of what the feed says, by the suite's own schedule, with no Appwrite."""

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from local import stores
from local.tape.format import TERMS, to_micros
from local.tape.keeping import Keeper
from local.tape.writer import TapeWriter
from local.testing.pace import PacedClock
from local.work.up import minutes, until_unwritable
from local.world import LocalWorld, open_world
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.errors import SettingsError
from raceday.ledger.log import heads
from raceday.racing.nzday import race_day

# A recording before this one may have been killed between a poll and its projections.
_BACK = timedelta(hours=24)


@dataclass
class Recording(LocalWorld):
    """A world whose feed is heard: one part for each NZ race day and each start of the command."""

    folder: Path = Path(".raceday/tapes")
    day: str = ""
    lost: int = 0

    def turn(self) -> None:
        """Begin a part where none was begun for the present race day; raises OSError where none can be."""
        now = self.clock.now()
        day = race_day(now).isoformat()
        if day == self.day:
            return
        writer = TapeWriter.create(
            self.folder / day / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tape", day=day, source="recorded"
        )
        writer.mark("recording", {"began": to_micros(now)})
        if self.keeper is None:
            self.keeper = Keeper(writer)
        else:
            self.lost += self.keeper.writer.lost
            self.keeper.turn(writer)
        self.day = day
        click.echo(f"recording to {writer.path}")

    async def invoke(
        self, name: str, event: dict[str, Any], *, activation: str = "", timeout_secs: float | None = None
    ) -> dict[str, Any]:
        """Run one activation, and keep what it hears."""
        # Where there is no room for a new day's part the present one goes on, and counts what it loses.
        with contextlib.suppress(OSError):
            self.turn()
        return await LocalWorld.invoke(self, name, event, activation=activation, timeout_secs=timeout_secs)


def run(feed: str, folder: Path, store: str, most: float | None, speed: float, at: datetime | None, races: int) -> int:
    """Record; 0 done, 1 answers were lost, 2 wrong settings, 3 no room, 130 stopped."""
    stores.tell(stores.chosen(store))
    click.echo(TERMS, err=True)
    if feed == "live" and (speed != 1 or at is not None):
        click.echo("raceday record: the live feed runs on the machine's own clock", err=True)
        return 2
    try:
        world = open_world(feed, store, _quiet, clock=PacedClock(speed, at), races=races)
    except (SettingsError, ValueError) as error:
        click.echo(f"raceday record: {error}", err=True)
        return 2
    given = {f.name: getattr(world, f.name) for f in fields(world)}
    recording = Recording(**given, folder=folder)
    recording.turn()
    stopped, failed = False, None
    try:
        asyncio.run(_run(recording, most))
    except KeyboardInterrupt:
        stopped = True
    except sqlite3.OperationalError as error:
        failed = error
    assert recording.keeper is not None
    writer = recording.keeper.writer
    writer.mark("recording", {"ended": to_micros(recording.clock.now())})
    writer.close()
    lost = recording.lost + writer.lost
    click.echo(f"{writer.n} records, {writer.size_bytes:,} bytes in {writer.path}, {lost} lost")
    if failed is not None:
        raise failed
    return 1 if lost else 130 if stopped else 0


async def _run(world: LocalWorld, most: float | None) -> None:
    begun = world.clock.now()
    jobs = [asyncio.create_task(job) for job in (_poll(world, most), until_unwritable(world))]
    try:
        done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await world.stop()
        # Of a store whose file takes nothing more no projection is made.
        if jobs[1].cancelled():
            await _project(world, begun)
        await world.aclose()
    for job in done:
        job.result()


async def _poll(world: LocalWorld, most: float | None) -> None:
    await minutes(world, most)
    await world.settle()


async def _project(world: LocalWorld, begun: datetime) -> None:
    """Run the event functions for each race that was polled since `begun`: no webhook did, and a replay will."""
    store = world.container("master-race-scheduler").store
    for race_id in sorted({head.race_id for head in await heads(store, begun - _BACK)}):
        for name in EVENT_FUNCTIONS:
            await world.invoke(name, {"raceId": race_id})


def _quiet(line: str) -> None:
    """Write no log: what is missing shows on the tape."""
