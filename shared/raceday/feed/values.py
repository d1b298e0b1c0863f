"""Single values of the feed, in whatever type it sends them today."""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

_GO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) ([+-]\d{4})(?: \w+)?")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_DIGITS = re.compile(r"\d+")
_DATED = re.compile(r"(?=.*\b\d{4}\b).*\d:\d\d")
_LONGEST_DATE = 60
_ZONES_SECS = {"UTC": 0, "GMT": 0, "Z": 0, "NZST": 43200, "NZDT": 46800, "AEST": 36000, "AEDT": 39600}
# The parser takes the sign behind these the other way round.
_BEFORE_SIGN = re.compile(r"(?:GMT|UTC)\s*(?=[+-]\d)")
# Commas between groups of three digits: no other number of dollars looks so, for they have two decimals at the most.
_GROUPED = re.compile(r"\$?\s?(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?)")
_LARGEST = Decimal(10) ** 18
_YES, _NO = {"true", "1", "1.0", "yes", "y"}, {"", "false", "0", "0.0", "no", "n", "null", "none"}
_SMALLEST_PRICE, _LARGEST_PRICE = Decimal("0.01"), Decimal(10) ** 6


def text(value: Any) -> str:
    """Return a text without blanks around it, empty for null and absent; structures become JSON."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""
    return str(value).strip()


def ident(value: Any) -> str:
    """Return an id in lower case, as the feed writes them: in another case it would be another race or runner."""
    return text(value).lower()


def number(value: Any) -> Decimal | None:
    """Return an exact number from a number or a text of one, None for anything else and what no column can hold."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < _LARGEST else None


def whole(value: Any) -> int | None:
    """Return a whole number, None where there is none or one that a 64-bit column cannot hold."""
    found = number(value)
    return None if found is None else int(found)


def first_digits(value: Any) -> int | None:
    """Return the first run of digits of a value such as `Fr1`, None where there is none."""
    found = _DIGITS.search(text(value))
    return int(found[0]) if found and len(found[0]) < 9 else None


def price(value: Any) -> Decimal | None:
    """Return odds, None where they are missing, not above 0, or no price at all."""
    found = number(value)
    return found if found is not None and _SMALLEST_PRICE <= found < _LARGEST_PRICE else None


def cents(value: Any) -> int | None:
    """Return dollars as whole cents, halves up, also from `$1,039.71`; None where there is no number."""
    grouped = _GROUPED.fullmatch(value.strip()) if isinstance(value, str) else None
    found = number(grouped[1].replace(",", "") if grouped else value)
    if found is None or abs(found) > 10**12:
        return None
    return int((found * 100).to_integral_value(ROUND_HALF_UP))


def flag(value: Any) -> bool:
    """Return a flag from a boolean, or a number or text of one."""
    return value is True or text(value).lower() in _YES


def is_flag(value: Any) -> bool:
    """Tell whether a value says yes or no, or nothing."""
    return value is None or isinstance(value, bool) or text(value).lower() in _YES | _NO


def instant(value: Any) -> datetime | None:
    """Return a UTC instant from ISO with up to nine fractional digits, Go's own layout, or epoch seconds above 0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC) if 0 < value < 253402300800 else None
    shown = text(value)
    if shown.isdecimal():
        return instant(int(shown)) if len(shown) < 13 else None
    go = _GO_TIME.fullmatch(shown)
    iso = f"{go[1]}T{go[2]}{go[3]}" if go else shown
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", iso))
    except ValueError:
        other = _beyond_iso(shown)
        if other is None:
            return None
        found = other
    if not 1900 <= found.year < 9999:
        # Year 1 is Go's way to say none; at the last one a zone leads out of the calendar.
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _beyond_iso(shown: str) -> datetime | None:
    """Return an instant from any other text that names a whole date and a time of day, None for all else."""
    if not _DATED.search(shown) or len(shown) > _LONGEST_DATE:
        return None
    # Such texts are rare, and the parser's import is slow.
    from dateutil import parser

    shown = _BEFORE_SIGN.sub("", shown)
    try:
        # What a text does not name comes from the default: two of them tell.
        found, again = (parser.parse(shown, default=d, tzinfos=_zone) for d in (datetime(1, 1, 1), datetime(2, 2, 2)))
    except (ValueError, OverflowError):
        return None
    return found if found == again else None


def _zone(name: str | None, offset_secs: int | None) -> timezone:
    """Return a text's zone; one that nobody knows makes the text unreadable, for no hour would be sure."""
    secs = offset_secs
    if secs is None:
        # A text without a zone is in UTC, as everywhere in the feed.
        secs = 0 if name is None else _ZONES_SECS.get(name)
    if secs is None or abs(secs) >= 86400:
        raise ValueError(f"no zone {name!r}")
    return timezone(timedelta(seconds=secs))


def day(value: Any) -> date | None:
    """Return a date from `2025-07-17`, with or without a time behind it."""
    try:
        return date.fromisoformat(text(value)[:10])
    except ValueError:
        return None
