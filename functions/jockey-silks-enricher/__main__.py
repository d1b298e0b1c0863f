"""jockey-silks-enricher: describe, draw and store silks."""

from typing import Any

from raceday.catalogue import functions
from raceday.runtime.function import Function
from raceday.silks import enrich as silks

FUNCTION = Function(functions.SILKS_ENRICHER, silks.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
