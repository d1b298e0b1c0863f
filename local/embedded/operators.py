"""Operators: values that say how a column changes instead of what it becomes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.errors import invalid

_NUMBERS = ("integer", "bigint", "double")
_TEXTS = ("string", "varchar", "text", "mediumtext", "longtext")
_ON_NUMBERS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "increment": (lambda old, by: old + by, min),
    "decrement": (lambda old, by: old - by, max),
    "multiply": (lambda old, by: old * by, min),
    "divide": (lambda old, by: old / by, max),
}


def resolved(table: SqlTable, data: Mapping[str, Any], raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data with every operator replaced by what it makes of the row's value; `raw` is as the file has it."""
    found = {
        k: op for k, v in data.items() if (op := _operator(v)) and k in table.columns and not table.columns[k].virtual
    }
    if not found:
        return data
    return {**data, **{k: _result(table.columns[k].type, k, op, raw[f"c_{k}"]) for k, op in found.items()}}


def has_operator(table: SqlTable, data: Mapping[str, Any]) -> bool:
    """Tell whether a value of the data says how its column changes."""
    return any(k in table.columns and _operator(v) is not None for k, v in data.items())


def _operator(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, str) or not value.startswith('{"method"'):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    known = isinstance(found.get("method"), str) and isinstance(found.setdefault("values", []), list)
    return dict(found) if known and found["method"] in (*_ON_NUMBERS, "toggle", "stringConcat") else None


def _result(kind: str, key: str, operator: dict[str, Any], old: Any) -> Any:
    method, values = operator["method"], operator["values"]
    if method in _ON_NUMBERS and kind in _NUMBERS and values and all(_is_number(v) for v in values):
        compute, capped = _ON_NUMBERS[method]
        if method == "divide" and not values[0]:
            raise invalid(f'Cannot apply divide operator: "{key}" by zero')
        new = compute(old or 0, values[0])
        new = capped(new, values[1]) if len(values) > 1 else new
        return int(new) if kind != "double" else new
    if method == "toggle" and kind == "boolean":
        return not old
    if method == "stringConcat" and kind in _TEXTS and values:
        return f"{old or ''}{values[0]}"
    raise invalid(f'Cannot apply {method} operator to field "{key}"')


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
