"""One day through each regular outage of the store: what it cost, with today's clients and the former ones."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from local.feedsim import FeedDay
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.storms import REGULAR
from local.simulate.tables import Tables, when
from local.simulate.unmended import unmended
from local.simulate.verdict import examples, replay, troubles
from local.simulate.world import SimWorld

CALM = "calm"


class Trial(NamedTuple):
    """One day to be run: its plan, whose `network` is the outage, and whether its clients are the former ones."""

    plan: DayPlan
    former: bool


class Tried(NamedTuple):
    """What a trial's report says, and when each of its label rows was written, by the row's id."""

    trial: Trial
    report: Mapping[str, Any]
    written: Mapping[str, datetime]


def trials(plan: DayPlan, depths: Sequence[str], kinds: Sequence[str], clients: Sequence[str]) -> list[Trial]:
    """Return the days to be run: a calm one on a store in memory, then one by depth, outage and kind of client."""
    found = [Trial(replace(plan, depth="port", network=CALM), former=False)]
    for depth in depths:
        for outage in (name for name in REGULAR if name in kinds):
            day = replace(plan, depth=depth, network=outage)
            found += [Trial(day, former=each == "former") for each in clients]
    return found


def run_trial(trial: Trial) -> Tried:
    """Run one day."""
    written: dict[str, datetime] = {}

    def on_end(day: FeedDay, world: SimWorld, tables: Tables, end: datetime) -> None:
        rows = (row for row in tables.flow if row.get("timeInterval") is not None)
        written.update({row["$id"]: when(row["$createdAt"]) for row in rows})

    with unmended() if trial.former else nullcontext():
        report = simulate_day(trial.plan, on_end=on_end)
    return Tried(trial, report, written)


def outage_rows(
    done: Iterable[Tried], told: Callable[[Mapping[str, Any]], None] = lambda row: None
) -> list[dict[str, Any]]:
    """Return a row of figures for each day through an outage, against the calm day that comes first."""
    found: list[dict[str, Any]] = []
    calm: Mapping[str, datetime] = {}
    for tried in done:
        if tried.trial.plan.network == CALM:
            calm = tried.written
            continue
        found.append(_row(tried, calm))
        told(found[-1])
    return found


def _row(tried: Tried, calm: Mapping[str, datetime]) -> dict[str, Any]:
    plan, network, polls = tried.trial.plan, tried.report["network"], tried.report["polls"]
    later = sorted((at - calm[name]).total_seconds() for name, at in tried.written.items() if name in calm)
    return {
        "depth": plan.depth,
        "outage": plan.network,
        "clients": "former" if tried.trial.former else "present",
        "outages": network["outages"],
        "slots": polls["expected"],
        "gaps": network["absent"],
        "lost": network["lost"],
        "doubled": polls["duplicate"] + tried.report["buckets"]["duplicate"],
        "labels": len(tried.written),
        "later_p50_secs": _at(later, 0.5),
        "later_p99_secs": _at(later, 0.99),
        "later_max_secs": _at(later, 1.0),
        "troubles": troubles(tried.report),
        "examples": examples(tried.report),
        "again": replay(tried.report),
    }


def _at(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[math.ceil(len(ordered) * share) - 1], 2) if ordered else None
