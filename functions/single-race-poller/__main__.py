"""single-race-poller: poll one race and tell each step."""

from typing import Any

from raceday.catalogue import functions
from raceday.polling import legacy
from raceday.runtime.function import Function

FUNCTION = Function(functions.SINGLE_POLLER, legacy.single_race)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
