"""`memory`: the peak memory of a process that only polls, over a day's number of polls, against its limit."""

import json
from collections.abc import Mapping
from typing import Any

from local.bench.child import ProbeFailed, output, serving
from local.bench.measure import Goals, Measure
from local.functions import ROOT
from ops.packaging.project import FILE_NAME, read_project

RACES = 24
POLLER = "enhanced-race-poller"


def goals(measured: Mapping[str, Any]) -> Goals:
    """Return what is measured and its goal."""
    return Goals("peak memory of the poller / its limit", 0.12)


def measure(quick: bool) -> Measure:
    """Poll over HTTP: feed and store are processes of their own, so that only the poller counts."""
    limit_mb = read_project(ROOT / FILE_NAME, ROOT / "functions").function(POLLER).limits.memory_mb
    with serving(["-m", "local.bench.memory_servers", str(RACES)]) as world:
        found = json.loads(output(["-m", "local.bench.memory_probe", world, str(10 if quick else 90)]))
    committed = found["results"].get("committed", 0)
    if not committed:
        raise ProbeFailed(f"memory: nothing was committed: {found['results']}")
    marks = found["marks"]
    limits = goals({})
    return Measure(
        "memory",
        found["peak_mb"] / limit_mb,
        limits.goal,
        limits.what,
        {
            "peak_mb": found["peak_mb"],
            "limit_mb": limit_mb,
            "after_import_mb": found["imported_mb"],
            "after_first_round_mb": marks[0],
            "after_half_mb": marks[len(marks) // 2],
            "results": found["results"],
        },
    )
