"""money-flow-tracker: write the money-flow timeline of a race."""

from typing import Any

from raceday.catalogue import functions
from raceday.projections import money_flow
from raceday.runtime.function import Function

FUNCTION = Function(functions.TRACKER, money_flow.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
