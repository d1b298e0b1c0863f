"""What a tick of the scheduler hands out: pure decisions from races, handed slots and the ledger's newest rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from raceday.racing.records import Gap, LedgerHead
from raceday.racing.schedule import (
    LONGEST_LIFE_SECS,
    Intervals,
    Slot,
    given_up_at,
    rechecks,
    slots_between,
)
from raceday.racing.snapshot import Status

# A tick at minute m hands out up to m+80 s: two slots in three lie on a whole minute, after a cold start.
REACH_SECS = 80
# What is this young may still be under way at a poller.
SETTLE_SECS = 3
# A trigger fires on the minute or after it, and clocks differ by seconds.
EARLY_SECS = 5
# What would expire while a poller starts is not worth starting one.
START_SECS = 2

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Race:
    """A race as the races table has it: advertised start, status, NZ race day, and when it was first stored."""

    race_id: str
    start: datetime
    status: Status
    imported_at: datetime | None = None
    meeting_id: str = ""
    day: str = ""
    has_entrants: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """One slot of one race to hand to a poller; `start` is the advertised start it was planned from."""

    race_id: str
    slot: Slot
    start: datetime

    @property
    def key(self) -> Key:
        """Return what tells it apart: race and slot, in epoch seconds."""
        return self.race_id, int(self.slot.at.timestamp())


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the limits of the slots that a tick hands out: from just now to 80 s after the minute began."""
    return now - timedelta(seconds=SETTLE_SECS), minute_of(now) + timedelta(seconds=REACH_SECS)


def minute_of(now: datetime) -> datetime:
    """Return the minute that a tick is for: a clock a little slow shows the last seconds of the minute before."""
    return (now + timedelta(seconds=EARLY_SECS)).replace(second=0, microsecond=0)


def fresh(
    races: Iterable[Race], intervals: Intervals, after: datetime, until: datetime, handed: Collection[Key]
) -> list[Due]:
    """Return the slots of unfinished races in a window that were not handed out yet, in order of time."""
    found = [
        Due(race.race_id, slot, race.start)
        for race in races
        for slot in slots_between(race.start, race.status, intervals, after, until)
    ]
    return in_order(due for due in found if due.key not in handed)


def missed(races: Iterable[Race], intervals: Intervals, now: datetime, committed: Collection[Key]) -> list[Due]:
    """Return the slots of unfinished races that came and went, are not in the ledger, and may still be polled.

    Slots before a race was stored were nobody's to poll.
    """
    since, until = now - timedelta(seconds=LONGEST_LIFE_SECS), now - timedelta(seconds=SETTLE_SECS)
    found = [
        Due(race.race_id, slot, race.start)
        for race in races
        for slot in slots_between(race.start, race.status, intervals, max(since, race.imported_at or since), until)
    ]
    return in_order(due for due in found if due.key not in committed and worth_starting(due, now))


def worth_starting(due: Due, now: datetime) -> bool:
    """Tell whether a poller started now can still poll a slot."""
    return due.slot.expires_at - now >= timedelta(seconds=START_SECS)


def is_brief(due: Due) -> bool:
    """Tell whether a slot's life ends before the tick after its own could hand it out: from T-5 on it does."""
    return due.slot.expires_at - due.slot.at < timedelta(seconds=30)


def in_order(found: Iterable[Due]) -> list[Due]:
    """Sort by time, then race."""
    return sorted(found, key=lambda due: (due.slot.at, due.race_id))


def finishes(over: Iterable[LedgerHead]) -> dict[str, datetime]:
    """Return for each race when a poll first saw it over, as the newest of its rows that are over says.

    A race that the scheduler closed without a poll that saw it over has no such time.
    """
    newest = {row.race_id: row for row in sorted(over, key=lambda row: row.n)}
    return {race_id: row.finished_at for race_id, row in newest.items() if row.finished_at is not None}


def due_rechecks(
    over: Sequence[LedgerHead], after: datetime, until: datetime, now: datetime, handed: Collection[Key]
) -> list[Due]:
    """Return the re-checks to hand out: new ones of the window, and earlier ones still alive."""
    committed = {(row.race_id, int(row.slot.timestamp())) for row in over}
    starts = {row.race_id: row.start for row in over}
    found = []
    for race_id, finished_at in finishes(over).items():
        for slot in rechecks(finished_at):
            due = Due(race_id, slot, starts[race_id])
            coming = after < slot.at < until and due.key not in handed
            overdue = slot.at <= now - timedelta(seconds=SETTLE_SECS) and worth_starting(due, now)
            if due.key not in committed and (coming or overdue):
                found.append(due)
    return in_order(found)


def owed_rechecks(over: Sequence[LedgerHead], now: datetime) -> dict[str, tuple[Gap, ...]]:
    """Return the re-checks that nobody made and no row tells of, once the last one of a race has expired."""
    known = {(row.race_id, slot) for row in over for slot in (row.slot, *row.gaps)}
    owed: dict[str, tuple[Gap, ...]] = {}
    for race_id, finished_at in finishes(over).items():
        slots = rechecks(finished_at)
        if now <= slots[-1].expires_at + timedelta(seconds=SETTLE_SECS):
            continue
        gaps = tuple(Gap(slot.at, "no_attempt") for slot in slots if (race_id, slot.at) not in known)
        if gaps:
            owed[race_id] = gaps
    return owed


def trailing_gaps(
    start: datetime, status: Status, intervals: Intervals, after: datetime, until: datetime, cause: str = "no_attempt"
) -> tuple[Gap, ...]:
    """Return the slots between a race's newest row and the one that closes it at `until`, as gaps.

    One that has not expired is a gap as well: whoever polls it now finds the closing row before it.
    """
    return tuple(Gap(slot.at, cause) for slot in slots_between(start, status, intervals, after, until))


def is_given_up(race: Race, now: datetime) -> bool:
    """Tell whether an unfinished race has had its six hours."""
    return now >= given_up_at(race.start)


def batches(dues: Sequence[Due], races_per_batch: int) -> list[list[Due]]:
    """Split slots into batches of at most so many races, all slots of a race in one."""
    by_race: dict[str, list[Due]] = {}
    for due in dues:
        by_race.setdefault(due.race_id, []).append(due)
    groups = list(by_race.values())
    parts = [groups[i : i + races_per_batch] for i in range(0, len(groups), races_per_batch)]
    return [in_order(due for group in part for due in group) for part in parts]


def lagging(newest: Mapping[str, int], stored: Mapping[str, int]) -> list[str]:
    """Return the races whose projection was made of an older row than the ledger's newest one with pools."""
    return sorted(race_id for race_id, n in newest.items() if stored.get(race_id, 0) < n)
