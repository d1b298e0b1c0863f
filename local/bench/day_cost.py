"""`day_cost`: a month of 24-race days at the lean sizes, against the virtual machine that a user would take instead."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from local.bench.kit import DATE, POLLER
from local.bench.measure import Goals, Measure, Part
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day

RACES = 24
MACHINE_DOLLARS_A_MONTH = 4.0
# What the sizes may cost a month.
LEAN_DOLLARS, SEED_DOLLARS = 2.2, 11.5
# And how late 99 in 100 polls may be for it, and how many pollers cold.
LATE_SECS = {"late_p99_critical_secs": 0.75, "late_p99_elsewhere_secs": 5.0}
MOST_COLD = 20


@cache
def day() -> dict[str, Any]:
    """Simulate the day at port depth, with a share of a processor by memory."""
    return simulate_day(DayPlan(seed=1, races=RACES, day=DATE, depth="port", sizes="lean", whole=True))


def goals(measured: Mapping[str, Any]) -> Goals:
    """Return what is measured and its goals."""
    return Goals(
        "a month at lean sizes / a machine of $4 a month, 24 races a day, simulated",
        LEAN_DOLLARS / MACHINE_DOLLARS_A_MONTH,
        {"seed": SEED_DOLLARS / MACHINE_DOLLARS_A_MONTH, **LATE_SECS, "cold_pollers": MOST_COLD},
    )


def measured(report: dict[str, Any]) -> Measure:
    """Return the ratio of a simulated day; the seed's sizes are priced by the same seconds."""
    dollars, polls = report["cost"]["month_dollars"], report["polls"]
    limits = goals({})
    parts = {
        "seed": dollars["seed"] / MACHINE_DOLLARS_A_MONTH,
        **{key: polls[key] for key in LATE_SECS},
        "cold_pollers": report["functions"][POLLER]["cold"],
    }
    return Measure(
        "day_cost",
        dollars["lean"] / MACHINE_DOLLARS_A_MONTH,
        limits.goal,
        limits.what,
        {"month_dollars": dollars, "day_gib_secs": report["cost"]["day_gib_secs"]},
        {key: Part(value, limits.parts[key]) for key, value in parts.items()},
    )


def measure(quick: bool) -> Measure:
    """Simulate and price one day."""
    return measured(day())
