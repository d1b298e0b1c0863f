"""alert-evaluator: turn users' alert bands into notifications."""

from typing import Any

from raceday.projections import alerts
from raceday.runtime.function import Function
from raceday.settings import STORE, WEBHOOKS

FUNCTION = Function("alert-evaluator", alerts.handle, frozenset({STORE, WEBHOOKS}), webhook="alerts_url")


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one activation."""
    return FUNCTION.run(event, context)
