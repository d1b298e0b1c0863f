"""race-data-poller: poll the races that are due around now."""

from typing import Any

from raceday.polling import legacy
from raceday.runtime.function import Function
from raceday.settings import FEED, STORE

FUNCTION = Function("race-data-poller", legacy.data_poller, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
