"""Every schedule of the suite: one trigger, each minute, drives all, for the platform allows three triggers."""

from typing import NamedTuple


class Schedule(NamedTuple):
    """One schedule: the function it starts at the UTC minutes that `cron` (its minute and hour fields) names.

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
        return all(field.isdigit() for field in self.cron.split()[:2])


DAILY_MEETINGS = Schedule("daily-meetings", "daily-meetings", "0 17 * * *")
DAILY_RACES = Schedule("daily-races", "daily-races", "10 17 * * *", after="daily-meetings")
DAILY_ENTRANTS = Schedule("daily-entrants", "daily-entrants", "20 17 * * *", after="daily-races")
REFRESH = Schedule("meetings-refresh", "daily-meetings", "*/15 * * * *", after="daily-meetings")
PRUNE = Schedule("prune", "master-race-scheduler", "40 17 * * *")
DATA_POLLER = Schedule("race-data-poller", "race-data-poller", "* 0-12,20-23 * * *", legacy=True)
BATCH_POLLER = Schedule("batch-race-poller", "batch-race-poller", "*/5 0-12,20-23 * * *", legacy=True)
SCHEDULES = (DAILY_MEETINGS, DAILY_RACES, DAILY_ENTRANTS, REFRESH, PRUNE, DATA_POLLER, BATCH_POLLER)
