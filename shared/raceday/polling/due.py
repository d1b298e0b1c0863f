"""Which slots are due around an instant, by the stored races alone: for callers that name none."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from appwrite.query import Query

from raceday.clock import instant, iso
from raceday.container import Container
from raceday.polling.outcome import Order
from raceday.racing.schedule import LONGEST_LIFE_SECS, Intervals, slots_between
from raceday.racing.snapshot import Status
from raceday.store.port import Row
from raceday.tables import RACES

# Races that may still have slots: from six hours after their start, when they are given up, to a day ahead of it.
_BEHIND, _AHEAD = timedelta(hours=6, minutes=10), timedelta(hours=24)
_SLOT_LIFE = timedelta(seconds=LONGEST_LIFE_SECS, milliseconds=1)
_TICK = timedelta(milliseconds=1)


async def running(container: Container, now: datetime) -> list[Row]:
    """Return the stored races that may have slots at `now`."""
    return await container.store.find(
        RACES,
        [
            Query.equal("status", [s.value for s in Status if not s.over]),
            Query.between("startTime", iso(now - _BEHIND), iso(now + _AHEAD)),
        ],
        select=("$id", "startTime", "status"),
    )


def orders(container: Container, rows: Iterable[Row], now: datetime, until: datetime) -> list[Order]:
    """Return the slots of these races that may still be polled at `now` or come up by `until`, race by race."""
    intervals = Intervals.of(container.settings)
    return [order for row in rows for order in _of_race(row, intervals, now, until)]


def _of_race(row: Row, intervals: Intervals, now: datetime, until: datetime) -> list[Order]:
    start = instant(row["startTime"])
    slots = slots_between(start, Status(row["status"]), intervals, now - _SLOT_LIFE, until + _TICK)
    return [Order(row["$id"], slot.at, slot.kind, start, now) for slot in slots if slot.expires_at >= now]
