"""Days and times of day as a person gives them: what New Zealand's clocks show on a day."""

from datetime import UTC, date, datetime, time

from raceday.racing.nzday import nz_zone

# Appwrite has no instant of an earlier year.
FIRST_YEAR = 1000


def day_given(text: str) -> date:
    """Read a date; raises ValueError for what is none, and for a year that the store cannot hold."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a date as YYYY-MM-DD, got {text!r}") from None
    if day.year < FIRST_YEAR:
        raise ValueError(f"expected a date of the year {FIRST_YEAR} or later, got {text!r}")
    return day


def on_the_clock(day: date, clock: time) -> datetime:
    """Return the instant at which New Zealand's clocks show a time on a day.

    Raises ValueError for a time with an offset, and on the nights that clocks change where no instant has it, or two.
    """
    if clock.tzinfo is not None:
        raise ValueError(f"expected a time in New Zealand without an offset, or a date before it, got {clock}")
    zone = nz_zone()
    first, second = (datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).time() != clock:
        raise ValueError(f"expected a time that New Zealand's clocks show on {day}: {clock} is left out that night")
    if first != second:
        raise ValueError(f"expected one instant: {clock} comes twice on {day}, at {first:%H:%MZ} and {second:%H:%MZ}")
    return first
