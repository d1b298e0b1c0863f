"""What a simulated day came to: the ledger against the oracle, the platform's use, and the rows that are there."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.feedsim import Day
from local.simulate.oracle import Expected, expect
from local.simulate.truth import DayServed
from local.simulate.world import World
from raceday.store.port import Row

POLLER = "enhanced-race-poller"
PLANNED = ("slot", "recheck")


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of a finished day, by table."""

    meetings: Sequence[Row]
    races: Sequence[Row]
    entrants: Sequence[Row]
    ledger: Sequence[Row]
    pools: Sequence[Row]
    flow: Sequence[Row]
    notifications: Sequence[Row]


def when(text: str) -> datetime:
    """Read an instant of a row."""
    return datetime.fromisoformat(text)


def expectations(day: Day, world: World, end: datetime) -> dict[str, Expected]:
    """Give what each race of the day was to be polled for."""
    served, lists, s = DayServed(day), sorted(world.counts.feed_lists), world.settings
    return {
        race.race_id: expect(
            served, race.race_id, lists, end, near_secs=s.near_interval_secs, last_secs=s.last_interval_secs
        )
        for race in day.core_races
    }


def polls(
    expected: Mapping[str, Expected], ledger: Sequence[Row], asked: Mapping[str, Sequence[datetime]]
) -> dict[str, Any]:
    """Compare the ledger with what was expected, and say where they differ."""
    planned = [row for row in ledger if row["kind"] in PLANNED]
    slots = Counter((row["raceId"], when(row["slot"])) for row in ledger if row["kind"] != "closing")
    wanted: set[tuple[str, datetime]] = set()
    allowed: set[tuple[str, datetime]] = set()
    for race_id, each in expected.items():
        wanted |= {(race_id, at) for at in each.sure | each.rechecks}
        allowed |= {(race_id, at) for at in each.either}
    committed = {(row["raceId"], when(row["slot"])) for row in planned}
    # A caller's poll that fell on a planned slot has served it.
    committed |= wanted & {(row["raceId"], when(row["slot"])) for row in ledger if row["kind"] == "request"}
    wanted |= allowed & committed
    late = sorted(_lateness(row, asked.get(row["raceId"], ())) for row in planned)
    return {
        "expected": len(wanted),
        "committed": len(committed),
        "duplicate": sum(count - 1 for count in slots.values()),
        "missing": len(wanted - committed),
        "unexpected": len(committed - wanted),
        "gaps": sum(len(json.loads(row.get("gaps") or "[]")) for row in ledger),
        "late_p99_secs": round(late[math.ceil(len(late) * 0.99) - 1], 3) if late else None,
        "late_max_secs": round(late[-1], 3) if late else None,
        "request": sum(row["kind"] == "request" for row in ledger),
        "differences": _named(wanted - committed, "missing") + _named(committed - wanted, "unexpected"),
    }


def _lateness(row: Row, asked: Sequence[datetime]) -> float:
    """Give the seconds from a slot to the request that was answered for it."""
    slot, fetched = when(row["slot"]), when(row["fetchedAt"])
    sent = [at for at in asked if slot <= at <= fetched]
    return ((sent[-1] if sent else fetched) - slot).total_seconds()


def _named(keys: set[tuple[str, datetime]], what: str) -> list[dict[str, str]]:
    return [{"what": what, "raceId": race, "slot": at.isoformat()} for race, at in sorted(keys)[:20]]


def use(world: World, committed: int) -> dict[str, Any]:
    """Give what the day cost: invocations, and calls per poll."""
    uses = {name: each.report() for name, each in sorted(world.platform.uses.items())}
    invocations = {name: each["activations"] for name, each in uses.items()}
    per_poll = ("money-flow-tracker", "race-pools-aggregator", "alert-evaluator")
    polls_made = max(1, committed)
    return {
        "feed_calls_per_poll": round(world.counts.feed_events[POLLER] / polls_made, 3),
        "store_calls_per_poll": round(world.counts.store[POLLER] / polls_made, 3),
        "invocations": invocations,
        "invocations_per_poll": round(
            (sum(invocations.get(name, 0) for name in per_poll) + invocations.get(POLLER, 0)) / polls_made, 3
        ),
        "store_calls": dict(sorted(world.counts.store.items())),
        "functions": uses,
    }


def stored(tables: Tables) -> dict[str, int]:
    """Count what was stored."""
    return {"meetings": len(tables.meetings), "races": len(tables.races), "entrants": len(tables.entrants)}


def statuses(tables: Tables) -> dict[str, int]:
    """Count races by their final status."""
    found: dict[str, int] = defaultdict(int)
    for row in tables.races:
        found[row["status"]] += 1
    return dict(sorted(found.items()))
