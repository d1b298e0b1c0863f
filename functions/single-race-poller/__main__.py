"""single-race-poller: poll one race and tell each step."""

from typing import Any

from raceday.polling import legacy
from raceday.runtime.function import Function
from raceday.settings import FEED, STORE

FUNCTION = Function("single-race-poller", legacy.single_race, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
