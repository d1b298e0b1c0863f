"""What a simulated day came to: the ledger against the oracle, the platform's use, and the rows that are there."""

import json
import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from local.feedsim import Day
from local.simulate.buckets import Answer, Key, Money, compare, expected_rows, is_label_row
from local.simulate.oracle.slots import Expected, expect
from local.simulate.oracle.truth import DayServed
from local.simulate.tables import Tables, when
from local.simulate.world import World
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.store.port import Row

POLLER = "enhanced-race-poller"
PLANNED = ("slot", "recheck")
IDLE_OUTCOMES = ("done", "late", "off_plan", "over", "expired", "refused")
POOL_COLUMNS = {
    "win": "winPoolTotal",
    "place": "placePoolTotal",
    "quinella": "quinellaPoolTotal",
    "trifecta": "trifectaPoolTotal",
    "exacta": "exactaPoolTotal",
    "first4": "first4PoolTotal",
}


def day_report(day: Day, world: World, tables: Tables, end: datetime) -> dict[str, Any]:
    """Return everything that a finished day is measured by."""
    expected = expectations(day, world, end)
    found = polls(expected, tables.ledger, world)
    answers = answers_of(day, tables.ledger, world)
    return {
        "date": day.date.isoformat(),
        "seed": world.seed,
        "races": len(day.core_races),
        "stored": stored(tables),
        "rows_changed": sum(int(i.get("rows_changed", 0)) for i in world.counts.imports),
        "failures": failures(world),
        "statuses": statuses(tables),
        "polls": found,
        **use(world, int(found["committed"])),
        "buckets": buckets(answers, tables.flow),
        "pools": {"wrong": pools_wrong(answers, tables.pools)},
        "notifications": notifications(tables.notifications),
        "log": dict(sorted(world.log_levels.items())),
    }


def expectations(day: Day, world: World, end: datetime) -> dict[str, Expected]:
    """Return what each race of the day was to be polled for."""
    served, lists, s = DayServed(day), sorted(world.counts.feed_lists), world.settings
    return {
        race.race_id: expect(
            served, race.race_id, lists, end, near_secs=s.near_interval_secs, last_secs=s.last_interval_secs
        )
        for race in day.core_races
    }


def polls(expected: Mapping[str, Expected], ledger: Sequence[Row], world: World) -> dict[str, Any]:
    """Compare the ledger with what was expected, and say where they differ."""
    planned = [row for row in ledger if row["kind"] in PLANNED]
    slots = Counter((row["raceId"], when(row["slot"])) for row in ledger if row["kind"] != "closing")
    wanted = {(race_id, at) for race_id, each in expected.items() for at in each.sure | each.rechecks}
    allowed = {(race_id, at) for race_id, each in expected.items() for at in each.either}
    committed = {(row["raceId"], when(row["slot"])) for row in planned}
    wanted |= allowed & committed
    # A caller's poll that fell on a planned slot has served it.
    committed |= wanted & slots.keys()
    late = sorted(_lateness(row, world.counts.asked.get(row["raceId"], ())) for row in planned)
    return {
        "expected": len(wanted),
        "committed": len(committed),
        "duplicate": sum(count - 1 for count in slots.values()),
        "refused": sum(world.counts.outcomes[word] for word in IDLE_OUTCOMES),
        "gaps": sum(len(json.loads(row.get("gaps") or "[]")) for row in ledger),
        "late_p99_secs": round(late[math.ceil(len(late) * 0.99) - 1], 3) if late else None,
        "late_max_secs": round(late[-1], 3) if late else None,
        "failed": world.counts.outcomes["failed"],
        "request": sum(row["kind"] == "request" for row in ledger),
        "closing": sum(row["kind"] == "closing" for row in ledger),
        "missing": len(wanted - committed),
        "unexpected": len(committed - wanted),
        "differences": _named(wanted - committed, "missing") + _named(committed - wanted, "unexpected"),
    }


def _lateness(row: Row, asked: Sequence[datetime]) -> float:
    """Return the seconds from a slot to the request that was answered for it."""
    slot, fetched = when(row["slot"]), when(row["fetchedAt"])
    return ((_last_before(asked, fetched) or fetched) - slot).total_seconds()


def _last_before(instants: Sequence[datetime], until: datetime) -> datetime | None:
    i = bisect_right(instants, until)
    return instants[i - 1] if i else None


def _named(keys: set[tuple[str, datetime]], what: str) -> list[dict[str, str]]:
    return [{"what": what, "raceId": race, "slot": at.isoformat()} for race, at in sorted(keys)[:20]]


def answers_of(day: Day, ledger: Sequence[Row], world: World) -> dict[str, list[Answer]]:
    """Return each race's committed polls in order, with the market as it was when each was served."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for row in sorted(ledger, key=lambda row: (row["raceId"], row["n"])):
        race_id = row["raceId"]
        places = day.books[race_id].race.positions_paid
        if row["kind"] == "closing":
            if found[race_id]:
                last = found[race_id][-1]
                found[race_id].append(Answer(when(row["slot"]), last.state, places, row["status"]))
            continue
        served = _last_before(world.counts.served.get(race_id, ()), when(row["fetchedAt"]))
        if served is not None:
            found[race_id].append(Answer(when(row["slot"]), day.truth(race_id, served), places))
    return found


def buckets(answers: Mapping[str, Sequence[Answer]], flow: Sequence[Row]) -> dict[str, Any]:
    """Compare the timeline's columns with what they must show."""
    expected: dict[Key, Money] = {}
    for race_id, polled in answers.items():
        expected |= expected_rows(race_id, polled)
    return compare(expected, [row for row in flow if is_label_row(row)])


def pools_wrong(answers: Mapping[str, Sequence[Answer]], pools: Sequence[Row]) -> int:
    """Count races whose stored totals differ from the last ones served."""
    rows = {row["raceId"]: row for row in pools}
    return sum(not _pools_right(polled[-1], rows.get(race_id)) for race_id, polled in answers.items() if polled)


def _pools_right(last: Answer, row: Row | None) -> bool:
    totals = {column: last.state.pools.get(product, 0) for product, column in POOL_COLUMNS.items()}
    return (
        row is not None
        and all(row[column] == cents for column, cents in totals.items())
        and row["totalRacePool"] == sum(totals.values())
    )


def notifications(rows: Sequence[Row]) -> dict[str, int]:
    """Count notifications, and those that say the same thing twice."""
    keys = Counter((r["userId"], r["raceId"], r["entrantId"], r["timeInterval"], r["type"]) for r in rows)
    return {"sent": len(rows), "duplicate": sum(count - 1 for count in keys.values())}


def failures(world: World) -> list[dict[str, str]]:
    """Return what the imports could not do, each failure once, with the last word on it."""
    found: dict[str, dict[str, str]] = {}
    for answer in world.counts.imports:
        for failure in answer.get("failures", ()):
            found[failure["item"]] = {"function": answer["function"], **failure}
        if "error" in answer:
            found[answer["function"]] = {"item": answer["function"], "error": str(answer["error"])}
    return [found[item] for item in sorted(found)]


def use(world: World, committed: int) -> dict[str, Any]:
    """Return what the day cost: invocations, and calls per poll."""
    uses = {name: each.report() for name, each in sorted(world.platform.uses.items())}
    invocations = {name: each["activations"] for name, each in uses.items()}
    made = max(1, committed)
    # A poll that the feed refused, an event that is gone for one, was a poll too.
    asked = max(1, committed + world.counts.outcomes["failed"])
    polling = sum(invocations.get(name, 0) for name in (POLLER, *EVENT_FUNCTIONS))
    return {
        "feed_calls_per_poll": round(world.counts.feed_events[POLLER] / asked, 3),
        "store_calls_per_poll": round(world.counts.store[POLLER] / made, 3),
        "invocations": invocations,
        "invocations_per_poll": round(polling / made, 3),
        "store_calls": dict(sorted(world.counts.store.items())),
        "functions": uses,
    }


def stored(tables: Tables) -> dict[str, int]:
    """Count what was stored."""
    return {"meetings": len(tables.meetings), "races": len(tables.races), "entrants": len(tables.entrants)}


def statuses(tables: Tables) -> dict[str, int]:
    """Count races by their final status."""
    return dict(sorted(Counter(row["status"] for row in tables.races).items()))
