"""jockey-silks-enricher: describe, draw and store silks."""

from typing import Any

from raceday.runtime.function import Function
from raceday.settings import FEED, STORE
from raceday.silks import enrich as silks

FUNCTION = Function("jockey-silks-enricher", silks.handle, frozenset({FEED, STORE}))


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
