"""What a replay does one after another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from local.tape.scanning import TapeEntry
from raceday.store.port import Row


class ReplayStep(NamedTuple):
    """One thing that happened: `row` a ledger row and `entries` its answer, or an import and its answers.

    A `look` at results has the `version` of them that it kept, and no ledger row.
    An import `alone` has but one race's; an `unseen` poll read its race before the import that was there first.
    """

    at: datetime
    order: tuple[Any, ...]
    what: str
    entries: tuple[TapeEntry, ...] = ()
    row: Row | None = None
    mark: Mapping[str, Any] | None = None
    alone: bool = False
    unseen: bool = False
    version: Row | None = None

    @property
    def race_id(self) -> str:
        """Return the race of a poll or a look, "" for an import."""
        row = self.row or self.version
        return str(row["raceId"]) if row else ""
