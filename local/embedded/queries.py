"""Appwrite's queries as SQL."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.columns import TEXTS, ApiColumn
from local.embedded.errors import ApiRefusal, argument, bad_query
from local.embedded.instants import instant_text
from local.embedded.text import bare, fold

MOST_QUERIES, MOST_CHARS, MOST_VALUES, DEFAULT_LIMIT = 100, 4096, 500, 25
_COMPARE = {"lessThan": "<", "lessThanEqual": "<=", "greaterThan": ">", "greaterThanEqual": ">="}


@dataclass(slots=True)
class ListQuery:
    """What a list asks for: conditions with their values, orders, page and columns."""

    where: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    orders: list[tuple[str, bool]] = field(default_factory=list)
    limit: int = DEFAULT_LIMIT
    limited: bool = False
    offset: int = 0
    moved: bool = False
    cursor: str = ""
    odd: frozenset[str] = frozenset()
    backward: bool = False
    select: list[str] = field(default_factory=list)


def read(table: SqlTable, raw: Sequence[str]) -> ListQuery:
    """Read a request's queries; refuses what Appwrite refuses."""
    if len(raw) > MOST_QUERIES:
        raise argument(f"Invalid `queries` param: at most {MOST_QUERIES} queries are allowed")
    plan = ListQuery(odd=frozenset(table.sql_column(key) for key in table.odd))
    for text in raw:
        if len(text) > MOST_CHARS:
            raise argument(f"Invalid `queries` param: each query must be at most {MOST_CHARS} chars long")
        query = parsed(text)
        _take(table, plan, query["method"], query)
    return plan


def parsed(text: str) -> dict[str, Any]:
    """Read one query's JSON; its `values` are a list where there are any."""
    try:
        query = json.loads(text)
        if isinstance(query["method"], str) and isinstance(query.setdefault("values", []), list):
            return dict(query)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise bad_query("Invalid query: Syntax error")


def _take(table: SqlTable, plan: ListQuery, method: str, query: dict[str, Any]) -> None:
    values = query.get("values", [])
    if method in ("orderAsc", "orderDesc"):
        plan.orders.append((_name(table, query.get("attribute") or "$sequence"), method == "orderDesc"))
    elif method in ("limit", "offset"):
        _page(plan, method, values)
    elif method in ("cursorAfter", "cursorBefore"):
        if len(values) != 1:
            raise bad_query(f"Invalid query: Invalid {method}: a row's id is needed")
        if not plan.cursor:
            plan.cursor, plan.backward = str(values[0]), method == "cursorBefore"
    elif method == "select":
        plan.select += [str(v) for v in values]
    else:
        plan.where.append(_condition(table, plan.values, method, query))


def _page(plan: ListQuery, method: str, values: list[Any]) -> None:
    lowest = 1 if method == "limit" else 0
    if len(values) != 1 or isinstance(values[0], bool) or not isinstance(values[0], int) or values[0] < lowest:
        raise bad_query(
            f"Invalid query: Invalid {method}: Value must be a valid range between {lowest} and 9223372036854775807"
        )
    # Of several the first counts.
    if method == "limit" and not plan.limited:
        plan.limit, plan.limited = values[0], True
    elif method == "offset" and not plan.moved:
        plan.offset, plan.moved = values[0], True


def _name(table: SqlTable, attribute: str) -> str:
    try:
        return table.sql_column(attribute)
    except KeyError:
        raise bad_query(f"Invalid query: Attribute not found in schema: {attribute}") from None


def _condition(table: SqlTable, out: list[Any], method: str, query: dict[str, Any]) -> str:
    values = query.get("values", [])
    if method in ("or", "and"):
        inner = [parsed(part if isinstance(part, str) else json.dumps(part)) for part in values]
        if not inner:
            raise bad_query(f"Invalid query: {method} queries require at least one query")
        parts = [_condition(table, out, part["method"], part) for part in inner]
        return "(" + f" {method.upper()} ".join(parts) + ")"
    attribute = query.get("attribute", "")
    name = _name(table, attribute)
    if method == "isNull":
        return f"{name} IS NULL"
    if method == "isNotNull":
        return f"{name} IS NOT NULL"
    if len(values) > MOST_VALUES:
        raise bad_query(f"Invalid query: Query on attribute has greater than {MOST_VALUES} values: {attribute}")
    if not values:
        raise bad_query(f"Invalid query: {method} queries require at least one value.")
    wanted = [_value(table, attribute, v) for v in values]
    column = table.columns.get(attribute)
    if method not in _PATTERNS and (attribute == "$id" if column is None else column.type in TEXTS):
        wanted = [fold(v) for v in wanted]
    return _compare(name, method, wanted, out, odd=attribute in table.odd)


def _compare(name: str, method: str, wanted: list[Any], out: list[Any], *, odd: bool) -> str:
    whole, part = (f"fold({name})", f"bare({name})") if odd else (name, name)
    marks = ", ".join("?" * len(wanted))
    if method in ("equal", "notEqual"):
        out += wanted
        return f"{whole} IN ({marks})" if method == "equal" else f"{whole} NOT IN ({marks})"
    if method in _COMPARE:
        out.append(wanted[0])
        return f"{whole} {_COMPARE[method]} ?"
    if method in ("between", "notBetween") and len(wanted) == 2:
        out += wanted[:2]
        return f"{whole} {'NOT ' if method == 'notBetween' else ''}BETWEEN ? AND ?"
    if method not in _PATTERNS:
        raise bad_query(f"Invalid query: Invalid query method: {method}")
    out += [_PATTERNS[method](bare(v) if isinstance(v, str) else v) for v in wanted]
    return "(" + " OR ".join([f"{part} LIKE ? ESCAPE '!'"] * len(wanted)) + ")"


def _escaped(value: Any) -> str:
    return str(value).replace("!", "!!").replace("%", "!%").replace("_", "!_")


_PATTERNS: dict[str, Callable[[Any], str]] = {
    "startsWith": lambda v: f"{_escaped(v)}%",
    "endsWith": lambda v: f"%{_escaped(v)}",
    "contains": lambda v: f"%{_escaped(v)}%",
}


def _fits(column: ApiColumn, value: Any) -> bool:
    """Tell whether a query's value has the type of its column: a number's text is no number."""
    if column.type in (*TEXTS, "relationship", "datetime"):
        return isinstance(value, str)
    if column.type == "boolean":
        return isinstance(value, bool)
    return isinstance(value, int if column.type != "double" else (int, float)) and not isinstance(value, bool)


def _value(table: SqlTable, attribute: str, value: Any) -> Any:
    column = table.columns.get(attribute)
    if column is not None and not _fits(column, value):
        raise bad_query(f"Invalid query: Query value is invalid for attribute {attribute!r}")
    is_time = column.type == "datetime" if column else attribute in ("$createdAt", "$updatedAt")
    if is_time:
        try:
            return instant_text(str(value))
        except (ValueError, OverflowError):
            raise bad_query(f"Invalid query: Query value is invalid for attribute {attribute!r}") from None
    if attribute == "$sequence" and str(value).isdigit():
        return int(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (dict, list)) or value is None:
        raise bad_query(f"Invalid query: Query value is invalid for attribute {attribute!r}")
    return value


def check_cursor(plan: ListQuery, row: dict[str, Any]) -> None:
    """Refuse a cursor together with an order by a column that is null there."""
    for name, _ in plan.orders:
        if row.get(name.strip('"')) is None:
            raise ApiRefusal(
                400, "database_query_order_null", "The order attribute has a null value. Cursor pagination fails."
            )


def after(plan: ListQuery, row: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return the condition that a row comes after (or before) the cursor's row in the plan's order."""
    check_cursor(plan, row)
    keys = [*plan.orders, ("_seq", _tail_descends(plan))]
    clauses, values = [], []
    for i, (name, descending) in enumerate(keys):
        equal = [f"{_folded(plan, n)} = {_folded(plan, n, '?')}" for n, _ in keys[:i]]
        sign = "<" if descending != plan.backward else ">"
        clauses.append("(" + " AND ".join([*equal, f"{_folded(plan, name)} {sign} {_folded(plan, name, '?')}"]) + ")")
        values += [row[n.strip('"')] for n, _ in keys[: i + 1]]
    return "(" + " OR ".join(clauses) + ")", values


def _folded(plan: ListQuery, name: str, value: str = "") -> str:
    return f"fold({value or name})" if name in plan.odd else value or name


def _tail_descends(plan: ListQuery) -> bool:
    return False


def ordering(plan: ListQuery) -> str:
    """Return the ORDER BY of a plan: ties go by creation."""
    keys = [*plan.orders, ("_seq", _tail_descends(plan))]
    ways = [(_folded(plan, name), "DESC" if descending != plan.backward else "ASC") for name, descending in keys]
    return ", ".join(f"{name} {way}" for name, way in ways)
