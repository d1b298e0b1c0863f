"""The day's and the suite's health: what an operator must know, as words, as JSON and as Prometheus metrics."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from local.console.suite import WINDOW, Suite
from local.console.today import DayList
from local.console.words import many

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[dict[str, str], float]


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
        found.append(f"{many(suite.counts['gaps'], 'slot')} lost in the last hour: {causes}")
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
        "troubles": found,
    }


def as_metrics(day: DayList, suite: Suite) -> str:
    """Return the figures of the suite's page in Prometheus' text format; each is a gauge over the stretch it names."""
    totals = suite.totals
    lines: list[str] = []
    if suite.ticked is not None:
        age = (suite.now - suite.ticked).total_seconds()
        lines += _gauge("raceday_scheduler_age_seconds", "Since the scheduler's last tick", [({}, age)])
    lines += _gauge("raceday_paused", "Switches that are set", [({}, len(suite.paused))])
    lines += _gauge("raceday_races", "Races of the day by status", _by("status", day.by_status.items()))
    lines += _gauge("raceday_races_attention", "Races that need attention", [({}, len(day.attention))])
    lines += _gauge("raceday_polls_1h", "Ledger rows of the last hour", [({}, suite.counts["slots"])])
    lines += _gauge("raceday_polls_late_1h", "Polls of the last hour that began late", [({}, suite.counts["late"])])
    lines += _gauge("raceday_gaps_1h", "Slots lost in the last hour by cause", _by("cause", suite.gaps))
    for name, about, values in (
        ("activations_24h", "Activations", {t.function: t.runs for t in totals}),
        ("activations_failed_24h", "Failed activations", {t.function: t.failures for t in totals}),
        ("activations_cold_24h", "Cold starts", {t.function: t.cold for t in totals}),
        ("activation_seconds_24h", "Seconds of activations", {t.function: t.runs * t.mean_ms / 1000 for t in totals}),
        ("activation_p95_seconds_24h", "95th percentile of seconds", {t.function: t.p95_ms / 1000 for t in totals}),
    ):
        lines += _gauge(f"raceday_{name}", f"{about} of the last 24 hours", _by("function", values.items()))
    return "\n".join(lines) + "\n"


def _by(label: str, values: Iterable[tuple[str, float]]) -> list[Sample]:
    return [({label: name}, value) for name, value in values]


def _gauge(name: str, about: str, samples: list[Sample]) -> list[str]:
    lines = [f"# HELP {name} {about}.", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.10g}" if inside else f"{name} {value:.10g}")
    return lines


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
