"""daily-meetings: imports a race day's meetings with the races that the list shows for them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import FeedUnavailable, PayloadError, StoreConflict
from raceday.feed.filter import rule_against
from raceday.importing.quarantine import keep
from raceday.importing.report import (
    DONE,
    EMPTY,
    MOST_VALUES,
    OPEN,
    RESERVE_SECS,
    Report,
    day_of,
    each,
    note,
    raise_if_nothing_imported,
)
from raceday.racing.snapshot import MeetingEntry, RaceEntry, Status
from raceday.store.port import Op, Row
from raceday.tables import MEETINGS, RACE_POOLS, RACES, meetings, races
from raceday.tables.base import changed_columns
from raceday.tables.race_pools import empty_pools_row

NAME = "daily-meetings"
AT_ONCE = 4
MOST_OPS = 90
# Tries where somebody else writes the same race meanwhile.
WRITE_ATTEMPTS = 3
# What the list may still say of a race that its own event has described: the rest the event knows better.
# The day is the meeting's: an event gives the NZ date of its own start, which may be the next one.
LIST_DECIDES = ("startTime", "toteStartTime", "meeting", "meetingId", "raceDateNz")


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Import the meetings of one NZ race day; running it again adds and moves what changed and nothing else."""
    report = Report(day_of(call))
    listed, unreadable = await listed_meetings(container, report.day)
    if not listed and not unreadable:
        # Somewhere in the world there is racing each day: an empty list is a feed in trouble, and no card.
        await note(container, NAME, report.day, EMPTY, {"meetings": 0})
        raise FeedUnavailable(f"meetings {report.day}: the feed lists none", cause="feed_error")
    wanted, left = await import_listed(container, listed, unreadable, report, call.remaining_secs() - RESERVE_SECS)
    told = {"meetings": len(wanted), "left": len(left), "failures": len(report.failures)}
    await note(container, NAME, report.day, OPEN if left else DONE, told)
    call.log.info("meetings.imported", **{k: v for k, v in report.result().items() if k != "failures"})
    return report.result()


async def listed_meetings(container: Container, day: date) -> tuple[list[MeetingEntry], list[PayloadError]]:
    """Return the meetings that the feed lists for a race day, and what of the list could not be read."""
    unreadable: list[PayloadError] = []
    return await container.feed.meetings(day, unreadable), unreadable


async def import_listed(
    container: Container,
    listed: list[MeetingEntry],
    unreadable: list[PayloadError],
    report: Report,
    secs: float,
) -> tuple[list[MeetingEntry], list[MeetingEntry]]:
    """Write the meetings that the filters let through; gives these, and those that `secs` were too short for."""
    wanted = [m for m in listed if rule_against(container.settings, m.country, m.code) is None]
    await _quarantine(container, wanted, unreadable, report)
    stored = await _stored(container, wanted)
    left = await each(wanted, AT_ONCE, lambda m: _import(container, m, stored, report), _name, container, report, secs)
    raise_if_nothing_imported(report, len(wanted) + len(unreadable))
    report.extra |= {"listed": len(listed), "excluded": len(listed) - len(wanted), "left": len(left)}
    return wanted, left


def _name(meeting: MeetingEntry) -> str:
    return meeting.meeting_id


async def _quarantine(
    container: Container, wanted: list[MeetingEntry], unreadable: list[PayloadError], report: Report
) -> None:
    for error in unreadable:
        report.fail(error.subject, error)
        await keep(container, error)
    for meeting in wanted:
        for message in meeting.rejected:
            error = PayloadError(meeting.meeting_id, "races", message, "a readable race")
            report.fail(meeting.meeting_id, error)
            await keep(container, error)


async def _stored(container: Container, wanted: list[MeetingEntry]) -> dict[str, Row]:
    """Return the rows that are there already of these meetings and their races, by id.

    Races are asked for by their own ids: one that the feed moved to another meeting is stored under its former one.
    """
    found: dict[str, Row] = {}
    asked = {MEETINGS: [m.meeting_id for m in wanted], RACES: [r.race_id for m in wanted for r in m.races]}
    for table, ids in asked.items():
        for at in range(0, len(ids), MOST_VALUES):
            queries = [Query.equal("$id", ids[at : at + MOST_VALUES])]
            found |= {row["$id"]: row for row in await container.store.find(table, queries)}
    return found


async def _import(container: Container, meeting: MeetingEntry, stored: Mapping[str, Row], report: Report) -> None:
    stamp = iso(container.clock.now())
    ops = meeting_ops(meeting, stored, stamp, report)
    # A first poll may write these while the list is on its way: they change only as they were when they were read.
    loose = {op.row_id for op in ops if op.table == RACES and op.action == "update" and _is_unpolled(stored[op.row_id])}
    whole = [op for op in ops if op.row_id not in loose]
    for at in range(0, len(whole), MOST_OPS):
        # A meeting goes whole, but for one of more races than a transaction takes.
        await container.store.commit(whole[at : at + MOST_OPS])
    for race in meeting.races:
        if race.race_id in loose:
            await _update(container, race, meeting, stored[race.race_id], stamp)
    report.changed += sum(len(op.rows) or 1 for op in ops)
    report.count("meetings")
    report.count("races", len(meeting.races))


def _is_unpolled(race: Row) -> bool:
    return not race.get("last_poll_time")


async def _update(container: Container, race: RaceEntry, meeting: MeetingEntry, there: Row | None, stamp: str) -> None:
    """Write what the list changes on a race that was not polled yet; what somebody wrote since decides."""
    row = races.TABLE.fitted(races.race_row_from_list(race, meeting))
    for attempt in range(1, WRITE_ATTEMPTS + 1):
        patch = list_patch(there, row) if there is not None else {}
        if there is None or not patch:
            return
        told = {**patch, "lastUpdated": stamp}
        try:
            await container.store.update(RACES, race.race_id, told, if_not_after=str(there.get("$updatedAt") or ""))
        except StoreConflict:
            if attempt == WRITE_ATTEMPTS:
                raise
            there = await container.store.get(RACES, race.race_id)
        else:
            return


def meeting_ops(meeting: MeetingEntry, stored: Mapping[str, Row], stamp: str, report: Report) -> list[Op]:
    """Return what has to be written for one meeting: only what is new or differs."""
    full = meetings.meeting_row(meeting)
    report.cut += meetings.TABLE.cuts(full)
    row = meetings.TABLE.fitted(full)
    there = stored.get(meeting.meeting_id)
    ops: list[Op] = []
    if there is None:
        generated = iso(meeting.generated_at) if meeting.generated_at else None
        ops.append(
            Op("create", MEETINGS, meeting.meeting_id, {**row, "apiGeneratedTime": generated, "lastUpdated": stamp})
        )
    elif patch := changed_columns(there, row):
        ops.append(Op("update", MEETINGS, meeting.meeting_id, {**patch, "lastUpdated": stamp}))
    new = []
    for race in meeting.races:
        known = stored.get(race.race_id)
        if known is None:
            new.append(race.race_id)
        ops += _race_ops(race, meeting, known, stamp, report)
    if new:
        ops.append(Op("bulkUpsert", RACE_POOLS, rows=[empty_pools_row(race_id) for race_id in new]))
    return ops


def _race_ops(race: RaceEntry, meeting: MeetingEntry, there: Row | None, stamp: str, report: Report) -> list[Op]:
    full = races.race_row_from_list(race, meeting)
    report.cut += races.TABLE.cuts(full)
    row = races.TABLE.fitted(full)
    if there is None:
        return [Op("create", RACES, race.race_id, {**row, "importedAt": stamp, "lastUpdated": stamp})]
    patch = list_patch(there, row)
    return [Op("update", RACES, race.race_id, {**patch, "lastUpdated": stamp})] if patch else []


def list_patch(there: Row, row: Row) -> Row:
    """Return what the list changes on a stored race.

    Its status comes from polls alone, but for an abandonment: an event may stay Open after its card was called off.
    """
    over = there["status"] in (Status.FINAL.value, Status.ABANDONED.value)
    patch = changed_columns(there, row)
    if there.get("entrantsImportedAt") or there.get("entrantCount") is not None:
        patch = {k: v for k, v in patch.items() if k in LIST_DECIDES or k == "status" or there.get(k) in (None, "")}
    if patch.get("status") != Status.ABANDONED.value or over:
        patch.pop("status", None)
    if over or there.get("last_poll_time"):
        # A poll read it from the race's own event, and will be the first to see it move.
        patch.pop("startTime", None)
    return patch
