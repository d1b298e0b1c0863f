"""What the tote paid on each runner, read from a race's stored results; or why it paid nothing."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from raceday.catalogue.products import canonical
from raceday.clock import instant
from raceday.racing.closing import Price

# By the kind of odds that a product's dividend is the end of.
PRODUCTS = {"pool_win": "win", "pool_place": "place"}
FIXED = Price(reason="a fixed bet pays the price it was taken at")


def dividends_of(results: Mapping[str, Any] | None, number: int, *, scratched: bool, shared: bool) -> dict[str, Price]:
    """Return one runner's dividends by kind of odds; `shared` tells that another runner has its number too."""
    return {
        **dict.fromkeys(("fixed_win", "fixed_place"), FIXED),
        **{kind: _paid(results, product, number, scratched, shared) for kind, product in PRODUCTS.items()},
    }


def _paid(results: Mapping[str, Any] | None, product: str, number: int, scratched: bool, shared: bool) -> Price:
    if scratched:
        return Price(reason="scratched")
    if results is None or not results.get("resultsAvailable"):
        return Price(reason="no results")
    declared = [d for d in _list(results.get("dividendsData")) if canonical(str(d.get("product_name"))) == product]
    if not declared:
        return Price(reason="no dividend declared")
    mine = [d for d in declared if number in _numbers(d)]
    if not mine:
        return Price(reason="not placed")
    if shared:
        return Price(reason="another runner has its number")
    amount, at = mine[0].get("dividend"), results.get("resultTime")
    if not isinstance(amount, int | float | Decimal) or amount <= 0:
        return Price(reason="no dividend declared")
    return Price(Decimal(str(amount)), _instant(at), f"{mine[0].get('status', '')} dividend".strip().lower())


def _numbers(dividend: Mapping[str, Any]) -> set[int]:
    positions = dividend.get("positions")
    found = positions if isinstance(positions, list) else []
    return {p["runner_number"] for p in found if isinstance(p, dict) and isinstance(p.get("runner_number"), int)}


def _instant(text: Any) -> datetime | None:
    return instant(text) if isinstance(text, str) and text else None


def _list(text: Any) -> Sequence[Mapping[str, Any]]:
    found = json.loads(text) if isinstance(text, str) and text else []
    return [each for each in found if isinstance(each, dict)]
