"""Which slots are due around an instant, by the stored races alone: for callers that name none."""

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


def orders(container: Container, row: Row, now: datetime, until: datetime) -> list[Order]:
    """Return a race's slots that may still be polled at `now` or come up by `until`."""
    start = instant(row["startTime"])
    intervals = Intervals.of(container.settings)
    slots = slots_between(start, Status(row["status"]), intervals, now - _SLOT_LIFE, until + _TICK)
    return [Order(row["$id"], slot.at, slot.kind, start, now) for slot in slots if slot.expires_at >= now]
