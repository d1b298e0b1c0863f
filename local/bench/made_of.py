"""What a simulated day's GiB-seconds are made of: every activation in one row, so that the rows add up to the day."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from local.simulate.platform import BILLED_SECS, Limit
from local.simulate.report import is_critical
from local.simulate.tables import when
from raceday.catalogue.functions import POLLER, SCHEDULER
from raceday.store.port import Row

# What the scheduler hands out last begins after it has ended: the dispatch takes up to half a second.
DISPATCH = timedelta(seconds=0.6)
CRITICAL, FAR, IDLE = "scheduler, T-5 on", "scheduler, elsewhere only", "scheduler, no poller"
NEAR_POLLER, FAR_POLLER = "pollers, T-5 on", "pollers, elsewhere"
WATCHDOG, OTHERS = "watchdog", "projections and imports"
ROWS = (CRITICAL, FAR, IDLE, NEAR_POLLER, FAR_POLLER, WATCHDOG, OTHERS)


class MadeOf:
    """Keeps each activation as it ends; `limits` are the functions' memories."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._limits = limits
        self._runs: list[tuple[str, datetime, float, dict[str, Any]]] = []

    def done(self, name: str, activation: str, at: datetime, ms: float, answer: dict[str, Any], cold: bool) -> None:
        """Be told of an activation that has ended."""
        self._runs.append((name, at, ms / 1000, answer))

    def rows(self, ledger: Sequence[Row]) -> dict[str, dict[str, float]]:
        """Return runs and GiB-seconds of each row, and of pollers' those before their last slot."""
        critical = {(row["raceId"], when(row["slot"])) for row in ledger if is_critical(row)}
        polled = [(at, _slots(answer)) for name, at, _, answer in self._runs if name == POLLER.name]
        near = [at for at, slots in polled if critical & slots]
        far = [at for at, slots in polled if not critical & slots]
        made = {row: {"runs": 0, "gib_secs": 0.0, "before_slot": 0.0} for row in ROWS}
        for name, at, secs, answer in self._runs:
            memory, before = self._limits[name].memory_gib, 0.0
            if name == SCHEDULER.name:
                end = at + timedelta(seconds=secs) + DISPATCH
                row = CRITICAL if _any(near, at, end) else FAR if _any(far, at, end) else IDLE
            elif name == POLLER.name:
                slots = _slots(answer)
                row = NEAR_POLLER if critical & slots else FAR_POLLER
                last = max((slot for _, slot in slots), default=at)
                before = min(secs, max(0.0, (last - at).total_seconds()))
            else:
                row = WATCHDOG if "stoodIn" in answer else OTHERS
            made[row]["runs"] += 1
            made[row]["gib_secs"] += math.ceil(round(secs / BILLED_SECS, 6)) * BILLED_SECS * memory
            made[row]["before_slot"] += before * memory
        return {row: {key: round(value, 1) for key, value in each.items()} for row, each in made.items()}


def _slots(answer: Mapping[str, Any]) -> set[tuple[str, datetime]]:
    return {(outcome["raceId"], when(outcome["slot"])) for outcome in answer.get("results", ())}


def _any(starts: Sequence[datetime], begin: datetime, end: datetime) -> bool:
    return any(begin <= at <= end for at in starts)
