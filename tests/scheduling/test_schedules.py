"""The table of schedules: their minutes, and when each is started again."""

from datetime import UTC, datetime, timedelta

import pytest

from raceday.catalogue.functions import NAMES
from raceday.catalogue.schedules import DAILY_MEETINGS, DAILY_RACES, REFRESH, SCHEDULES, Schedule, read_cron
from raceday.scheduling.schedules import Run, due_starts, last_due

EVE = datetime(2026, 2, 13, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "at", "named"),
    [
        ("0 17 * * *", "17:00", True),
        ("0 17 * * *", "17:01", False),
        ("*/15 * * * *", "03:45", True),
        ("*/15 * * * *", "03:46", False),
        ("* 0-12,20-23 * * *", "12:59", True),
        ("* 0-12,20-23 * * *", "13:00", False),
        ("*/5 0-12,20-23 * * *", "20:05", True),
    ],
)
def test_cron_fields(cron: str, at: str, named: bool) -> None:
    """Minute and hour fields take numbers, stars, steps, ranges and lists."""
    hour, minute = map(int, at.split(":"))
    assert read_cron(cron).names(EVE.replace(hour=hour, minute=minute)) is named


@pytest.mark.parametrize(("weekday", "named"), [("5", True), ("6", False), ("0-4", False), ("*", True)])
def test_cron_names_days_too(weekday: str, named: bool) -> None:
    """The day fields count as well: the thirteenth of February 2026 is a Friday, which is 5."""
    assert read_cron(f"0 17 13 2 {weekday}").names(EVE) is named
    assert not read_cron(f"0 17 14 2 {weekday}").names(EVE)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_a_schedule_is_one_that_the_scheduler_can_follow(schedule: Schedule) -> None:
    """A schedule starts a function that there is, at minutes that can be read, under a name of its own."""
    assert [other.name for other in SCHEDULES].count(schedule.name) == 1
    assert schedule.function in NAMES
    assert schedule.name == schedule.function or schedule.name not in NAMES
    assert not schedule.after or schedule.after in {other.name for other in SCHEDULES}
    assert read_cron(schedule.cron).minutes


def test_a_daily_minute_is_made_up_for_hours_and_not_for_a_day() -> None:
    """A daily run that was missed is still due in the morning, and no more shortly before the next one."""
    assert last_due(DAILY_MEETINGS, EVE + timedelta(hours=12)) == EVE
    assert last_due(DAILY_MEETINGS, EVE + timedelta(hours=23, minutes=58)) is None


def test_a_finished_run_is_not_started_again() -> None:
    """A run that finished stays finished; one that did not is started again after a while."""
    done = {"daily-meetings": Run("daily-meetings", EVE, EVE, finished=True)}
    assert due_starts(EVE + timedelta(minutes=9), done, [DAILY_MEETINGS]) == []
    open_run = {"daily-meetings": Run("daily-meetings", EVE, EVE)}
    assert due_starts(EVE + timedelta(minutes=9), open_run, [DAILY_MEETINGS]) == []
    again = due_starts(EVE + timedelta(minutes=10), open_run, [DAILY_MEETINGS])
    assert [start.again for start in again] == [True]


def test_an_announced_run_that_never_started_is_started() -> None:
    """A run that was claimed by a scheduler that then died starts two minutes later."""
    claimed = {"daily-meetings": Run("daily-meetings", EVE, EVE, started=False)}
    assert due_starts(EVE + timedelta(minutes=1), claimed, [DAILY_MEETINGS]) == []
    assert len(due_starts(EVE + timedelta(minutes=2), claimed, [DAILY_MEETINGS])) == 1


def test_a_successor_waits_and_then_goes_on() -> None:
    """A schedule waits for the one before it to finish, for twenty minutes at most."""
    open_run = {"daily-meetings": Run("daily-meetings", EVE, EVE, tries=20)}
    at = EVE + timedelta(minutes=10)
    assert due_starts(at, open_run, [DAILY_RACES]) == []
    assert len(due_starts(at + timedelta(minutes=20), open_run, [DAILY_RACES])) == 1


def test_nothing_is_refreshed_before_the_first_import() -> None:
    """The refresh of the meetings waits for the day's import, and is not made at its very minute."""
    assert due_starts(EVE, {}, [REFRESH]) == []
    done = {"daily-meetings": Run("daily-meetings", EVE, EVE, finished=True)}
    assert due_starts(EVE + timedelta(minutes=1), done, [REFRESH]) == []
    assert len(due_starts(EVE + timedelta(minutes=15), done, [REFRESH])) == 1


def test_names_are_unique() -> None:
    """No two schedules share a name, and each predecessor is one of them."""
    names = [s.name for s in SCHEDULES]
    assert len(set(names)) == len(names)
    assert all(s.after in names for s in SCHEDULES if s.after)
