"""`python -m local.bench.cost_probe RACES SIZES`: what a simulated day costs and how late it is, as JSON."""

import json
import sys
from datetime import datetime
from typing import Any

from local.bench.kit import DATE
from local.bench.made_of import MadeOf
from local.feedsim import FeedDay
from local.simulate.plan import DayPlan
from local.simulate.platform import limits_of
from local.simulate.run import simulate_day
from local.simulate.tables import Tables
from local.simulate.world import SimWorld
from raceday.store.port import Row

LATENESS = ("late_p99_critical_secs", "late_p99_elsewhere_secs", "late_max_secs")


def main(races: int, sizes: str) -> dict[str, Any]:
    """Simulate the day with a share of a processor by memory."""
    made_of, ledger = MadeOf(limits_of(sizes)), list[Row]()

    def ended(day: FeedDay, world: SimWorld, tables: Tables, end: datetime) -> None:
        ledger.extend(tables.ledger)

    plan = DayPlan(seed=1, races=races, day=DATE, depth="port", sizes=sizes, whole=True)
    report = simulate_day(plan, on_end=ended, on_done=made_of.done)
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
        "made_of": made_of.rows(ledger),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), sys.argv[2])))
