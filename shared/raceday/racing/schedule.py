"""When a race is polled: a pure function of its advertised start and status.

The grid is anchored at the start, so that each label of the timeline has a slot exactly on it and a moved start moves
every later slot with it. Which label a poll serves follows from its slot, never from when the answer came.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from raceday.racing.snapshot import Status
from raceday.settings import Settings

BASELINE_SECS = 1800
FAR_SECS = 150
SLOW_SECS = 300
# Of a race that is Closed or Interim, or past its advertised start: until it is Final.
RUNNING_SECS = 30
NEAR_FROM_SECS = 65 * 60
T5_SECS = 5 * 60
T3_SECS = 3 * 60
SLOW_AFTER_SECS = 60 * 60
GIVE_UP_SECS = 6 * 60 * 60
RECHECK_MINUTES = (5, 15, 30)
LONGEST_LIFE_SECS = 60

Zone = tuple[int | None, int, int]


class Intervals(NamedTuple):
    """The two intervals that settings choose, in seconds: T-5 to T-3, and T-3 to the start. Both divide 60."""

    near_secs: int = 30
    last_secs: int = 30

    @classmethod
    def of(cls, settings: Settings) -> "Intervals":
        """Take the intervals out of the settings."""
        return cls(settings.near_interval_secs, settings.last_interval_secs)


class Slot(NamedTuple):
    """One instant at which a race is to be polled; `interval_secs` reaches to the next one. `kind`: slot or recheck."""

    at: datetime
    kind: str
    interval_secs: int

    @property
    def expires_at(self) -> datetime:
        """Return the last instant at which it may still be polled: half its interval, 60 s at most."""
        return self.at + timedelta(seconds=min(self.interval_secs / 2, LONGEST_LIFE_SECS))


def zones(status: Status | None, intervals: Intervals) -> tuple[Zone, ...]:
    """Return the stretches of equal interval as (from, to, interval), in seconds after the start, in order of time.

    The first reaches back without end (from is None); its last slot lies one interval before its own end.
    A race that is Closed or Interim is polled like one that runs, from T-65 on.
    """
    tail: tuple[Zone, ...] = (
        (-T3_SECS, 0, intervals.last_secs),
        (0, SLOW_AFTER_SECS, RUNNING_SECS),
        (SLOW_AFTER_SECS, GIVE_UP_SECS, SLOW_SECS),
    )
    if status in (Status.CLOSED, Status.INTERIM):
        middle: tuple[Zone, ...] = ((-NEAR_FROM_SECS, -T3_SECS, RUNNING_SECS),)
    else:
        middle = ((-NEAR_FROM_SECS, -T5_SECS, FAR_SECS), (-T5_SECS, -T3_SECS, intervals.near_secs))
    return ((None, -NEAR_FROM_SECS, BASELINE_SECS), *middle, *tail)


def slots_between(
    start: datetime,
    status: Status | None,
    intervals: Intervals,
    after: datetime,
    until: datetime,
    finished_at: datetime | None = None,
) -> Iterator[Slot]:
    """Return the slots strictly after `after` and before `until`, in order.

    A race that is over has none but its re-checks, which count from `finished_at`, the slot that first saw it so.
    """
    if status is not None and status.over:
        yield from (s for s in rechecks(finished_at) if after < s.at < until)
        return
    for begin, end, step in zones(status, intervals):
        last = min(until, start + timedelta(seconds=end))
        origin = start + timedelta(seconds=end if begin is None else begin)
        width = timedelta(seconds=step)
        k = (after - origin) // width + 1
        if begin is not None:
            k = max(0, k)
        while (at := origin + k * width) < last:
            yield Slot(at, "slot", step)
            k += 1


def rechecks(finished_at: datetime | None) -> tuple[Slot, ...]:
    """Return the slots that look for corrected results after a race was first seen to be over."""
    if finished_at is None:
        return ()
    life = 2 * LONGEST_LIFE_SECS
    return tuple(Slot(finished_at + timedelta(minutes=m), "recheck", life) for m in RECHECK_MINUTES)


def slot_at(
    start: datetime,
    status: Status | None,
    intervals: Intervals,
    at: datetime,
    finished_at: datetime | None = None,
) -> Slot | None:
    """Return the slot that lies exactly at an instant, None where the plan has none there."""
    tick = timedelta(microseconds=1)
    return next(slots_between(start, status, intervals, at - tick, at + tick, finished_at), None)


def given_up_at(start: datetime) -> datetime:
    """Return the instant at which a race that never finished is given up."""
    return start + timedelta(seconds=GIVE_UP_SECS)


def request_slot(at: datetime) -> datetime:
    """Return the slot of a poll asked for between slots: its time floored to the feed's refresh of 15 s."""
    return at.replace(microsecond=0, second=at.second // 15 * 15)
