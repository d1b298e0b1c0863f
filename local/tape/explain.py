"""From a stored figure back to the feed: every figure on the way is made again and held to the stored one."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from local.tape.explain_ends import closing_figures, movement_steps, race_figures, result_figures
from local.tape.figure import Figure, equal
from local.tape.reader import Tape
from local.tape.replay import Rows, answer_of
from local.tape.scanning import TapeEntry
from raceday.feed import mapping
from raceday.feed.models import Event
from raceday.ledger.codec import from_row, to_row
from raceday.ledger.timeline import Label, Timeline
from raceday.polling.changes import Changes, StoredState, changes, decided, takes_back
from raceday.polling.results import result_ops
from raceday.projections.money_flow import entry_rows
from raceday.racing.compose import PollContext, compose, figures, held_row
from raceday.racing.records import Check, LedgerRow, RunnerLine
from raceday.racing.shares import inverse
from raceday.racing.snapshot import FormerRace, Snapshot
from raceday.store.port import Row
from raceday.tables import MONEY_FLOW, RACE_POLLS, RACE_RESULTS

# What the ledger says of the run, and of what was written before: no rule makes it of one answer.
_OF_THE_RUN = frozenset({"gaps", "feedCalls", "feedMs", "storeMs", "lateMs", "digests"})


@dataclass(slots=True)
class Told:
    """One ledger row made again: the answer it came from, what that says, and the row."""

    stored: LedgerRow
    made: LedgerRow
    entry: TapeEntry | None = None


@dataclass(slots=True)
class RaceStory:
    """One race's ledger and timeline, made again from the tape where it has the answer, from the ledger where not."""

    recorded: Rows
    tape: Tape | None
    race_id: str
    told: list[Told] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    _results: Row | None = None

    def __post_init__(self) -> None:
        """Make every row of the race again, in order."""
        rows = [r for r in self.recorded.get(RACE_POLLS, {}).values() if r["raceId"] == self.race_id]
        for row in sorted(rows, key=lambda r: int(r["n"])):
            self.told.append(self._tell(row))
        self.labels = [e for e in Timeline().walk([t.made for t in self.told]) if isinstance(e, Label)]

    def _tell(self, row: Row) -> Told:
        stored = from_row(row)
        entry = answer_of(self.tape, row) if self.tape and stored.kind != "closing" else None
        if entry is None or self.tape is None:
            return Told(stored, stored)
        answer = Event.model_validate_json(self.tape.body(entry))
        snapshot = mapping.snapshot_of(answer.header, answer.data, self.race_id, entry.received, self._known(stored))
        return Told(stored, self._made(stored, snapshot), entry)

    def _made(self, stored: LedgerRow, snapshot: Snapshot) -> LedgerRow:
        """Make a row of its answer and of the rows made before it, by the poller's own rules."""
        base = self.told[-1].made if self.told else None
        context = PollContext(stored.slot, stored.kind, stored.fetched_at)
        known = StoredState(ledger=base)
        if takes_back(snapshot, known):
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
                row, version = result_ops(self._results, op.data, stored.fetched_at, "poll")
                self._results = {**(self._results or {}), **row.data}
                self.versions.append({**version.data, "$id": version.row_id})

    @property
    def results(self) -> Row | None:
        """Return the race's results as made again; as stored where a later look at them made a version of its own."""
        stored = self.recorded.get(RACE_RESULTS, {}).get(self.race_id)
        looked = stored is not None and int(stored.get("versions") or 0) > len(self.versions)
        return stored if looked else self._results

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


def ledger_figures(told: Told) -> list[Figure]:
    """Return every column of one ledger row that an answer decides, checks and runners taken apart."""
    stored, made = to_row(told.stored), to_row(told.made)
    found = []
    for column in stored.keys() - _OF_THE_RUN - {"checks", "runners"}:
        found.append(Figure(f"poll {told.stored.n} {column}", stored[column], made[column]))
    for part, key in (("checks", "name"), ("runners", "no")):
        old, new = json.loads(stored[part]), {item[key]: item for item in json.loads(made[part])}
        for item in old:
            other = new.get(item[key], {})
            found += [Figure(f"{part} {item[key]} {k}", v, other.get(k)) for k, v in item.items()]
        found += [Figure(f"{part} {key_}", None, "made") for key_ in new.keys() - {item[key] for item in old}]
    return found


def label_figures(story: RaceStory, entry: Label) -> list[Figure]:
    """Return every column of one label's rows, for all runners."""
    stored = story.recorded.get(MONEY_FLOW, {})
    found = []
    for made in entry_rows(entry):
        row = stored.get(made["$id"], {})
        name = f"T{-entry.label:+d} {made['entrantId']}"
        found += [Figure(f"{name} {k}", row.get(k), v) for k, v in made.items() if k != "$id"]
    return found


def day_figures(recorded: Rows, tape: Tape | None, races: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    """Return every figure of ledger and timeline of some races, race by race."""
    for race_id in races:
        story = RaceStory(recorded, tape, race_id)
        for told in story.told:
            yield from ((race_id, figure) for figure in ledger_figures(told))
        for entry in story.labels:
            yield from ((race_id, figure) for figure in label_figures(story, entry))
        owed = {row["$id"] for entry in story.labels for row in entry_rows(entry)}
        for key, row in recorded.get(MONEY_FLOW, {}).items():
            if row["raceId"] == race_id and row["intervalType"] != "live" and key not in owed:
                yield race_id, Figure(f"T{-row['timeInterval']:+d} {row['entrantId']}", "stored", None, "no rule")
        yield from ((race_id, figure) for figure in race_figures(story))


class Step(NamedTuple):
    """One step towards a stored figure: its part, as answer, money or checks, and what it tells."""

    part: str
    told: Figure | str


def runner_steps(story: RaceStory, number: int, label: int) -> list[Step]:
    """Explain one runner at one label, step by step; raises LookupError where there is none such."""
    entry = story.label(label)
    line = next((r for r in entry.state.runners if r.number == number), None) if entry else None
    if entry is None or line is None:
        known = ", ".join(str(each.label) for each in story.labels)
        raise LookupError(f"no runner {number} at label {label}; the race has labels {known}")
    told = story.by_n(entry.state.n)
    parts: dict[str, Iterable[Figure | str]] = {
        "answer": [_where(told)],
        "money": _money(told, line.entrant_id),
        "label": _label(story, entry, line.entrant_id),
        "alerts": movement_steps(story, entry, line.entrant_id),
        "closing": closing_figures(story, line.entrant_id),
        "results": result_figures(story, number),
        "checks": check_lines(told),
    }
    return [Step(part, each) for part, steps in parts.items() for each in steps]


def runner_lines(story: RaceStory, number: int, label: int) -> list[str]:
    """Explain one runner at one label as lines for people; raises LookupError where there is none such."""
    return [str(step.told) for step in runner_steps(story, number, label)]


def _label(story: RaceStory, entry: Label, entrant_id: str) -> Iterator[Figure]:
    """Return what one label's row has of one runner."""
    rows = {row["entrantId"]: row for row in entry_rows(entry)}
    stored = story.recorded.get(MONEY_FLOW, {}).get(rows[entrant_id]["$id"], {})
    base = f"since poll {entry.base.n} at {entry.base.slot:%H:%M:%S}" if entry.base else "the first label"
    hows = {"incrementalWinAmount": base, "incrementalPlaceAmount": base, "winPoolPercentage": "of the Win pool"}
    for column in ("winPoolAmount", "placePoolAmount", "incrementalWinAmount", "incrementalPlaceAmount",
                   "winPoolPercentage", "placePoolPercentage", "holdPercentage", "dataQualityScore"):  # fmt: skip
        yield Figure(column, stored.get(column), rows[entrant_id][column], hows.get(column, ""))


def _where(told: Told) -> str:
    row = told.stored
    head = f"poll {row.n} ({row.kind}) of slot {row.slot:%Y-%m-%d %H:%M:%S}"
    if told.entry is None:
        return f"{head}: no answer on a tape, so it is taken from the ledger; fetched {row.fetched_at:%H:%M:%S.%f}"
    age = (told.entry.received - row.generated_at).total_seconds()
    return f"{head}: {told.entry.place}, received {told.entry.received:%H:%M:%S.%f}, made {age:.1f} s before"


def _money(told: Told, entrant_id: str) -> Iterator[Figure]:
    """Return pool, odds, share and cents of one runner, for Win and Place."""
    stored, made = told.stored.runner(entrant_id), told.made.runner(entrant_id)
    for product in ("win", "place"):
        before, total = (row.pools.cents(product) if row.pools else None for row in (told.stored, told.made))
        yield Figure(f"{product} pool", before, total, "cents, from the feed's total")
        odds = f"pool_{product}"
        yield Figure(odds, getattr(stored, odds, None), getattr(made, odds, None), "from the feed's odds")
        found = _share(told.made, product, entrant_id)
        source, cents = f"{product}_source", f"{product}_cents"
        shown = f"share {float(found[0]):.6f} of {found[1]} cents" if found else _NO_SHARE.get(
            getattr(made, source, ""), "no share")  # fmt: skip
        yield Figure(f"{product} share's source", getattr(stored, source, None), getattr(made, source, None), shown)
        exact = f"{float(found[0] * found[1]):.4f} before apportioning" if found else ""
        yield Figure(f"{product} cents", getattr(stored, cents, None), getattr(made, cents, None), exact)
        beside = [row.pools.beside_cents(product) if row.pools else 0 for row in (told.stored, told.made)]
        if any(beside):
            yield Figure(f"{product} on no runner", beside[0], beside[1], "cents, unrefunded or unattributed")
    for kind in ("hold", "bet", "fixed_win", "fixed_place"):
        yield Figure(kind, getattr(stored, kind, None), getattr(made, kind, None))


_NO_SHARE = {
    "before": "shared as at the poll before: this answer's odds do not tell whose the money is",
    "none": "no share: neither odds nor the tracker tell whose the money is",
}


def _share(row: LedgerRow, product: str, entrant_id: str) -> tuple[Fraction, int] | None:
    """Return a runner's share of the money that stands on runners of one source, and that money in cents."""
    line = row.runner(entrant_id)
    source = getattr(line, f"{product}_source", "none")
    if line is None or line.scratched or source not in ("pool_odds", "hold"):
        return None
    same = [r for r in row.runners if not r.scratched and getattr(r, f"{product}_source") == source]
    weights = {r.entrant_id: _weight(r, product, source) for r in same}
    whole = sum(weights.values())
    money = sum(getattr(r, f"{product}_cents") or 0 for r in same)
    return (weights[entrant_id] / whole, money) if whole else None


def _weight(line: RunnerLine, product: str, source: str) -> Fraction:
    return inverse(line.odds(f"pool_{product}")) if source == "pool_odds" else Fraction(line.hold or 0)


def check_lines(told: Told) -> list[str]:
    """Return every check of one poll with its value, tolerance, weight and score."""
    made = {check.name: check for check in told.made.checks}
    out = []
    for check in told.stored.checks:
        other = made.get(check.name)
        same = other == check or (other is not None and equal(list(other), list(check)))
        state = "holds" if check.ok else "FAILS"
        text = f"{state} {check.value} ({check.expected})" if check.applies else "does not apply"
        mark = "" if same else f"  != made again {_otherwise(check, other)}"
        out.append(f"check {check.name:<20} weight {check.weight:g} score {check.score:g}: {text}{mark}")
    return out


def _otherwise(stored: Check, made: Check | None) -> str:
    """Name each part of a check that came out otherwise, with what was made of it."""
    if made is None:
        return "None"
    pairs = zip(stored._fields, stored, made, strict=True)
    return ", ".join(f"{name} {other}" for name, one, other in pairs if not equal(one, other))
