"""What a race day must have polled, counted with arithmetic of its own from what the feed served.

Nothing here imports the engine's schedule: an error there would otherwise agree with itself.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

MARK_SECS = 15
MINUTE = timedelta(minutes=1)
OVER = ("Final", "Abandoned")
RECHECK_MINUTES = (5, 15, 30)
GIVEN_UP = timedelta(hours=6)
# What the scheduler has handed out already when it learns of something new: slots up to 80 s after the minute.
ON_THE_WAY = timedelta(seconds=150)


class Chosen(Protocol):
    """What settings say of intervals."""

    @property
    def near_interval_secs(self) -> int: ...

    @property
    def last_interval_secs(self) -> int: ...


class Every(NamedTuple):
    """The two intervals that settings choose, in seconds: from T-5 to T-3, and from T-3 to the start."""

    near_secs: int = 30
    last_secs: int = 30

    @classmethod
    def of(cls, settings: Chosen) -> "Every":
        """Take the intervals out of a suite's settings."""
        return cls(settings.near_interval_secs, settings.last_interval_secs)


PLAIN = Every()


class FeedView(Protocol):
    """What the feed serves of one race at an instant."""

    def status(self, race_id: str, at: datetime) -> str: ...

    def list_status(self, race_id: str, at: datetime) -> str: ...

    def start(self, race_id: str, at: datetime) -> datetime: ...

    def there(self, race_id: str, at: datetime) -> bool: ...


@dataclass(slots=True)
class Expected:
    """One race's slots: `sure` must be committed, `either` may be, for the suite learned of a change in their midst.

    Of `either` those in `over` would see the race over: the first of them that is committed is re-checked. Those
    `passed` by while pollers were paused need no poll, and the next row tells of them. `lives` has the seconds that
    each sure slot and re-check lives, by the start and status that were known when it was due.
    """

    sure: set[datetime] = field(default_factory=set)
    lives: dict[datetime, float] = field(default_factory=dict)
    either: set[datetime] = field(default_factory=set)
    rechecks: set[datetime] = field(default_factory=set)
    over: set[datetime] = field(default_factory=set)
    passed: set[datetime] = field(default_factory=set)
    finished: datetime | None = None


def interval_at(start: datetime, status: str, at: datetime, every: Every) -> tuple[int, int] | None:
    """Return the interval in force at an instant, and an instant of its grid, both in seconds, the latter before start.

    None where a race that never finished is given up.
    """
    left = (start - at).total_seconds()
    if left > 3900:
        return 1800, 3900
    if left > 180 and status in ("Closed", "Interim"):
        return 30, 180
    if left > 300:
        return 150, 3900
    if left > 180:
        return every.near_secs, 300
    if left > 0:
        return every.last_secs, 180
    if left > -3600:
        return 30, 0
    return (300, -3600) if left > -GIVEN_UP.total_seconds() else None


def on_grid(start: datetime, status: str, at: datetime, every: Every = PLAIN) -> bool:
    """Tell whether a race with this advertised start and status is to be polled exactly at an instant."""
    found = interval_at(start, status, at, every)
    return found is not None and (found[1] - (start - at).total_seconds()) % found[0] == 0


def life_secs(start: datetime, status: str, at: datetime, every: Every) -> float:
    """Return how long a slot lives: half its interval, a minute at most."""
    found = interval_at(start, status, at, every)
    return 60 if found is None else min(60, found[0] / 2)


def marks(begin: datetime, end: datetime, every: Every = PLAIN) -> Iterator[datetime]:
    """Return the instants at which the feed refreshes, and those at which a slot may lie, between two of them."""
    step = math.gcd(MARK_SECS, *every)
    secs = -(-begin.timestamp() // step) * step
    at = datetime.fromtimestamp(secs, begin.tzinfo)
    while at <= end:
        yield at
        at += timedelta(seconds=step)


def expect(
    served: FeedView,
    race_id: str,
    lists: Sequence[datetime],
    end: datetime,
    *,
    every: Every = PLAIN,
    passed: Callable[[datetime], bool] = lambda at: False,
    shown: Callable[[datetime], datetime | None] = lambda at: at,
) -> Expected:
    """Count one race's slots up to `end`; `lists` are the instants at which meeting lists were served.

    The suite knows of a race from the first list that has it, and learns of changes from its own polls and from lists;
    a slot that was `passed` by while pollers were paused tells it nothing. A slot tells what was served at the instant
    that it was `shown`, nothing where it has no answer.
    """
    found = Expected()
    known = next((at for at in lists if served.there(race_id, at)), None)
    if known is None:
        return found
    first_tick = (known + MINUTE).replace(second=0, microsecond=0)
    start, status = served.start(race_id, known), served.list_status(race_id, known)
    if status in OVER:
        return found
    later = [at for at in lists if at > known]
    unsettled = known
    for at in marks(known, end, every):
        while later and later[0] <= at:
            told = later.pop(0)
            if served.list_status(race_id, told) == "Abandoned":
                found.either |= {s for s in marks(told, told + ON_THE_WAY, every) if on_grid(start, status, s, every)}
                there = {s for s in found.either if s >= told and served.there(race_id, s)}
                found.over = {s for s in there if served.status(race_id, s) in OVER}
                return found
            if served.start(race_id, told) != start:
                moved = served.start(race_id, told)
                found.either |= {s for s in marks(told, told + ON_THE_WAY, every) if on_grid(start, status, s, every)}
                start, unsettled = moved, told
        if at >= start + GIVEN_UP:
            return found
        if not on_grid(start, status, at, every) or not served.there(race_id, at):
            continue
        if passed(at):
            found.passed.add(at)
            continue
        if at < max(first_tick, unsettled + MINUTE) and at - unsettled < 2 * MINUTE:
            found.either.add(at)
        else:
            found.sure.add(at)
            found.lives[at] = life_secs(start, status, at, every)
        seen = shown(at)
        if seen is None:
            continue
        start, status = served.start(race_id, seen), served.status(race_id, seen)
        if status in OVER:
            found.finished = at
            found.rechecks = {s for s in rechecks_after(at) if served.there(race_id, s) and s <= end}
            found.lives |= dict.fromkeys(found.rechecks, 60)
            found.either -= found.sure
            return found
    return found


def rechecks_after(finished: datetime) -> set[datetime]:
    """Return the slots at which a race is looked at again, from the slot that first saw it over."""
    return {finished + timedelta(minutes=m) for m in RECHECK_MINUTES}
