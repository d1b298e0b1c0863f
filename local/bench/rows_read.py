"""`rows_read`: rows that a day reads from Appwrite, against one for each poll, which has to know its base."""

from typing import Any

from local.bench.day_cost import day
from local.bench.measure import Measure, Part

MOST_ROWS, MOST_CALLS = 50_000, 23_500


def measured(report: dict[str, Any]) -> Measure:
    """Return the ratio of a simulated day; its rows and calls stand beside what the plan of a cloud should bear."""
    found, polls = report["appwrite"], report["polls"]["committed"]
    rows, calls = found["rows_read"]["total"], found["calls"]["total"]
    return Measure(
        "rows_read",
        rows / polls,
        MOST_ROWS / polls,
        "rows read in a day of 24 races / its polls",
        {key: found[key] for key in ("rows_read", "rows_written", "calls")},
        {"calls": Part(calls, MOST_CALLS)},
    )


def measure(quick: bool) -> Measure:
    """Count one simulated day's rows."""
    return measured(day())
