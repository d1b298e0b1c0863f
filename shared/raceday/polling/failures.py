"""What a process remembers of polls that failed: causes for the gaps to come."""

from datetime import datetime

from raceday.container import Container, Kept, forget_oldest
from raceday.polling.outcome import Order
from raceday.racing.records import LedgerRow

# By race: the cause for each slot that this process could not commit.
_FAILURES: Kept[dict[str, dict[datetime, str]]] = Kept(dict)
_KEPT_RACES = 200


def failures(container: Container, race_id: str) -> dict[datetime, str]:
    """Return the causes this process knows for slots of a race that it could not commit."""
    return container.cache.of(_FAILURES).get(race_id, {})


def remember(container: Container, order: Order, cause: str) -> None:
    """Keep why a slot failed, for the gap on the race's next row; lost with the process, which costs only the word."""
    known = container.cache.of(_FAILURES)
    if order.kind != "request":
        known.setdefault(order.race_id, {})[order.slot] = cause
    forget_oldest(known, _KEPT_RACES)


def forget(container: Container, row: LedgerRow) -> None:
    """Drop the causes of slots up to the one that a committed row has."""
    known = container.cache.of(_FAILURES)
    left = {slot: cause for slot, cause in known.pop(row.race_id, {}).items() if slot > row.slot}
    if left:
        known[row.race_id] = left
