"""A committed poll as the market stood when it was served."""

from dataclasses import dataclass
from datetime import datetime

from local.feedsim import MarketState


@dataclass(frozen=True, slots=True)
class PolledAnswer:
    """One committed poll as the market stood when it was served; `closed_as` overrides the status of a closing row."""

    slot: datetime
    state: MarketState
    places: int = 3
    closed_as: str = ""

    @property
    def status(self) -> str:
        """Return the status that the suite knew after this poll."""
        return self.closed_as or self.state.status
