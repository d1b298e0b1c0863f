"""PHP's loose comparison `==`, by which an upsert decides whether a row changes at all."""

import re
from typing import Any

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*")


def loosely_same(old: Any, new: Any) -> bool:
    """Tell whether two values of one column count as equal: null, 0, "" and false do, and texts of one number."""
    if old == new:
        return True
    if old is None or new is None:
        return not old and not new
    if isinstance(old, str) and isinstance(new, str):
        return _is_number(old) and _is_number(new) and float(old) == float(new)
    return False


def _is_number(text: str) -> bool:
    return _NUMERIC.fullmatch(text) is not None
