"""PHP's loose comparison `==`, by which an upsert decides whether a row changes at all."""

import re
from typing import Any

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*")


def loosely_same(old: Any, new: Any) -> bool:
    """Tell whether two values of one column count as equal, as PHP 8 compares them."""
    if isinstance(old, bool) or isinstance(new, bool):
        return _is_true(old) == _is_true(new)
    if old is None or new is None:
        other = new if old is None else old
        return other == "" if isinstance(other, str) else not other
    if isinstance(old, (list, dict)) or isinstance(new, (list, dict)):
        return _same_members(old, new)
    if isinstance(old, str) != isinstance(new, str):
        text, number = (old, new) if isinstance(old, str) else (new, old)
        return _is_number(text) and float(text) == number
    if isinstance(old, str) and old != new:
        return _is_number(old) and _is_number(new) and float(old) == float(new)
    return bool(old == new)


def _same_members(old: Any, new: Any) -> bool:
    if not isinstance(old, (list, dict)) or not isinstance(new, (list, dict)):
        return False
    one, other = (each if isinstance(each, dict) else {str(i): v for i, v in enumerate(each)} for each in (old, new))
    return one.keys() == other.keys() and all(loosely_same(value, other[key]) for key, value in one.items())


def _is_true(value: Any) -> bool:
    return bool(value) and value != "0"


def _is_number(text: str) -> bool:
    return _NUMERIC.fullmatch(text) is not None
