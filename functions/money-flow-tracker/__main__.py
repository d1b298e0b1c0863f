"""money-flow-tracker: write the money-flow timeline of a race."""

from typing import Any

from raceday.projections import money_flow
from raceday.runtime.function import Function
from raceday.settings import STORE, WEBHOOKS

FUNCTION = Function("money-flow-tracker", money_flow.handle, frozenset({STORE, WEBHOOKS}), webhook="money_flow_url")


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
