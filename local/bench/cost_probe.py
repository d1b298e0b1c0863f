"""`python -m local.bench.cost_probe RACES SIZES`: what a simulated day costs and how late it is, as JSON."""

import json
import sys

from local.bench.kit import DATE
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day

LATENESS = ("late_p99_critical_secs", "late_p99_elsewhere_secs", "late_max_secs")


def main(races: int, sizes: str) -> dict[str, object]:
    """Simulate the day with a share of a processor by memory."""
    report = simulate_day(DayPlan(seed=1, races=races, day=DATE, depth="port", sizes=sizes))
    polls, appwrite = report["polls"], report["appwrite"]
    return {
        "races": races,
        "sizes": sizes,
        "day_gib_secs": report["cost"]["day_gib_secs"][sizes],
        "month_dollars": report["cost"]["month_dollars"][sizes],
        **{key: polls[key] for key in (*LATENESS, "expected", "committed", "missing", "duplicate")},
        "cold_pollers": report["functions"]["enhanced-race-poller"]["cold"],
        **{key: appwrite[key]["total"] for key in ("rows_read", "rows_written", "calls")},
        "written_to": appwrite["written_to"],
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), sys.argv[2])))
