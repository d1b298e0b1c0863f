"""`python -m local.bench.cost_probe RACES BATCH REACH_SECS`: what a simulated day's pollers use, as JSON.

A process of its own, since the reach of a tick is a constant of the library that is varied here only.
"""

import json
import sys

from local.bench.kit import DATE
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.world import settings_with
from raceday.racing import planning

POLLER = "enhanced-race-poller"


def main(races: int, batch: int, reach_secs: int) -> dict[str, object]:
    """Simulate the day at port depth."""
    planning.REACH_SECS = reach_secs
    report = simulate_day(
        DayPlan(
            seed=1,
            races=races,
            day=DATE,
            depth="port",
            settings=settings_with(races_per_poller=batch, hand_out="ahead"),
        )
    )
    polls, functions = report["polls"], report["functions"]
    return {
        "races": races,
        "batch": batch,
        "reach_secs": reach_secs,
        "poller_activations": functions[POLLER]["activations"],
        "poller_gib_secs": functions[POLLER]["gib_secs"],
        "other_gib_secs": round(sum(f["gib_secs"] for name, f in functions.items() if name != POLLER), 1),
        "late_p99_secs": polls["late_p99_secs"],
        "late_max_secs": polls["late_max_secs"],
        "gaps": polls["gaps"],
        "polls": polls["committed"],
    }


if __name__ == "__main__":
    print(json.dumps(main(*(int(word) for word in sys.argv[1:4]))))
