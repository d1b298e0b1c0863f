"""Reports of simulated days that several tests read."""

import hashlib
import pickle
from typing import Any

from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from tests.once import value_once

# Days of one race and of a few, on which nothing breaks.
SMALL = DayPlan(seed=3, races=1, depth="port")
FEW = DayPlan(seed=4, races=3, depth="port")


def told_of(plan: DayPlan) -> dict[str, Any]:
    """Return the report of a day without faults, run once however many ask."""
    name = hashlib.sha256(pickle.dumps(plan)).hexdigest()
    return value_once(f"day-{name}", lambda: simulate_day(plan))
