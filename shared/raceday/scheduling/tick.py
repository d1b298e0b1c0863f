"""One minute of the scheduler: what its parts share, and what could not be done."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from raceday.call import Call
from raceday.container import Container
from raceday.errors import RaceDayError
from raceday.racing.schedule import Intervals
from raceday.scheduling.state import SCHEDULER, State


@dataclass(slots=True)
class Tick:
    """One minute's work and what came of it; `lags` has for each projection the races behind, and those compared.

    `keeper` names the state row that it keeps: the scheduler's, or the watchdog's while it stands in. `unstarted` names
    what was due this minute and started by no try of it.
    """

    container: Container
    call: Call
    at: datetime
    state: State
    report: dict[str, Any] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    lags: dict[str, tuple[int, int]] = field(default_factory=dict)
    keeper: str = SCHEDULER
    unstarted: list[str] = field(default_factory=list)

    @property
    def intervals(self) -> Intervals:
        """Return the poll intervals of the settings."""
        return Intervals.of(self.container.settings)

    def fail(self, item: str, error: RaceDayError) -> None:
        """Note what could not be done; the rest of the minute goes on."""
        self.failures.append({"item": item, "error": str(error)})
        self.call.log.warning("tick.failed", item=item, error=type(error).__name__, message=str(error))
