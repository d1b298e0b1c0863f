"""What a poll is asked for and what became of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from raceday.clock import iso
from raceday.errors import RaceDayError
from raceday.polling.changes import Changes
from raceday.racing.records import LedgerRow
from raceday.racing.score import failed

Note = Callable[..., None]


class Order(NamedTuple):
    """A race to poll for a slot; `start` is the advertised start as the scheduler knew it at `issued_at`."""

    race_id: str
    slot: datetime
    kind: str = "slot"
    start: datetime | None = None
    issued_at: datetime | None = None


class Outcome(NamedTuple):
    """What became of an order.

    `result` is committed, done (the slot is in the ledger already), late (the ledger is past it), expired, off_plan
    (no slot of the race's present schedule), over (the race has finished), refused (filtered out) or failed.
    """

    order: Order
    result: str
    cause: str = ""
    row: LedgerRow | None = None
    changed: Changes | None = None
    error: RaceDayError | None = None
    feed_calls: int = 0

    @property
    def fine(self) -> bool:
        """Tell whether nothing is left to do for this slot."""
        return self.result not in ("failed", "refused")

    def report(self) -> dict[str, Any]:
        """Return the outcome as a caller sees it."""
        told: dict[str, Any] = {
            "raceId": self.order.race_id,
            "slot": iso(self.order.slot),
            "kind": self.order.kind,
            "result": self.result,
        }
        if self.cause:
            told["cause"] = self.cause
        if self.error:
            told["error"] = str(self.error)
        if self.row:
            told |= {
                "n": self.row.n,
                "status": self.row.status.value,
                "score": self.row.score,
                "failedChecks": failed(self.row.checks),
                "gaps": len(self.row.gaps),
            }
        if self.changed:
            told["changed"] = {
                "entrants": self.changed.entrants,
                "odds": self.changed.odds,
                "race": self.changed.race,
                "results": self.changed.results,
            }
        return told


def silent(step: str, **fields: Any) -> None:
    """Note nothing."""
