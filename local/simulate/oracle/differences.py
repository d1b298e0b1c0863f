"""What a table differs in from what it must hold: which row, which column, expected and found."""

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from raceday.store.port import Row

MOST_SHOWN = 40
# What a number may lose on its way through JSON; cents and counts are whole, and compared as such.
_NEAR = 1e-9
# Figures in words are worked out in floating point: beside a half they may be rounded to either side.
_EDGE = Fraction(1, 10**6)
_FIGURE = re.compile(r"\{(-?\d+)/(\d+):(\d)\}")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is wrong: `what` is missing, unexpected, doubled, wrong, changed or failed."""

    table: str
    what: str
    race: str = ""
    key: str = ""
    column: str = ""
    expected: Any = None
    found: Any = None

    def told(self) -> dict[str, Any]:
        """Return the difference as a report holds it."""
        members = {"table": self.table, "what": self.what, "race": self.race, "key": self.key, "column": self.column}
        shown = {"expected": _short(self.expected), "found": _short(self.found)} if self.what == "wrong" else {}
        return {name: value for name, value in members.items() if value} | shown

    def __str__(self) -> str:
        """Say it in one line."""
        where = " ".join(part for part in (self.race, self.key) if part)
        if self.what != "wrong":
            return f"{self.table} {where}: {self.what}{f' ({_short(self.found)})' if self.found is not None else ''}"
        return f"{self.table} {where} {self.column}: expected {_short(self.expected)}, found {_short(self.found)}"


@dataclass(slots=True)
class Findings:
    """Collects differences, and counts the rows that were looked at by table."""

    found: list[Difference] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    columns: dict[str, set[str]] = field(default_factory=dict)

    def add(self, table: str, what: str, *, race: str = "", key: str = "", found: Any = None) -> None:
        """Add a difference of a whole row."""
        self.found.append(Difference(table, what, race, key, found=found))

    def compare(self, table: str, row: Row, wanted: Mapping[str, Any], *, race: str, key: str) -> None:
        """Compare a row's columns with what they must hold."""
        self.judged[table] += 1
        seen = self.columns.get(table)
        if seen is None:
            seen = self.columns[table] = set()
        seen.update(wanted)
        for column, value in wanted.items():
            there = row.get(column)
            if there != value and not same(there, value):
                self.found.append(Difference(table, "wrong", race, key, column, value, there))

    def match(
        self,
        table: str,
        rows: Iterable[Row],
        wanted: Mapping[Any, Mapping[str, Any]],
        key_of: Any,
        *,
        race_of: Any = lambda key: key[0],
        either: Container[Any] = (),
    ) -> None:
        """Compare rows with the wanted ones by key: what is missing, unexpected, doubled or wrong.

        Keys of `either` may be missing: they lie on the very edge of a rule.
        """
        there: dict[Any, Row] = {}
        for row in rows:
            key = key_of(row)
            if key in there:
                self.add(table, "doubled", race=race_of(key), key=shown(key), found=row["$id"])
            elif key not in wanted:
                self.add(table, "unexpected", race=race_of(key), key=shown(key))
            there[key] = row
        self.wanted[table] += sum(key in there or key not in either for key in wanted)
        for key, columns in wanted.items():
            if key not in there:
                if key in either:
                    continue
                self.add(table, "missing", race=race_of(key), key=shown(key))
            else:
                self.compare(table, there[key], columns, race=race_of(key), key=shown(key))

    def count(self, table: str, *whats: str) -> int:
        """Count a table's differences of some kinds, or of all."""
        return sum(each.table == table and (not whats or each.what in whats) for each in self.found)

    def report(self) -> dict[str, Any]:
        """Return counts by table and kind, the rows judged, and the first differences in order of table and row."""
        kinds = Counter((each.table, each.what) for each in self.found)
        tables: dict[str, dict[str, int]] = {table: {"rows": count} for table, count in sorted(self.judged.items())}
        for (table, what), count in sorted(kinds.items()):
            tables.setdefault(table, {"rows": 0})[what] = count
        return {
            "rows": sum(self.judged.values()),
            "count": len(self.found),
            "tables": tables,
            "examples": [each.told() for each in self.examples()],
        }

    def examples(self) -> list[Difference]:
        """Return some of the differences, first of each table, kind and column."""
        by_kind: dict[tuple[str, str, str], list[Difference]] = {}
        for each in self.found:
            by_kind.setdefault((each.table, each.what, each.column), []).append(each)
        share = max(2, MOST_SHOWN // max(1, len(by_kind)))
        return [each for group in by_kind.values() for each in group[:share]][:MOST_SHOWN]


def shown(key: Any) -> str:
    """Write a row's key in one line."""
    parts = key[1:] if isinstance(key, tuple) else (key,)
    return " ".join(str(part) for part in parts if part is not None)


def same(there: Any, wanted: Any) -> bool:
    """Compare a stored value with the one it must be: numbers by value, JSON texts by what they hold."""
    if isinstance(wanted, (Json, Near, Within, Sentence)):
        return wanted.holds(there)
    if isinstance(wanted, AnyOf):
        return any(there == value or same(there, value) for value in wanted.values)
    if isinstance(there, bool) or isinstance(wanted, bool) or there is None or wanted is None:
        return there is wanted
    if isinstance(there, int) and isinstance(wanted, int):
        return there == wanted
    if isinstance(there, (int, float)) and not isinstance(wanted, (str, dict, list)):
        return abs(there - float(wanted)) <= _NEAR * max(1.0, abs(there))
    if isinstance(wanted, datetime):
        return isinstance(there, str) and datetime.fromisoformat(there) == wanted
    if isinstance(wanted, dict) and isinstance(there, dict):
        return wanted.keys() == there.keys() and all(same(there[k], v) for k, v in wanted.items())
    if isinstance(wanted, (list, tuple)) and isinstance(there, list):
        return len(there) == len(wanted) and all(same(a, b) for a, b in zip(there, wanted, strict=True))
    return bool(there == wanted)


@dataclass(frozen=True, slots=True)
class Json:
    """A column of JSON text that must hold this."""

    value: Any

    def holds(self, text: Any) -> bool:
        """Tell whether a stored text holds the value."""
        try:
            return same(json.loads(text), self.value)
        except (TypeError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A column that may hold any of these, for what is known does not decide."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """A rounded number that must lie so near to this one."""

    value: Any
    within: float = 6e-5

    def holds(self, there: Any) -> bool:
        """Tell whether a stored number does."""
        return not isinstance(there, (bool, str)) and there is not None and abs(there - self.value) <= self.within


@dataclass(frozen=True, slots=True)
class Within:
    """An instant of bookkeeping: when exactly is open, but not outside the day."""

    begin: datetime
    end: datetime

    def holds(self, there: Any) -> bool:
        """Tell whether a stored instant lies in the day."""
        try:
            return self.begin <= datetime.fromisoformat(there) <= self.end
        except (TypeError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text whose figures, written as {numerator/denominator:decimals}, may be rounded to either side of a half."""

    text: str

    def holds(self, there: Any) -> bool:
        """Tell whether a stored text says the same."""
        parts = _FIGURE.split(self.text)
        pattern = "".join(
            re.escape(part) if i % 4 == 0 else rf"(-?\d+\.\d{{{parts[i + 2]}}})" if i % 4 == 1 else ""
            for i, part in enumerate(parts)
        )
        found = re.fullmatch(pattern, there) if isinstance(there, str) else None
        figures = _FIGURE.findall(self.text)
        return found is not None and all(
            abs(Fraction(shown) - Fraction(int(num), int(den))) <= Fraction(1, 2 * 10 ** int(digits)) + _EDGE
            for shown, (num, den, digits) in zip(found.groups(), figures, strict=True)
        )

    def __str__(self) -> str:
        """Return the text with its figures rounded."""
        return _FIGURE.sub(lambda m: f"{int(m[1]) / int(m[2]):.{m[3]}f}", self.text)


def _short(value: Any) -> str:
    if isinstance(value, Json):
        value = json.dumps(value.value, default=_plain)
    if isinstance(value, Near):
        value = round(float(value.value), 4)
    if isinstance(value, Within):
        return f"an instant from {value.begin} to {value.end}"
    if isinstance(value, Sentence):
        return str(value)
    if isinstance(value, AnyOf):
        return " or ".join(_short(each) for each in value.values)
    text = value if isinstance(value, str) else json.dumps(value, default=_plain)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _plain(value: Any) -> Any:
    return float(value) if hasattr(value, "numerator") else str(value)
