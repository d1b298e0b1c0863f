"""master-race-scheduler: decide each minute which races are due and hand them to the poller."""

from typing import Any

from raceday.runtime.function import Function
from raceday.scheduling import scheduler
from raceday.settings import FEED, PLATFORM, STORE

FUNCTION = Function("master-race-scheduler", scheduler.handle, frozenset({FEED, STORE, PLATFORM}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
