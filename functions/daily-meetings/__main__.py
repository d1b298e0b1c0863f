"""daily-meetings: import the day's meetings with their races."""

from typing import Any

from raceday.importing import meetings
from raceday.runtime.function import Function
from raceday.settings import FEED, STORE

FUNCTION = Function("daily-meetings", meetings.handle, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
