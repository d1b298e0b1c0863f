"""Single values: what a column takes, how it is kept, how it is shown."""

import json
import math
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from local.embedded.columns import ApiColumn
from local.embedded.errors import ApiRefusal, invalid
from local.embedded.instants import instant_text

MOST_WHOLE = 1e15
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]*[A-Za-z0-9])+")


def stored(column: ApiColumn, value: Any) -> Any:
    """Return a value as the file keeps it; refuses one that the column does not take, in Appwrite's words."""
    if value is None:
        return None
    if not column.array:
        return _CHECKS[column.type](column, value)
    if not isinstance(value, list):
        # An empty object is an empty list to PHP.
        if value != {} or column.required:
            raise invalid(f'Attribute "{column.key}" must be an array')
        value = []
    return json.dumps([_element(column, place, one) for place, one in enumerate(value)])


def _element(column: ApiColumn, place: int, value: Any) -> Any:
    """Return one element of a list as the file keeps it; a column that may be null may hold nulls."""
    if value is None and not column.required:
        return None
    try:
        return shown_one(column, _CHECKS[column.type](column, value))
    except ApiRefusal as error:
        words = error.message.replace(f'"{column.key}"', f"\"{column.key}['{place}']\"", 1)
        raise ApiRefusal(error.status, error.kind, words) from None


def check_default(column: ApiColumn) -> None:
    """Refuse a default that the column itself would not take."""
    try:
        stored(column, column.default)
    except ApiRefusal as error:
        # Some kinds are looked at before the table is.
        early = column.type == "datetime" or column.format in _FORMATS
        kind = "general_argument_invalid" if early else "column_value_invalid"
        raise ApiRefusal(400, kind, error.message.removeprefix("Invalid document structure: ")) from None


def shown(column: ApiColumn, value: Any) -> Any:
    """Return a value as an answer has it; whole floats come back as integers."""
    if value is None:
        return None
    return json.loads(value) if column.array else shown_one(column, value)


def shown_one(column: ApiColumn, value: Any) -> Any:
    """Return one value that is no array as an answer has it."""
    if column.type == "boolean":
        return bool(value)
    if column.type == "double" and abs(value) < MOST_WHOLE and value == int(value):
        return int(value)
    return value


def _string(column: ApiColumn, value: Any) -> str:
    most = {"text": 16_383, "mediumtext": 4_194_303, "longtext": 2**30}.get(column.type, column.size)
    if column.elements is not None and value not in column.elements:
        allowed = ", ".join(column.elements)
        raise invalid(f'Attribute "{column.key}" has invalid format. Value must be one of ({allowed})')
    if not isinstance(value, str) or (most and len(value) > most):
        raise invalid(
            f'Attribute "{column.key}" has invalid type. Value must be a valid string and no longer than {most} chars'
        )
    if column.format in _FORMATS and not _FORMATS[column.format](value):
        raise invalid(f'Attribute "{column.key}" has invalid format. {_FORMAT_WORDS[column.format]}')
    return value


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(text.isascii() and not re.search(r"\s", text) and parts.scheme and parts.netloc)


def _is_ip(text: str) -> bool:
    try:
        return bool(ip_address(text)) and "%" not in text
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


_FORMATS = {"url": _is_url, "ip": _is_ip, "email": _is_email}
_FORMAT_WORDS = {
    "url": "Value must be a valid URL",
    "ip": "Value must be a valid IP address",
    "email": "Value must be a valid email address",
}


def _integer(column: ApiColumn, value: Any) -> int:
    low, high = column.min, column.max
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise invalid(f'Attribute "{column.key}" has invalid format. Value must be a valid signed {_bits(low, high)}')
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"{-(2**63) if low is None else low:,} and {2**63 - 1 if high is None else high:,}"
        raise invalid(f'Attribute "{column.key}" has invalid format. Value must be a valid range between {span}')
    return value


def _bits(low: float | None, high: float | None) -> str:
    """Say how wide a column's integers are; the server tells the end of the wide ones as a float would."""
    if low is not None and high is not None and low >= -(2**31) and high < 2**31:
        return "32-bit integer between -2,147,483,648 and 2,147,483,647"
    return f"64-bit integer between {-(2**63):,} and {2**63:,}"


def _double(column: ApiColumn, value: Any) -> float:
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            # What is read back has 15 digits.
            return float(f"{_within(column, float(value)):.15g}")
    except OverflowError:
        pass
    raise invalid(f'Attribute "{column.key}" has invalid format. Value must be a valid float')


def _within(column: ApiColumn, value: float) -> float:
    low, high = column.min, column.max
    if (low is None or value >= low) and (high is None or value <= high):
        return value
    span = f"{-math.inf if low is None else low:,} and {math.inf if high is None else high:,}"
    raise invalid(f'Attribute "{column.key}" has invalid format. Value must be a valid range between {span}')


def _boolean(column: ApiColumn, value: Any) -> int:
    if not isinstance(value, bool):
        raise invalid(f'Attribute "{column.key}" has invalid type. Value must be a valid boolean')
    return int(value)


def _datetime(column: ApiColumn, value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        return instant_text(value)
    except (ValueError, OverflowError):
        raise invalid(
            f'Attribute "{column.key}" has invalid type. Value must be valid date between 1000-01-01 00:00:00 and '
            "9999-12-31 23:59:59."
        ) from None


def _relationship(column: ApiColumn, value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("$id")
    if not isinstance(value, str):
        raise ApiRefusal(400, "relationship_value_invalid", f'Invalid relationship value for "{column.key}".')
    return value


_CHECKS = {
    "string": _string,
    "varchar": _string,
    "text": _string,
    "mediumtext": _string,
    "longtext": _string,
    "integer": _integer,
    "bigint": _integer,
    "double": _double,
    "boolean": _boolean,
    "datetime": _datetime,
    "relationship": _relationship,
}
