"""What the embedded server does to single values, columns and queries, for the store in memory."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from local.embedded.loose import loosely_same
from local.embedded.text import bare, fold
from raceday.clock import iso
from raceday.errors import StoreInvalid
from raceday.store.port import Row
from raceday.tables import BY_ID
from raceday.tables.base import Column

SYSTEM = ("$id", "$createdAt", "$updatedAt", "$sequence")
COLUMNS = {table.id: {c.key: c for c in table.columns} for table in BY_ID.values()}
DEFAULTS = {table.id: {c.key: c.default for c in table.columns} for table in BY_ID.values()}
_REQUIRED = {table.id: [c.key for c in table.columns if c.required] for table in BY_ID.values()}
_RELATED = {table.id for table in BY_ID.values() if any(c.kind == "relationship" for c in table.columns)}
_SELECTABLE = {table.id: frozenset(["*", *(c.key for c in table.columns if c.kind != "relationship")])
               for table in BY_ID.values()}  # fmt: skip


def check_select(table: str, select: Sequence[str]) -> None:
    """Refuse to select what the table has not, or a relationship bare."""
    for key in select:
        if key[0] != "$" and key not in _SELECTABLE[table]:
            raise _bad_query(key)


def refuse_related(table: str) -> None:
    """Refuse a bulk on a table with a relationship."""
    if table in _RELATED:
        raise StoreInvalid(f"{table} has a relationship and takes no bulk", status=400, kind="general_bad_request")


def values_of(table: str, data: Mapping[str, Any]) -> Row:
    """Return what a write sets, as the server would keep it; StoreInvalid for a column that the table lacks."""
    columns = COLUMNS[table]
    found = {}
    for key, value in data.items():
        if key[0] == "$":
            continue
        if key not in columns:
            raise _invalid(f'{table}: Unknown attribute: "{key}"')
        found[key] = _value(columns[key], value)
    return found


def require(table: str, row_id: str, values: Mapping[str, Any], *, whole: bool) -> None:
    """Refuse a whole row without its required columns, and any row that sets one of them to null."""
    for key in _REQUIRED[table]:
        if values.get(key) is None and (whole or key in values):
            raise _invalid(f'{table}/{row_id}: Missing required attribute "{key}"')


_TYPES: dict[str, tuple[type, ...]] = {"integer": (int,), "float": (int, float), "boolean": (bool,)}


_TEXTS = {"text": 16_383, "mediumtext": 4_194_303, "longtext": 2**30}
_FIRST_YEAR = 1000


def _value(column: Column, value: Any) -> Any:
    """Return a value as the server would keep it; StoreInvalid for one of another type, too long or too large."""
    if value is None:
        return None
    if column.kind == "datetime":
        try:
            return _instant(value)
        except (ValueError, TypeError, OverflowError):
            raise _bad(column, value) from None
    if not isinstance(value, _TYPES.get(column.kind, (str,))) or (isinstance(value, bool) and column.kind != "boolean"):
        raise _bad(column, value)
    if isinstance(value, str):
        most = column.size or _TEXTS.get(column.kind, 0)
        if most and len(value) > most:
            raise _bad(column, value)
        return value
    return _number(column, value)


def _number(column: Column, value: Any) -> Any:
    if column.kind == "boolean":
        return value
    if not math.isfinite(value):
        raise StoreInvalid(f"a value that JSON cannot hold: {column.key}: {value}", status=400, kind="value")
    if column.kind == "integer":
        if not -(2**63) <= value < 2**63:
            raise _bad(column, value)
        return value
    return shown_number(float(f"{value:.15g}"))


def shown_number(kept: float) -> int | float:
    """Return a floating-point value as answers have it: 15 digits, and no decimals where it has none."""
    return int(kept) if kept.is_integer() and abs(kept) < MOST_WHOLE else kept


def is_relation(table: str, key: str) -> bool:
    """Tell whether a column is a link, which the answer to a creation shows only where it was given."""
    column = COLUMNS[table].get(key)
    return column is not None and column.kind == "relationship"


def as_sent(table: str, data: Mapping[str, Any]) -> Row:
    """Return the numbers that a creation's answer repeats as they were sent, with all their digits."""
    columns = COLUMNS[table]
    return {k: v for k, v in data.items() if isinstance(v, float) and k in columns and not v.is_integer()}


@lru_cache(maxsize=4096)
def _instant(text: str) -> str:
    at = datetime.fromisoformat(text)
    if at.year < _FIRST_YEAR:
        raise ValueError
    return iso(at if at.tzinfo else at.replace(tzinfo=UTC))


def _invalid(message: str) -> StoreInvalid:
    return StoreInvalid(message, status=400, kind="row_invalid_structure")


def _bad(column: Column, value: Any) -> StoreInvalid:
    return _invalid(f'Attribute "{column.key}" has invalid format: {value!r:.60}')


def _bad_query(attribute: str) -> StoreInvalid:
    return StoreInvalid(
        f"Invalid query: Attribute not found in schema: {attribute}", status=400, kind="general_query_invalid"
    )


def known(table: str, attribute: str) -> str:
    """Return a name that queries may use; StoreInvalid for another."""
    if attribute not in COLUMNS[table] and attribute not in SYSTEM:
        raise _bad_query(attribute)
    return attribute


def order_of(value: Any) -> tuple[int, Any]:
    """Return a sort key: nulls come first."""
    return (0, "") if value is None else (1, fold(value) if isinstance(value, str) else value)


def plain(table: str, key: str, value: Any) -> Any:
    """Return a query's value as rows keep such a column."""
    column = COLUMNS[table].get(key)
    if column.kind != "datetime" if column else key not in ("$createdAt", "$updatedAt"):
        return value
    try:
        return _instant(value)
    except (ValueError, TypeError, OverflowError):
        raise _bad_query(key) from None


def _fits(table: str, key: str, value: Any) -> bool:
    """Tell whether a query's value has its column's type."""
    column = COLUMNS[table].get(key)
    types = _TYPES.get(column.kind, (str,)) if column else (object,)
    return isinstance(value, types) and (column is None or column.kind == "boolean" or not isinstance(value, bool))


def predicate(table: str, query: Mapping[str, Any]) -> Callable[[Row], bool]:
    """Return one query as a test of rows, its values read once; StoreInvalid for what the server would refuse."""
    method, values, key = query["method"], query.get("values", []), query.get("attribute", "")
    if method in ("or", "and"):
        parts = [predicate(table, part) for part in values]
        return lambda row: (any if method == "or" else all)(part(row) for part in parts)
    known(table, key)
    if method == "isNull":
        return lambda row: row.get(key) is None
    if method == "isNotNull":
        return lambda row: row.get(key) is not None
    if any(not _fits(table, key, v) for v in values):
        raise _bad_query(key)
    wanted = [plain(table, key, v) for v in values]
    if not wanted or method not in ("equal", "notEqual", *_COMPARISONS):
        raise StoreInvalid(f"Invalid query: {method} of {key}", status=400, kind="general_query_invalid")
    turn = _text_of(table, key, method)
    wanted = [turn(v) for v in wanted]
    if method == "equal":
        return lambda row: turn(row.get(key)) in wanted
    if method == "notEqual":
        return lambda row: row.get(key) is not None and turn(row.get(key)) not in wanted
    compare = _COMPARISONS[method]
    return lambda row: (stored := row.get(key)) is not None and bool(compare(turn(stored), wanted))


def _text_of(table: str, key: str, method: str) -> Callable[[Any], Any]:
    """Return how values of a column compare: texts without case and accents, others as they are."""
    column = COLUMNS[table].get(key)
    if column.kind not in _TEXT_KINDS if column else key != "$id":
        return lambda value: value
    how = bare if method in ("startsWith", "contains") else fold
    return lambda value: how(value) if isinstance(value, str) else value


_TEXT_KINDS = ("varchar", "text", "mediumtext", "longtext")
MOST_WHOLE = 1e15


_COMPARISONS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "lessThan": lambda s, v: s < v[0],
    "lessThanEqual": lambda s, v: s <= v[0],
    "greaterThan": lambda s, v: s > v[0],
    "greaterThanEqual": lambda s, v: s >= v[0],
    "between": lambda s, v: v[0] <= s <= v[1],
    "startsWith": lambda s, v: str(s).startswith(v[0]),
    "contains": lambda s, v: any(str(x) in str(s) for x in v),
}
PAGING = ("orderAsc", "orderDesc", "limit", "offset")


def changes(table: str, there: Row, data: Mapping[str, Any]) -> bool:
    """Tell whether an upsert changes a row: it compares loosely, what is sent with what is shown.

    One that leaves a column out counts as a change whatever it holds, and so does one of a row with a link.
    """
    sent = {k: v for k, v in data.items() if not k.startswith("$")}
    if not COLUMNS[table].keys() <= sent.keys():
        return True
    return any(
        (is_relation(table, k) and there.get(k) is not None) or not loosely_same(there.get(k), v)
        for k, v in sent.items()
    )


def sequence(row: Row) -> int:
    """Return a row's place among those ever made."""
    return int(row["$sequence"])


def given_data(data: Mapping[str, Any], kind: str = "row_missing_data") -> Mapping[str, Any]:
    """Return data, refused where there is none."""
    if not data:
        raise StoreInvalid("The row data is missing", status=400, kind=kind)
    return data


def selected(row: Row, select: Sequence[str]) -> Row:
    """Return the columns of a row that were asked for."""
    if not select or "*" in select:
        return dict(row)
    return {**{k: row[k] for k in SYSTEM}, **{k: row.get(k) for k in select}}


def fired(action: str, bulk: bool) -> str:
    """Return the event of an action."""
    if action in ("create", "bulkCreate"):
        return "create"
    if action == "delete":
        return "delete"
    return "upsert" if bulk and action in ("upsert", "bulkUpsert") else "update"


def greatest(rows: Sequence[Row], key: str) -> list[Row]:
    """Return the row that stands last by a column, of equals the one created first; nothing of no rows."""
    values = [order_of(row.get(key)) for row in rows]
    last = max(values, default=None)
    return [min((row for row, value in zip(rows, values, strict=True) if value == last), key=sequence)] if rows else []
