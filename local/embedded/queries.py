"""Appwrite's queries as SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.columns import TEXTS
from local.embedded.errors import argument
from local.embedded.instants import instant_text
from local.embedded.query_rules import CURSORS, LOGICAL, ORDERS, check, check_cursor_id, order_null, page_number, parsed
from local.embedded.text import bare, fold

MOST_QUERIES, MOST_CHARS, DEFAULT_LIMIT = 100, 4096, 25
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


def read(table: SqlTable, raw: Sequence[str], *, stands: Callable[[str], object] = lambda row_id: None) -> ListQuery:
    """Read a request's queries; refuses what Appwrite refuses. `stands` refuses a cursor's row that is not there."""
    if len(raw) > MOST_QUERIES or any(not 0 < len(text) <= MOST_CHARS for text in raw):
        raise argument(
            f"Invalid `queries` param: Value must a valid array no longer than {MOST_QUERIES} items and Value must be "
            f"a valid string and at least 1 chars and no longer than {MOST_CHARS} chars"
        )
    queries = [parsed(text) for text in raw]
    # The row of the first cursor is looked for before anything else is looked at.
    if cursor := next((query for query in queries if query["method"] in CURSORS), None):
        stands(check_cursor_id(cursor))
    plan = ListQuery(odd=frozenset(table.sql_column(key) for key in table.odd))
    for query in queries:
        check(table, query)
        _take(table, plan, query["method"], query)
    return plan


def _take(table: SqlTable, plan: ListQuery, method: str, query: dict[str, Any]) -> None:
    values = query["values"]
    if method in ORDERS:
        random = method == "orderRandom"
        name = "RANDOM()" if random else table.sql_column(query["attribute"])
        plan.orders.append((name, method == "orderDesc"))
    elif method == "limit" or method == "offset":
        _page(plan, method, page_number(values) or 0)
    elif method in CURSORS:
        if not plan.cursor:
            plan.cursor, plan.backward = str(values[0]), method == "cursorBefore"
    elif method == "select":
        plan.select += [str(v) for v in values]
    else:
        plan.where.append(_condition(table, plan.values, method, query))


def _page(plan: ListQuery, method: str, number: int) -> None:
    # Of several the first counts.
    if method == "limit" and not plan.limited:
        plan.limit, plan.limited = number, True
    elif method == "offset" and not plan.moved:
        plan.offset, plan.moved = number, True


def _condition(table: SqlTable, out: list[Any], method: str, query: dict[str, Any]) -> str:
    values, attribute = query["values"], query["attribute"]
    if method in LOGICAL:
        parts = [_condition(table, out, part["method"], part) for part in values]
        return "(" + f" {method.upper()} ".join(parts) + ")"
    name = table.sql_column(attribute)
    if method in ("isNull", "isNotNull"):
        return f"{name} {'IS NULL' if method == 'isNull' else 'IS NOT NULL'}"
    wanted = [_value(table, attribute, v) for v in values]
    column = table.columns.get(attribute)
    if column is not None and column.array:
        return _in_array(name, method, values, out)
    if method not in _PATTERNS and (attribute == "$id" if column is None else column.type in TEXTS):
        wanted = [fold(v) for v in wanted]
    return _compare(name, method, wanted, out, odd=attribute in table.odd)


def _in_array(name: str, method: str, wanted: list[Any], out: list[Any]) -> str:
    """Compare with the elements of a list, which the file keeps as JSON; an element is equal whole."""
    out += wanted
    found = [f"EXISTS (SELECT 1 FROM json_each({name}) WHERE value = ?)"] * len(wanted)
    joined = "(" + (" AND " if method == "containsAll" else " OR ").join(found) + ")"
    return f"({name} IS NOT NULL AND NOT {joined})" if method == "notContains" else joined


def _compare(name: str, method: str, wanted: list[Any], out: list[Any], *, odd: bool) -> str:
    whole, part = (f"fold({name})", f"bare({name})") if odd else (name, name)
    marks = ", ".join("?" * len(wanted))
    if method in ("equal", "containsAll", "notEqual"):
        out += wanted
        return f"{whole} NOT IN ({marks})" if method == "notEqual" else f"{whole} IN ({marks})"
    if method in _COMPARE:
        out.append(wanted[0])
        return f"{whole} {_COMPARE[method]} ?"
    if method in ("between", "notBetween"):
        out += wanted
        return f"{whole} {'NOT ' if method == 'notBetween' else ''}BETWEEN ? AND ?"
    out += [_PATTERNS[method](bare(v) if isinstance(v, str) else v) for v in wanted]
    if method.startswith("not"):
        return "(" + " AND ".join([f"{part} NOT LIKE ? ESCAPE '!'"] * len(wanted)) + ")"
    return "(" + " OR ".join([f"{part} LIKE ? ESCAPE '!'"] * len(wanted)) + ")"


def _escaped(value: Any) -> str:
    return str(value).replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _starts(value: Any) -> str:
    return f"{_escaped(value)}%"


def _ends(value: Any) -> str:
    return f"%{_escaped(value)}"


def _holds(value: Any) -> str:
    return f"%{_escaped(value)}%"


_PATTERNS: dict[str, Callable[[Any], str]] = {
    "startsWith": _starts,
    "notStartsWith": _starts,
    "endsWith": _ends,
    "notEndsWith": _ends,
    "contains": _holds,
    "containsAny": _holds,
    "notContains": _holds,
    # Nearly what a full-text index finds.
    "search": _holds,
    "notSearch": _holds,
}


def _value(table: SqlTable, attribute: str, value: Any) -> Any:
    column = table.columns.get(attribute)
    if column.type == "datetime" if column else attribute in ("$createdAt", "$updatedAt"):
        return instant_text(str(value))
    if attribute == "$sequence":
        return int(value)
    if isinstance(value, bool):
        return int(value)
    return value


def check_cursor(plan: ListQuery, row: dict[str, Any]) -> None:
    """Refuse a cursor together with an order by a column that is null there."""
    for name, _ in plan.orders:
        if name != "RANDOM()" and row.get(name.strip('"')) is None:
            raise order_null(name.strip('"').removeprefix("c_"))


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
