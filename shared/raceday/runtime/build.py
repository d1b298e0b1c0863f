"""Makes the one container of a deployed process from its environment."""

import sys

from raceday.clock import SyncedClock, SystemClock
from raceday.container import Container
from raceday.feed.client import make_feed
from raceday.ids import SystemChance
from raceday.log import Log
from raceday.runtime.alarm import PostAlarm
from raceday.runtime.invoke import PlatformInvoker
from raceday.settings import read_settings
from raceday.store.client import make_store


def build_container(needs: frozenset[str]) -> Container:
    """Read the settings that `needs` names and make the clients; raises SettingsError with every problem at once."""
    settings = read_settings(needs=needs)
    clock, chance = SyncedClock(SystemClock()), SystemChance()
    log = Log(_print_line, level=settings.log_level, secrets=settings.secrets())
    return Container(
        settings=settings,
        clock=clock,
        chance=chance,
        log=log,
        feed=make_feed(settings, clock, chance, log),
        store=make_store(settings, clock, chance, log),
        invoker=PlatformInvoker(settings),
        alarm=PostAlarm(settings.alarm_url),
    )


def _print_line(line: str) -> None:
    # The platform ends an activation's log with a sentinel line, so every record ends its own line at once.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
