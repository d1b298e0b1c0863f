"""daily-races: imports the details of every stored race of a day, each linked to a stored meeting."""

from typing import Any

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import PayloadError
from raceday.feed.filter import require_wanted
from raceday.racing.snapshot import Snapshot, Status
from raceday.stages.imports import DONE, Report, changed_columns, day_of, each, note, nothing_done, stored_races
from raceday.store import rows
from raceday.store.port import Op, Row
from raceday.store.schema import MEETINGS, RACE_POOLS, RACES

NAME = "daily-races"
OVER = (Status.FINAL.value, Status.ABANDONED.value)


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Import the details of one NZ race day's races; one that is over and has them is left alone."""
    day = day_of(call)
    report = Report(day)
    stored = await stored_races(container, day)
    waiting = [row for row in stored if row["status"] not in OVER or row.get("entrantCount") is None]
    at_once = container.settings.feed_concurrency

    async def one(row: Row) -> None:
        snapshot = await container.feed.event(row["$id"], status_of(row))
        await store_details(container, snapshot, row, report)
        report.count("races")

    await each(waiting, at_once, one, lambda row: str(row["$id"]), container, report)
    nothing_done(report, len(waiting))
    await note(container, NAME, day, DONE, {"races": len(waiting), "failures": len(report.failures)})
    call.log.info("races.imported", **{k: v for k, v in report.result().items() if k != "failures"})
    return report.result()


def status_of(row: Row) -> Status | None:
    """Give a stored race's status, None for a text that is none."""
    return Status(row["status"]) if row["status"] in set(Status) else None


async def store_details(container: Container, snapshot: Snapshot, there: Row | None, report: Report) -> None:
    """Write what an event says of a race, and its meeting first where that is not stored."""
    require_wanted(container.settings, snapshot.race_id, snapshot.country, snapshot.code)
    linked = there is not None and there.get("meetingId") == snapshot.meeting_id
    if not linked:
        await ensure_meeting(container, snapshot, report)
    ops = race_ops(snapshot, there, iso(container.clock.now()), report)
    if ops:
        await container.store.commit(ops)
        report.changed += sum(len(op.rows) or 1 for op in ops)


def race_ops(snapshot: Snapshot, there: Row | None, stamp: str, report: Report) -> list[Op]:
    """Give what has to be written of a race's details; a stored status is left to the polls."""
    full = rows.race_row_from_event(snapshot)
    report.cut += rows.cuts(RACES, full)
    row = {**rows.fitted(RACES, full), "meeting": snapshot.meeting_id}
    if there is None:
        pools = Op("bulkUpsert", RACE_POOLS, rows=[rows.empty_pools_row(snapshot.race_id)])
        return [Op("create", RACES, snapshot.race_id, {**row, "importedAt": stamp, "lastUpdated": stamp}), pools]
    # The day is the meeting's, which the list knows: an Australian night race may start on the next NZ date.
    patch = {k: v for k, v in changed_columns(there, row).items() if k not in ("status", "raceDateNz")}
    return [Op("update", RACES, snapshot.race_id, {**patch, "lastUpdated": stamp})] if patch else []


async def ensure_meeting(container: Container, snapshot: Snapshot, report: Report) -> None:
    """Store a race's meeting, by its own id, unless it is there."""
    if await container.store.get(MEETINGS, snapshot.meeting_id, select=("meetingId",)) is not None:
        return
    meeting = await container.feed.meeting(snapshot.meeting_id)
    if meeting.meeting_id != snapshot.meeting_id:
        raise PayloadError(snapshot.race_id, "race.meeting_id", snapshot.meeting_id, "the meeting that the feed gives")
    row = rows.fitted(MEETINGS, rows.meeting_row(meeting))
    await container.store.upsert(MEETINGS, meeting.meeting_id, {**row, "lastUpdated": iso(container.clock.now())})
    report.changed += 1
    report.count("meetings")
