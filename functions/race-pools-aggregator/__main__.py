"""race-pools-aggregator: keep a race's pool totals."""

from typing import Any

from raceday.catalogue import functions
from raceday.projections import race_pools
from raceday.runtime.function import Function

FUNCTION = Function(functions.AGGREGATOR, race_pools.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
