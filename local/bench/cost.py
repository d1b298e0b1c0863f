"""The poller's price: batch size and loop length simulated, memory reckoned, and the curve drawn."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.bench.child import ProbeFailed, output
from local.bench.cost_picture import picture
from local.bench.report import commit
from ops.packaging.appwrite_plans import DAYS_A_MONTH
from ops.packaging.money import DOLLARS_A_GIB_SEC, FREE_GIB_SECS_A_MONTH

CURVE = Path(__file__).with_name("cost.svg")
FIGURES = Path(__file__).with_name("cost.json")
# Races, races handed to one poller, and how far from the minute's beginning a tick hands out, in seconds.
VARIANTS = (
    (24, 1, 80),
    (24, 3, 80),
    (24, 30, 80),
    (24, 30, 35),
    (24, 30, 140),
    (96, 3, 80),
    (96, 10, 80),
    (96, 30, 80),
    (96, 60, 80),
)
MEMORY_MB = (128, 256, 512, 1024)
SIMULATED_MB = 1024
LATEST_P99_SECS = 0.75


def priced(found: dict[str, Any]) -> dict[str, Any]:
    """Add the dollars of thirty such days for each memory; everything else of the suite is paid for beside it."""
    months = {
        str(mb): round(
            max(
                0.0,
                (found["poller_gib_secs"] * mb / SIMULATED_MB + found["other_gib_secs"]) * DAYS_A_MONTH
                - FREE_GIB_SECS_A_MONTH,
            )
            * DOLLARS_A_GIB_SEC,
            2,
        )
        for mb in MEMORY_MB
    }
    return found | {"month_dollars": months}


def punctual(found: dict[str, Any]) -> bool:
    """Tell whether requests left within a twentieth of a slot's 15 s at p99."""
    return bool(found["late_p99_secs"] <= LATEST_P99_SECS)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the variants as text."""
    head = f"{'races':>6}{'batch':>6}{'reach s':>8}{'starts':>8}{'GiB-s':>10}{'late p99 s':>11}{'gaps':>6}"
    lines = [head + "".join(f"{mb:>9} MB" for mb in MEMORY_MB) + "  dollars a month"]
    for row in rows:
        text = f"{row['races']:>6}{row['batch']:>6}{row['reach_secs']:>8}{row['poller_activations']:>8}"
        text += f"{row['poller_gib_secs']:>10.0f}{row['late_p99_secs']:>11.3f}{row['gaps']:>6}"
        text += "".join(f"{row['month_dollars'][str(mb)]:>12.2f}" for mb in MEMORY_MB)
        lines.append(text + ("" if punctual(row) else "  late"))
    return "\n".join(lines)


def run_cost(json_file: Path | None) -> int:
    """Simulate every variant, print, and draw the curve; 3 where one could not be simulated."""
    rows = []
    for variant in VARIANTS:
        print("simulating races, batch, reach:", *variant, file=sys.stderr)
        try:
            found = json.loads(output(["-m", "local.bench.cost_probe", *map(str, variant)]))
        except ProbeFailed as error:
            print(f"raceday bench: {error}", file=sys.stderr)
            return 3
        rows.append(priced(found))
    return tell(rows, json_file)


def tell(rows: Sequence[dict[str, Any]], json_file: Path | None = None) -> int:
    """Print the variants, and write figures and picture."""
    print(table(rows))
    report = {"commit": commit(), "variants": list(rows)}
    for path in (FIGURES, *([json_file] if json_file else [])):
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    CURVE.write_text(picture(rows), "utf-8")
    return 0
