"""A clock that runs at its own pace from an instant of choice."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

# As late as a poll that counts as late.
BEHIND_SECS = 5.0


class PacedClock:
    """Runs `speed` times as fast as the machine's clock, beginning at `start` (the present where None).

    `began` is the machine's monotonic second at which it was `start`. `late_secs` is how much later than its minute, in
    seconds of this clock, a tick began at worst.
    """

    def __init__(self, speed: float = 1.0, start: datetime | None = None, *, began: float | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"--speed: expected more than 0, got {speed:g}")
        self.speed = speed
        self.began = time.monotonic() if began is None else began
        self.origin = start or datetime.now(UTC)
        self.late_secs = 0.0

    def now(self) -> datetime:
        """Return the instant it is on this clock."""
        return self.origin + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return this clock's seconds since it was made."""
        return (time.monotonic() - self.began) * self.speed

    async def sleep(self, secs: float) -> None:
        """Wait `secs` of this clock."""
        await asyncio.sleep(max(0.0, secs) / self.speed)

    def behind(self) -> str:
        """Say that the machine does not keep up with this clock, empty where it does."""
        if self.speed <= 1 or self.late_secs <= BEHIND_SECS:
            return ""
        return f"clock ×{self.speed:g} is too fast for this machine: ticks began up to {self.late_secs:.0f} s late"
