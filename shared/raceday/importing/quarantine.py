"""Payloads that could not be read, kept for an operator in a bounded table."""

from appwrite.query import Query

from raceday.clock import iso
from raceday.container import Container
from raceday.errors import PayloadError, StoreError
from raceday.ids import row_key
from raceday.tables import QUARANTINE


async def keep(container: Container, error: PayloadError, race_id: str = "") -> None:
    """Keep one unreadable payload: the same trouble of the same subject is one row that counts.

    The oldest rows make room; that the store cannot take it is logged and changes nothing else.
    """
    key = row_key("quarantine", error.subject, error.field)
    container.log.warning("feed.quarantined", subject=error.subject, field=error.field, value=error.value)
    try:
        there = await container.store.get(QUARANTINE, key, select=("seen",))
        row = {
            "subject": error.subject[:100],
            "field": error.field[:100],
            "value": error.value[:200],
            "expected": str(error)[-200:],
            "raceId": race_id[:50],
            "seenAt": iso(container.clock.now()),
            "payload": error.payload or None,
            "seen": int(there["seen"] or 0) + 1 if there else 1,
        }
        await container.store.upsert(QUARANTINE, key, row)
        if there is None:
            await _make_room(container)
    except StoreError as trouble:
        container.log.warning("feed.quarantine_failed", subject=error.subject, message=str(trouble))


async def _make_room(container: Container) -> None:
    most = container.settings.quarantine_rows
    rows = await container.store.find(QUARANTINE, [Query.order_desc("seenAt")], limit=most + 20, select=("seenAt",))
    for row in rows[most:]:
        await container.store.delete(QUARANTINE, row["$id"])
