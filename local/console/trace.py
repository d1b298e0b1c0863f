"""One piece of work: its trigger, what that started, its polls' calls, and the webhooks that followed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from appwrite.query import Query

from local.console.activity import Invocation
from local.console.source import LIGHT, Source
from local.console.words import at
from raceday.catalogue.functions import EVENT_FUNCTIONS, POLLER
from raceday.store.port import Row
from raceday.tables import MEETINGS, RACE_POLLS, RACES

# What a tick starts ends within this, and so do the webhooks of what its pollers commit.
AROUND = timedelta(minutes=5)
RECENT = timedelta(minutes=20)
MOST_ACTIVATIONS = 3000
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a waterfall: `begin_ms` from the first start, `depth` how far below the trigger.

    `kind` is activation, wait, feed or commit; only an activation has an id, a status and log lines.
    """

    name: str
    kind: str
    begin_ms: float
    length_ms: float
    depth: int
    status: str = ""
    activation: str = ""
    lines: tuple[str, ...] = ()
    replayable: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """A waterfall: its first activation, when it began, its bars in order, and how long all of it took."""

    root: Invocation
    asked: Invocation
    bars: tuple[Bar, ...]
    total_ms: float


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work in the list: its first activation, and how many others and failures are beneath it."""

    root: Invocation
    beneath: int
    failures: int


async def read_trace(source: Source, activation: str) -> Trace | None:
    """Read the work that an activation belongs to; None where it is not kept."""
    asked = source.activity.one(activation)
    if asked is None:
        return None
    runs = source.activity.latest(asked.started - AROUND, asked.ended + AROUND, limit=MOST_ACTIVATIONS)
    tree = _Tree(runs)
    root = tree.root_of(asked)
    polls = await _polls(source, [run for run in tree.beneath(root) if run.function == POLLER.name])
    names = await _names(source, {race for race, _ in polls})
    told = source.lines_of({run.activation for run in tree.beneath(root)})
    bars = [
        replace(bar, lines=(*bar.lines, *told.get(bar.activation, ()))) if bar.activation else bar
        for bar in _bars(tree, root, polls, names, root.started, 0)
    ]
    end = max((bar.begin_ms + bar.length_ms for bar in bars), default=0.0)
    return Trace(root, asked, tuple(bars), max(end, 1.0))


def recent_work(source: Source, until: datetime, limit: int = 15) -> list[Work]:
    """Return the newest pieces of work, newest first."""
    runs = source.activity.latest(until - RECENT, until, limit=MOST_ACTIVATIONS)
    tree = _Tree(runs)
    roots = [run for run in runs if tree.root_of(run) is run][:limit]
    found = []
    for root in roots:
        beneath = tree.beneath(root)
        found.append(Work(root, len(beneath) - 1, sum(run.failed for run in beneath)))
    return found


class _Tree:
    """Activations by what started them: a parent, or the poll whose row called a webhook."""

    def __init__(self, runs: Sequence[Invocation]) -> None:
        self._by_id = {run.activation: run for run in runs}
        self._pollers: dict[Key, list[Invocation]] = {}
        for run in sorted((run for run in runs if run.function == POLLER.name), key=lambda run: run.started):
            for key in keys_of(run):
                self._pollers.setdefault(key, []).append(run)
        self._children: dict[str, list[Invocation]] = {}
        for run in sorted(runs, key=lambda run: run.started):
            above = self._above(run)
            if above is not None:
                self._children.setdefault(above.activation, []).append(run)

    def poller_of(self, key: Key, by: datetime) -> Invocation | None:
        """Return the poller that had come to a slot by an instant: of two that were handed it, the later one."""
        return next((run for run in reversed(self._pollers.get(key, ())) if run.started <= by), None)

    def _above(self, run: Invocation) -> Invocation | None:
        if run.parent in self._by_id:
            return self._by_id[run.parent]
        if run.function in EVENT_FUNCTIONS:
            return next((found for key in keys_of(run) if (found := self.poller_of(key, run.started))), None)
        return None

    def root_of(self, run: Invocation) -> Invocation:
        """Return the activation that all of it began with."""
        found = self._by_id.get(run.activation, run)
        while (above := self._above(found)) is not None and above is not found:
            found = above
        return found

    def children(self, run: Invocation) -> list[Invocation]:
        """Return what an activation started, in order."""
        return self._children.get(run.activation, [])

    def beneath(self, run: Invocation) -> list[Invocation]:
        """Return an activation and all that came of it."""
        return [run, *(below for child in self.children(run) for below in self.beneath(child))]


def keys_of(run: Invocation) -> list[Key]:
    """Return the races and slots of a poller's event, or those of the ledger row that called a webhook."""
    event = _event(run)
    if run.function == POLLER.name:
        slots = event.get("slots")
        return [_key(slot) for slot in slots if isinstance(slot, dict)] if isinstance(slots, list) else []
    http = event.get("http")
    body = _json(str(http.get("body") or "")) if isinstance(http, Mapping) else event
    return [_key(body)] if body.get("raceId") else []


def _key(values: Mapping[str, Any]) -> Key:
    slot = at(values.get("slot"))
    return str(values.get("raceId")), slot.isoformat() if slot else ""


def _event(run: Invocation) -> dict[str, Any]:
    return _json(run.event)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def _polls(source: Source, pollers: Iterable[Invocation]) -> dict[Key, Row]:
    """Return the ledger rows that pollers wrote, by race and slot."""
    keys = {key for run in pollers for key in keys_of(run) if key[1]}
    if not keys:
        return {}
    slots = sorted({slot for _, slot in keys})
    queries = [Query.between("slot", slots[0], slots[-1])]
    rows = await source.store.find(RACE_POLLS, queries, select=(*LIGHT, "$createdAt"))
    return {key: row for row in rows if (key := _key(row)) in keys}


async def _names(source: Source, race_ids: Iterable[str]) -> dict[str, str]:
    """Return races as people name them, by id."""
    wanted = sorted(race_ids)[:100]
    if not wanted:
        return {}
    races = await source.store.find(
        RACES, [Query.equal("$id", wanted)], select=("$id", "meetingId", "raceNumber", "startTime")
    )
    ids = sorted({str(race["meetingId"]) for race in races})[:100]
    meetings = await source.store.find(MEETINGS, [Query.equal("$id", ids)], select=("$id", "meetingName"))
    courses = {row["$id"]: row["meetingName"] for row in meetings}
    return {race["$id"]: f"{courses.get(race['meetingId'], '')} R{race['raceNumber']}".strip() for race in races}


def _bars(
    tree: _Tree,
    run: Invocation,
    polls: Mapping[Key, Row],
    names: Mapping[str, str],
    begin: datetime,
    depth: int,
) -> Iterable[Bar]:
    """Yield an activation, its polls' parts and what it started, depth first."""

    def ms(instant: datetime) -> float:
        return (instant - begin).total_seconds() * 1000

    yield Bar(run.function, "activation", ms(run.started), run.duration_ms, depth, run.status, run.activation,
              run.lines, bool(run.event))  # fmt: skip
    children = tree.children(run)
    shown: set[Key] = set()
    for key in keys_of(run) if run.function == POLLER.name else ():
        row = polls.get(key)
        fetched, slot = (at(row.get("fetchedAt")), at(row.get("slot"))) if row else (None, None)
        if row is None or fetched is None or slot is None or tree.poller_of(key, fetched) is not run:
            continue
        shown.add(key)
        name, asked = names.get(key[0], key[0][:8]), fetched - timedelta(milliseconds=row.get("feedMs") or 0)
        yield Bar(f"{name} feed", "feed", ms(asked), row.get("feedMs") or 0, depth + 1)
        created = at(row.get("$createdAt"))
        if created is not None:
            yield Bar(f"{name} commit", "commit", ms(fetched), max(0.0, ms(created) - ms(fetched)), depth + 1)
        for child in [each for each in children if key in keys_of(each)]:
            yield from _bars(tree, child, polls, names, begin, depth + 2)
    for child in children:
        if not shown.intersection(keys_of(child)):
            yield from _bars(tree, child, polls, names, begin, depth + 1)
