"""Comparing what a replay made with what is stored, row by row and column by column, each difference with its rule."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from local.tape.replay import Rows
from raceday.store.port import Row
from raceday.tables import (
    CLOSING_PRICES,
    ENTRANTS,
    MEETINGS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
)

COMPARED = (MEETINGS, RACES, ENTRANTS, RACE_POLLS, RACE_RESULTS, RACE_RESULT_VERSIONS, ODDS_HISTORY, MONEY_FLOW,
            RACE_POOLS, CLOSING_PRICES, NOTIFICATIONS)  # fmt: skip
# When an import or a wake wrote, or the scheduler means to look again, is nothing that an answer of the feed decides,
# and what was read is a user's doing.
INSTANTS: Mapping[str, frozenset[str]] = {
    MEETINGS: frozenset({"lastUpdated", "apiGeneratedTime"}),
    RACES: frozenset({"lastUpdated", "importedAt", "entrantsImportedAt"}),
    ENTRANTS: frozenset({"lastUpdated", "importedAt"}),
    RACE_RESULTS: frozenset({"nextLookAt"}),
    CLOSING_PRICES: frozenset({"lastUpdated"}),
    NOTIFICATIONS: frozenset({"read"}),
}
# Which rule makes a column, by table; a ledger row's members have their own.
RULES: Mapping[str, str] = {
    MEETINGS: "feed/mapping (meeting list)",
    RACES: "feed/mapping and status",
    ENTRANTS: "feed/mapping and shares",
    RACE_RESULTS: "feed/mapping (results)",
    RACE_RESULT_VERSIONS: "feed/mapping (results)",
    ODDS_HISTORY: "polling/changes (odds)",
    MONEY_FLOW: "ledger/timeline and flow",
    RACE_POOLS: "projections/race_pools",
    CLOSING_PRICES: "projections/closing_prices",
    NOTIFICATIONS: "projections/alerts",
}
_LEDGER = {
    "score": "racing/score",
    "status": "racing/status",
    "pools": "feed/mapping (pools)",
    "digests": "polling/changes (digests)",
    "dividends": "feed/mapping (dividends)",
}
# Columns of a ledger row that are lists, and what names their items.
MEMBERS = {"checks": "name", "runners": "no"}
_SHARES = {"win", "place", "winSource", "placeSource"}
FOLLOWING = ("racing/score", "polling/changes (digests)")


class RowDifference(NamedTuple):
    """One row that came out otherwise: `columns` has stored and replayed values, empty where a side has no row."""

    table: str
    row_id: str
    what: str
    rule: str
    columns: Mapping[str, tuple[Any, Any]]
    about: str = ""

    def __str__(self) -> str:
        """Return it as a line for people."""
        shown = "; ".join(f"{k}: {_short(a)} -> {_short(b)}" for k, (a, b) in list(self.columns.items())[:4])
        return f"{self.table} {self.row_id} {self.about} {self.what} [{self.rule}] {shown}".strip()


def compare(stored: Rows, made: Rows, *, only: str = "", tables: Sequence[str] = COMPARED) -> list[RowDifference]:
    """Return every row that differs, in order of table and key, with the rule that makes it."""
    found: list[RowDifference] = []
    for table in tables:
        before, after = _of(stored.get(table, {}), only), _of(made.get(table, {}), only)
        for row_id in sorted(before.keys() | after.keys()):
            difference = row_difference(table, row_id, before.get(row_id), after.get(row_id))
            if difference is not None:
                found.append(difference)
    return found


def _of(rows: Mapping[str, Row], only: str) -> Mapping[str, Row]:
    if not only:
        return rows
    return {row_id: row for row_id, row in rows.items() if only in (row_id, row.get("raceId"))}


def row_difference(table: str, row_id: str, before: Row | None, after: Row | None) -> RowDifference | None:
    """Return what differs of one row, None where nothing does."""
    row = before or after or {}
    about = " ".join(f"{k}={row[k]}" for k in ("raceId", "n", "timeInterval", "slot") if row.get(k) is not None)
    if before is None or after is None:
        what = "is not stored" if before is None else "is not made"
        return RowDifference(table, row_id, what, RULES.get(table, "polling/poll"), {}, about)
    ignored = INSTANTS.get(table, frozenset())
    if table == ODDS_HISTORY and before.get("n") == 0:
        ignored = frozenset({"eventTimestamp"})
    keys = sorted(k for k in before.keys() | after.keys() if not k.startswith("$") and k not in ignored)
    columns = {k: (before.get(k), after.get(k)) for k in keys if not _same(before.get(k), after.get(k))}
    if not columns:
        return None
    if table == RACE_POLLS:
        columns = _members(columns)
    return RowDifference(table, row_id, "differs", _rule(table, columns), columns, about)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        return (a.get("$id") if isinstance(a, Mapping) else a) == (b.get("$id") if isinstance(b, Mapping) else b)
    if isinstance(a, str) and isinstance(b, str) and a != b and a[10:11] == b[10:11] == "T":
        return a.replace("Z", "+00:00")[:23] == b.replace("Z", "+00:00")[:23]
    return bool(a == b)


def _members(columns: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Take structures apart: the checks, runners and digests that differ, by name."""
    found: dict[str, tuple[Any, Any]] = {}
    for column, (before, after) in columns.items():
        if column not in MEMBERS:
            found[column] = (before, after)
            continue
        old, new = (_named(json.loads(text or "[]"), column) for text in (before, after))
        for name in sorted(old.keys() | new.keys()):
            one, other = old.get(name, {}), new.get(name, {})
            for key in sorted(one.keys() | other.keys()):
                if one.get(key) != other.get(key):
                    found[f"{column}.{name}.{key}"] = (one.get(key), other.get(key))
    return found


def _named(items: Sequence[Mapping[str, Any]], column: str) -> dict[str, Mapping[str, Any]]:
    return {str(item[MEMBERS[column]]): item for item in items}


def rules_of(table: str, columns: Mapping[str, Any]) -> dict[str, str]:
    """Return the rule that makes each of these columns."""
    if table != RACE_POLLS:
        return dict.fromkeys(columns, RULES[table])
    named = {}
    for column in columns:
        part, _, rest = column.partition(".")
        if part == "checks":
            named[column] = f"check {rest.rpartition('.')[0]}"
        elif part == "runners":
            figure = rest.rpartition(".")[2]
            named[column] = "racing/shares" if figure in _SHARES else "feed/mapping (runners)"
        elif part == "pools" and _same_totals(*columns[column]):
            named[column] = "racing/shares"
        else:
            named[column] = _LEDGER.get(part, "feed/mapping (race)")
    return named


def _rule(table: str, columns: Mapping[str, Any]) -> str:
    """Name the rules that make these columns; what follows from others, as a score does, is named only where alone."""
    named = list(dict.fromkeys(rules_of(table, columns).values()))
    return ", ".join([rule for rule in named if rule not in FOLLOWING] or named)


def _same_totals(before: str | None, after: str | None) -> bool:
    """Tell whether two rows' pools differ in whose money they are alone."""
    one, other = (json.loads(text or "{}") or {} for text in (before, after))
    return {**one, "settled": None} == {**other, "settled": None}


def counts(found: Sequence[RowDifference]) -> dict[str, int]:
    """Count differing rows by table."""
    return dict(Counter(difference.table for difference in found))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
