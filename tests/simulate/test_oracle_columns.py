"""The oracle reads every column: each judged one is broken in turn, and the list of open ones is complete."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from local.simulate import run as running
from local.simulate.oracle.columns import OPEN
from local.simulate.oracle.differences import Findings
from local.simulate.oracle.judge import Left, judge_rows
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.served import Record
from local.simulate.tables import Tables
from raceday.store.port import Row
from raceday.tables import BY_ID, QUARANTINE, SILKS

# No row of these is to be there on a sound day: any is unexpected, whatever its columns.
EMPTY = (QUARANTINE, SILKS)


@dataclass(frozen=True, slots=True)
class Judged:
    """A finished day: what it left, what was served, and what the oracle found."""

    left: Left
    record: Record
    findings: Findings

    def again(self, table: str, rows: Sequence[Row]) -> Findings:
        """Judge the day once more with other rows in one table."""
        after = Tables({**self.left.after.rows, table: rows})
        return judge_rows(replace(self.left, after=after), self.record)


@pytest.fixture(scope="module")
def day() -> Judged:
    """Return one small sound day, which the oracle finds nothing wrong with."""
    kept: list[Judged] = []

    def keep(left: Left, record: Record) -> Findings:
        kept.append(Judged(left, record, judge_rows(left, record)))
        return kept[-1].findings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "judge_rows", keep)
        simulate_day(DayPlan(seed=6, races=1, day=date(2026, 2, 14), depth="port"))
    assert kept[0].findings.found == []
    return kept[0]


def declared() -> Iterator[tuple[str, str]]:
    """Return every column that the schema declares."""
    return ((table.id, column.key) for table in BY_ID.values() for column in table.columns)


def test_every_declared_column_is_judged_or_named_as_open(day: Judged) -> None:
    """A column that is new in the schema has to be judged, or to stand in the list with the reason why not."""
    judged = {(table, column) for table, columns in day.findings.columns.items() for column in columns}
    judged.add(("money-flow-history", "bucketDocumentId"))
    known = judged | set(OPEN) | {(table, column) for table, column in declared() if table in EMPTY}
    assert set(declared()) - known == set()


def test_the_list_of_open_columns_names_what_is_there() -> None:
    """An entry of the list names a table and a column, or a member of one, and says why."""
    for (table, column), reason in OPEN.items():
        columns = {each.key for each in BY_ID[table].columns}
        assert any(column == key or column.startswith((f"{key} ", f"{key}[")) for key in columns), column
        assert len(reason) > 10


def other(value: Any, kind: str) -> Any:
    """Return another value of a column's kind."""
    if kind == "boolean":
        return not value
    if kind in ("integer", "float"):
        # Far from the value: some columns may hold any of a few neighbours.
        return 1 if value is None else value + 997
    if kind == "datetime":
        return "1999-01-01T00:00:00.000+00:00"
    return "other" if value is None else f"{value}x"


# The columns by which the oracle finds a row: another value makes it another row.
KEYS = {
    "entrants": ("raceId",),
    "odds-history": ("raceId", "entrantId", "type", "n"),
    "money-flow-history": ("raceId", "entrantId", "timeInterval", "intervalType"),
    "race-polls": ("raceId", "n", "generatedAt"),
    "notifications": ("userId", "raceId", "entrantId", "timeInterval", "type"),
    "suite-state": ("kind", "name"),
    "closing-prices": ("raceId", "entrantId"),
    "race-result-versions": ("raceId", "version"),
}


@pytest.mark.parametrize("table", [table for table in BY_ID if table not in EMPTY])
def test_a_wrong_value_in_any_judged_column_is_named(day: Judged, table: str) -> None:
    """A row that is wrong in every judged column at once is told column by column."""
    rows = list(day.left.after[table])
    columns = {c.key: c.kind for c in BY_ID[table].columns if (table, c.key) not in OPEN}
    wanted = columns.keys() - set(KEYS.get(table, ()))
    # Of the suite's state an import's row has all that is judged, of the ledger any but the first, of the timeline a
    # row with a column of its own.
    full = [i for i, r in enumerate(rows) if r.get("kind") in (None, "import", "slot", "code", "country")]
    at = [i for i in full if rows[i].get("timeInterval", 0) is not None][-1]
    broken = rows[at] | {column: other(rows[at].get(column), columns[column]) for column in wanted}
    found = day.again(table, [*rows[:at], broken, *rows[at + 1 :]]).found
    assert wanted - {each.column for each in found if each.table == table} == set()


@pytest.mark.parametrize(("table", "column"), [(table, column) for table, keys in KEYS.items() for column in keys])
def test_a_row_under_another_key_is_named(day: Judged, table: str, column: str) -> None:
    """A row whose key has changed is missing where it was and unexpected where it is."""
    rows = list(day.left.after[table])
    at = len(rows) // 2
    kind = next(c.kind for c in BY_ID[table].columns if c.key == column)
    broken = {**rows[at], column: other(rows[at].get(column), kind)}
    assert [each for each in day.again(table, [*rows[:at], broken, *rows[at + 1 :]]).found if each.table == table]


@pytest.mark.parametrize("table", [table for table in BY_ID if table not in EMPTY])
@pytest.mark.parametrize("what", ["missing", "doubled"])
def test_a_row_that_is_lost_or_doubled_is_named(day: Judged, table: str, what: str) -> None:
    """One row taken away, or there once more under another id, is a difference of its table."""
    rows = list(day.left.after[table])
    twice = {**rows[0], "$id": "0" * 32}
    found = day.again(table, rows[1:] if what == "missing" else [*rows, twice]).found
    assert any(each.table == table for each in found), found


@pytest.mark.parametrize("table", EMPTY)
def test_a_row_where_none_belongs_is_unexpected(day: Judged, table: str) -> None:
    """A sound day leaves nothing in the quarantine, and no function of a day draws silks."""
    row = {"$id": "x", "subject": "race", "field": "status", "seen": 1, "raceId": "", "payload": None}
    row["$createdAt"] = day.left.end.isoformat()
    found = day.again(table, [row]).found
    assert [(each.table, each.what) for each in found] == [(table, "unexpected")]


def runner_with(text: str, changes: Mapping[str, Any]) -> str:
    """Return a ledger row's runners with members of one changed."""
    runners = json.loads(text)
    runners[0] |= changes
    return json.dumps(runners)


def test_a_cent_on_the_wrong_runner_is_named_to_the_cent(day: Judged) -> None:
    """One cent more on one runner of one ledger row, and one cent in one entrant's row, are differences."""
    ledger = list(day.left.after["race-polls"])
    cents = json.loads(ledger[-1]["runners"])[0]["win"]
    ledger[-1] = {**ledger[-1], "runners": runner_with(ledger[-1]["runners"], {"win": cents + 1})}
    assert [each.column for each in day.again("race-polls", ledger).found] == ["runners"]
    entrants = list(day.left.after["entrants"])
    entrants[0] = {**entrants[0], "winPoolAmount": (entrants[0]["winPoolAmount"] or 0) + 1}
    assert [each.column for each in day.again("entrants", entrants).found] == ["winPoolAmount"]


def test_a_check_or_a_score_that_is_off_is_named(day: Judged) -> None:
    """A check that is said to hold and does not, and a score that its checks do not come to, are differences."""
    ledger = list(day.left.after["race-polls"])
    checks = json.loads(ledger[0]["checks"])
    checks[0] |= {"ok": not checks[0]["ok"]}
    ledger[0] = {**ledger[0], "checks": json.dumps(checks)}
    assert "checks" in [each.column for each in day.again("race-polls", ledger).found]
    ledger = list(day.left.after["race-polls"])
    ledger[0] = {**ledger[0], "score": ledger[0]["score"] - 1}
    assert "score" in [each.column for each in day.again("race-polls", ledger).found]


@pytest.mark.parametrize("table", ["race-polls", "money-flow-history", "notifications"])
def test_a_row_that_was_written_again_is_named(day: Judged, table: str) -> None:
    """Rows that are written once and never changed show by their own times when they were."""
    rows = list(day.left.after[table])
    rows[0] = {**rows[0], "$updatedAt": "2026-02-14T23:00:00.000+00:00"}
    assert [(each.table, each.what) for each in day.again(table, rows).found] == [(table, "changed")]
