"""Days under every fault: nothing lost, the same seed the same report, and broken engines caught."""

from datetime import date
from typing import Any

import pytest

from local.simulate.faults import PROFILES, profile
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.shapes import shaped
from local.simulate.variants import VARIANTS, judged
from local.simulate.verdict import fine

SHORT = DayPlan(seed=3, races=4, depth="port")
TINY = DayPlan(seed=4, races=1, depth="port")
COUNTS = ("lost", "unreported", "duplicate", "wrong", "buckets_lost", "buckets_duplicate", "buckets_wrong")


def run(plan: DayPlan, name: str = "all") -> dict[str, Any]:
    """Simulate a day under a profile."""
    return simulate_day(plan, seams=profile(name))


def told(report: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a report what may differ between two runs."""
    return {key: value for key, value in report.items() if key not in ("wall_secs", "measured")}


def test_a_seed_gives_the_same_day_of_faults_twice() -> None:
    """The same seed gives the same report, and every fault in it, twice."""
    report = run(TINY)
    assert told(report) == told(run(TINY))
    assert report["faults_injected"]["total"] > 100


@pytest.mark.parametrize("depth", ["port", "full"])
def test_nothing_is_lost_whatever_breaks(depth: str) -> None:
    """Under all faults together nothing is lost, doubled, wrong or passed over in silence, at either depth."""
    report = run(DayPlan(seed=5, races=2, depth=depth))
    assert fine(report), (report["polls"], report["buckets"])
    assert report["faults_injected"]["share"] > 0.03
    assert report["polls"]["committed"] > 100


def test_every_profile_is_known_by_name() -> None:
    """A profile that does not exist is refused by name."""
    assert {"feed", "store", "webhooks", "clocks", "all"} <= set(PROFILES)
    with pytest.raises(ValueError, match="expected one of none, feed"):
        profile("weather")


# The others show themselves on longer days: `./raceday simulate --variants`.
@pytest.mark.parametrize("name", list(VARIANTS)[:3])
def test_the_checker_catches_engines_broken_in_one_rule(name: str) -> None:
    """The real engine is found without fault, and each broken one is caught."""
    counted = judged(name, SHORT, profile("all+doubles"))
    assert any(counted[key] for key in COUNTS) == (name != "the engine"), counted


@pytest.mark.parametrize(
    ("names", "races"), [("moved+abandoned", 6), ("clock-changes", 1), ("all+clock-changes", 1), ("saturdays", 1)]
)
def test_days_that_are_hard_by_themselves_have_a_name(names: str, races: int) -> None:
    """Moved starts, called-off races, nights of clock changes and full Saturdays shape a day, and lose nothing."""
    plan = shaped(DayPlan(seed=2, races=races, depth="port"), names, 1, dated=False)
    if names == "saturdays":
        assert (plan.races, plan.day) == (480, date(2026, 11, 7))
        return
    report = simulate_day(plan, seams=profile(names))
    assert fine(report), (report["polls"], report["buckets"])
    assert report["polls"]["committed"] > 50
