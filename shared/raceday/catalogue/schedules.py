"""Every schedule of the suite: one trigger, each minute, drives all, for the platform allows three triggers."""

import re
from datetime import datetime
from functools import cache
from typing import NamedTuple

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 6))
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")


class Cron(NamedTuple):
    """A cron expression as the platform takes it: the numbers that each of its five fields names, in UTC."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def names(self, at: datetime) -> bool:
        """Tell whether a minute is named; Sunday is weekday 0."""
        found = (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7)
        return all(value in field for value, field in zip(found, self, strict=True))


@cache
def read_cron(expression: str) -> Cron:
    """Read five numeric fields; ValueError, naming the field, for what the platform would not take."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected five fields (minute hour day month weekday), found {len(fields)}")
    return Cron(*(_field(text, *limits) for text, limits in zip(fields, _FIELDS, strict=True)))


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    try:
        return frozenset(number for part in text.split(",") for number in _part(part, low, high))
    except ValueError as error:
        raise ValueError(f"{name} {text!r}: {error}") from None


def _part(part: str, low: int, high: int) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError("expected numbers, ranges, lists, steps or *; names, @, L, ? and # are refused")
    first, last, step = (None if group is None else int(group) for group in match.groups())
    if any(number is not None and not low <= number <= high for number in (first, last)):
        raise ValueError(f"expected {low} to {high}")
    # A number with a step counts from there on.
    end = last if last is not None else high if first is None or step is not None else first
    span = range(low if first is None else first, end + 1)
    if not span:
        raise ValueError("the range runs backwards")
    # The platform takes a step only where it divides the range evenly; elsewhere the trigger never fires as written.
    if step is not None and (step == 0 or len(span) % step):
        raise ValueError(f"a step has to divide its range of {len(span)} evenly")
    return span[:: step or 1]


class Schedule(NamedTuple):
    """One schedule: the function it starts at the UTC minutes that `cron` names.

    `after` is the schedule whose run it waits for; `legacy` ones run only when the settings say so.
    """

    name: str
    function: str
    cron: str
    after: str = ""
    legacy: bool = False

    @property
    def daily(self) -> bool:
        """Tell whether it has one minute a day."""
        minutes, hours, *_ = read_cron(self.cron)
        return len(minutes) == len(hours) == 1


DAILY_MEETINGS = Schedule("daily-meetings", "daily-meetings", "0 17 * * *")
DAILY_RACES = Schedule("daily-races", "daily-races", "10 17 * * *", after="daily-meetings")
DAILY_ENTRANTS = Schedule("daily-entrants", "daily-entrants", "20 17 * * *", after="daily-races")
REFRESH = Schedule("meetings-refresh", "daily-meetings", "*/15 * * * *", after="daily-meetings")
PRUNE = Schedule("prune", "master-race-scheduler", "40 17 * * *")
DATA_POLLER = Schedule("race-data-poller", "race-data-poller", "* 0-12,20-23 * * *", legacy=True)
BATCH_POLLER = Schedule("batch-race-poller", "batch-race-poller", "*/5 0-12,20-23 * * *", legacy=True)
SCHEDULES = (DAILY_MEETINGS, DAILY_RACES, DAILY_ENTRANTS, REFRESH, PRUNE, DATA_POLLER, BATCH_POLLER)
