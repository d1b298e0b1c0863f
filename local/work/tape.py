"""`./raceday tape`: what is on a tape, whether all of it is whole, and tapes joined from a poller's uploads."""

import asyncio
from collections import Counter
from datetime import date
from pathlib import Path

import click
import httpx

from local.embedded import EmbeddedTransport
from local.tape.format import TERMS
from local.tape.joining import JoinedTape, name_missing, pull_day
from local.tape.reader import Tape
from local.tape.scanning import TapeError
from local.world import LocalWorld, open_world
from raceday.errors import SettingsError, StoreError


def run_check(path: Path) -> int:
    """Tell what is on a tape; 0 all is whole, 1 something is not, 2 no such tape."""
    click.echo(TERMS, err=True)
    try:
        opened = Tape.checked(path)
    except TapeError as error:
        click.echo(f"raceday tape: {error}", err=True)
        return 2
    unpacked = sum(len(body) for _, body in opened.bodies())
    size = sum(part.stat().st_size for part in opened.paths)
    statuses = Counter(entry.status or entry.error for entry in opened.entries)
    click.echo(f"{len(opened.paths)} parts, {len(opened.entries)} answers about {len(opened.race_ids)} races")
    if opened.entries:
        first, last = opened.entries[0].received, opened.entries[-1].received
        click.echo(f"from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC")
        click.echo(f"{size / len(opened.entries):,.0f} bytes an answer of {unpacked / len(opened.entries):,.0f}")
    click.echo("  ".join(f"{status}: {count}" for status, count in statuses.most_common()))
    lost = sum(mark["records"] for mark in opened.marks if mark["what"] == "lost")
    if lost:
        click.echo(f"{lost} answers were not recorded for want of room")
    for damage in opened.damages:
        click.echo(f"not whole: {damage}")
    return 1 if opened.damages else 0


def run_pull(day: date, store: str, folder: Path) -> int:
    """Join a day of uploads; 0 joined, 1 not whole or answers missing, 2 wrong settings, 3 nothing was uploaded."""
    click.echo(TERMS, err=True)
    try:
        if store != "env" and not Path(store).exists():
            raise ValueError(f"there is no store at {store}")
        world = open_world("generated", store, lambda _: None)
        if not world.settings.tape_bucket:
            raise ValueError("set RACEDAY_TAPE to the id of the bucket that the poller uploads to: it names none here")
        joined = asyncio.run(_pull(world, day, folder))
    except SettingsError as error:
        click.echo("raceday tape: " + "\n  ".join(error.problems), err=True)
        return 2
    except (ValueError, OSError, StoreError, httpx.HTTPError) as error:
        click.echo(f"raceday tape: {error}", err=True)
        return 2
    for line in joined.refused:
        click.echo(f"not whole: {line}")
    if not joined.objects:
        click.echo(f"nothing was uploaded on {day}")
        return 3
    for line in joined.missing[:10]:
        click.echo(f"not uploaded: {line}")
    if joined.missing:
        click.echo(f"{len(joined.missing)} of the ledger's {joined.polls} polls have no answer in any object")
    click.echo(f"{joined.objects} objects, {joined.answers} answers in {joined.path or 'no tape, for none is whole'}")
    return 1 if joined.refused or joined.missing else 0


async def _pull(world: LocalWorld, day: date, folder: Path) -> JoinedTape:
    transport = EmbeddedTransport(world.embedded) if world.embedded else None
    try:
        joined = await pull_day(world.settings, transport, day, folder)
        if joined.objects:
            await name_missing(joined, world.container("money-flow-tracker").store, day)
        return joined
    finally:
        await world.aclose()
