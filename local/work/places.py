"""The stores that commands read whole: a file of the embedded store, or the environment's Appwrite."""

import re
from pathlib import Path

from local.failures import NoSuchRace
from local.races import find_race
from local.tape.replay import Rows
from local.tape.stored import read_rows
from local.world import is_date, open_world
from raceday.tables import RACES

WRITTEN_AS_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


async def read_named(place: str, text: str) -> tuple[Rows, list[str]]:
    """Return a store's tables, and the ids of the races that a text names: one race, or all of a race day.

    Raises FileNotFoundError where there is no such file, NoSuchRace for what names none.
    """
    if WRITTEN_AS_DATE.fullmatch(text) and not is_date(text):
        raise NoSuchRace(f"{text} is no date of the calendar")
    rows = await read_place(place)
    if is_date(text):
        day = [row for row in rows.get(RACES, {}).values() if row.get("raceDateNz") == text]
        if not day:
            raise NoSuchRace(f"the store has no races of {text}")
        return rows, [row["$id"] for row in sorted(day, key=lambda row: (row["startTime"], row["$id"]))]
    world = open_world("generated", place, lambda _: None)
    try:
        return rows, [await find_race(world.container("money-flow-tracker").store, text)]
    finally:
        await world.aclose()


async def read_place(place: str) -> Rows:
    """Return every table of an embedded store's file, or of the environment's Appwrite for `env`.

    Raises FileNotFoundError where there is no such file.
    """
    if place != "env" and not Path(place).exists():  # noqa: ASYNC240
        raise FileNotFoundError(f"there is no store at {place}")
    world = open_world("generated", place, lambda _: None)
    try:
        return await read_rows(world.container("money-flow-tracker").store)
    finally:
        await world.aclose()
