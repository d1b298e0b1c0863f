"""Which rule moved a row: what the ledger makes is made again of the stored ledger, and of the moved one in part."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

from local.functions import function
from local.tape.lost import UNANSWERED, told_lost
from local.tape.replay import PROJECTIONS, Rows
from local.tape.script import SetClock, row_data
from local.tape.stored import REACHES_NOTHING
from local.tape.verify import MEMBERS, RULES, RowDifference, row_difference, rules_of
from local.testing.containers import make_container
from local.testing.memory_store import MemoryStore
from raceday.clock import instant
from raceday.log import Log
from raceday.runtime.function import handle
from raceday.store.port import Row
from raceday.tables import (
    ALERT_CONFIGS,
    ALERT_FILTERS,
    CLOSING_PRICES,
    ENTRANTS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULTS,
    RACES,
)

# What is made of a race's ledger, closing prices of its results too, and of nothing else but users' bands.
PROJECTED = (MONEY_FLOW, RACE_POOLS, CLOSING_PRICES, NOTIFICATIONS)
_SOURCES = (RACE_POLLS, RACE_RESULTS)
_USERS = (ALERT_CONFIGS, ALERT_FILTERS)
# Their `n` tells which polls woke them, and one run over a whole ledger is woken once.
_PASSED = (CLOSING_PRICES,)
# What polls write beside the ledger, whose rows have a fingerprint of it.
_BESIDE = (RACES, ENTRANTS, ODDS_HISTORY)
# Of one stored row alone nobody can tell whether it was altered or made by another rule.
ALTERED = "stored row altered, or {rule} changed; nothing it is made of moved"
ALTERED_TOO = "; beside that the stored row was altered, or {rule} changed"


async def blamed(
    found: Sequence[RowDifference],
    stored: Rows,
    made: Rows,
    lost: Iterable[Row] = (),
    untold: Collection[str] = (),
    *,
    damaged: bool = False,
) -> list[RowDifference]:
    """Name for each row that the ledger decides the rule of the ledger row that moved it, or that none did.

    What polls without an answer on the tape, `lost`, had written beside their rows is not made for want of that, nor
    what imports had of `untold` races.
    """
    found = told_lost(found, stored, lost, untold, damaged=damaged)
    sources: dict[str, list[tuple[int, RowDifference]]] = defaultdict(list)
    rows: dict[str, list[RowDifference]] = defaultdict(list)
    for each in found:
        race_id = _race_of(each, stored, made)
        if each.table in _SOURCES:
            sources[race_id].append((int(_side(each, stored, made).get("n") or 0), each))
        elif each.table in PROJECTED:
            rows[race_id].append(each)
    named: dict[tuple[str, str], str] = {}
    for race_id, differing in rows.items():
        moved = [each for _, each in sorted(sources[race_id], key=lambda pair: (pair[0], pair[1].table))]
        race = BlamedRace(race_id, stored, made, moved)
        for each in differing:
            named[each.table, each.row_id] = await race.rule(each)
    for each in found:
        if each.table in _BESIDE and UNANSWERED not in each.rule and not sources[_race_of(each, stored, made)]:
            named[each.table, each.row_id] = f"{each.rule}, or stored row altered; no ledger row of its race moved"
    return [each._replace(rule=named.get((each.table, each.row_id), each.rule)) for each in found]


class BlamedRace:
    """One race with its moved ledger rows; what each choice of rules makes is made once."""

    def __init__(self, race_id: str, stored: Rows, made: Rows, moved: Sequence[RowDifference]) -> None:
        self._id, self._stored, self._made, self._moved = race_id, stored, made, moved
        self._known: dict[str, Rows] = {}

    async def rule(self, difference: RowDifference) -> str:
        """Return which rule moved a projection's row, in words."""
        own = RULES[difference.table]
        of_stored = await self._projected("")
        if self._equal(difference, of_stored, self._made):
            return ALTERED.format(rule=own)
        rules = list(dict.fromkeys(rule for each in self._moved for rule in each.rule.split(", ")))
        kept = [rule for rule in rules if await self._decides(difference, rule)] if len(rules) > 1 else rules
        text = f"{', '.join(kept or rules)}, through {own}"
        return text if self._equal(difference, of_stored, self._stored) else text + ALTERED_TOO.format(rule=own)

    async def _decides(self, difference: RowDifference, rule: str) -> bool:
        """Tell whether a row comes out otherwise where what this rule moved is as it was stored."""
        return not self._equal(difference, await self._projected(rule), self._made)

    def _equal(self, difference: RowDifference, one: Rows, other: Rows) -> bool:
        sides = [rows.get(difference.table, {}).get(difference.row_id) for rows in (one, other)]
        if difference.table in _PASSED and all(sides):
            sides = [{**row, "n": 0} for row in sides if row]
        return sides[0] is sides[1] or row_difference(difference.table, difference.row_id, *sides) is None

    async def _projected(self, unmoved: str) -> Rows:
        """Return what the ledger makes where this rule had moved nothing; "" is the stored ledger."""
        if unmoved not in self._known:
            sources = {
                table: {key: row for key, row in self._made.get(table, {}).items() if row["raceId"] == self._id}
                for table in _SOURCES
            }
            for each in self._moved:
                there = self._stored.get(each.table, {}).get(each.row_id)
                row = there if not unmoved else _unmoved(each, unmoved, there, sources[each.table].get(each.row_id))
                sources[each.table].pop(each.row_id, None)
                if row is not None:
                    sources[each.table][each.row_id] = row
            users = {table: self._made.get(table, {}) for table in _USERS}
            self._known[unmoved] = await projected(self._id, {**sources, **users})
        return self._known[unmoved]


def _unmoved(difference: RowDifference, rule: str, stored: Row | None, made: Row | None) -> Row | None:
    """Return a moved row with the columns that a rule makes as they were stored; what follows from them goes along."""
    if rule not in difference.rule.split(", "):
        return made
    if stored is None or made is None or rule == UNANSWERED:
        return stored
    named = rules_of(difference.table, difference.columns)
    follows = {"score"} if rule.startswith("check ") else set()
    row = dict(made)
    for column in [each for each, own in named.items() if own == rule or each in follows]:
        part, _, rest = column.partition(".")
        if part not in MEMBERS:
            row[part] = stored.get(part)
            continue
        name, _, key = rest.rpartition(".")
        items = json.loads(row[part] or "[]")
        for item in items:
            if str(item[MEMBERS[part]]) == name:
                item[key] = difference.columns[column][0]
        row[part] = json.dumps(items)
    return row


async def projected(race_id: str, rows: Rows) -> Rows:
    """Run the projections once over one race's ledger and results, with the users of these tables."""
    polls = [row for row in rows[RACE_POLLS].values() if row["raceId"] == race_id]
    at = max((instant(row["fetchedAt"]) for row in polls), default=datetime(2020, 1, 1, tzinfo=UTC))
    clock = SetClock(at)
    store = MemoryStore(clock.now)
    for table in (*_SOURCES, *_USERS):
        for row_id, row in rows.get(table, {}).items():
            if row.get("raceId") in (None, race_id):
                await store.upsert(table, row_id, row_data(row))
    context = SimpleNamespace(activation_id="blame", deadline=round((at.timestamp() + 600) * 1000))
    for name in PROJECTIONS:
        container = make_container(REACHES_NOTHING, clock, log=Log(lambda _: None, level="error"), store=store)
        await handle(container, function(name), {"raceId": race_id}, context)
    return {table: store.tables[table] for table in PROJECTED}


def _side(difference: RowDifference, stored: Rows, made: Rows) -> Row:
    """Return the row of a difference from the side that has it."""
    there = stored.get(difference.table, {}).get(difference.row_id)
    return there or made[difference.table][difference.row_id]


def _race_of(difference: RowDifference, stored: Rows, made: Rows) -> str:
    row: Mapping[str, object] = _side(difference, stored, made)
    return difference.row_id if difference.table == RACES else str(row.get("raceId", ""))
