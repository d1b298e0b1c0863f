"""Which queries a table takes, and which Appwrite refuses with what words."""

import json
import re
from typing import Any

from local.embedded.catalog import SYSTEM, SqlTable
from local.embedded.columns import TEXTS, ApiColumn
from local.embedded.errors import ApiRefusal, bad_query
from local.embedded.instants import instant_text

MOST_VALUES = 500
LOGICAL = ("or", "and")
ORDERS = ("orderAsc", "orderDesc", "orderRandom")
CURSORS = ("cursorAfter", "cursorBefore")
PAGING = (*ORDERS, *CURSORS, "limit", "offset", "select")
_SOME = ("equal", "contains", "containsAny", "notContains", "containsAll")
_ONE = (
    "notEqual", "lessThan", "lessThanEqual", "greaterThan", "greaterThanEqual", "startsWith", "notStartsWith",
    "endsWith", "notEndsWith", "search", "notSearch",
)  # fmt: skip
_TWO, _NONE = ("between", "notBetween"), ("isNull", "isNotNull")
FILTERS = (*_SOME, *_ONE, *_TWO, *_NONE, *LOGICAL)
_ROW_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_SELECTABLE = ("$id", "$sequence", "$collection", "$tenant", "$createdAt", "$updatedAt", "$permissions", "$version")
_INT_32 = 2**31


def parsed(text: str) -> dict[str, Any]:
    """Read one query's JSON: a known method, an attribute that is a text, and values that are a list."""
    try:
        query = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise bad_query("Invalid query: Syntax error") from None
    return read_object(query)


def read_object(query: Any) -> dict[str, Any]:
    """Return a query with its attribute and values, empty where it has none; those in `or` and `and` are read too."""
    if not isinstance(query, (dict, list)):
        raise bad_query(f"Invalid query. Must be an array, got {type(query).__name__}")
    found = query if isinstance(query, dict) else {}
    method, attribute, values = (found.get(name) for name in ("method", "attribute", "values"))
    if not isinstance(method, str) or method not in (*FILTERS, *PAGING):
        raise bad_query(f"Invalid query method: {method or ''}")
    if not isinstance(attribute, (str, type(None))):
        raise bad_query(f"Invalid query attribute. Must be a string, got {type(attribute).__name__}")
    if not isinstance(values, (list, dict, type(None))):
        raise bad_query(f"Invalid query values. Must be an array, got {type(values).__name__}")
    listed = list(values.values()) if isinstance(values, dict) else values or []
    if method in LOGICAL:
        listed = [parsed(each) if isinstance(each, str) else read_object(each) for each in listed]
    return {"method": method, "attribute": attribute or "", "values": listed}


def check_cursor_id(query: dict[str, Any]) -> str:
    """Return the id of a cursor's row; refuses one that no row can have."""
    row_id = query["values"][0] if query["values"] else None
    if not isinstance(row_id, str) or not _ROW_ID.fullmatch(row_id):
        raise bad_query(
            "Invalid query: Invalid cursor: UID must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, and "
            "underscore. Can't start with a leading underscore"
        )
    return row_id


def check(table: SqlTable, query: dict[str, Any]) -> None:
    """Refuse a query that the table cannot answer."""
    method, values = query["method"], query["values"]
    if method in LOGICAL:
        for each in values:
            check(table, each)
        if any(each["method"] not in FILTERS for each in values):
            raise bad_query(f"Invalid query: {_title(method)} queries can only contain filter queries")
        if len(values) < 2:
            raise bad_query(f"Invalid query: {_title(method)} queries require at least two queries")
    elif method == "select":
        _check_select(table, values)
    elif method in ("limit", "offset"):
        _check_page(method, values)
    elif method in CURSORS:
        check_cursor_id(query)
    elif method != "orderRandom":
        _check_attribute(table, query["attribute"])
        if method in FILTERS:
            _check_filter(table, query)


def page_number(values: list[Any]) -> int | None:
    """Return the number of a limit or an offset, which may be a text of digits; None for none."""
    value = values[0] if values else None
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_page(method: str, values: list[Any]) -> None:
    lowest, found = (1 if method == "limit" else 0), page_number(values)
    if found is None or not lowest <= found < 2**63:
        raise bad_query(
            f"Invalid query: Invalid {method}: Value must be a valid range between {lowest} and "
            "9,223,372,036,854,775,807"
        )


def _check_select(table: SqlTable, names: list[Any]) -> None:
    if not names:
        raise bad_query("Invalid query: No attributes selected")
    if len(set(map(str, names))) < len(names):
        raise bad_query("Invalid query: Duplicate attributes selected")
    for name in map(str, names):
        head = name.split(".")[0]
        if head not in _SELECTABLE and head != "*" and head not in table.columns:
            raise bad_query(f"Invalid query: Attribute not found in schema: {head}")
    bare = {str(name) for name in names if "." not in str(name)}
    linked = sorted(bare & {column.key for column in table.relations})
    # Beside `*` nothing is looked at.
    if linked and "*" not in bare:
        raise bad_query(f"Cannot select attributes: {', '.join(linked)}")


def _check_attribute(table: SqlTable, attribute: str) -> None:
    if attribute not in table.columns and attribute not in SYSTEM:
        raise bad_query(f"Invalid query: Attribute not found in schema: {attribute}")
    if attribute in table.columns and table.columns[attribute].virtual:
        raise bad_query("Invalid query: Cannot query on virtual relationship attribute")


def _check_filter(table: SqlTable, query: dict[str, Any]) -> None:
    method, attribute, values = query["method"], query["attribute"], query["values"]
    if method in _SOME and (not values or values[0] == []):
        raise bad_query(f"Invalid query: {_title(method)} queries require at least one value.")
    for methods, count, words in ((_ONE, 1, "exactly one value"), (_TWO, 2, "exactly two values")):
        if method in methods and len(values) != count:
            raise bad_query(f"Invalid query: {_title(method)} queries require {words}.")
    if len(values) > MOST_VALUES:
        raise bad_query(f"Invalid query: Query on attribute has greater than {MOST_VALUES} values: {attribute}")
    column = table.columns.get(attribute)
    if not all(_fits(column, attribute, value) for value in values):
        raise bad_query(f'Invalid query: Query value is invalid for attribute "{attribute}"')
    if column is not None and column.array != (method in _SOME[1:]) and method not in _NONE:
        _check_array(column, method)
    if method in ("search", "notSearch") and not _is_searched(table, attribute):
        raise bad_query(f'Invalid query: Searching by attribute "{attribute}" requires a fulltext index.')


def _check_array(column: ApiColumn, method: str) -> None:
    if column.array:
        raise bad_query(f'Invalid query: Cannot query {method} on attribute "{column.key}" because it is an array.')
    if column.type not in TEXTS:
        word = "notContains" if method == "notContains" else "contains"
        raise bad_query(
            f'Invalid query: Cannot query {word} on attribute "{column.key}" because it is not an array, string, or '
            "object."
        )


def _is_searched(table: SqlTable, attribute: str) -> bool:
    return any(i["type"] == "fulltext" and i["columns"] == [attribute] for i in table.indexes.values())


def _fits(column: ApiColumn | None, attribute: str, value: Any) -> bool:
    """Tell whether a query's value has the type of its column: a number's text is no number."""
    kind = column.type if column else {"$id": "string", "$sequence": "sequence"}.get(attribute, "datetime")
    if kind in TEXTS:
        return isinstance(value, str)
    if kind == "relationship":
        return isinstance(value, str) and len(value) <= 255
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "datetime":
        return isinstance(value, str) and _is_instant(value)
    if kind == "sequence":
        return isinstance(value, (str, int)) and str(value).isdigit() and 0 < int(value) < 2**63
    if isinstance(value, bool) or not isinstance(value, int if kind != "double" else (int, float)):
        return False
    narrow = kind == "integer" and column is not None and column.max is not None and column.max < _INT_32
    return kind == "double" or -(_INT_32 if narrow else 2**63) <= value < (_INT_32 if narrow else 2**63)


def _is_instant(text: str) -> bool:
    try:
        instant_text(text)
    except (ValueError, OverflowError):
        return False
    return _YEAR.search(text) is not None


def _title(method: str) -> str:
    return method[:1].upper() + method[1:]


def order_null(name: str) -> ApiRefusal:
    """Return the refusal of a cursor together with an order by a column that is null there."""
    return ApiRefusal(
        400,
        "database_query_order_null",
        f"The order column '{name}' had a null value. Cursor pagination requires all rows order column values are "
        "non-null.",
    )
