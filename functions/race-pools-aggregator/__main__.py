"""race-pools-aggregator: keep a race's pool totals."""

from typing import Any

from raceday.projections import race_pools
from raceday.runtime.function import Function
from raceday.settings import STORE, WEBHOOKS

FUNCTION = Function("race-pools-aggregator", race_pools.handle, frozenset({STORE, WEBHOOKS}), webhook="race_pools_url")


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
