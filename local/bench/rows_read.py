"""`rows_read`: rows that a day reads from Appwrite, against the least that keeping the client's tables needs.

Each poll has to know its base, the race's newest row; and every meeting, race and entrant has to be read once, to write
of an import only what differs from it. Nothing else has to be read: what comes after a poll is in its webhook.
"""

from collections.abc import Mapping
from typing import Any

from local.bench.day_cost import day
from local.bench.measure import Goals, Measure, Part

MOST_ROWS, MOST_CALLS = 50_000, 23_500


def goals(measured: Mapping[str, Any]) -> Goals:
    """Return what is measured and its goals; `measured` holds the `least` that the first is over."""
    what = "rows read in a day of 24 races / the least that the client's tables need"
    return Goals(what, MOST_ROWS / measured["least"] if "least" in measured else None, {"calls": MOST_CALLS})


def measured(report: dict[str, Any]) -> Measure:
    """Return the ratio of a simulated day; its rows and calls stand beside what the plan of a cloud should bear."""
    found, least = report["appwrite"], needed(report)
    rows, calls = found["rows_read"]["total"], found["calls"]["total"]
    limits = goals({"least": least})
    return Measure(
        "rows_read",
        rows / least,
        limits.goal,
        limits.what,
        {key: found[key] for key in ("rows_read", "rows_written", "calls")} | {"least": least},
        {"calls": Part(calls, limits.parts["calls"])},
    )


def needed(report: dict[str, Any]) -> int:
    """Return the rows that a day has to read at the least."""
    polls, stored = report["polls"], report["stored"]
    return int(polls["committed"] + stored["meetings"] + stored["races"] + stored["entrants"])


def measure(quick: bool) -> Measure:
    """Count one simulated day's rows."""
    return measured(day())
