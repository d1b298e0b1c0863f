"""daily-entrants: imports entrants with their first odds for all stored races, in steps, keeping its deadline."""

import json
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.catalogue import functions
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import StoreConflict
from raceday.ids import row_key
from raceday.importing.races import (
    WRITE_ATTEMPTS,
    ensure_meeting,
    linked,
    race_ops,
    status_of,
    store_details,
)
from raceday.importing.report import (
    DONE,
    IMPORT,
    MOST_VALUES,
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
from raceday.tables import ENTRANTS, ODDS_HISTORY, RACES, SUITE_STATE
from raceday.tables.entrants import TABLE as ENTRANTS_TABLE
from raceday.tables.entrants import entrant_columns, entrant_row

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

    Entrants are made and never changed: what is there is a poll's, or the first poll writes it anew. The odds of a race
    that was over long before it was `sighted` are nobody's first.
    """
    if not linked(snapshot, there):
        await ensure_meeting(container, snapshot, report)
    stamp = iso(container.clock.now())
    for attempt in range(1, WRITE_ATTEMPTS + 1):
        new = await _new(container, snapshot)
        entrants = [_entrant(snapshot, runner, stamp) for runner in new]
        odds = [row for runner in new for row in first_odds(snapshot, runner, stamp)] if sighted else []
        patch = next((dict(op.data) for op in race_ops(snapshot, there, stamp, report) if op.table == RACES), {})
        if snapshot.runners:
            patch["entrantsImportedAt"] = stamp
        ops = [Op("bulkCreate", ENTRANTS, rows=entrants)] if entrants else []
        ops += [Op("bulkUpsert", ODDS_HISTORY, rows=odds)] if odds else []
        ops += [Op("update", RACES, snapshot.race_id, patch)] if patch else []
        try:
            if ops:
                await container.store.commit(ops)
        except StoreConflict:
            # A poll made them since: what stands now decides.
            if attempt == WRITE_ATTEMPTS:
                raise
            there = await container.store.get(RACES, snapshot.race_id) or there
        else:
            break
    report.cut += sum(ENTRANTS_TABLE.cuts(entrant_columns(snapshot, runner)) for runner in new)
    report.changed += len(entrants) + len(odds) + bool(patch)
    report.count("entrants", len(snapshot.runners))
    report.count("odds", len(odds))
    report.count("races")


async def _new(container: Container, snapshot: Snapshot) -> list[Runner]:
    """Return the runners to store: those that are not there, and of whom no poll says otherwise."""
    ids = [runner.entrant_id for runner in snapshot.runners]
    there: set[str] = set()
    for at in range(0, len(ids), MOST_VALUES):
        queries = [Query.equal("$id", ids[at : at + MOST_VALUES])]
        there |= {row["$id"] for row in await container.store.find(ENTRANTS, queries, select=("$id",))}
    new = [runner for runner in snapshot.runners if runner.entrant_id not in there]
    base = await ledger.newest(container.store, snapshot.race_id) if new else None
    if base is None:
        return new
    # Only rows that somebody deleted are lacking: a runner that no poll saw has left the list since, or comes to it.
    known = {line.entrant_id: line.scratched for line in base.runners}
    return [runner for runner in new if known.get(runner.entrant_id) == runner.scratched]


def _entrant(snapshot: Snapshot, runner: Runner, stamp: str) -> Row:
    return {
        "$id": runner.entrant_id,
        **entrant_row(snapshot, runner),
        "importedAt": stamp,
        "lastUpdated": stamp,
    }


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
