"""master-race-scheduler: decide each minute which races are due and hand them to the poller."""

from typing import Any

from raceday.catalogue import functions
from raceday.runtime.function import Function
from raceday.scheduling import scheduler

FUNCTION = Function(functions.SCHEDULER, scheduler.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
