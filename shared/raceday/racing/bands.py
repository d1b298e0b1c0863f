"""The bands that users set for movements, and the least movement that is one."""

from dataclasses import dataclass

# Percentage points of money, or percent of the former odds.
THRESHOLD = 5.0


@dataclass(frozen=True, slots=True)
class Band:
    """A user's band, low <= value < high; the last is open above."""

    low: float
    high: float | None
    color: str

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in the band."""
        return self.low <= value and (self.high is None or value < self.high)
