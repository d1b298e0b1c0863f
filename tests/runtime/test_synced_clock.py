"""A container's clock put right by what servers tell."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from raceday.clock import SyncedClock, hear
from tests.poll_kit import StillClock

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("off", [-300, 300, 3600])
def test_a_clock_minutes_off_follows_the_servers_date(off: int) -> None:
    """A clock minutes off is within a second of the server's after one answer."""
    clock = SyncedClock(StillClock(NOW + timedelta(seconds=off)))
    hear(clock, format_datetime(NOW, usegmt=True))
    assert abs(clock.now() - NOW) <= timedelta(seconds=1)


@pytest.mark.parametrize("date", [None, "", "soon", format_datetime(NOW - timedelta(seconds=4), usegmt=True)])
def test_a_right_clock_is_left_alone(date: str | None) -> None:
    """A Date of some seconds ago, one that cannot be read and none at all move nothing."""
    clock = SyncedClock(StillClock(NOW))
    hear(clock, date)
    assert (clock.now(), clock.offset_secs) == (NOW, 0.0)
