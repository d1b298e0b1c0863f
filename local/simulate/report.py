"""What a simulated day came to: the ledger against the oracle, the platform's use, and the rows that are there."""

import json
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from local.feedsim import FeedDay
from local.simulate.costs import appwrite, cost
from local.simulate.day import day_start
from local.simulate.operator import is_paused
from local.simulate.oracle.differences import Findings
from local.simulate.oracle.slots import Every, Expected, expect, rechecks_after
from local.simulate.oracle.truth import DayServed
from local.simulate.tables import Tables, when
from local.simulate.world import SimWorld
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.store.port import Row
from raceday.tables import MONEY_FLOW, NOTIFICATIONS, RACE_POOLS

POLLER = "enhanced-race-poller"
MOST_CRASHES = 20
PLANNED = ("slot", "recheck")
CRITICAL = timedelta(minutes=5)
# Nobody who was started in time is this late where nothing is broken: a cold container takes nine seconds to come up.
MOST_LATE_SECS = 20
# From T-5 to Final every slot is handed out in the minute before it, and its poller up in time.
MOST_LATE_CRITICAL_SECS = 3
# The tick of a minute hands out the slots from here on.
HANDED_AHEAD = timedelta(seconds=20)
IDLE_OUTCOMES = ("done", "late", "off_plan", "over", "expired", "refused")


def day_report(day: FeedDay, world: SimWorld, tables: Tables, findings: Findings, end: datetime) -> dict[str, Any]:
    """Return everything that a finished day is measured by."""
    expected = expectations(day, world, tables, end)
    found = polls(expected, tables.ledger, world)
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
        "heartbeat": heartbeat([beat.at for beat in world.record.beats if beat.done]),
        "cost": cost(world, end - day_start(day.date)),
        "appwrite": appwrite(world),
        "buckets": counted(findings, MONEY_FLOW) | {"written": len(tables.flow)},
        "pools": counted(findings, RACE_POOLS),
        "notifications": counted(findings, NOTIFICATIONS) | {"sent": len(tables.notifications)},
        "judged": findings.report(),
        "crashes": world.crashes[:MOST_CRASHES],
        "forbidden": world.forbidden[:MOST_CRASHES],
        "log": dict(sorted(world.log_levels.items())),
    }


def expectations(day: FeedDay, world: SimWorld, tables: Tables, end: datetime) -> dict[str, Expected]:
    """Return what each race of the day was to be polled for, as far as its polls could tell the suite.

    A slot of a pause may go without a poll.
    """
    served, lists = DayServed(day), sorted(world.counts.feed_lists)
    polled = {
        (row["raceId"], when(row["slot"])): when(row["generatedAt"])
        for row in tables.ledger
        if row["kind"] != "closing"
    }

    def passed(race_id: str) -> Callable[[datetime], bool]:
        return lambda at: is_paused(world.paused, at) and (race_id, at) not in polled

    def shown(race_id: str) -> Callable[[datetime], datetime | None]:
        return lambda at: polled.get((race_id, at))

    every = Every.of(world.settings)
    return {
        key: expect(served, key, lists, end, every=every, passed=passed(key), shown=shown(key))
        for key in (race.race_id for race in day.core_races)
    }


def polls(expected: Mapping[str, Expected], ledger: Sequence[Row], world: SimWorld) -> dict[str, Any]:
    """Compare the ledger with what was expected, and say where they differ."""
    planned = [row for row in ledger if row["kind"] in PLANNED]
    slots = Counter((row["raceId"], when(row["slot"])) for row in ledger if row["kind"] != "closing")
    committed = {(row["raceId"], when(row["slot"])) for row in planned}
    wanted = {(race_id, at) for race_id, each in expected.items() for at in _wanted(race_id, each, committed)}
    wanted -= {(race_id, at) for race_id, at in wanted - committed if is_paused(world.paused, at)}
    # A caller's poll that fell on a planned slot has served it.
    committed |= wanted & slots.keys()
    gaps = {(r["raceId"], when(gap["slot"])) for r in ledger for gap in json.loads(r.get("gaps") or "[]")}
    untold = _passed(expected, planned) - gaps
    lateness = [(is_critical(row), _lateness(row, world.counts.asked.get(row["raceId"], ()))) for row in planned]
    late = sorted(secs for _, secs in lateness)
    return {
        "expected": len(wanted),
        "committed": len(committed),
        "duplicate": sum(count - 1 for count in slots.values()),
        "refused": sum(world.counts.outcomes[word] for word in IDLE_OUTCOMES),
        "gaps": len(gaps),
        "gaps_unexplained": len(gaps & committed),
        "paused_untold": len(untold),
        "handed_again": _handed_again(world),
        "late_p99_secs": _p99(late),
        "late_p99_critical_secs": _p99(sorted(secs for critical, secs in lateness if critical)),
        "late_p99_elsewhere_secs": _p99(sorted(secs for critical, secs in lateness if not critical)),
        "late_max_secs": round(late[-1], 3) if late else None,
        "begun_late": _begun_late(expected, planned, world),
        "failed": world.counts.outcomes["failed"],
        "request": sum(row["kind"] == "request" for row in ledger),
        "closing": sum(row["kind"] == "closing" for row in ledger),
        "missing": len(wanted - committed),
        "unexpected": len(committed - wanted),
        "differences": [
            *_named(wanted - committed, "missing"),
            *_named(committed - wanted, "unexpected"),
            *_named(untold, "told by no gap"),
        ],
    }


def _passed(expected: Mapping[str, Expected], planned: Sequence[Row]) -> set[tuple[str, datetime]]:
    """Return the slots that a pause let pass and after which their race was polled again."""
    newest: dict[str, datetime] = {}
    for row in planned:
        newest[row["raceId"]] = max(when(row["slot"]), newest.get(row["raceId"], when(row["slot"])))
    return {(key, at) for key, each in expected.items() for at in each.passed if key in newest and at < newest[key]}


def _handed_again(world: SimWorld) -> int:
    """Count the hand-outs of a slot after its first, but for those after a failure, as of a race that is gone."""
    counts = world.counts
    return sum(max(0, count - 1 - counts.failed.get(slot, 0)) for slot, count in counts.handed.items())


def _p99(ordered: Sequence[float]) -> float | None:
    return round(ordered[math.ceil(len(ordered) * 0.99) - 1], 3) if ordered else None


def is_critical(row: Row) -> bool:
    """Tell whether a slot lies between T-5 and Final, where nothing is to be late."""
    return bool(row["kind"] == "slot" and when(row["slot"]) >= when(row["startTime"]) - CRITICAL)


def _wanted(race_id: str, each: Expected, committed: Container[tuple[str, datetime]]) -> set[datetime]:
    """Return the slots that must be there: the sure ones, what was committed of the others, and their re-checks."""
    told = {at for at in each.either if (race_id, at) in committed}
    over = min(told & each.over, default=None)
    return each.sure | each.rechecks | told | (set() if over is None else rechecks_after(over))


def _lateness(row: Row, asked: Sequence[datetime]) -> float:
    """Return the seconds from a slot to the request that was answered for it."""
    slot, fetched = when(row["slot"]), when(row["fetchedAt"])
    return ((_last_before(asked, fetched) or fetched) - slot).total_seconds()


def _begun_late(expected: Mapping[str, Expected], planned: Sequence[Row], world: SimWorld) -> int:
    """Count the sure slots of no pause that were polled late, although they still lived and somebody knew of them."""
    # Of a race that nobody wants no slot is sure.
    sure = [row for row in planned if row["raceId"] in expected and when(row["slot"]) in expected[row["raceId"]].sure]
    moved = _moved_at(planned)
    rows = [row for row in sure if not is_paused(world.paused, when(row["slot"])) and not _is_news(row, moved)]
    return sum(_lateness(row, world.counts.asked.get(row["raceId"], ())) > _most_late(row) for row in rows)


def _most_late(row: Row) -> int:
    return MOST_LATE_CRITICAL_SECS if is_critical(row) else MOST_LATE_SECS


def _moved_at(planned: Sequence[Row]) -> dict[tuple[str, str], datetime]:
    """Return when a row first told of each start that was not its race's first."""
    starts: dict[str, str] = {}
    found: dict[tuple[str, str], datetime] = {}
    for row in sorted(planned, key=lambda row: int(row["n"])):
        race_id, start = row["raceId"], row["startTime"]
        if starts.setdefault(race_id, start) != start:
            found.setdefault((race_id, start), when(row["$createdAt"]))
            starts[race_id] = start
    return found


def _is_news(row: Row, moved: Mapping[tuple[str, str], datetime]) -> bool:
    """Tell whether a moved start was told of after the minute began whose tick hands a slot out: the next one does."""
    told = moved.get((row["raceId"], row["startTime"]))
    return told is not None and told >= (when(row["slot"]) - HANDED_AHEAD).replace(second=0, microsecond=0)


def _last_before(instants: Sequence[datetime], until: datetime) -> datetime | None:
    i = bisect_right(instants, until)
    return instants[i - 1] if i else None


def _named(keys: set[tuple[str, datetime]], what: str) -> list[dict[str, str]]:
    return [{"what": what, "race": race, "key": at.isoformat()} for race, at in sorted(keys)[:20]]


def counted(findings: Findings, table: str) -> dict[str, int]:
    """Return how many rows of a table had to be there, and what is wrong with those that are."""
    return {
        "expected": findings.wanted[table],
        "lost": findings.count(table, "missing"),
        "duplicate": findings.count(table, "doubled"),
        "wrong": findings.count(table, "wrong", "unexpected", "changed", "went back"),
    }


def failures(world: SimWorld) -> list[dict[str, str]]:
    """Return what the imports could not do, each failure once, with the last word on it."""
    found: dict[str, dict[str, str]] = {}
    for answer in world.counts.imports:
        for failure in answer.get("failures", ()):
            found[failure["item"]] = {"function": answer["function"], **failure}
        if "error" in answer:
            found[answer["function"]] = {"item": answer["function"], "error": str(answer["error"])}
    return [found[item] for item in sorted(found)]


def heartbeat(beats: Sequence[datetime]) -> dict[str, Any]:
    """Return what a watcher outside heard: how many beats, the longest silence between two, and the last one."""
    silences = [(later - earlier).total_seconds() for earlier, later in pairwise(beats)]
    last = beats[-1].isoformat() if beats else None
    return {"beats": len(beats), "longest_silence_secs": round(max(silences, default=0.0), 2), "last": last}


def use(world: SimWorld, committed: int) -> dict[str, Any]:
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
