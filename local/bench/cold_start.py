"""`cold_start`: the staged poller's start on the function host, against the same with the whole SDK imported."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.bench.measure import Goals, Measure
from local.functions import ROOT
from local.host.coldstart import STAGED, STAGED_SDK, variants
from local.host.coldstart import measure as started
from ops.packaging.project import FILE_NAME, read_project
from ops.packaging.sources import SOURCES, site

POLLER = "enhanced-race-poller"


def goals(measured: Mapping[str, Any]) -> Goals:
    """Return what is measured and its goal."""
    return Goals("staged poller, from its packed code to imported / the same with the whole SDK", 0.22)


def measure(quick: bool) -> Measure:
    """Stage the poller both ways and start each in turn; raises PackagingError."""
    with tempfile.TemporaryDirectory(prefix="raceday-bench-") as scratch:
        project = read_project(ROOT / FILE_NAME, SOURCES.functions)
        functions = variants(POLLER, project, SOURCES, site("host"), Path(scratch), pip=False)
        rows = {row.layout: row for row in started(functions, 3 if quick else 7)}
    limits = goals({})
    return Measure(
        "cold_start",
        rows[STAGED].load_ms / rows[STAGED_SDK].load_ms,
        limits.goal,
        limits.what,
        {
            layout: {
                "median_load_ms": round(row.load_ms, 1),
                "median_answer_ms": round(row.answer_ms, 1),
                "zip_bytes": row.zip_bytes,
                "memory_mb": round(row.memory_mb, 1),
            }
            for layout, row in rows.items()
        }
        | {"answer_share": round(rows[STAGED].answer_ms / rows[STAGED_SDK].answer_ms, 3)},
    )
