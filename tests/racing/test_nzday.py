"""The NZ race day over the year, its clock changes included."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.nzday import day_limits, race_day


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        (date(2025, 7, 17), datetime(2025, 7, 16, 12, tzinfo=UTC), 24),
        (date(2025, 12, 25), datetime(2025, 12, 24, 11, tzinfo=UTC), 24),
        (date(2025, 9, 28), datetime(2025, 9, 27, 12, tzinfo=UTC), 23),
        (date(2026, 4, 5), datetime(2026, 4, 4, 11, tzinfo=UTC), 25),
    ],
)
def test_limits_follow_the_zone(day: date, begins: datetime, hours: int) -> None:
    """A day begins at NZ midnight and lasts 23 or 25 hours when the clocks change."""
    start, end = day_limits(day)
    assert start == begins
    assert end - start == timedelta(hours=hours)


def test_ten_past_midnight_is_the_new_day() -> None:
    """Ten minutes after midnight belong to the new date."""
    at = datetime(2025, 7, 17, 12, 10, tzinfo=UTC)
    assert race_day(at) == date(2025, 7, 18)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_every_instant_lies_in_the_limits_of_its_day(at: datetime) -> None:
    """An instant lies between the limits of its own race day and of no other."""
    start, end = day_limits(race_day(at))
    assert start <= at < end
    assert day_limits(race_day(at) + timedelta(days=1))[0] == end
