"""Telling an operator of trouble: what is new of it, once in half an hour each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from raceday.clock import instant, iso
from raceday.container import Container

QUIET = timedelta(minutes=30)
FAILING, WARNING = "failing", "warning"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `key` names its kind, `mark` the newest instance: the same mark is not told again.

    An empty mark is trouble that lasts, told again after each half hour.
    """

    key: str
    text: str
    mark: str = ""
    level: str = WARNING


def new_alarms(troubles: Iterable[Trouble], told: Mapping[str, Any], now: datetime) -> list[Trouble]:
    """Return the troubles to tell: of each kind one in half an hour, and only what was not told."""
    return [trouble for trouble in troubles if _is_new(trouble, told.get(trouble.key), now)]


def _is_new(trouble: Trouble, before: Any, now: datetime) -> bool:
    if not isinstance(before, list) or len(before) != 2:
        return True
    at, mark = str(before[0]), str(before[1])
    return now - instant(at) >= QUIET and (not trouble.mark or trouble.mark != mark)


async def tell(container: Container, alarms: Iterable[Trouble], now: datetime) -> dict[str, list[str]]:
    """Send alarms in one message; gives what is told of each kind, nothing where it did not get through."""
    wanted = list(alarms)
    if not wanted or not container.settings.alarm_url:
        return {}
    message = {
        "suite": "raceday",
        "at": iso(now),
        "text": "RaceDay: " + "; ".join(alarm.text for alarm in wanted),
        "alarms": [{"kind": a.key, "level": a.level, "text": a.text} for a in wanted],
    }
    if not await container.alarm.send(message):
        container.log.warning("alarm.failed", alarms=[alarm.key for alarm in wanted])
        return {}
    container.log.info("alarm.sent", alarms=[alarm.key for alarm in wanted])
    return {alarm.key: [iso(now), alarm.mark] for alarm in wanted}
