"""alert-evaluator: turns movements of the timeline into notifications, one per user, race, entrant, label and kind."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.catalogue.alert_kinds import alert_kind
from raceday.clock import iso
from raceday.container import Container, Kept, forget_oldest
from raceday.errors import StoreConflict
from raceday.ids import row_key
from raceday.ledger import log as ledger
from raceday.ledger.timeline import Label, Timeline
from raceday.projections import alert_texts
from raceday.projections.alert_cursor import Cursor, read_cursor, write_cursor
from raceday.projections.audience import Audience, User, read_audience
from raceday.projections.reading import owes
from raceday.racing.buckets import BASELINE, secs_to_start
from raceday.racing.movements import Columns, Movement, movements
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import Status
from raceday.tables import NOTIFICATIONS

REMINDER = alert_kind("reminder")
REMINDER_SECS = 60
CHUNK = 100
_CURSORS: Kept[dict[str, Cursor]] = Kept(dict)
_MOST_KNOWN = 300


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Evaluate what one race's ledger has that was not evaluated yet."""
    race_id = call.params["raceId"]
    until_n = ledger.remember(container, call.row) if call.row else 0
    if call.row and not owes(call.table, call.row):
        return {"ok": True, "raceId": race_id, "notifications": 0, "owed": False}
    sent = await catch_up(container, race_id, until_n)
    if sent:
        call.log.info("alerts.sent", raceId=race_id, notifications=sent)
    return {"ok": True, "raceId": race_id, "notifications": sent}


async def is_behind(container: Container, race_id: str) -> bool:
    """Tell whether a race's ledger has labels that were not evaluated."""
    cursor = await read_cursor(container, race_id)
    return walk(await ledger.since(container, race_id, cursor.before_n or cursor.last_n or 1), cursor)[1] != cursor


async def catch_up(container: Container, race_id: str, until_n: int = 0) -> int:
    """Write every notification a race's history owes; gives how many rows were new.

    Woken by ledger row `until_n`, it goes on from the cursor that this process wrote; what another one has told
    meanwhile is there already, and a wake without a row reads the cursor anew.
    """
    known = container.cache.of(_CURSORS)
    cursor = known.pop(race_id, None) if until_n else None
    if cursor is None:
        cursor = await read_cursor(container, race_id)
    history = await ledger.since(container, race_id, cursor.before_n or cursor.last_n or 1, until_n=until_n)
    entries, state = walk(history, cursor)
    reminder = None if cursor.reminded else due_reminder(history)
    new, reminded = 0, cursor.reminded or reminder is not None
    if state != cursor or reminder is not None:
        new = await write_new(container, await notifications(container, entries, reminder, history))
        await write_cursor(container, race_id, state, reminded=reminded)
    known[race_id] = replace(state, reminded=reminded)
    forget_oldest(known, _MOST_KNOWN)
    return new


def walk(history: Sequence[LedgerRow], cursor: Cursor) -> tuple[list[tuple[Label, Label]], Cursor]:
    """Return the pairs of neighbouring labels that are new since the cursor, and the cursor after them."""
    timeline = Timeline()
    labels: list[Label] = []
    if cursor.last_n and history:
        by_n = {row.n: row for row in history}
        base, last = by_n.get(cursor.before_n), by_n.get(cursor.last_n)
        if last is not None:
            timeline = Timeline.resume(last, cursor.intervals)
            labels = [Label(cursor.intervals[-1], last, base)]
        history = [row for row in history if row.n > cursor.last_n]
    known = len(labels)
    labels += [entry for entry in timeline.walk(history) if isinstance(entry, Label)]
    # Where a label is missing the next one has grown since the one before: they are neighbours, and the text says so.
    pairs = list(pairwise(labels))
    if len(labels) == known:
        return [], cursor
    newest = labels[-1]
    seen = (*cursor.intervals, *(entry.label for entry in labels[known:]))
    return pairs, Cursor(seen, newest.base.n if newest.base else 0, newest.state.n, cursor.reminded)


def due_reminder(history: Sequence[LedgerRow]) -> LedgerRow | None:
    """Return the first poll of an open race in the last minute before its start."""
    for row in history:
        if row.status is Status.OPEN and 0 <= secs_to_start(row.start, row.slot) <= REMINDER_SECS:
            return row
    return None


def moved(before: Label, now: Label) -> list[Movement]:
    """Return what two neighbouring labels prove to have moved."""
    return movements(Columns(before.base, before.state, now.state, absolute=before.label == BASELINE))


def told(pairs: Sequence[tuple[Label, Label]]) -> list[tuple[Label, Label, Movement]]:
    """Return the movements to tell of, each with its two labels: nothing of a race that is over."""
    return [(a, b, movement) for a, b in pairs if not b.state.status.over for movement in moved(a, b)]


async def notifications(
    container: Container,
    pairs: Sequence[tuple[Label, Label]],
    reminder: LedgerRow | None,
    history: Sequence[LedgerRow],
) -> list[dict[str, Any]]:
    """Return the rows that the pairs and the reminder mean for every user who asked for them."""
    found = told(pairs)
    if not found and reminder is None:
        return []
    audience = await read_audience(container)
    rows = [
        _movement_row(user, before, now, movement, color)
        for before, now, movement in found
        for user in audience.of(now.state)
        if (color := user.color_of(movement.value)) is not None
    ]
    if reminder is not None:
        rows += [_reminder_row(user, reminder) for user in _audible(audience, reminder)]
    return rows


def _audible(audience: Audience, state: LedgerRow) -> list[User]:
    return [user for user in audience.of(state) if user.audible]


def _movement_row(user: User, before: Label, now: Label, found: Movement, color: str) -> dict[str, Any]:
    state = now.state
    return _row(
        user,
        state,
        row_key("notification", user.user_id, state.race_id, found.entrant_id, now.label, found.kind),
        {
            "type": found.kind,
            "title": alert_texts.title(state, found)[:255],
            "message": alert_texts.message(before, now, found)[:1000],
            "entrantId": found.entrant_id,
            "timeInterval": now.label,
            "value": round(found.value, 4),
            "color": color,
        },
    )


def _reminder_row(user: User, state: LedgerRow) -> dict[str, Any]:
    return _row(
        user,
        state,
        row_key("notification", user.user_id, state.race_id, "", 1, REMINDER.name),
        {
            "type": REMINDER.name,
            "title": f"{REMINDER.title}: {alert_texts.where(state)}"[:255],
            "message": alert_texts.reminder(state)[:1000],
            "timeInterval": 1,
        },
    )


def _row(user: User, state: LedgerRow, key: str, data: dict[str, Any]) -> dict[str, Any]:
    common = {"$id": key, "userId": user.user_id, "raceId": state.race_id, "eventTimestamp": iso(state.slot)}
    return {**common, "read": False, **data}


async def write_new(container: Container, rows: Sequence[dict[str, Any]]) -> int:
    """Create the rows that are not there yet; gives how many were."""
    new = 0
    for at in range(0, len(rows), CHUNK):
        chunk = list(rows[at : at + CHUNK])
        try:
            await container.store.create_many(NOTIFICATIONS, chunk)
        except StoreConflict:
            chunk = await _absent(container, chunk)
            if chunk:
                await container.store.create_many(NOTIFICATIONS, chunk)
        new += len(chunk)
    return new


async def _absent(container: Container, chunk: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = [row["$id"] for row in chunk]
    there = await container.store.find(NOTIFICATIONS, [Query.equal("$id", ids)], select=("userId",))
    known = {row["$id"] for row in there}
    return [row for row in chunk if row["$id"] not in known]
