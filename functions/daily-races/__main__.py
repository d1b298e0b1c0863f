"""daily-races: import the details of every stored race."""

from typing import Any

from raceday.catalogue import functions
from raceday.importing import races
from raceday.runtime.function import Function

FUNCTION = Function(functions.DAILY_RACES, races.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
