"""Slots that passed without a poll and that no ledger row tells of yet, from one place for all pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from raceday.racing.schedule import Intervals, slots_between
from raceday.racing.snapshot import Status

BACK = timedelta(hours=2)
# A poll that began at its slot's last moment is committed within this.
COMMITTED_WITHIN = timedelta(seconds=5)
UNTOLD = "not told yet"


class MissedSlot(NamedTuple):
    """One slot without a poll; `cause` is a word of the table of causes, empty where nothing tells it yet."""

    slot: datetime
    race: str
    cause: str = ""

    @property
    def why(self) -> str:
        """Return the cause for people."""
        return self.cause.replace("_", " ") or UNTOLD


def missing_slots(
    race: str,
    start: datetime,
    status: Status | None,
    intervals: Intervals,
    since: datetime,
    now: datetime,
    failed: Mapping[tuple[str, datetime], str],
) -> tuple[MissedSlot, ...]:
    """Return the slots after `since` whose time is over; `failed` has the causes that the log tells."""
    passed = slots_between(start, status, intervals, max(since, now - BACK), now)
    gone = [slot.at for slot in passed if slot.expires_at + COMMITTED_WITHIN < now]
    return tuple(MissedSlot(slot, race, failed.get((race, slot), "")) for slot in gone)


def causes_of(missing: Sequence[MissedSlot]) -> str:
    """Name the causes that are known, each once; nothing where none is."""
    return ", ".join(dict.fromkeys(each.why for each in missing if each.cause))
