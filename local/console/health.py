"""The day's and the suite's health: what an operator must know, as words and as JSON."""

from datetime import datetime
from typing import Any

from local.console.suite import WINDOW, Suite
from local.console.today import DayList
from local.console.words import clock_nz, many


def troubles(day: DayList, suite: Suite, *, live: bool) -> list[str]:
    """Say what is not well; `live` is whether the day is today, so that a silent scheduler matters."""
    found = [f"{many(len(day.attention), 'race')} in need of attention"] if day.attention else []
    if not day.races:
        found.append("the store has no races of this day")
    if live and suite.silent and (day.coming or day.attention):
        found.append("the scheduler has not ticked for three minutes")
    found += [f"paused: {name}" for name in suite.paused]
    found += [f"webhook {hook['name']} is off" for hook in suite.hooks or () if not hook["enabled"]]
    failed = sum(run.started >= suite.until - WINDOW for run in suite.failed)
    if failed:
        found.append(f"{many(failed, 'activation')} failed in the last hour")
    if suite.counts["gaps"]:
        causes = ", ".join(f"{cause.replace('_', ' ')} {n}" for cause, n in suite.gaps)
        newest = suite.gap_rows[0]
        last = f"{suite.names.get(newest.race, newest.race)} {clock_nz(newest.slot, secs=True)}, {newest.why}"
        found.append(f"{many(suite.counts['gaps'], 'slot')} lost in the last hour: {causes}; the last {last}")
    return found


def as_health(day: DayList, suite: Suite, *, live: bool) -> dict[str, Any]:
    """Return the health as JSON; `ok` is false where anything needs attention."""
    found = troubles(day, suite, live=live)
    return {
        "ok": not found,
        "at": _iso(suite.now),
        "day": day.day.isoformat(),
        "races": day.races,
        "lastTick": _iso(suite.ticked),
        "silent": suite.silent,
        "paused": list(suite.paused),
        "gaps": dict(suite.gaps),
        "refusedCalls24h": suite.refused,
        "troubles": found,
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
