"""daily-races: import the details of every stored race."""

from typing import Any

from raceday.importing import races
from raceday.runtime.function import Function
from raceday.settings import FEED, STORE

FUNCTION = Function("daily-races", races.handle, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
