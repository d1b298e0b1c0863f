"""What a finished day costs: the platform's seconds at both sets of sizes, and Appwrite's rows and calls."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from local.simulate.world import SimWorld
from ops.packaging.money import Estimate
from raceday.catalogue.functions import BY_NAME, SIZES


def cost(world: SimWorld, span: timedelta) -> dict[str, Any]:
    """Return GiB-seconds by function at the day's own sizes, and a month's dollars at both, of thirty spans so long.

    The dollars of the other sizes assume that everything lasts as long there.
    """
    secs = {name: use.billed_secs for name, use in sorted(world.platform.uses.items())}
    at: dict[str, Estimate] = {sizes: Estimate(gib_secs(secs, sizes)) for sizes in SIZES}
    return {
        "sizes": world.sizes,
        "hours": round(span / timedelta(hours=1), 2),
        "gib_secs": {name: round(value, 1) for name, value in at[world.sizes].by_function.items()},
        "day_gib_secs": {sizes: round(each.day_gib_secs, 1) for sizes, each in at.items()},
        "month_dollars": {sizes: round(each.month_dollars, 2) for sizes, each in at.items()},
    }


def gib_secs(secs: Mapping[str, float], sizes: str) -> dict[str, float]:
    """Return billed seconds times memory."""
    return {name: value * BY_NAME[name].memory(sizes) / 1024 for name, value in secs.items()}


def appwrite(world: SimWorld) -> dict[str, Any]:
    """Return rows read, rows written and calls of a day by function, what was written by table, and empty reads."""
    meter = world.meter
    return {
        "rows_read": _summed(meter.read),
        "rows_written": _summed(meter.written),
        "calls": _summed(world.counts.store),
        "empty_reads": _summed(meter.empty),
        "written_to": dict(sorted(meter.by_table.items())),
    }


def _summed(counts: Mapping[str, int]) -> dict[str, int]:
    return {"total": sum(counts.values()), **{name: counts[name] for name in sorted(counts) if counts[name]}}
