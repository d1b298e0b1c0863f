"""enhanced-race-poller: poll races at their slots."""

from typing import Any

from raceday.catalogue import functions
from raceday.polling import poller
from raceday.runtime.function import Function

FUNCTION = Function(functions.POLLER, poller.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
