"""One score from 0 to 100 out of the checks."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from raceday.racing.records import Check


def score(checks: Sequence[Check]) -> int | None:
    """Return the weighted mean of the checks that apply, of 100 and rounded down; None where none applies.

    The weight of a check that does not apply is shared out over the others in proportion.
    """
    applying = [check for check in checks if check.applies]
    total = sum(check.weight for check in applying)
    if not total:
        return None
    mean = sum(check.weight * min(1.0, max(0.0, check.score)) for check in applying) / total
    return int((Decimal(str(round(mean, 9))) * 100).to_integral_value(ROUND_FLOOR))


def failed(checks: Sequence[Check]) -> list[str]:
    """Name the checks that apply and did not hold."""
    return [check.name for check in checks if check.applies and not check.ok]
