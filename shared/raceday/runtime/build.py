"""Makes the one container of a deployed process from its environment."""

import sys
from datetime import date

from raceday.clock import Clock, SyncedClock, SystemClock
from raceday.container import Container, NoHeartbeat
from raceday.errors import PayloadError, SettingsError
from raceday.feed.port import Feed
from raceday.ids import RandomSource, SystemRandomSource
from raceday.log import Log
from raceday.racing.snapshot import FormerRace, MeetingEntry, Snapshot, Status
from raceday.runtime.alarm import PostAlarm
from raceday.runtime.heartbeat import PostHeartbeat
from raceday.runtime.invoke import PlatformInvoker
from raceday.settings import FEED, Settings, read_settings
from raceday.store.client import make_store

_NO_FEED = "this function asks the feed without needing its settings"


class NoFeed:
    """Stands for the feed in a function that has no settings for it; asking it is a mistake of ours."""

    async def meetings(self, day: date, unreadable: list[PayloadError] | None = None) -> list[MeetingEntry]:
        """Refuse."""
        raise SettingsError([_NO_FEED])

    async def meeting(self, meeting_id: str) -> MeetingEntry:
        """Refuse."""
        raise SettingsError([_NO_FEED])

    async def event(
        self, race_id: str, status: Status | None = None, *, urgent: bool = False, known: FormerRace | None = None
    ) -> Snapshot:
        """Refuse."""
        raise SettingsError([_NO_FEED])


def _feed(settings: Settings, clock: Clock, chance: RandomSource, log: Log) -> Feed:
    # The feed's models bring pydantic, which is half of an import: functions without a feed start without it.
    from raceday.feed.client import make_feed

    return make_feed(settings, clock, chance, log)


def build_container(needs: frozenset[str]) -> Container:
    """Read the settings that `needs` names and make the clients; raises SettingsError with every problem at once."""
    settings = read_settings(needs=needs)
    clock, chance = SyncedClock(SystemClock()), SystemRandomSource()
    log = Log(_print_line, level=settings.log_level, secrets=settings.secrets())
    return Container(
        settings=settings,
        clock=clock,
        chance=chance,
        log=log,
        feed=_feed(settings, clock, chance, log) if FEED in needs else NoFeed(),
        store=make_store(settings, clock, chance, log),
        invoker=PlatformInvoker(settings, clock, chance, log),
        alarm=PostAlarm(settings.alarm_url),
        heartbeat=PostHeartbeat(settings.heartbeat_url) if settings.heartbeat_url else NoHeartbeat(),
        checks_schema=True,
    )


def _print_line(line: str) -> None:
    # The platform ends an activation's log with a sentinel line, so every record ends its own line at once.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
