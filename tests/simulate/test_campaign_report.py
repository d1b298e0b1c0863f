"""One report of several days."""

from typing import Any

import pytest

from local.simulate.campaign import campaign
from ops.packaging.money import Estimate


def day(gib_secs: float, rows: int, late_secs: float) -> dict[str, Any]:
    """Return what a campaign takes of one day's report."""
    counts = {"total": rows, "enhanced-race-poller": rows}
    return {
        "date": "2026-02-14", "seed": 1, "races": 1, "depth": "port",
        "failures": [], "rows_changed": 0, "wall_secs": 1.0,
        **{part: {} for part in ("stored", "buckets", "pools", "notifications", "invocations")},
        "polls": {"expected": 10, "late_p99_secs": late_secs},
        "judged": {"tables": {}, "rows": 0, "count": 0},
        "cost": {
            "sizes": "lean", "hours": 17.5,
            "gib_secs": {"enhanced-race-poller": gib_secs}, "day_gib_secs": {"lean": gib_secs},
        },
        "appwrite": {"rows_read": counts, "rows_written": counts, "calls": counts},
    }  # fmt: skip


def test_several_days_tell_the_mean_cost_and_the_worst_lateness() -> None:
    """Dollars are of a month of middling days, Appwrite's rows of one such day; what is late in one day stays told."""
    found = campaign([day(2000.0, 100, 4.5), day(9000.0, 300, 0.5)])
    assert found["cost"]["day_gib_secs"] == {"lean": 5500.0}
    assert found["cost"]["month_dollars"]["lean"] == pytest.approx(Estimate({"all": 5500.0}).month_dollars, abs=0.005)
    assert found["cost"]["month_dollars"]["lean"] > 0
    assert found["cost"]["hours"] == 17.5
    assert found["appwrite"]["rows_read"] == {"enhanced-race-poller": 200, "total": 200}
    assert found["polls"]["worst_late_p99_secs"] == 4.5


def test_days_without_a_cost_have_none_together() -> None:
    """A depth that counts no seconds says nothing of dollars."""
    bare = {key: value for key, value in day(1.0, 1, 0.0).items() if key != "cost"}
    assert "cost" not in campaign([bare, bare])
