"""Instants as Appwrite writes them."""

from datetime import UTC, datetime, timedelta

FIRST_YEAR = 1000


def iso(instant: datetime) -> str:
    """Write an instant as Appwrite does: UTC, milliseconds, truncated."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def instant_text(value: str) -> str:
    """Normalise an instant's text to UTC milliseconds, truncated; ValueError for one that is none."""
    found = datetime.fromisoformat(value)
    if found.year < FIRST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR}, got {value!r}")
    return iso(found.replace(tzinfo=UTC) if found.tzinfo is None else found)


_DAYS = {"yesterday": -1, "today": 0, "midnight": 0, "tomorrow": 1}


def worded(value: str, now: datetime) -> str:
    """Replace a word that PHP reads as an instant, such as `yesterday`, by that instant."""
    word = value.strip().lower()
    if word == "now":
        return iso(now)
    if word not in _DAYS:
        return value
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return iso(day + timedelta(days=_DAYS[word]))
