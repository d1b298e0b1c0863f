"""How figures and instants are written on the pages."""

from datetime import UTC, datetime
from typing import Any

from raceday.racing.nzday import nz_zone


def at(text: Any) -> datetime | None:
    """Read an instant of a row, None where there is none."""
    if not text:
        return None
    found = datetime.fromisoformat(str(text))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def clock_nz(instant: datetime | None, *, secs: bool = False) -> str:
    """Write an instant as NZ wall clock."""
    if instant is None:
        return "—"
    return instant.astimezone(nz_zone()).strftime("%H:%M:%S" if secs else "%H:%M")


def epoch_ms(instant: datetime | None) -> int | str:
    """Return epoch milliseconds for the page's own clock, empty where there is no instant."""
    return "" if instant is None else round(instant.timestamp() * 1000)


def span(secs: float) -> str:
    """Write a duration: `45 s`, `4 min 30 s`, `2 h 05 min`, `3 days`."""
    whole = int(abs(secs))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} days"


def until(instant: datetime | None, now: datetime) -> str:
    """Write how far an instant lies ahead or back."""
    if instant is None:
        return "—"
    secs = (instant - now).total_seconds()
    return f"in {span(secs)}" if secs >= 0 else f"{span(secs)} ago"


def due(instant: datetime | None, now: datetime) -> str:
    """Write when something is to come; what should have come by now is due now."""
    return "now" if instant is not None and instant <= now else until(instant, now)


def to_start(minutes: float) -> str:
    """Write the minutes of a slot against the start: `-2.5`, `+0.5`, `0.0` at it."""
    text = f"{-minutes:+.1f}"
    return "0.0" if float(text) == 0 else text


def dollars(cents: Any, *, zero: str = "—") -> str:
    """Write cents as whole dollars; nothing and zero are a dash."""
    return f"${round(cents / 100):,}" if isinstance(cents, (int, float)) and cents > 0 else zero


def odds(value: Any) -> str:
    """Write odds with two decimals; missing ones are a dash."""
    return f"{float(value):.2f}" if value is not None and float(value) > 0 else "—"


def millis(value: Any) -> str:
    """Write milliseconds, from a second on as seconds."""
    if value is None:
        return "—"
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def many(n: int, what: str) -> str:
    """Write a count with its word: `1 race`, `480 races`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def ordinal(n: Any) -> str:
    """Write a place: 1st, 2nd, 3rd, 4th, 11th."""
    number = int(n)
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
