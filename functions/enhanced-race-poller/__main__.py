"""enhanced-race-poller: poll races at their slots."""

from typing import Any

from raceday.polling import poller
from raceday.runtime.function import Function
from raceday.settings import FEED, STORE

FUNCTION = Function("enhanced-race-poller", poller.handle, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
