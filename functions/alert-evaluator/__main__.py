"""alert-evaluator: turn users' alert bands into notifications."""

from typing import Any

from raceday.catalogue import functions
from raceday.projections import alerts
from raceday.runtime.function import Function

FUNCTION = Function(functions.EVALUATOR, alerts.handle)


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
