"""Which schedules are due: each at its minute, made up when missed, and again when it did not finish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from raceday.catalogue.schedules import Schedule, read_cron

# A missed minute of a daily schedule is made up until so long after it, and not on the next day.
CATCH_UP = timedelta(hours=20)
# A schedule waits for the one before it; after this it starts all the same.
PATIENCE = timedelta(minutes=20)
# A run that has not finished after this long is started again.
RETRY_AFTER = timedelta(minutes=10)
MOST_TRIES = 20
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Run:
    """A schedule's run for one minute: when it was last started, how often, whether it finished, or stopped halfway."""

    name: str
    due: datetime
    started_at: datetime
    tries: int = 1
    started: bool = True
    finished: bool = False
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """A run to start now; `again` where an earlier start of the same minute did not finish."""

    schedule: Schedule
    due: datetime
    again: bool = False


def last_due(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the schedule's latest minute up to now that is not too old to be made up."""
    at = now.replace(second=0, microsecond=0)
    cron = read_cron(schedule.cron)
    if schedule.daily:
        at = at.replace(hour=min(cron.hours), minute=min(cron.minutes))
        at = at if at <= now else at - timedelta(days=1)
        return at if now - at < CATCH_UP else None
    reach = 1 if schedule.legacy else 15
    return next((t for k in range(reach) if cron.names(t := at - k * _MINUTE)), None)


def due_starts(now: datetime, runs: Mapping[str, Run], schedules: Sequence[Schedule]) -> list[Start]:
    """Return what is to be started now; `runs` holds the latest run of each schedule by name."""
    found = []
    for schedule in schedules:
        due = last_due(schedule, now)
        if due is None:
            continue
        run = runs.get(schedule.name)
        if run is None or run.due < due:
            if not _held_back(schedule, due, now, runs):
                found.append(Start(schedule, due))
        elif _unfinished(schedule, run, now):
            found.append(Start(schedule, run.due, again=True))
    return found


def _held_back(schedule: Schedule, due: datetime, now: datetime, runs: Mapping[str, Run]) -> bool:
    """Tell whether a schedule still waits for the one before it, which delays it but never cancels it."""
    if not schedule.after or now - due >= PATIENCE:
        return False
    before = runs.get(schedule.after)
    if before is None or (not schedule.daily and before.due >= due):
        # Nothing to refresh before the first import, nor at the minute of the import itself.
        return True
    return now - before.due < timedelta(days=1) and not before.finished


def _unfinished(schedule: Schedule, run: Run, now: datetime) -> bool:
    if run.finished or not schedule.daily or run.tries >= MOST_TRIES:
        return False
    # A run that was announced but never started was cut off in between.
    wait = RETRY_AFTER if run.started and not run.stalled else 2 * _MINUTE
    return now - run.started_at >= wait
