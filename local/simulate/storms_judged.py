"""What a broken network cost a day: gaps by whether their slot lived through the outage, and how late labels came."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.feedsim import FeedDay
from local.simulate.chances import Delays
from local.simulate.full_store import FullBackend
from local.simulate.oracle.judge import Left
from local.simulate.report import PLANNED, expectations
from local.simulate.storms import STORE, WEBHOOKS, Outage, Storm, weather_of
from local.simulate.tables import when
from local.simulate.wire_depth import PLATFORM_HOST, WireBackend
from local.simulate.world import SimWorld

# Containers of this depth stay warm for hours: what goes wrong in one has to be lived with.
WARM_SECS = (3600.0, 4 * 3600.0)
# What a poll needs of its slot once everything answers again: a pause, three reads and an answer of the feed.
ROUND = timedelta(seconds=4)


def begin_network(network: str, world: SimWorld, backend: FullBackend, until: datetime) -> list[Outage]:
    """Let a world go through a network's outages, at wire depth on its links too, storms until `until`.

    Returns the outages that are to come.
    """
    weather, outages = weather_of(network, world.seed, world.loop.time, world.loop.start)
    if isinstance(backend, WireBackend):
        world.settings = replace(
            world.settings, platform_host=f"https://{PLATFORM_HOST}", platform_namespace="fn", platform_key="dof_v1_a:b"
        )
        world.delays = world.platform.delays = Delays(recycle=WARM_SECS)
        if isinstance(weather, Storm):
            weather.until = (until - world.loop.start).total_seconds()
        backend.weather = weather
    coming = [each for each in outages if each.end < until]
    backend.plan_outages(world, coming)
    return coming


def network_report(
    report: Mapping[str, Any], day: FeedDay, world: SimWorld, left: Left, outages: Sequence[Outage]
) -> dict[str, Any]:
    """Return the day's report with what its network cost it; a slot is lost where it lived through all outages."""
    kept = [each for each in outages if each.host != WEBHOOKS]
    committed = {(r["raceId"], when(r["slot"])) for r in left.after.ledger if r["kind"] in (*PLANNED, "request")}
    absent = {
        (race_id, at): timedelta(seconds=life)
        for race_id, each in sorted(expectations(day, world, left.after, left.end).items())
        for at, life in sorted(each.lives.items())
        if (race_id, at) not in committed
    }
    lost = [(race_id, at) for (race_id, at), life in absent.items() if lived(at, life, kept)]
    return {
        "network": {
            "outages": len(outages),
            "absent": len(absent),
            "outlived": len(absent) - len(lost),
            "lost": len(lost),
            "renewed": world.events["connections.renewed"],
            **_lateness(left),
        },
        "polls": {
            **report["polls"],
            "differences": [{"what": "lost", "race": race, "key": at.isoformat()} for race, at in lost[:20]],
        },
    }


def lived(at: datetime, life: timedelta, outages: Sequence[Outage]) -> bool:
    """Tell whether a slot had time enough outside of every outage for one poll."""
    begin, end = at, at + life
    for outage in outages:
        # The way down and up again costs what is under way: a frozen host answers late what it took.
        if outage.begin <= begin < outage.end:
            begin = outage.end
        elif begin < outage.begin < end and outage.host != STORE:
            end = outage.begin
    return end - begin >= ROUND


def _lateness(left: Left) -> dict[str, float | None]:
    """Return how long after their slots label rows were written, in seconds."""
    rows = [row for row in left.after.flow if row.get("timeInterval") is not None]
    late = sorted((when(row["$createdAt"]) - when(row["eventTimestamp"])).total_seconds() for row in rows)
    if not late:
        return {"labels_p50_secs": None, "labels_p90_secs": None, "labels_max_secs": None}
    at = {"p50": 0.5, "p90": 0.9, "max": 1.0}
    return {f"labels_{name}_secs": round(late[math.ceil(len(late) * share) - 1], 2) for name, share in at.items()}
