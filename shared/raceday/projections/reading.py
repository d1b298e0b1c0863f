"""What the event functions share: the ledger as they read it, and a glance that saves most of their calls."""

from collections.abc import Mapping
from typing import Any

from appwrite.query import Query

from raceday.container import Container
from raceday.ledger.codec import from_row
from raceday.ledger.timeline import carried, may_owe
from raceday.racing.records import LedgerRow
from raceday.tables import RACE_POLLS

FIGURES = (
    "raceId", "meetingId", "n", "slot", "kind", "fetchedAt", "generatedAt", "startTime", "status", "score",
    "race", "pools", "runners",
)  # fmt: skip
_READ, _KEPT = "ledger_rows", 250
_UNREAD = dict.fromkeys(("race", "pools", "runners", "checks", "digests", "dividends"))


def owes(table: str, row: Mapping[str, Any]) -> bool:
    """Tell whether a race's timeline may owe a row; only a whole ledger row can say that it does not."""
    if table != RACE_POLLS:
        return True
    try:
        ledger = from_row({**row, **_UNREAD})
    except (ValueError, KeyError, TypeError):
        return True
    return may_owe(ledger.slot, ledger.start, ledger.status, ledger.kind, bool(ledger.gaps))


async def ledger_from(container: Container, race_id: str, n: int) -> list[LedgerRow]:
    """Return a race's ledger from row `n` on, in order, with what the projections read."""
    rows = await container.store.find(
        RACE_POLLS,
        [Query.equal("raceId", [race_id]), Query.greater_than_equal("n", n), Query.order_asc("n")],
        select=FIGURES,
    )
    known: dict[tuple[str, int], LedgerRow] = container.cache.setdefault(_READ, {})
    # A ledger row never changes, so that what this process has read once it need not parse again.
    found = []
    for row in rows:
        key = (race_id, int(row["n"]))
        if key not in known:
            known[key] = from_row(row)
        found.append(known[key])
    while len(known) > _KEPT:
        known.pop(next(iter(known)))
    if found and found[0].pools is None and found[0].n > 1:
        found[0] = await _with_figures(container, found[0])
    return found


async def _with_figures(container: Container, row: LedgerRow) -> LedgerRow:
    """A ledger read from a row on that lists no pools would begin at nothing: it stands on the figures before it."""
    before = await container.store.find(
        RACE_POLLS,
        [
            Query.equal("raceId", [row.race_id]),
            Query.less_than("n", row.n),
            Query.is_not_null("pools"),
            Query.order_desc("n"),
        ],
        limit=1,
        select=FIGURES,
    )
    return carried(row, from_row(before[0])) if before else row
