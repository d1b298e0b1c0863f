"""A day's report as a table, and several days' reports as one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import fsum
from typing import Any

from rich.table import Table

from local.simulate.day import WHOLE
from ops.packaging.appwrite_plans import plan_lines
from ops.packaging.money import Estimate


def campaign(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one report for several days: sums, the worst lateness, what a day cost in the mean, and each day's own."""
    summed: dict[str, dict[str, Any]] = {}
    for part in ("stored", "polls", "buckets", "pools", "notifications", "invocations"):
        keys = sorted({key for r in reports for key, value in r[part].items() if isinstance(value, int)})
        summed[part] = {key: sum(r[part].get(key, 0) for r in reports) for key in keys}
    late = sorted({key for r in reports for key in r["polls"] if key.startswith("late_")})
    summed["polls"] |= {f"worst_{key}": max(r["polls"].get(key, 0.0) for r in reports) for key in late}
    if "excused" in reports[0]["polls"]:
        excuses: Counter[str] = Counter()
        for report in reports:
            excuses.update(report["polls"]["excused"])
        summed["polls"] |= {"excused": dict(sorted(excuses.items()))}
        summed["polls"]["missing_share"] = round(summed["polls"]["missing"] / max(1, summed["polls"]["expected"]), 4)
    summed["judged"] = _judged([r["judged"] for r in reports])
    if "faults_injected" in reports[0]:
        summed["faults_injected"] = _faults([r["faults_injected"] for r in reports])
    return {
        "date": reports[0]["date"],
        "seed": reports[0]["seed"],
        "races": sum(r["races"] for r in reports),
        "days": len(reports),
        "depth": reports[0]["depth"],
        **summed,
        "failures": [failure for r in reports for failure in r["failures"]],
        "rows_changed": sum(r["rows_changed"] for r in reports),
        "wall_secs": round(sum(r["wall_secs"] for r in reports), 2),
        **_of_a_middling_day(reports),
        "each": reports,
    }


def _of_a_middling_day(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a day cost in the mean, and a month of such days; nothing where a day has no costs."""
    if not all("cost" in report for report in reports):
        return {}
    costs, found = [r["cost"] for r in reports], [r["appwrite"] for r in reports]
    day = _mean([each["day_gib_secs"] for each in costs])
    return {
        "cost": {
            "sizes": costs[0]["sizes"],
            "hours": round(sum(each["hours"] for each in costs) / len(costs), 2),
            "gib_secs": {name: round(value, 1) for name, value in _mean([each["gib_secs"] for each in costs]).items()},
            "day_gib_secs": {sizes: round(value, 1) for sizes, value in day.items()},
            "month_dollars": {s: round(Estimate({"all": value}).month_dollars, 2) for s, value in day.items()},
        },
        "appwrite": {
            key: {name: round(value) for name, value in _mean([each[key] for each in found]).items()}
            for key in found[0]
        },
    }


def _mean(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = sorted({name for one in each for name in one})
    return {name: fsum(one.get(name, 0) for one in each) / len(each) for name in names}


def _judged(each: list[dict[str, Any]]) -> dict[str, Any]:
    names = sorted({table for j in each for table in j["tables"]})
    tables: dict[str, Counter[str]] = {name: Counter() for name in names}
    for judged in each:
        for name, counts in judged["tables"].items():
            tables[name].update(counts)
    rows, count = (sum(j[key] for j in each) for key in ("rows", "count"))
    return {"rows": rows, "count": count, "tables": {name: dict(counts) for name, counts in tables.items()}}


def _faults(each: list[dict[str, Any]]) -> dict[str, Any]:
    total, operations = (sum(f[key] for f in each) for key in ("total", "operations"))
    kinds = sorted({kind for f in each for kind in f["by_kind"]})
    by_kind = {kind: sum(f["by_kind"].get(kind, 0) for f in each) for kind in kinds}
    return {"total": total, "operations": operations, "share": round(total / operations, 4), "by_kind": by_kind}


# Words of the table where the report's own name would need explaining.
SAID = {
    "refused": "polls with nothing to do",
    "handed_again": "slots handed out again",
    "begun_late": "slots polled late",
    "rows_changed": "rows the imports wrote",
    "gaps_unexplained": "gaps told of slots that were polled",
    "request": "polls by callers",
    "count": "differences",
}


def table(report: dict[str, Any]) -> Table:
    """Lay a report out as a table."""
    made = Table(title=f"{report['date']}: {report['races']} races", show_header=False)
    for part in (
        "stored",
        "polls",
        "buckets",
        "pools",
        "notifications",
        "judged",
        "invocations",
        "heartbeat",
        "network",
        "faults_injected",
    ):
        figures = {k: v for k, v in report.get(part, {}).items() if isinstance(v, (int, float))}
        if figures:
            made.add_row(part, "  ".join(f"{SAID.get(k, k).replace('_', ' ')} {v:,}" for k, v in figures.items()))
    if excuses := report.get("polls", {}).get("excused"):
        made.add_row("excused", "  ".join(f"{kind} {count}" for kind, count in excuses.items()))
    for key in ("feed_calls_per_poll", "store_calls_per_poll", "invocations_per_poll", "rows_changed", "wall_secs"):
        if key in report:
            made.add_row(SAID.get(key, key).replace("_", " "), f"{report[key]:,}")
    _add_costs(made, report)
    made.add_row("imports that failed", str(len(report["failures"])))
    return made


def _add_costs(made: Table, report: dict[str, Any]) -> None:
    """Add what the day costs: the platform at both sizes, and Appwrite's rows beside its cloud's plans."""
    if "cost" not in report:
        return
    cost, found = report["cost"], report["appwrite"]
    dollars = "  ".join(_dollars(cost, sizes) for sizes in cost["month_dollars"])
    totals = "  ".join(f"{key} {found[key]['total']:,}" for key in ("rows_read", "rows_written", "calls"))
    if cost["hours"] < WHOLE / timedelta(hours=1):
        said = "the idle minutes of a day's rest cost more: --whole"
        made.add_row("costs are of", f"{cost['hours']:.1f} hours, up to the last race's end ({said})")
    made.add_row("platform, a month", f"{dollars}  (GiB-s a day: {sum(cost['gib_secs'].values()):,.0f})")
    made.add_row("Appwrite, a day", totals)
    made.add_row("Appwrite's cloud", "\n".join(plan_lines(found)))


def _dollars(cost: dict[str, Any], sizes: str) -> str:
    """Tell a month's dollars; those of other sizes than the day's own are reckoned from its seconds."""
    own = sizes == cost["sizes"]
    reckoned = "" if own else f" (reckoned from the seconds at {cost['sizes']} sizes)"
    return f"{sizes} ${cost['month_dollars'][sizes]:,.2f}{reckoned}"
