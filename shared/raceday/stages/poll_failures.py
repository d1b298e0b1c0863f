"""What a process remembers of polls that failed: causes for the gaps to come, and payloads nobody could read."""

from datetime import datetime

from raceday.clock import iso
from raceday.container import Container
from raceday.errors import PayloadError, StoreError
from raceday.ids import row_key
from raceday.log import Log
from raceday.racing.ledger import LedgerRow
from raceday.stages.poll_outcome import Order
from raceday.store.schema import QUARANTINE

_FAILURES = "poll_failures"
_KEPT_RACES = 200


def failures(container: Container, race_id: str) -> dict[datetime, str]:
    """Give the causes this process knows for slots of a race that it could not commit."""
    known: dict[str, dict[datetime, str]] = container.cache.setdefault(_FAILURES, {})
    return known.get(race_id, {})


def remember(container: Container, order: Order, cause: str) -> None:
    """Keep why a slot failed, for the gap on the race's next row; lost with the process, which costs only the word."""
    known: dict[str, dict[datetime, str]] = container.cache.setdefault(_FAILURES, {})
    if order.kind != "request":
        known.setdefault(order.race_id, {})[order.slot] = cause
    while len(known) > _KEPT_RACES:
        known.pop(next(iter(known)))


def forget(container: Container, row: LedgerRow) -> None:
    known: dict[str, dict[datetime, str]] = container.cache.setdefault(_FAILURES, {})
    left = {slot: cause for slot, cause in known.pop(row.race_id, {}).items() if slot > row.slot}
    if left:
        known[row.race_id] = left


async def quarantine(container: Container, order: Order, error: PayloadError, log: Log) -> None:
    """Keep what could not be read, once per subject and field; trouble with that never hides the trouble itself."""
    row = {
        "subject": error.subject[:100],
        "field": error.field[:100],
        "value": error.value[:200],
        "expected": str(error)[:200],
        "raceId": order.race_id,
        "functionName": "poll",
        "seenAt": iso(container.clock.now()),
    }
    try:
        await container.store.upsert(QUARANTINE, row_key("quarantine", error.subject, error.field), row)
    except StoreError as trouble:
        log.warning("quarantine.failed", error=str(trouble))
