"""From the ledger of a race to its timeline: which labels are due, from which state, against which base.

Pure and repeatable: the same ledger gives the same entries, however often and in whatever pieces it is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from raceday.racing.buckets import label_of, live_minute, on_label, secs_to_start
from raceday.racing.records import LedgerRow, as_last_known, carried
from raceday.racing.snapshot import Status

CLOSING = (Status.INTERIM, Status.FINAL, Status.ABANDONED)
# A row of this kind tells how a race ended, long after it did: no label is made of it, and nobody alerted.
BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class Label:
    """A label's rows are due: `state` is what they show, `base` the previous label's state, None for the first."""

    label: int
    state: LedgerRow
    base: LedgerRow | None


@dataclass(frozen=True, slots=True)
class Live:
    """Rows that refresh the odds are due; `minute` is None before T-60, else the whole minute between two labels."""

    minute: int | None
    state: LedgerRow


@dataclass(slots=True)
class Timeline:
    """Walks a ledger in order; `written` are labels that have rows already, `base` the state of the newest of them."""

    written: set[int] = field(default_factory=set)
    base: LedgerRow | None = None
    ended: bool = False
    _pending: LedgerRow | None = None
    _pending_label: int | None = None
    _closed_at: int | None = None
    _figures: LedgerRow | None = None

    @classmethod
    def resume(cls, base: LedgerRow, written: Iterable[int]) -> "Timeline":
        """Go on after `base`, the state of the newest label that has rows."""
        base = as_last_known(base)
        walk = cls(written=set(written), base=base, ended=base.status in CLOSING, _figures=base)
        if base.status is not Status.OPEN:
            walk._closed_at = label_of(secs_to_start(base.start, base.slot))
        return walk

    def walk(self, rows: Sequence[LedgerRow]) -> list[Label | Live]:
        """Return the entries that these rows make due, oldest first."""
        due: list[Label | Live] = []
        for row in rows:
            due += self._step(row)
        return due

    def _step(self, row: LedgerRow) -> list[Label | Live]:
        if self.ended or row.kind == BACKFILL:
            return []
        row = self._with_figures(row)
        secs = secs_to_start(row.start, row.slot)
        label = label_of(secs)
        due: list[Label | Live] = self._pass(label)
        closing = row.status in CLOSING
        if label is None:
            self.ended = closing
            return [] if closing else [*due, Live(None, row)]
        if row.status is not Status.OPEN and self._closed_at is None:
            self._closed_at = label
        self._pending, self._pending_label = row, label
        minute = live_minute(secs)
        if minute is not None and not closing and minute not in self.written:
            self.written.add(minute)
            due.append(Live(minute, row))
        if closing or on_label(secs):
            due += self._close()
        self.ended = closing
        return due

    def _pass(self, label: int | None) -> list[Label | Live]:
        """Close the pending label where the race has moved past it; drop it where the start was put back."""
        if self._pending_label is None or label == self._pending_label:
            return []
        if label is None or label > self._pending_label:
            self._pending = self._pending_label = None
            return []
        return self._close()

    def _close(self) -> list[Label | Live]:
        label, state = self._pending_label, self._pending
        self._pending = self._pending_label = None
        if label is None or state is None or label in self.written:
            return []
        if self._closed_at is not None and label != self._closed_at and not self._pools_moved(state):
            return []
        entry = Label(label, state, self.base)
        self.written.add(label)
        self.base = state
        return [entry]

    def _pools_moved(self, state: LedgerRow) -> bool:
        return _totals(state) != _totals(self.base)

    def _with_figures(self, row: LedgerRow) -> LedgerRow:
        """A poll that lacks the pools, or cannot tell a runner's money, stands on what was known: no money vanishes."""
        row = as_last_known(row)
        if row.pools is None and self._figures is not None:
            row = carried(row, self._figures)
        if row.pools is not None:
            self._figures = row
        return row


def _totals(row: LedgerRow | None) -> tuple[Mapping[str, int], Mapping[str, int]] | None:
    return (row.pools.single, row.pools.multi) if row is not None and row.pools is not None else None


def may_owe(slot: datetime, start: datetime, status: Status, kind: str, has_gaps: bool) -> bool:
    """Tell from one ledger row alone whether its timeline may owe a row; false saves every store call."""
    if kind == BACKFILL:
        return False
    if status is not Status.OPEN and status is not Status.CLOSED:
        return True
    secs = secs_to_start(start, slot)
    label = label_of(secs)
    return label is None or has_gaps or kind != "slot" or on_label(secs) or live_minute(secs) is not None


def surely_owes(slot: datetime, start: datetime, status: Status, kind: str) -> bool:
    """Tell whether one ledger row has timeline rows whatever stood before it: early, on a label or half-way to one.

    A label that a moved start brings round again is written already: whoever acts on this has to stop by himself.
    """
    secs = secs_to_start(start, slot)
    due = label_of(secs) is None or on_label(secs) or live_minute(secs) is not None
    return status is Status.OPEN and kind == "slot" and due
