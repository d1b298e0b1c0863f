"""`sim_speed`: simulated seconds for each second of the wall, at both depths."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from local.bench.kit import DATE
from local.bench.measure import Goals, Measure
from local.feedsim import generate_day
from local.simulate.day import day_end, day_start
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day

RACES = 24


def goals(measured: Mapping[str, Any]) -> Goals:
    """Return what is measured; it has no goal."""
    return Goals(f"simulated seconds per second at full depth, {RACES} races; port depth beside it", None)


def measure(quick: bool) -> Measure:
    """Simulate the same day at each depth; its punctuality is told beside."""
    day = generate_day(1, DATE, RACES)
    simulated = (day_end(day) - day_start(DATE) + timedelta(0)).total_seconds()
    told = {}
    for depth in ("port", "full"):
        report = simulate_day(DayPlan(seed=1, races=RACES, day=DATE, depth=depth))
        told[depth] = {
            "wall_secs": report["wall_secs"],
            "cpu_secs": report["measured"]["cpu_secs"],
            "speed": round(simulated / report["wall_secs"], 1),
            "late_p99_secs": report["polls"]["late_p99_secs"],
        }
    speed = simulated / float(str(told["full"]["wall_secs"]))
    limits = goals({})
    return Measure(
        "sim_speed",
        speed,
        limits.goal,
        limits.what,
        {**told, "simulated_secs": round(simulated)},
    )
