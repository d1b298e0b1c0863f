"""daily-entrants: import the entrants and first odds of every stored race."""

from typing import Any

from raceday.catalogue import functions
from raceday.importing import entrants
from raceday.runtime.function import Function

FUNCTION = Function(functions.DAILY_ENTRANTS, entrants.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
