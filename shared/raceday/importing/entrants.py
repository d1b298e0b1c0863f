"""daily-entrants: imports entrants with their first odds for all stored races, in steps, keeping its deadline."""

import json
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.catalogue import functions
from raceday.clock import iso
from raceday.container import Container
from raceday.ids import row_key
from raceday.importing.races import ensure_meeting, linked, race_ops, status_of, store_details
from raceday.importing.report import (
    DONE,
    IMPORT,
    OPEN,
    RESERVE_SECS,
    Report,
    day_of,
    each,
    note,
    raise_if_nothing_imported,
    stored_races,
)
from raceday.ledger import log as ledger
from raceday.racing.records import ODDS_TYPES
from raceday.racing.snapshot import Runner, Snapshot
from raceday.store.port import Op, Row
from raceday.tables import ENTRANTS, ODDS_HISTORY, RACES, SUITE_STATE, entrants
from raceday.tables.base import changed_columns

NAME = functions.DAILY_ENTRANTS.name
STEP = 20
# One race of the slowest feed that still answers: what is left of the deadline must hold it.
RACE_SECS = 12.0


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Import entrants race by race, noting every twenty, until all stored races have them or the time is up.

    A race is done when its row says so, written with its entrants in one commit: the next run goes on from there.
    """
    day = day_of(call)
    report = Report(day)
    stored = await stored_races(container, day)
    waiting = [row for row in stored if not row.get("entrantsImportedAt")]
    left: list[Row] = []
    done = 0

    async def one(row: Row) -> None:
        nonlocal done
        if call.remaining_secs() <= RACE_SECS + RESERVE_SECS:
            left.append(row)
            return
        snapshot = await container.feed.event(row["$id"], status_of(row))
        await store_entrants(container, snapshot, row, report)
        done += 1
        if done % STEP == 0:
            await note(container, NAME, day, OPEN, {"left": len(waiting) - done, "failures": len(report.failures)})

    at_once, secs = container.settings.feed_concurrency, call.remaining_secs() - RESERVE_SECS
    left += await each(waiting, at_once, one, lambda row: str(row["$id"]), container, report, secs)
    raise_if_nothing_imported(report, len(stored))
    report.extra |= {"left": len(left), "already": len(stored) - len(waiting)}
    await note(container, NAME, day, OPEN if left else DONE, {"left": len(left), "failures": len(report.failures)})
    call.log.info("entrants.imported", **{k: v for k, v in report.result().items() if k != "failures"})
    return report.result()


async def progress(container: Container) -> dict[str, Any]:
    """Return what the last run noted of itself."""
    row = await container.store.get(SUITE_STATE, row_key(IMPORT, NAME))
    return json.loads(row["data"] or "{}") if row else {}


async def store_entrants(
    container: Container, snapshot: Snapshot, there: Row, report: Report, *, sighted: bool = True
) -> None:
    """Write a race's entrants, their first odds and the note that they are there, in one commit.

    The odds of a race that was over long before it was `sighted` are nobody's first.
    """
    if not linked(snapshot, there):
        await ensure_meeting(container, snapshot, report)
    stamp = iso(container.clock.now())
    known = await container.store.find(ENTRANTS, [Query.equal("raceId", [snapshot.race_id])])
    by_id = {row["$id"]: row for row in known}
    new = [runner for runner in snapshot.runners if runner.entrant_id not in by_id]
    entrants = _changed(snapshot, by_id, stamp, report)
    if await ledger.newest_n(container.store, snapshot.race_id):
        # What a poll wrote is younger than this answer, or will be brought up to date by the next poll.
        entrants = [row for row in entrants if row["$id"] not in by_id]
    odds = [row for runner in new for row in first_odds(snapshot, runner, stamp)] if sighted else []
    ops: list[Op] = []
    if entrants:
        ops.append(Op("bulkUpsert", ENTRANTS, rows=entrants))
    if odds:
        ops.append(Op("bulkUpsert", ODDS_HISTORY, rows=odds))
    patch = next((dict(op.data) for op in race_ops(snapshot, there, stamp, report) if op.table == RACES), {})
    if snapshot.runners:
        patch["entrantsImportedAt"] = stamp
    if patch:
        ops.append(Op("update", RACES, snapshot.race_id, patch))
    if ops:
        await container.store.commit(ops)
        report.changed += len(entrants) + len(odds) + bool(patch)
    report.count("entrants", len(snapshot.runners))
    report.count("odds", len(odds))
    report.count("races")


def _changed(snapshot: Snapshot, by_id: dict[str, Row], stamp: str, report: Report) -> list[Row]:
    found = []
    for runner in snapshot.runners:
        full = entrants.entrant_columns(snapshot, runner)
        report.cut += entrants.TABLE.cuts(full)
        row = entrants.TABLE.fitted(full)
        there = by_id.get(runner.entrant_id)
        if there is None:
            found.append({"$id": runner.entrant_id, **row, "importedAt": stamp, "lastUpdated": stamp})
        elif changed_columns(there, row):
            found.append({"$id": runner.entrant_id, **row, "lastUpdated": stamp})
    return found


def first_odds(snapshot: Snapshot, runner: Runner, stamp: str) -> list[Row]:
    """Return a runner's first sighting in the odds history: one row per kind of odds, under ids that repeat."""
    return [
        {
            "$id": row_key("odds", runner.entrant_id, kind, 0),
            "raceId": snapshot.race_id,
            "entrantId": runner.entrant_id,
            "type": kind,
            "odds": float(odds),
            "eventTimestamp": stamp,
            "n": 0,
        }
        for kind in ODDS_TYPES
        if (odds := getattr(runner.odds, kind)) is not None
    ]


async def import_race(container: Container, race_id: str) -> None:
    """Import one race that is not stored: its meeting, its details and its entrants; FilteredOut where unwanted."""
    snapshot = await container.feed.event(race_id)
    report = Report(snapshot.race_date_nz or snapshot.start.date())
    there = await container.store.get(RACES, race_id)
    await store_details(container, snapshot, there, report)
    stored = await container.store.get(RACES, race_id)
    await store_entrants(container, snapshot, stored or {}, report)
