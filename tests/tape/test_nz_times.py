"""A time of day that a person gives is one instant, or it is refused."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.nz_times import on_the_clock
from raceday.racing.nzday import nz_zone

# Clocks go back at three on the first of these nights and forward at two on the second.
BACK, FORWARD = date(2026, 4, 5), date(2026, 9, 27)


@given(st.dates(date(2000, 1, 1), date(2035, 12, 31)), st.times())
def test_a_time_is_what_the_clocks_show_then_or_refused(day: date, clock: time) -> None:
    """Whatever is taken reads as it was given, on that day, in New Zealand."""
    try:
        at = on_the_clock(day, clock)
    except ValueError:
        assert clock.hour == 2
        return
    assert at.astimezone(nz_zone()).replace(tzinfo=None) == datetime.combine(day, clock)


@pytest.mark.parametrize(
    ("day", "clock", "said"),
    [
        (BACK, time(2, 30), "comes twice on 2026-04-05, at 13:30Z and 14:30Z"),
        (FORWARD, time(2, 30), "is left out that night"),
        (BACK, time(14, 5, tzinfo=UTC), "without an offset"),
    ],
)
def test_a_time_of_no_instant_or_of_two_is_refused(day: date, clock: time, said: str) -> None:
    """Neither of two is chosen, none is made up, and an offset is not overheard."""
    with pytest.raises(ValueError, match=said):
        on_the_clock(day, clock)


def test_a_time_outside_the_doubled_hour_is_taken_on_those_nights() -> None:
    """The hours around the change are one instant each."""
    assert on_the_clock(BACK, time(1, 59)) == datetime(2026, 4, 4, 12, 59, tzinfo=UTC)
    assert on_the_clock(BACK, time(3)) == datetime(2026, 4, 4, 15, 0, tzinfo=UTC)
    assert on_the_clock(FORWARD, time(3)) == datetime(2026, 9, 26, 14, 0, tzinfo=UTC)
