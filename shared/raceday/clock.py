"""The port of time: the only place that reads a clock or sleeps."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol


class Clock(Protocol):
    """Time as a stage sees it: aware UTC instants, a monotonic count of seconds, and sleep.

    `speed` is how many of its seconds pass in one of the event loop's: more than 1 only at home.
    """

    @property
    def speed(self) -> float: ...

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, secs: float) -> None: ...


def loop_secs(clock: Clock, secs: float) -> float:
    """Return how long the event loop has to wait for `secs` of a clock."""
    return secs / clock.speed


class SystemClock:
    """The machine's own clock."""

    speed = 1.0

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, secs: float) -> None:
        """Wait `secs` seconds; a negative wait is none."""
        await asyncio.sleep(max(0.0, secs))


class SyncedClock:
    """A clock put right by the time that servers tell: a machine's own may be minutes off.

    `observe` takes an HTTP Date; only what differs by more than `tolerance_secs`, and is not explained by how long the
    answer took, moves the clock: a Date is whole seconds and as old as its answer.
    """

    def __init__(self, inner: Clock, tolerance_secs: float = 1.5) -> None:
        self._inner, self._tolerance_secs = inner, tolerance_secs
        self.offset_secs = 0.0

    @property
    def speed(self) -> float:
        """Return the speed of the clock that it puts right."""
        return self._inner.speed

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return self._inner.now() + timedelta(seconds=self.offset_secs)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return self._inner.monotonic()

    async def sleep(self, secs: float) -> None:
        """Wait `secs` seconds; a negative wait is none."""
        await self._inner.sleep(secs)

    def observe(self, told: datetime, took_secs: float = 0.0) -> None:
        """Take the time of a server that was just heard; its answer was `took_secs` on the way at the most."""
        off = (told - self.now()).total_seconds()
        if off > self._tolerance_secs:
            self.offset_secs += off
        elif off < -self._tolerance_secs - took_secs:
            self.offset_secs += off + took_secs / 2


def hear(clock: Clock, date: str | None, took_secs: float = 0.0) -> None:
    """Let a clock that can be put right know a server's HTTP Date; anything else is passed over."""
    if date is None or not isinstance(clock, SyncedClock):
        return
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return
    # A Date is cut to whole seconds: the middle of its second is nearest to the truth.
    clock.observe((told if told.tzinfo else told.replace(tzinfo=UTC)) + timedelta(milliseconds=500), took_secs)


def to_instant(epoch_secs: float) -> datetime:
    """Turn epoch seconds into an aware UTC instant."""
    return datetime.fromtimestamp(epoch_secs, UTC)


def to_epoch_secs(instant: datetime) -> int:
    """Turn an aware instant into whole epoch seconds, rounded down."""
    return int(instant.timestamp() // 1)


def instant(text: str) -> datetime:
    """Read an instant as the store gives it, `+00:00` or `Z`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def whole_ms(instant: datetime) -> datetime:
    """Return an instant as the store keeps it: what is computed of it comes out again from what is stored."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso(instant: datetime) -> str:
    """Write an instant as the store keeps it: UTC, milliseconds, `+00:00`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")
