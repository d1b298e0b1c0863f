"""One race's ledger, timeline and results made again, from the tape where it has the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.failures import NoSuchRace
from local.tape.looks import WATCH, answer_of_look, as_kept, looks_of
from local.tape.pairing import answer_of, answers_for
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.scanning import TapeEntry
from raceday.clock import instant, iso
from raceday.feed import mapping
from raceday.feed.client import read_event
from raceday.ledger.codec import from_row
from raceday.ledger.timeline import Label, Timeline
from raceday.polling.changes import Changes, StoredState, asks_versions, changes, decided
from raceday.polling.results import result_ops
from raceday.polling.watch import amended
from raceday.racing.compose import PollContext, compose, figures, held_row
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import FormerRace, Snapshot, Status
from raceday.store.port import Row
from raceday.tables import RACE_POLLS, RACE_RESULTS


def unanswered(recorded: Rows, tape: Tape, races: Sequence[str]) -> int:
    """Return how many polls of some races have no answer on a tape: their figures are the ledger's own.

    Raises NoSuchRace where it has none of any: nothing can be held to such a tape.
    """
    wanted = set(races)
    rows = [row for row in recorded.get(RACE_POLLS, {}).values() if row["raceId"] in wanted]
    polls = [row for row in rows if row["kind"] != "closing"]
    lacking = sum(not answers_for(tape, row) for row in polls)
    if polls and lacking == len(polls):
        raise NoSuchRace(f"the tape is of other races: it has the answer of none of the {lacking} polls asked for")
    return lacking


@dataclass(slots=True)
class Told:
    """One ledger row made again: the answer it came from, what that says, and the row."""

    stored: LedgerRow
    made: LedgerRow
    entry: TapeEntry | None = None


@dataclass(slots=True)
class RaceStory:
    """One race's ledger and timeline, made again from the tape where it has the answer, from the ledger where not.

    `taken` are versions of results whose look has no answer on the tape.
    """

    recorded: Rows
    tape: Tape | None
    race_id: str
    told: list[Told] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    _results: Row | None = None

    def __post_init__(self) -> None:
        """Make every row of the race again, in order."""
        rows = [r for r in self.recorded.get(RACE_POLLS, {}).values() if r["raceId"] == self.race_id]
        looks = looks_of(self.recorded, self.race_id)
        for row in sorted(rows, key=lambda r: int(r["n"])):
            while looks and instant(looks[0]["seenAt"]) < instant(row["fetchedAt"]):
                self._look(looks.pop(0))
            self.told.append(self._tell(row))
        for version in looks:
            self._look(version)
        self.labels = [e for e in Timeline().walk([t.made for t in self.told]) if isinstance(e, Label)]

    def _tell(self, row: Row) -> Told:
        stored = from_row(row)
        entry = answer_of(self.tape, row) if self.tape and stored.kind != "closing" else None
        if entry is None or self.tape is None:
            return Told(stored, stored)
        answer = read_event(self.tape.body(entry))
        snapshot = mapping.snapshot_of(answer.header, answer.data, self.race_id, entry.received, self._known(stored))
        return Told(stored, self._made(stored, snapshot), entry)

    def _made(self, stored: LedgerRow, snapshot: Snapshot) -> LedgerRow:
        """Make a row of its answer and of the rows made before it, by the poller's own rules."""
        base = self.told[-1].made if self.told else None
        context = PollContext(stored.slot, stored.kind, stored.fetched_at)
        known = StoredState(ledger=base)
        if asks_versions(snapshot, known):
            known = known._replace(versions=self.versions)
        decision = decided(snapshot, known)
        made = figures(snapshot, base, decision.status)
        change = changes(snapshot, made.lines, known, stored.n, stored.fetched_at, decision)
        self._keep_results(change, stored)
        if decision.held and base is not None:
            return held_row(base, snapshot, context, stored.gaps)
        return compose(snapshot, base, context, decision.status, digests=change.digests, made=made)

    def _keep_results(self, change: Changes, stored: LedgerRow) -> None:
        for op in change.ops:
            if op.table == RACE_RESULTS:
                self._keep(op.data, stored.fetched_at, "poll")

    def _keep(self, results: Mapping[str, Any], seen_at: datetime, seen_by: str) -> None:
        row, version = result_ops(self._results, results, seen_at, seen_by)
        self._results = {**(self._results or {}), **row.data}
        self.versions.append({**version.data, "$id": version.row_id})

    def _look(self, version: Row) -> None:
        """Decide anew what a look at the results kept; without its answer a version is taken as it is."""
        entry = answer_of_look(self.tape, version) if self.tape else None
        if entry is None or self.tape is None:
            own, told = as_kept(version)
            self.taken.add(version["$id"])
            self.versions.append({**own, "$id": version["$id"]})
            self._results = {**(self._results or {}), **told}
            return
        answer, seen = read_event(self.tape.body(entry)), instant(version["seenAt"])
        known = FormerRace(Status.FINAL)
        snapshot = mapping.snapshot_of(answer.header, answer.data, self.race_id, entry.received, known)
        row = amended(self._results or {}, snapshot)
        if row is not None:
            self._keep({**row, "resultTime": iso(seen)}, seen, WATCH)

    @property
    def results(self) -> Row | None:
        """Return the race's results as made again; as stored where something else made a version of its own."""
        stored = self.recorded.get(RACE_RESULTS, {}).get(self.race_id)
        more = stored is not None and int(stored.get("versions") or 0) > len(self.versions)
        return stored if more else self._results

    def _known(self, stored: LedgerRow) -> FormerRace:
        """Return what stood in for what an answer lacked: what is made before it, for the first what it says itself."""
        if self.told:
            return StoredState(ledger=self.told[-1].made).facts
        race = stored.race
        return FormerRace(None, stored.start, race.number, stored.meeting_id, race.country, race.code)

    def by_n(self, n: int) -> Told:
        """Return the story of ledger row `n`."""
        return next(t for t in self.told if t.stored.n == n)

    def label(self, label: int) -> Label | None:
        """Return one label of the timeline, None where it has none such."""
        return next((entry for entry in self.labels if entry.label == label), None)
