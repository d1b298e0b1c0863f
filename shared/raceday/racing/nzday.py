"""The NZ race day: the calendar date in New Zealand under which the feed lists its meetings."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo


@cache
def nz_zone() -> ZoneInfo:
    """Return New Zealand's time zone; read on first use, as most activations never ask."""
    return ZoneInfo("Pacific/Auckland")


def race_day(at: datetime) -> date:
    """Return the NZ date of an aware instant."""
    return at.astimezone(nz_zone()).date()


def day_limits(day: date) -> tuple[datetime, datetime]:
    """Return the UTC instants at which an NZ date begins and ends: 23 or 25 hours apart when clocks change.

    An Australian night meeting belongs to its meeting's date, although its last races start after the end.
    """
    return _midnight(day), _midnight(day + timedelta(days=1))


def nz_clock(at: datetime) -> str:
    """Return an instant as people say it in New Zealand, with its zone: 14:05 NZDT."""
    return at.astimezone(nz_zone()).strftime("%H:%M %Z")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), nz_zone()).astimezone(UTC)
