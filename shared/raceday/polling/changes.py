"""What one poll writes beside its ledger row: only what differs from what the race's tables hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from raceday.clock import instant, iso
from raceday.ids import row_key
from raceday.polling.fingerprints import BOOKKEEPING, digest
from raceday.polling.said import results_digest, results_of, said
from raceday.racing.records import ODDS_TYPES, Digests, LedgerRow, RunnerLine
from raceday.racing.results_watch import brings_news, is_older
from raceday.racing.snapshot import FormerRace, Odds, Runner, Snapshot, Status
from raceday.racing.status import Decision, decide
from raceday.store.port import Op, Row
from raceday.tables import ENTRANTS, ODDS_HISTORY, RACE_RESULTS, RACES
from raceday.tables.entrants import entrant_row
from raceday.tables.race_results import results_row
from raceday.tables.races import race_row_from_event

ODDS_COLUMNS = {
    "fixed_win": "fixedWinOdds",
    "fixed_place": "fixedPlaceOdds",
    "pool_win": "poolWinOdds",
    "pool_place": "poolPlaceOdds",
}
# The status has its own rule, and the race day is its meeting's: a night race may start on the next NZ date.
_NOT_THE_EVENTS = frozenset({"status", "raceDateNz"})
_TRACKED = frozenset({"holdPercentage", "betPercentage"})
_CORE_DIGITS = 10
_BEFORE_THE_END = (Status.OPEN, Status.CLOSED)
# Stand for the fingerprint of a runner that left the list, and of one that nobody could read.
GONE, UNREAD = "gone", "unread"
_NONE: Mapping[str, Any] = MappingProxyType({})


class StoredState(NamedTuple):
    """What the tables hold of a race: from its newest ledger row, or from the rows themselves before the first poll.

    `imported` tells that the race was not stored and had to be imported for this poll. `versions` are the results that
    a race has had, read only where an answer cannot be told without them.
    """

    ledger: LedgerRow | None = None
    race: Mapping[str, Any] = _NONE
    entrants: Mapping[str, Row] = _NONE
    imported: bool = False
    versions: Sequence[Row] = ()

    @property
    def status(self) -> Status | None:
        """Return the committed status."""
        if self.ledger:
            return self.ledger.status
        stored = self.race.get("status")
        return Status(stored) if stored in set(Status) else None

    @property
    def facts(self) -> FormerRace:
        """Return what stands in for what an answer of the race lacks."""
        if row := self.ledger:
            return FormerRace(row.status, row.start, row.race.number, row.meeting_id, row.race.country, row.race.code)
        race = self.race
        start = race.get("startTime")
        meeting_id, country, code = (str(race.get(k) or "") for k in ("meetingId", "country", "type"))
        return FormerRace(
            self.status, instant(start) if start else None, race.get("raceNumber"), meeting_id, country, code
        )

    @property
    def listed(self) -> tuple[Runner, ...]:
        """Return the runners that an import stored, before the first poll: later ones are in the ledger."""
        return () if self.ledger else tuple(_imported(row) for row in self.entrants.values())

    @property
    def stored_at(self) -> datetime | None:
        """Return when the race was stored, None where that is not known."""
        created = self.race.get("$createdAt")
        return instant(created) if created else None

    def race_digest(self, patch: Row) -> str:
        """Return the fingerprint of what the race row holds in the columns of `patch`."""
        return self.ledger.digests.race if self.ledger else digest(RACES, {k: self.race.get(k) for k in patch})

    def entrant_digest(self, entrant_id: str, row: Row) -> str:
        """Return the fingerprint of what the entrant's row holds in the columns of `row`, empty without a row."""
        if self.ledger:
            return self.ledger.digests.entrants.get(entrant_id, "")
        stored = self.entrants.get(entrant_id)
        return _entrant_digest({k: stored.get(k) for k in row}) if stored else ""

    def odds(self, entrant_id: str, kind: str) -> Decimal | None:
        """Return the odds last written of one kind, None where there were none."""
        if self.ledger:
            line = self.ledger.runner(entrant_id)
            return line.odds(kind) if line else None
        value = self.entrants.get(entrant_id, {}).get(ODDS_COLUMNS[kind])
        return None if value is None else Decimal(str(value))


def _imported(row: Row) -> Runner:
    prices = {kind: row.get(column) for kind, column in ODDS_COLUMNS.items()}
    odds = Odds(**{kind: None if value is None else Decimal(str(value)) for kind, value in prices.items()})
    return Runner(row["$id"], row["runnerNumber"], row["name"], scratched=bool(row.get("isScratched")), odds=odds)


class Changes(NamedTuple):
    """The operations beside the ledger row, the digests that row keeps, and the status decided on."""

    ops: tuple[Op, ...]
    digests: Digests
    decision: Decision
    entrants: int = 0
    odds: int = 0
    results: bool = False
    race: bool = False


def changes(
    snapshot: Snapshot,
    lines: Sequence[RunnerLine],
    known: StoredState,
    n: int,
    fetched_at: datetime,
    decision: Decision,
) -> Changes:
    """Compare an answer with what is known and give what has to be written with ledger row `n`.

    `decision` is what `decided` says of the answer.
    """
    before = known.ledger.digests.results if known.ledger else ""
    taken_back = known.status is Status.FINAL and decision.status is not Status.FINAL
    same = decision.status is known.status
    results = results_of(snapshot, before, known.versions, taken_back=taken_back, same=same)
    fingerprint = results_digest(results, before) if results else ""
    if decision.held:
        # The feed showed an old state of a finished race: nothing of it may reach the tables.
        kept = known.ledger.digests if known.ledger else Digests()
        return Changes((), kept, decision)
    race = _race_patch(snapshot)
    race_digest = digest(RACES, race)
    # The first poll writes all that it saw: what it read of the tables an import may have overwritten since.
    race_changed = race_digest != known.race_digest(race) or decision.changed or known.ledger is None
    stamp = iso(fetched_at)
    entrants, entrant_digests = _entrants(snapshot, lines, known, stamp)
    odds = _odds(snapshot, lines, known, n)
    if not results and before and decision.status is known.status:
        # Results do not vanish under an unchanged status: an answer without them lost them on the way.
        fingerprint = before
    results_changed = fingerprint != before
    ops: list[Op] = []
    if entrants:
        ops.append(Op("bulkUpsert", ENTRANTS, rows=[{**row, "lastUpdated": stamp} for row in entrants]))
    if odds:
        ops.append(Op("bulkCreate", ODDS_HISTORY, rows=odds))
    if race_changed:
        patch = {**race, **_status_columns(decision, known.status, fetched_at), "lastUpdated": stamp}
        ops.append(Op("update", RACES, snapshot.race_id, {**patch, "last_poll_time": stamp}))
    if results_changed:
        written = results or said(snapshot, before, known.versions, taken_back=taken_back, same=same)
        ops.append(Op("upsert", RACE_RESULTS, snapshot.race_id, {**written, "resultTime": stamp}))
    return Changes(
        tuple(ops),
        Digests(race_digest, fingerprint, entrant_digests),
        decision,
        len(entrants),
        len(odds),
        results_changed,
        race_changed,
    )


def decided(snapshot: Snapshot, known: StoredState) -> Decision:
    """Decide on the race's status: a finished one is taken back for other placings or a ruling alone.

    A Final that was amended since, in its placings or its dividends, is an older picture, and is held.
    """
    if known.status is snapshot.status is Status.FINAL and is_older(
        known.versions, results_row(snapshot), snapshot.odd_dividends
    ):
        return Decision(snapshot.status, held=True)
    before = known.ledger.digests.results if known.ledger else ""
    results = results_of(snapshot, before)
    fingerprint = results_digest(results, before) if results else ""
    return decide(known.status, snapshot.status, evidence=_corrected(snapshot, known, fingerprint))


def asks_versions(snapshot: Snapshot, known: StoredState) -> bool:
    """Tell whether an answer can be told only beside the versions of the race's results.

    It would give a finished race another status, shows other placings or dividends of a Final one, or dividends of
    which some cannot be read.
    """
    before = known.ledger.digests.results if known.ledger else ""
    if known.status is not None and known.status.over and snapshot.status not in (known.status, *_BEFORE_THE_END):
        return True
    if before and snapshot.odd_dividends:
        return True
    final = known.status is snapshot.status is Status.FINAL
    results = results_of(snapshot, before, same=True) if final and before else None
    return results is not None and results_digest(results, before)[:16] != before[:16]


def _corrected(snapshot: Snapshot, known: StoredState, fingerprint: str) -> bool:
    if known.ledger is None:
        return False
    if known.versions:
        # What the race had before it was over is an older picture, however new the answer says it is.
        return brings_news(known.versions, results_row(snapshot), ruling=snapshot.result_changed)
    # An answer that lost its placings on the way corrects nothing.
    new = bool(fingerprint) and fingerprint[:8] != known.ledger.digests.results[:8]
    return snapshot.result_changed or new


def _race_patch(snapshot: Snapshot) -> Row:
    # What the answer leaves empty is not known, and must not blank what is.
    row = race_row_from_event(snapshot)
    return {
        k: v
        for k, v in row.items()
        if k not in BOOKKEEPING | _NOT_THE_EVENTS and not k.startswith("$") and v not in (None, "")
    }


def _status_columns(decision: Decision, known: Status | None, now: datetime) -> Row:
    if not decision.changed or decision.status is known:
        return {}
    columns: Row = {"status": decision.status.value, "lastStatusChange": iso(now)}
    if decision.status is Status.FINAL:
        columns["finalizedAt"] = iso(now)
    if decision.status is Status.ABANDONED:
        columns["abandonedAt"] = iso(now)
    return columns


def _entrants(
    snapshot: Snapshot, lines: Sequence[RunnerLine], known: StoredState, stamp: str
) -> tuple[list[Row], dict[str, str]]:
    by_id = {line.entrant_id: line for line in lines}
    changed: list[Row] = []
    digests: dict[str, str] = {}
    for runner in snapshot.runners:
        row = {**entrant_row(snapshot, runner), **share_columns(by_id[runner.entrant_id])}
        row = {k: v for k, v in row.items() if k not in BOOKKEEPING}
        before = known.entrant_digest(runner.entrant_id, row)
        fingerprint = _entrant_digest(row)
        if snapshot.tracker is None:
            # The tracker was not asked for, or not served: what it said last stays.
            row = {k: v for k, v in row.items() if k not in _TRACKED}
            fingerprint = fingerprint[:_CORE_DIGITS] + before[_CORE_DIGITS:]
        digests[runner.entrant_id] = fingerprint
        if fingerprint != before or known.ledger is None:
            first = {} if before else {"importedAt": stamp}
            changed.append({**row, **first, "$id": runner.entrant_id})
    here = {runner.entrant_id for runner in snapshot.runners}
    for line in lines:
        if line.entrant_id not in here and line.scratched:
            digests[line.entrant_id] = _gone(line, known, changed)
        elif line.entrant_id not in here:
            digests[line.entrant_id] = _unread(line, known, changed, tracked=snapshot.tracker is not None)
    return changed, digests


def _gone(line: RunnerLine, known: StoredState, changed: list[Row]) -> str:
    """Note a runner that left the list for good, as scratched and without money."""
    before = known.ledger.digests.entrants.get(line.entrant_id, "") if known.ledger else ""
    if before != GONE:
        changed.append({**_of_line(line), **share_columns(line)})
    return GONE


def _unread(line: RunnerLine, known: StoredState, changed: list[Row], *, tracked: bool) -> str:
    """Note the money of a runner that nobody could read in the answer: the rest of its row stays as it was."""
    former = known.ledger.runner(line.entrant_id) if known.ledger else None
    before = known.ledger.digests.entrants.get(line.entrant_id, "") if known.ledger else ""
    wanted, had = share_columns(line), share_columns(former) if former else {}
    differing = {k: v for k, v in wanted.items() if (tracked or k not in _TRACKED) and had.get(k, UNREAD) != v}
    if not differing:
        return before
    changed.append({**_of_line(line), **differing})
    # No fingerprint of an answer: the next one that shows the runner is written whole.
    return UNREAD.ljust(_CORE_DIGITS) + ("" if tracked else before[_CORE_DIGITS:])


def _of_line(line: RunnerLine) -> Row:
    named = {"entrantId": line.entrant_id, "name": line.name, "runnerNumber": line.number}
    return {**named, "isScratched": line.scratched, "$id": line.entrant_id}


def _entrant_digest(row: Row) -> str:
    """Return a fingerprint whose last digits are those of the tracker's columns alone."""
    core = {k: v for k, v in row.items() if k not in _TRACKED}
    tracked = {k: row.get(k) for k in sorted(_TRACKED)}
    return digest(ENTRANTS, core)[:_CORE_DIGITS] + digest(ENTRANTS, tracked)[_CORE_DIGITS:]


def share_columns(line: RunnerLine) -> Row:
    """Return the entrant columns made from shares: percentages, cents and where the Win share came from."""
    return {
        "holdPercentage": None if line.hold is None else float(line.hold),
        "betPercentage": None if line.bet is None else float(line.bet),
        "winPoolAmount": line.win_cents,
        "placePoolAmount": line.place_cents,
        "shareSource": line.win_source,
    }


def _odds(snapshot: Snapshot, lines: Sequence[RunnerLine], known: StoredState, n: int) -> list[Row]:
    stamp = iso(snapshot.generated_at)
    return [
        {
            "$id": row_key("odds", line.entrant_id, kind, n),
            "entrantId": line.entrant_id,
            "raceId": snapshot.race_id,
            "type": kind,
            "odds": float(value),
            "eventTimestamp": stamp,
            "n": n,
        }
        for line in lines
        for kind in ODDS_TYPES
        if (value := line.odds(kind)) is not None and value != known.odds(line.entrant_id, kind)
    ]
