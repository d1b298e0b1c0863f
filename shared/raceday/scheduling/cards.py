"""Whether a day's card is far smaller than that of the same weekday a week before: half a list is easily overlooked."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from appwrite.query import Query

from raceday.container import Container
from raceday.racing.nzday import race_day
from raceday.scheduling.tick import Tick
from raceday.tables import RACES

_RACES = "daily-races"
# A card of fewer than half the races is told, where there were enough of them to say so.
FEWER, LEAST = 2, 8
_WEEK = timedelta(days=7)


async def card(tick: Tick, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the races of today and of a week ago once today's are imported, read once a day while all is well."""
    run = tick.state.runs.get(_RACES)
    day = race_day(tick.at)
    if run is None or not run.finished or race_day(run.due) != day:
        return {}
    known = dict(before.get("card") or {})
    if known.get("day") == day.isoformat() and not is_small(known):
        return known
    same_day = known.get("day") == day.isoformat()
    then = known["week_ago"] if same_day else await _races(tick.container, day - _WEEK)
    return {"day": day.isoformat(), "races": await _races(tick.container, day), "week_ago": then}


def is_small(found: Mapping[str, Any]) -> bool:
    """Tell whether a card has fewer than half the races of a week ago."""
    return bool(found) and found["week_ago"] >= LEAST and FEWER * found["races"] < found["week_ago"]


async def _races(container: Container, day: date) -> int:
    return len(await container.store.find(RACES, [Query.equal("raceDateNz", day.isoformat())], select=("$id",)))
