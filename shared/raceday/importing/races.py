"""daily-races: imports the details of every stored race of a day, each linked to a stored meeting."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import PayloadError, StoreConflict
from raceday.feed.filter import require_wanted
from raceday.importing.report import (
    DONE,
    OPEN,
    RESERVE_SECS,
    Report,
    day_of,
    each,
    note,
    raise_if_nothing_imported,
    stored_races,
)
from raceday.racing.snapshot import Snapshot, Status
from raceday.store.port import Op, Row
from raceday.tables import MEETINGS, RACE_POOLS, RACES, meetings, races
from raceday.tables.base import changed_columns, same
from raceday.tables.race_pools import empty_pools_row

NAME = "daily-races"
# Tries where somebody else writes the same race meanwhile.
WRITE_ATTEMPTS = 3
# What imports alone write of a race that polls have described.
LINK = ("meeting", "meetingId")
OVER = (Status.FINAL.value, Status.ABANDONED.value)


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Import the details of one NZ race day's races; one that is over and has them is left alone."""
    day = day_of(call)
    report = Report(day)
    stored = await stored_races(container, day)
    waiting = [row for row in stored if row["status"] not in OVER or row.get("entrantCount") is None]
    # Those without details first: a run that its deadline cuts off is gone on with by the next.
    waiting.sort(key=lambda row: row.get("entrantCount") is not None)
    at_once = container.settings.feed_concurrency

    async def one(row: Row) -> None:
        snapshot = await container.feed.event(row["$id"], status_of(row))
        await store_details(container, snapshot, row, report)
        report.count("races")

    secs = call.remaining_secs() - RESERVE_SECS
    left = await each(waiting, at_once, one, lambda row: str(row["$id"]), container, report, secs)
    raise_if_nothing_imported(report, len(stored))
    report.extra |= {"left": len(left)}
    told = {"races": len(waiting), "left": len(left), "failures": len(report.failures)}
    await note(container, NAME, day, OPEN if left else DONE, told)
    call.log.info("races.imported", **{k: v for k, v in report.result().items() if k != "failures"})
    return report.result()


def status_of(row: Row) -> Status | None:
    """Return a stored race's status, None for a text that is none."""
    return Status(row["status"]) if row["status"] in set(Status) else None


async def store_details(container: Container, snapshot: Snapshot, there: Row | None, report: Report) -> None:
    """Write what an event says of a race, and its meeting first where that is not stored."""
    require_wanted(container.settings, snapshot.race_id, snapshot.country, snapshot.code)
    day = snapshot.race_date_nz
    for attempt in range(1, WRITE_ATTEMPTS + 1):
        if not linked(snapshot, there):
            day = await ensure_meeting(container, snapshot, report)
        ops = race_ops(snapshot, there, iso(container.clock.now()), report, day)
        try:
            await _write(container, ops, there)
        except StoreConflict:
            # Somebody wrote the race since it was read, a poll most likely: what stands now decides.
            if attempt == WRITE_ATTEMPTS:
                raise
            there = await container.store.get(RACES, snapshot.race_id)
        else:
            report.changed += sum(len(op.rows) or 1 for op in ops)
            return


async def _write(container: Container, ops: Sequence[Op], there: Row | None) -> None:
    """Write a race: a stored one only as it was when it was read."""
    if there is None:
        await container.store.commit(ops)
        return
    for op in ops:
        await container.store.update(op.table, op.row_id, op.data, if_not_after=str(there.get("$updatedAt") or ""))


def linked(snapshot: Snapshot, there: Row | None) -> bool:
    """Tell whether a stored race has its meeting: the link is gone where the meeting's row was deleted."""
    ids = (there.get("meetingId"), there.get("meeting")) if there else (None,)
    return all(same(found, snapshot.meeting_id) for found in ids)


def race_ops(snapshot: Snapshot, there: Row | None, stamp: str, report: Report, day: date | None = None) -> list[Op]:
    """Return what has to be written of a race's details; a stored status is left to the polls, `day` to the list."""
    full = races.race_columns(snapshot)
    report.cut += races.TABLE.cuts(full)
    row = {**races.TABLE.fitted(full), "meeting": snapshot.meeting_id}
    if there is None:
        pools = Op("bulkUpsert", RACE_POOLS, rows=[empty_pools_row(snapshot.race_id)])
        own = {"raceDateNz": day.isoformat() if day else None, "importedAt": stamp, "lastUpdated": stamp}
        return [Op("create", RACES, snapshot.race_id, {**row, **own}), pools]
    # The day is the meeting's, which the list knows: an Australian night race may start on the next NZ date.
    patch = {k: v for k, v in changed_columns(there, row).items() if k not in ("status", "raceDateNz")}
    if there.get("last_poll_time"):
        # What a poll wrote is younger than this answer, or will be brought up to date by the next poll.
        patch = {k: v for k, v in patch.items() if k in LINK}
    return [Op("update", RACES, snapshot.race_id, {**patch, "lastUpdated": stamp})] if patch else []


async def ensure_meeting(container: Container, snapshot: Snapshot, report: Report) -> date:
    """Store a race's meeting, by its own id, unless it is there; gives the NZ race day it belongs to."""
    there = await container.store.get(MEETINGS, snapshot.meeting_id, select=("meetingId", "date"))
    if there is not None:
        return date.fromisoformat(there["date"][:10])
    meeting = await container.feed.meeting(snapshot.meeting_id)
    if meeting.meeting_id != snapshot.meeting_id:
        raise PayloadError(snapshot.race_id, "race.meeting_id", snapshot.meeting_id, "the meeting that the feed gives")
    row = meetings.TABLE.fitted(meetings.meeting_row(meeting))
    await container.store.upsert(MEETINGS, meeting.meeting_id, {**row, "lastUpdated": iso(container.clock.now())})
    report.changed += 1
    report.count("meetings")
    return meeting.day
