"""Which cap a poll's quality stands at, in words: the number alone looks like a mean of its checks."""

from raceday.racing.evidence import THIN_CENTS
from raceday.racing.records import LedgerRow
from raceday.racing.score import FAILED_AT_MOST, MONEY, THICK_MONEY, UNDECIDED_AT_MOST


def cap_of(row: LedgerRow) -> str:
    """Return what holds a poll's quality down, whatever else of it is well; nothing where no cap does."""
    pools = row.pools
    thick = pools is not None and all((pools.cents(product) or 0) >= THIN_CENTS for product in ("win", "place"))
    names = MONEY | THICK_MONEY if thick else MONEY
    failing = [
        check.name.replace("_", " ") for check in row.checks if check.applies and not check.ok and check.name in names
    ]
    if row.score == FAILED_AT_MOST and failing:
        return f"held at {FAILED_AT_MOST}, as a check of the money failed: {', '.join(failing)}"
    settled = pools.settled if pools else {}
    open_pools = {product: found.why for product, found in settled.items() if found.word == "undecided"}
    if row.score == UNDECIDED_AT_MOST and open_pools:
        told = "; ".join(f"{product.capitalize()}, {why}" for product, why in sorted(open_pools.items(), reverse=True))
        return f"held at {UNDECIDED_AT_MOST}, as it is undecided whose the pool's money is: {told}"
    return ""
