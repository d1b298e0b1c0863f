"""batch-race-poller: poll several races and tell the result of each."""

from typing import Any

from raceday.polling import legacy
from raceday.runtime.function import Function
from raceday.settings import FEED, STORE

FUNCTION = Function("batch-race-poller", legacy.batch, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
