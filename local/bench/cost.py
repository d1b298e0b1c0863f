"""What a month costs against how late polls are: days of both numbers of races at both sizes, simulated and drawn."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.bench.child import ProbeFailed, output
from local.bench.cost_picture import picture
from local.bench.day_cost import MACHINE_DOLLARS_A_MONTH
from local.bench.report import commit
from local.functions import ROOT

CURVE = ROOT / "docs" / "cost.svg"
FIGURES = Path(__file__).with_name("cost.json")
VARIANTS = ((24, "lean"), (24, "seed"), (96, "lean"), (96, "seed"))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the variants as text."""
    lines = [
        f"{'races':>6}  {'sizes':<6}{'$ a month':>10}{'GiB-s a day':>13}{'late s':>8}{'elsewhere':>11}{'most':>7}"
        f"{'cold':>6}{'missing':>9}{'rows read':>11}{'written':>9}{'calls':>9}"
    ]
    for row in rows:
        lines.append(
            f"{row['races']:>6}  {row['sizes']:<6}{row['month_dollars']:>10.2f}{row['day_gib_secs']:>13,.0f}"
            f"{row['late_p99_critical_secs']:>8.2f}{row['late_p99_elsewhere_secs']:>11.2f}{row['late_max_secs']:>7.2f}"
            f"{row['cold_pollers']:>6}{row['missing']:>9}{row['rows_read']:>11,}{row['rows_written']:>9,}{row['calls']:>9,}"
        )
    note = f"late: 99 in 100 polls from T-5 to Final; a virtual machine is ${MACHINE_DOLLARS_A_MONTH:g} a month"
    return "\n".join([*lines, note])


def run_cost(json_file: Path | None) -> int:
    """Simulate every variant, print, and draw; 3 where one could not be simulated."""
    rows = []
    for races, sizes in VARIANTS:
        print(f"simulating {races} races at {sizes} sizes", file=sys.stderr)
        try:
            rows.append(json.loads(output(["-m", "local.bench.cost_probe", str(races), sizes])))
        except ProbeFailed as error:
            print(f"raceday bench: {error}", file=sys.stderr)
            return 3
    return tell(rows, json_file)


def tell(rows: Sequence[dict[str, Any]], json_file: Path | None = None) -> int:
    """Print the variants, and write figures and picture."""
    print(table(rows))
    report = {"commit": commit(), "variants": list(rows)}
    for path in (FIGURES, *([json_file] if json_file else [])):
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    CURVE.write_text(picture(rows, MACHINE_DOLLARS_A_MONTH), "utf-8")
    return 0
