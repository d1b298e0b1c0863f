"""A glance at the row that woke an event function, which saves most of their calls."""

from collections.abc import Mapping
from typing import Any

from raceday.ledger.codec import read_head
from raceday.ledger.timeline import may_owe
from raceday.tables import RACE_POLLS


def owes(table: str, row: Mapping[str, Any]) -> bool:
    """Tell whether a race's timeline may owe a row; only a whole ledger row can say that it does not."""
    if table != RACE_POLLS:
        return True
    try:
        ledger = read_head(row)
    except (ValueError, KeyError, TypeError):
        return True
    return may_owe(ledger.slot, ledger.start, ledger.status, ledger.kind, bool(ledger.gaps))
