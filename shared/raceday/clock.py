"""The port of time: the only place that reads a clock or sleeps."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as a stage sees it: aware UTC instants, a monotonic count of seconds, and sleep."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, secs: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the present instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, secs: float) -> None:
        """Wait `secs` seconds; a negative wait is none."""
        await asyncio.sleep(max(0.0, secs))


def to_instant(epoch_secs: float) -> datetime:
    """Turn epoch seconds into an aware UTC instant."""
    return datetime.fromtimestamp(epoch_secs, UTC)


def to_epoch_secs(instant: datetime) -> int:
    """Turn an aware instant into whole epoch seconds, rounded down."""
    return int(instant.timestamp() // 1)


def iso(instant: datetime) -> str:
    """Write an instant as the store keeps it: UTC, milliseconds, `+00:00`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")
