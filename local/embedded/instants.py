"""Instants as Appwrite writes them."""

from datetime import UTC, datetime

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
