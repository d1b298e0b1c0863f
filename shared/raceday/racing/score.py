"""One score from 0 to 100 out of the checks."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from raceday.racing.evidence import THIN_CENTS
from raceday.racing.records import Check, PoolTotals

# A failed check of these means that a Win or Place figure is wrong or missing: the score says so, whatever else holds.
MONEY = frozenset(
    {
        "pool_products",
        "pool_values",
        "pool_growth",
        "runner_growth",
        "pool_size",
        "runner_amounts",
        "win_identity",
        "place_identity",
    }
)
# In pools that are not thin, single bets do not explain these either.
THICK_MONEY = frozenset({"pool_balance", "odds_agreement"})
FAILED_AT_MOST, UNDECIDED_AT_MOST = 60, 75


def score(checks: Sequence[Check], pools: PoolTotals | None = None) -> int | None:
    """Return the weighted mean of the checks that apply, of 100 and rounded down; None where none applies.

    The weight of a check that does not apply is shared out over the others in proportion. A failed check of the
    money caps the score at 60, a pool whose holders nobody can tell at 75.
    """
    applying = [check for check in checks if check.applies]
    total = sum(check.weight for check in applying)
    if not total:
        return None
    mean = sum(check.weight * min(1.0, max(0.0, check.score)) for check in applying) / total
    whole = int((Decimal(str(round(mean, 9))) * 100).to_integral_value(ROUND_FLOOR))
    thick = pools is not None and all((pools.cents(product) or 0) >= THIN_CENTS for product in ("win", "place"))
    if any(not check.ok for check in applying if check.name in (MONEY | THICK_MONEY if thick else MONEY)):
        return min(whole, FAILED_AT_MOST)
    undecided = pools is not None and any(s.word == "undecided" for s in pools.settled.values())
    return min(whole, UNDECIDED_AT_MOST) if undecided else whole


def failed(checks: Sequence[Check]) -> list[str]:
    """Name the checks that apply and did not hold."""
    return [check.name for check in checks if check.applies and not check.ok]
