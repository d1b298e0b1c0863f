"""A race as it stood at any instant, from its ledger and history alone, and held to a replay seen at that instant."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from local.tape.replay import Rows, TapeReplay
from local.tape.verify import RowDifference, compare
from raceday.clock import instant, iso
from raceday.ledger.codec import from_row
from raceday.ledger.timeline import Label, Timeline
from raceday.polling.changes import ODDS_COLUMNS, share_columns
from raceday.polling.fingerprints import digest
from raceday.projections.alerts import due_reminder
from raceday.projections.money_flow import entry_rows
from raceday.projections.race_pools import pools_row
from raceday.racing.records import LedgerRow, RunnerLine
from raceday.store.port import Row
from raceday.tables import ENTRANTS, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY, RACE_POLLS, RACE_POOLS, RACES

_TRACKED = ("betPercentage", "holdPercentage")
# Where a fingerprint of an entrant's columns has those of the feed's tracker.
_TRACKED_DIGITS = slice(10, None)
_TABLES = (RACES, ENTRANTS, RACE_POOLS, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY)


class RaceView(NamedTuple):
    """One race at one instant: by table the rows that stood there, with the columns that the ledger tells of."""

    race_id: str
    at: datetime
    n: int
    rows: Mapping[str, Mapping[str, Row]]

    @property
    def race(self) -> Row:
        """Return the race's row; empty before its first poll."""
        return self.rows[RACES].get(self.race_id, {})


@dataclass(slots=True)
class RaceHistory:
    """Ledger and history of a store by races, each ledger row read once."""

    recorded: Rows
    _ledgers: dict[str, list[LedgerRow]] = field(default_factory=dict)
    _by_race: dict[str, dict[str, list[Row]]] = field(default_factory=dict)

    def ledger(self, race_id: str) -> list[LedgerRow]:
        """Return a race's ledger in order."""
        if race_id not in self._ledgers:
            rows = [from_row(row) for row in self._rows(RACE_POLLS, race_id)]
            self._ledgers[race_id] = sorted(rows, key=lambda row: row.n)
        return self._ledgers[race_id]

    def races(self, day: str = "") -> list[str]:
        """Return the races of a NZ race day, or all, in order of their starts."""
        rows = [row for row in self.recorded.get(RACES, {}).values() if day in ("", row.get("raceDateNz"))]
        return [row["$id"] for row in sorted(rows, key=lambda row: (row["startTime"], row["$id"]))]

    def at(self, race_id: str, at: datetime) -> RaceView:
        """Return a race as it stood at an instant."""
        rows = [row for row in self.ledger(race_id) if row.fetched_at <= at]
        odds = [r for r in self._rows(ODDS_HISTORY, race_id) if _seen(r, rows, at)]
        entries = Timeline().walk(rows)
        labels = {entry.label for entry in entries if isinstance(entry, Label)}
        reminded = due_reminder(rows) is not None
        told = [
            row
            for row in self._rows(NOTIFICATIONS, race_id)
            if (reminded if row["type"] == "reminder" else row.get("timeInterval") in labels)
        ]
        pools = next((row for row in reversed(rows) if row.pools is not None and not row.held), None)
        tables = {
            RACES: {race_id: race_of(rows)} if rows else {},
            ENTRANTS: entrants_of(rows),
            RACE_POOLS: {race_id: pools_row(pools)} if pools else {},
            MONEY_FLOW: {row["$id"]: row for entry in entries for row in entry_rows(entry)},
            NOTIFICATIONS: {row["$id"]: row for row in told},
            ODDS_HISTORY: {row["$id"]: row for row in odds},
        }
        return RaceView(race_id, at, rows[-1].n if rows else 0, tables)

    def _rows(self, table: str, race_id: str) -> list[Row]:
        if table not in self._by_race:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.recorded.get(table, {}).values():
                found[row["raceId"]].append(row)
            self._by_race[table] = found
        return self._by_race[table].get(race_id, [])


def _seen(row: Row, rows: Sequence[LedgerRow], at: datetime) -> bool:
    return row["n"] <= rows[-1].n if rows and row["n"] else row["n"] == 0 and instant(row["eventTimestamp"]) <= at


def race_of(rows: Sequence[LedgerRow]) -> Row:
    """Return a race's columns after these rows of its ledger; what an answer left empty stays as it was."""
    found: Row = {}
    for row in rows:
        facts = row.race
        told = {
            "name": facts.name,
            "raceNumber": facts.number,
            "country": facts.country,
            "type": facts.code,
            "actualStart": iso(facts.actual_start) if facts.actual_start else None,
            "positionsPaid": facts.positions_paid,
            "startTime": iso(row.start),
            "status": row.status.value,
        }
        found |= {column: value for column, value in told.items() if value}
    return found


def entrants_of(rows: Sequence[LedgerRow]) -> dict[str, Row]:
    """Return each entrant's columns after these rows of a race's ledger.

    What the feed's tracker said last stays while it says nothing; the fingerprints tell which of the two it was.
    """
    found: dict[str, Row] = {}
    for row in rows:
        for line in row.runners:
            told = _entrant(line)
            tail = row.digests.entrants.get(line.entrant_id, "")[_TRACKED_DIGITS]
            before = found.get(line.entrant_id, {})
            if tail and tail != digest(ENTRANTS, {key: told[key] for key in _TRACKED})[_TRACKED_DIGITS]:
                told |= {key: before.get(key) for key in _TRACKED}
            found[line.entrant_id] = told
    return found


def _entrant(line: RunnerLine) -> Row:
    odds = {column: None if (v := line.odds(kind)) is None else float(v) for kind, column in ODDS_COLUMNS.items()}
    known = {"name": line.name, "runnerNumber": line.number, "isScratched": line.scratched}
    return {**known, **odds, **share_columns(line)}


def differences(view: RaceView, tables: Rows) -> list[RowDifference]:
    """Return each row of a race in a replay's tables that is another than in the view, by the view's columns."""
    stored = {table: dict(view.rows[table]) for table in _TABLES}
    made: dict[str, dict[str, Row]] = {}
    for table in _TABLES:
        there = {key: row for key, row in tables[table].items() if row["raceId"] == view.race_id}
        if table in (RACES, ENTRANTS, RACE_POOLS):
            # What an import wrote and no poll told of is no part of a view.
            there = {key: row for key, row in there.items() if key in stored[table]}
        if table not in (NOTIFICATIONS, ODDS_HISTORY):
            there = {key: _as(row, stored[table].get(key, row)) for key, row in there.items()}
        made[table] = there
    late = {key for key, row in made[ODDS_HISTORY].items() if row["n"] == 0 and key not in stored[ODDS_HISTORY]}
    made[ODDS_HISTORY] = {key: row for key, row in made[ODDS_HISTORY].items() if key not in late}
    return compare(stored, made, tables=_TABLES)


def _as(row: Row, like: Row) -> Row:
    return {key: row.get(key) for key in like}


@dataclass(slots=True)
class AsofCheck:
    """What a check of instants found: how many, how many rows were compared, and what differed at which."""

    instants: int = 0
    rows: int = 0
    found: list[tuple[RaceView, RowDifference]] = field(default_factory=list)


async def check(replay: TapeReplay, history: RaceHistory, asked: Iterable[tuple[str, datetime]]) -> AsofCheck:
    """Hold views to one replay seen at each of these instants, before the race's first step after it."""
    waiting: dict[str, list[datetime]] = defaultdict(list)
    for race_id, at in asked:
        waiting[race_id].append(at)
    for each in waiting.values():
        each.sort(reverse=True)
    made = AsofCheck()

    def look(race_id: str, until: datetime | None) -> None:
        there = waiting.get(race_id, [])
        while there and (until is None or there[-1] < until):
            view = history.at(race_id, there.pop())
            made.instants += 1
            made.rows += sum(len(rows) for rows in view.rows.values())
            made.found += [(view, difference) for difference in differences(view, replay.store.tables)]

    for step in await replay.prepare():
        if step.row is not None:
            look(step.row["raceId"], instant(step.row["fetchedAt"]))
        await replay.do(step)
    for race_id in list(waiting):
        look(race_id, None)
    return made


def random_instants(history: RaceHistory, races: Sequence[str], count: int, seed: int) -> list[tuple[str, datetime]]:
    """Return random instants of random races, from a little before a race's first row to a little after its last."""
    chance = random.Random(seed)
    polled = [race_id for race_id in races if history.ledger(race_id)]
    found = []
    for _ in range(count if polled else 0):
        race_id = chance.choice(polled)
        rows = history.ledger(race_id)
        begin, end = rows[0].fetched_at - timedelta(minutes=5), rows[-1].fetched_at + timedelta(minutes=5)
        found.append((race_id, begin + (end - begin) * chance.random()))
    return found
