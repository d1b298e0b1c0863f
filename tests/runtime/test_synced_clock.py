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
    """A Date as old as its answer took, one that cannot be read and none at all move nothing."""
    clock = SyncedClock(StillClock(NOW))
    hear(clock, date, took_secs=4.0)
    assert (clock.now(), clock.offset_secs) == (NOW, 0.0)


@pytest.mark.parametrize("off_secs", [-4, 4])
def test_a_clock_some_seconds_off_is_put_right(off_secs: int) -> None:
    """A clock that is seconds fast or slow would poll at other instants than it says: a prompt Date puts it right."""
    clock = SyncedClock(StillClock(NOW + timedelta(seconds=off_secs)))
    hear(clock, format_datetime(NOW, usegmt=True), took_secs=0.02)
    assert abs((clock.now() - NOW).total_seconds()) < 1
