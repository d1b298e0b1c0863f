"""The feed refreshes every 15 seconds: all that is served follows from an instant floored to such a mark."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NZ = ZoneInfo("Pacific/Auckland")
MARK_SECS = 15


def floor_mark(at: datetime) -> datetime:
    """The last 15 s mark at or before an aware instant, in UTC."""
    if at.tzinfo is None:
        raise ValueError(f"at: expected an aware datetime, got {at!r}")
    secs = int(at.timestamp() // MARK_SECS) * MARK_SECS
    return datetime.fromtimestamp(secs, UTC)


def ceil_mark(at: datetime) -> datetime:
    """The first 15 s mark at or after an aware instant, in UTC."""
    mark = floor_mark(at)
    return mark if mark == at else mark + timedelta(seconds=MARK_SECS)


def nz_midnight(day: date) -> datetime:
    """The UTC instant at which an NZ calendar day begins."""
    return datetime.combine(day, time(), NZ).astimezone(UTC)


def nz_instant(day: date, minutes: int) -> datetime:
    """The UTC instant at which NZ clocks show `minutes` after midnight of `day`; 1500 is 01:00 the next morning."""
    local = datetime.combine(day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60), NZ)
    return local.astimezone(UTC)


def iso_z(at: datetime) -> str:
    """An instant as the lists write it: 2025-07-17T02:42:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def go_string(at: datetime) -> str:
    """An instant in the layout that Go prints by default: 2025-07-17 00:50:00 +0000 UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def nano_z(at: datetime, nanos: int) -> str:
    """An instant with up to nine fractional digits, zeros trimmed; `nanos` (0..999) fills the last three."""
    text = f"{at.microsecond:06d}{nanos:03d}".rstrip("0")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") + (f".{text}" if text else "") + "Z"
