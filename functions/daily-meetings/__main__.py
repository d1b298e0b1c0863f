"""daily-meetings: import the day's meetings with their races; by its trigger, watch the scheduler."""

from typing import Any

from raceday.catalogue import functions
from raceday.importing import meetings
from raceday.runtime.function import Function
from raceday.scheduling import watchdog

FUNCTION = Function(functions.DAILY_MEETINGS, meetings.handle, watchdog.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
