"""Fingerprints of rows: what a poll compares with what the tables hold, without reading them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from raceday.clock import iso
from raceday.tables import BY_ID

_DATETIMES = {table.id: {c.key for c in table.columns if c.kind == "datetime"} for table in BY_ID.values()}
# Columns that say when a row was written move only with another column, and never make a change by themselves.
BOOKKEEPING = frozenset(
    {
        "lastUpdated",
        "importedAt",
        "last_poll_time",
        "entrantsImportedAt",
        "lastStatusChange",
        "finalizedAt",
        "abandonedAt",
        "resultTime",
    }
)


def digest(table: str, row: Mapping[str, Any]) -> str:
    """Return 16 hex digits over a row's columns; instants and numbers compare by value, bookkeeping does not count."""
    dates = _DATETIMES[table]
    plain = {k: _canonical(v, k in dates) for k, v in row.items() if k not in BOOKKEEPING and not k.startswith("$")}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _canonical(value: Any, is_date: bool) -> Any:
    if is_date and isinstance(value, str) and value:
        return iso(datetime.fromisoformat(value))
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value)
    return value
