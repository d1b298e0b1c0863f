"""`./raceday logs`: what `up` and `invoke` logged on a store, with times."""

import asyncio
import time
from pathlib import Path

import click

from local import stores
from local.logfile import LineFilter, path_beside, read, written
from local.races import find_race
from local.world import open_world

LOOK_SECS = 0.5


def run(follow: bool, function: str | None, race: str | None, level: str, lines: int, store: str | None) -> int:
    """Print the lines that were asked for."""
    place = stores.present(store)
    stores.tell(place)
    path = path_beside(stores.beside(place))
    if not path.exists() and not follow:
        click.echo("raceday logs: nothing was logged there yet; `./raceday up` and `invoke` write it", err=True)
        return 3
    wanted = LineFilter(
        function or "", asyncio.run(_race(stores.readable(place), race)) if race is not None else "", level
    )
    end = _shown(path, wanted, 0, lines)
    while follow:
        time.sleep(LOOK_SECS)
        # A smaller file than before is a new one.
        end = _shown(path, wanted, end if path.exists() and path.stat().st_size >= end else 0)
    return 0


def _shown(path: Path, wanted: LineFilter, begin: int, last: int | None = None) -> int:
    """Print the wanted lines from an offset on, or the last of them; gives the offset after all."""
    if not path.exists():
        return 0
    found, end = [], begin
    for line, after in read(path, begin):
        end = after
        if wanted.has(line):
            found.append(line)
    for line in found if last is None else found[len(found) - min(last, len(found)) :]:
        click.echo(written(line))
    return end


async def _race(place: str, text: str) -> str:
    world = open_world("generated", place, lambda _: None)
    try:
        return await find_race(world.container("master-race-scheduler").store, text)
    finally:
        await world.aclose()
