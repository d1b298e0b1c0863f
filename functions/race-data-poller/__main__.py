"""race-data-poller: poll the races that are due around now."""

from typing import Any

from raceday.catalogue import functions
from raceday.polling import legacy
from raceday.runtime.function import Function

FUNCTION = Function(functions.DATA_POLLER, legacy.data_poller)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
