"""What a race day costs on the platform, from a simulated one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

from ops.packaging.appwrite_plans import DAYS_A_MONTH, plan_lines
from ops.packaging.errors import PackagingError
from ops.packaging.sim_report import check_report
from raceday.catalogue.functions import BY_NAME
from raceday.catalogue.platform import INVOCATIONS_A_MINUTE, INVOCATIONS_AT_ONCE

FREE_GIB_SECS_A_MONTH = 90_000.0
DOLLARS_A_GIB_SEC = 0.0000185
SHORTEST_SECS = 0.1
APPWRITE_TOTALS = ("rows_read", "rows_written", "calls")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A day's GiB-seconds by function, and the money of a month of such days; `source` says which day that was."""

    by_function: dict[str, float]
    warnings: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    source: str = ""

    @property
    def day_gib_secs(self) -> float:
        """Return the day's sum."""
        return fsum(self.by_function.values())

    @property
    def month_dollars(self) -> float:
        """Return the price of thirty such days after the free allowance."""
        return max(0.0, self.day_gib_secs * DAYS_A_MONTH - FREE_GIB_SECS_A_MONTH) * DOLLARS_A_GIB_SEC


def estimate(report: Mapping[str, Any], memory_mb: Mapping[str, int]) -> Estimate:
    """Estimate from a simulation report's `functions`; raises PackagingError where its form is not the expected one."""
    check_report(report)
    functions = report["functions"]
    by_function = {name: _gib_secs(name, entry, memory_mb.get(name, 1024)) for name, entry in functions.items()}
    return Estimate(by_function, tuple(_warnings(report, functions)), tuple(_beside(report)))


def read_report(path: Path) -> dict[str, Any]:
    """Read a simulation report; raises PackagingError."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PackagingError(f"{path} could not be read as a simulation report: {error}") from None
    if not isinstance(data, dict):
        raise PackagingError(f"{path}: expected a JSON object")
    return data


def _gib_secs(name: str, entry: Any, memory_mb: int) -> float:
    """Return what is billed: as the simulation counted it, or memory times seconds with at least 100 ms a run."""
    try:
        if "billed_secs" in entry:
            return float(entry["billed_secs"]) * memory_mb / 1024
        if "gib_secs" in entry:
            return float(entry["gib_secs"])
        return max(float(entry["secs"]), int(entry["activations"]) * SHORTEST_SECS) * memory_mb / 1024
    except (KeyError, TypeError, ValueError):
        raise PackagingError(
            f"simulation report: functions.{name} needs `gib_secs`, or `activations` and `secs`"
        ) from None


def _beside(report: Mapping[str, Any]) -> list[str]:
    """Return what else a simulated day tells: how late its polls were, and Appwrite's rows and calls."""
    lines, polls, appwrite = [], report.get("polls") or {}, report.get("appwrite")
    if polls.get("late_p99_critical_secs") is not None and polls.get("late_max_secs") is not None:
        lines.append(
            f"lateness of that day, 99 in 100 polls: {polls['late_p99_critical_secs']:g} s from T-5 to Final, "
            f"{polls.get('late_p99_elsewhere_secs') or 0:g} s elsewhere; at most {polls['late_max_secs']:g} s"
        )
    if appwrite:
        told = ", ".join(f"{appwrite[key]['total']:,} {key.replace('_', ' ')}" for key in APPWRITE_TOTALS)
        lines += [
            f"Appwrite, that day: {told}",
            *_by_function(appwrite),
            *(f"  {line}" for line in plan_lines(appwrite)),
        ]
    return lines


def _by_function(appwrite: Mapping[str, Any]) -> list[str]:
    """Return what each function has of the totals, who writes most first."""
    counts = {key: appwrite[key] for key in APPWRITE_TOTALS}
    names = {name for each in counts.values() for name in each if name != "total"}
    told = {name: [each.get(name, 0) for each in counts.values()] for name in names}
    return [
        f"  {name:<22}{read:>9,} read{written:>9,} written{calls:>9,} calls"
        for name, (read, written, calls) in sorted(told.items(), key=lambda item: (-item[1][1], item[0]))
    ]


def _warnings(report: Mapping[str, Any], functions: Mapping[str, Any]) -> list[str]:
    at_once = sum(int(entry.get("peak_concurrent") or 0) for entry in functions.values())
    a_minute = int(report.get("peak_invocations_per_minute") or 0)
    warnings = []
    if at_once > INVOCATIONS_AT_ONCE:
        warnings.append(f"up to {at_once} activations at once; the platform takes {INVOCATIONS_AT_ONCE} a namespace")
    if a_minute > INVOCATIONS_A_MINUTE:
        warnings.append(f"up to {a_minute} invocations a minute; the platform takes {INVOCATIONS_A_MINUTE} a namespace")
    polls = report.get("polls") or {}
    if polls.get("missing") or polls.get("duplicate"):
        counts = f"{polls.get('missing', 0)} polls missing, {polls.get('duplicate', 0)} twice"
        warnings.append(f"the simulated day was not sound: {counts}")
    if absent := sorted(BY_NAME.keys() - functions):
        warnings.append(f"the simulated day is without {', '.join(absent)}: what they cost is not in it")
    if strangers := sorted(functions.keys() - BY_NAME):
        warnings.append(f"the simulated day has functions that are not the suite's: {', '.join(strangers)}")
    return warnings
