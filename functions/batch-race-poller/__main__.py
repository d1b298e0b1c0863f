"""batch-race-poller: poll several races and tell the result of each."""

from typing import Any

from raceday.catalogue import functions
from raceday.polling import legacy
from raceday.runtime.function import Function

FUNCTION = Function(functions.BATCH_POLLER, legacy.batch)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
