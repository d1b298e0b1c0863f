"""Rows read and written are counted alike in memory and over HTTP, and sizes change money and pace."""

from dataclasses import replace
from typing import Any

from ops.packaging.appwrite_plans import PLANS, plan_lines
from tests.simulate.days import SMALL, told_of

POLLER = "enhanced-race-poller"


def _day(**changed: Any) -> dict[str, Any]:
    return told_of(replace(SMALL, **changed))


def test_http_counts_what_memory_counts() -> None:
    """A poll reads and writes as many rows over HTTP as in memory, but for retries of a few races.

    Over HTTP each cold process looks at the tables' version too, one row.
    """
    days = [_day(depth=depth) for depth in ("port", "full")]
    looks = [0, days[1]["functions"][POLLER]["cold"]]
    for part, beside in (("rows_read", looks), ("rows_written", [0, 0])):
        port, full = (day["appwrite"][part][POLLER] - extra for day, extra in zip(days, beside, strict=True))
        assert abs(port - full) <= 0.05 * port, (part, port, full)


def test_lean_sizes_are_cheaper_and_slower() -> None:
    """At the lean sizes the scheduler costs a quarter, a cold start takes longer, and nothing is lost."""
    seed, lean = (_day(sizes=sizes) for sizes in ("seed", "lean"))
    assert lean["cost"]["gib_secs"]["master-race-scheduler"] < 0.3 * seed["cost"]["gib_secs"]["master-race-scheduler"]
    slow = [report["functions"]["daily-meetings"]["billed_secs"] for report in (seed, lean)]
    assert slow[1] > slow[0]
    assert lean["polls"]["missing"] == lean["polls"]["unexpected"] == lean["judged"]["count"] == 0


def test_a_month_stands_beside_the_plans() -> None:
    """A month is thirty days, and a read that finds nothing counts as a row."""
    day = {"rows_read": {"total": 9_000}, "empty_reads": {"total": 1_000}, "rows_written": {"total": 5_000}}
    assert f"300,000 of {PLANS[0].reads_a_month:,}" in plan_lines(day)[0]
    assert f"150,000 of {PLANS[0].writes_a_month:,} written (60%)" in plan_lines(day)[0]
