"""The simulated day that a plan's cost is told of: made now, kept from before, or given; always with its age."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.options import write_json
from ops.packaging.money import Estimate, estimate, read_report

KEPT = "sim-report.json"
RACES = 24
WHOLE_HOURS = 24.0
LIBRARY, MADE = "library", "made"


def priced(
    given: Path | None, home: Path, memory_mb: Mapping[str, int], library: str, now: datetime, *, simulate: str = ""
) -> Estimate | None:
    """Return the cost of a simulated day at these memories, None where there is no day; raises PackagingError.

    `simulate` is the set of sizes to simulate a day with now; the day is kept in `home` for the next plan.
    """
    kept = home / KEPT
    if simulate and given is None:
        keep(kept, simulated(simulate), library, now)
    file = given or kept
    if not file.is_file() and given is None:
        return None
    report = read_report(file)
    found = estimate(report, memory_mb)
    told = source(report, library, now)
    if repriced(report, memory_mb):
        told += "; priced at the planned memory, as though each function took as many seconds there"
    return replace(found, source=told)


def repriced(report: Mapping[str, Any], memory_mb: Mapping[str, int]) -> bool:
    """Tell whether a function that the day billed had another memory there than is planned."""
    billed = {
        name: entry["gib_secs"] / entry["billed_secs"] * 1024
        for name, entry in report["functions"].items()
        if name in memory_mb and entry.get("billed_secs") and entry.get("gib_secs")
    }
    # A report's figures are rounded; memories differ by half at least.
    return any(abs(mb / memory_mb[name] - 1) > 0.1 for name, mb in billed.items())


def simulated(sizes: str) -> dict[str, Any]:
    """Simulate a day at port depth."""
    from local.simulate.plan import DayPlan
    from local.simulate.run import simulate_day

    return simulate_day(DayPlan(races=RACES, depth="port", sizes=sizes, whole=True))


def keep(file: Path, report: Mapping[str, Any], library: str, now: datetime) -> None:
    """Write a day with the library that it was made by, and when."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {**report, LIBRARY: library, MADE: now.isoformat()})


def source(report: Mapping[str, Any], library: str, now: datetime) -> str:
    """Say what day a cost is told of: how many races, at which sizes, when, and by which code."""
    cost = report.get("cost") or {}
    what = f"a simulated day of {report.get('races', '?')} races at {cost.get('sizes', 'unknown')} sizes"
    if (hours := cost.get("hours")) is None or hours < WHOLE_HOURS:
        told = "an unknown part" if hours is None else f"{hours:.1f} hours"
        what += f", {told} of it: the idle minutes of the rest cost more"
    if MADE not in report:
        return f"{what}; the file does not say when or by which code it was made"
    code = "by this code" if report.get(LIBRARY) == library else "BY OTHER CODE, --simulate makes it anew"
    return f"{what}, simulated {age(now - datetime.fromisoformat(report[MADE]).astimezone(UTC))} {code}"


def age(passed: timedelta) -> str:
    """Return how long ago something was, in the largest unit that fits."""
    secs = passed.total_seconds()
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if secs >= size:
            count = int(secs // size)
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"
