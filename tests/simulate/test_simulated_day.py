"""Small race days from import to the last re-check, through the real functions."""

import json
from datetime import datetime
from typing import Any

import pytest

from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.world import SimWorld, settings_with
from tests.simulate.days import FEW, told_of


def _same(report: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in report.items() if k not in ("wall_secs", "measured")})


@pytest.mark.parametrize("depth", ["full", "port"])
def test_every_slot_is_polled_once(depth: str) -> None:
    """Every slot that the oracle counts is in the ledger once, and every column shows what was served."""
    report = simulate_day(DayPlan(seed=3, races=4, depth=depth))
    polls, buckets = report["polls"], report["buckets"]
    assert polls["expected"] == polls["committed"] > 200
    assert (polls["duplicate"], polls["gaps"], polls["missing"], polls["unexpected"]) == (0, 0, 0, 0)
    assert polls["late_p99_critical_secs"] < 0.75
    assert polls["late_p99_elsewhere_secs"] < 2
    # Beside its polls each race is asked for its results an hour and three hours after Final.
    assert report["feed_calls_per_poll"] * polls["committed"] <= polls["committed"] + 2 * 4
    assert report["store_calls_per_poll"] <= 5
    assert report["invocations_per_poll"] <= 4
    assert buckets["written"] == buckets["expected"] > 300
    assert (buckets["lost"], buckets["duplicate"], buckets["wrong"], report["pools"]["wrong"]) == (0, 0, 0, 0)
    assert report["failures"] == []
    assert [report["invocations"][name] for name in ("daily-races", "daily-entrants")] == [1, 1]


def test_a_seed_repeats_its_report() -> None:
    """The same seed gives the same report, byte for byte but for the time it took."""
    assert _same(told_of(FEW)) == _same(simulate_day(FEW))


class _Twins(FaultHooks):
    """Two schedulers and two pollers at once."""

    def triggers(self, minute: datetime) -> int:
        return 2

    def dispatches(self, function: str, payload: dict[str, Any]) -> list[float]:
        return [0.0, 0.2] if function == "enhanced-race-poller" else [0.0]


def _twins(world: SimWorld) -> FaultHooks:
    return _Twins()


def test_two_of_everything_leave_the_same_rows() -> None:
    """Two schedulers and two pollers at once leave what one of each leaves."""
    one, two = told_of(FEW), simulate_day(FEW, seams=_twins)
    for part in ("stored", "statuses", "buckets", "pools", "notifications"):
        assert one[part] == two[part]
    for key in ("expected", "committed", "duplicate", "gaps", "missing", "unexpected"):
        assert one["polls"][key] == two["polls"][key]
    assert two["polls"]["refused"] > one["polls"]["refused"]


def test_legacy_schedules_end_in_the_same_columns() -> None:
    """With the legacy pollers running beside, no slot is polled twice and the columns are as right as without."""
    plan = DayPlan(seed=4, races=2, depth="port", settings=settings_with(legacy_schedules=True))
    report = simulate_day(plan)
    assert report["invocations"]["race-data-poller"] > 200
    assert report["polls"]["duplicate"] == report["polls"]["missing"] == 0
    assert report["buckets"]["lost"] == report["buckets"]["wrong"] == 0


class _Unheard(FaultHooks):
    """No webhook is delivered, as where all of them are switched off."""

    def webhooks(self, function: str, body: bytes) -> list[float]:
        return []


def _unheard(world: SimWorld) -> FaultHooks:
    return _Unheard()


def test_a_day_without_webhooks_has_every_row() -> None:
    """With every webhook switched off the scheduler's wakes bring all buckets, pool totals and notifications."""
    heard, unheard = told_of(FEW), simulate_day(FEW, seams=_unheard)
    for part in ("buckets", "pools", "notifications"):
        assert heard[part] == unheard[part]
    assert heard["buckets"]["lost"] == 0
    assert heard["notifications"]["sent"] > 0
