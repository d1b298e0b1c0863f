"""A race as people name it: its id, a unique beginning of the id, or its course and number."""

import difflib
import re
from datetime import datetime

from appwrite.query import Query

from local.failures import NoSuchRace
from raceday.clock import iso
from raceday.store.port import Row, Store
from raceday.tables import MEETINGS, RACE_POLLS, RACES

# Newest first; who wants a race of longer ago has its id.
MOST_RACES = 2000
COLUMNS = ("$id", "raceId", "meetingId", "raceNumber", "name", "startTime", "status", "raceDateNz")
_NUMBERED = re.compile(r"(?P<course>.*\S)\s+(?:r|race)\s*(?P<number>\d{1,2})", re.IGNORECASE)


async def find_race(store: Store, text: str) -> str:
    """Return the id of the race that `text` names; the newest where a course has it on several days.

    Raises NoSuchRace with what would do.
    """
    wanted = text.strip()
    if wanted and await _known(store, wanted):
        return wanted
    races = await store.find(RACES, [Query.order_desc("startTime")], limit=MOST_RACES, select=COLUMNS)
    if named := _NUMBERED.fullmatch(wanted):
        return await _by_course(store, races, named["course"], int(named["number"]))
    found = [row["$id"] for row in races if wanted and row["$id"].startswith(wanted.lower())]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise NoSuchRace(f"{text!r} begins {len(found)} races' ids: {', '.join(found[:3])} ...; give more of it")
    raise NoSuchRace(
        f'there is no race {text!r}: expected an id, its beginning, or course and number as "Bulloo Heights R3"; '
        "`./raceday status --ids` lists them"
    )


async def next_name(store: Store, after: datetime) -> str:
    """Return the next race to start as people name it; nothing where the store has none."""
    queries = [Query.greater_than("startTime", iso(after)), Query.order_asc("startTime")]
    races = await store.find(RACES, queries, limit=1, select=COLUMNS)
    if not races:
        return ""
    meeting = await store.get(MEETINGS, str(races[0]["meetingId"]), select=("$id", "meetingName"))
    return f"{meeting['meetingName']} R{races[0]['raceNumber']}" if meeting else str(races[0]["$id"])


async def _known(store: Store, race_id: str) -> bool:
    """Tell whether the store has a race under this id, or its polls alone."""
    if await store.get(RACES, race_id, select=("$id",)) is not None:
        return True
    polls = await store.find(RACE_POLLS, [Query.equal("raceId", [race_id])], limit=1, select=("$id",))
    return bool(polls)


async def _by_course(store: Store, races: list[Row], course: str, number: int) -> str:
    meetings = {row["$id"]: str(row["meetingName"]) for row in await store.find(MEETINGS)}
    names = {name.lower(): name for row in races if (name := meetings.get(row["meetingId"] or ""))}
    matching = {name for name in names if name.startswith(course.lower())}
    exact = {course.lower()} & matching
    chosen = exact or matching
    if len(chosen) != 1:
        near = sorted(matching) or difflib.get_close_matches(course.lower(), names, n=3, cutoff=0.5)
        hint = f"; near: {', '.join(names[name] for name in near[:3])}" if near else ""
        raise NoSuchRace(f"{'no one' if matching else 'no'} course of the store is {course!r}{hint}")
    there = [row for row in races if meetings.get(row["meetingId"] or "", "").lower() in chosen]
    for row in there:
        if row["raceNumber"] == number:
            return str(row["$id"])
    numbers = sorted({row["raceNumber"] for row in there})
    raise NoSuchRace(f"{names[min(chosen)]} has no race {number}: its races are {numbers[0]} to {numbers[-1]}")
