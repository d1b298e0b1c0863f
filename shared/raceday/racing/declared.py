"""Dividends as results keep them, product by product: what of a newer list counts beside what was known."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from raceday.catalogue.products import canonical

Rows = dict[str, list[Mapping[str, Any]]]


def merged(known: Any, now: str, odd: Collection[str], *, stays: bool) -> str:
    """Return the JSON list `now` with the rows of `known` for each product that it does not tell in full.

    Those are the `odd` ones, of which something cannot be read, and beside any such all with fewer rows than before:
    an odd row's name may be odd too. Where a result `stays` Final with its placings, what
    was declared does not vanish either, nor fall back from Final to Interim.
    """
    former, newer = by_product(known), by_product(now)
    kept = {product for product, rows in former.items() if _stays(product, rows, newer.get(product, []), odd, stays)}
    if not kept:
        return now
    rows = [
        row
        for product in dict.fromkeys([*former, *newer])
        for row in (former[product] if product in kept else newer.get(product, []))
    ]
    same = rows == [row for each in former.values() for row in each]
    return str(known) if same else json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _stays(product: str, had: Sequence[Any], now: Sequence[Any], odd: Collection[str], stays: bool) -> bool:
    if product in odd or (odd and len(now) < len(had)):
        return True
    return stays and (not now or (_is_final(had) and not _is_final(now)))


def _is_final(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(str(row.get("status")).lower() == "final" for row in rows)


def is_earlier(
    versions: Sequence[Mapping[str, Any]], newest: Mapping[str, Any], now: Any, odd: Collection[str]
) -> bool:
    """Tell whether dividends are those of a version before the `newest`: they differ from it, and from that not.

    Products that only one of two lists has tell nothing, nor those of which something cannot be read.
    """
    told = {product: paid for product, paid in _paid(now).items() if product not in odd}
    last = _paid(newest.get("dividendsData"))
    differing = {product for product, paid in told.items() if not _agrees(paid, last.get(product), odd)}
    for version in versions:
        former = _paid(version.get("dividendsData"))
        both = told.keys() & former.keys()
        if differing & both and all(_agrees(told[product], former[product], odd) for product in both):
            return version is not newest
    return False


def _agrees(paid: frozenset[Any], other: frozenset[Any] | None, odd: Collection[str]) -> bool:
    # The row that nobody can read may be this product's.
    return other is None or paid == other or (bool(odd) and paid < other)


def _paid(text: Any) -> dict[str, frozenset[Any]]:
    return {
        product: frozenset((str(row.get("status")).lower(), _whose(row), str(row.get("dividend"))) for row in rows)
        for product, rows in by_product(text).items()
    }


def _whose(row: Mapping[str, Any]) -> str:
    return json.dumps(row.get("positions") or row.get("description"), sort_keys=True, default=str)


def by_product(text: Any) -> Rows:
    """Return a JSON list of dividends as the rows of each product."""
    found: Rows = {}
    for row in json.loads(text) if isinstance(text, str) and text else []:
        if isinstance(row, dict):
            name = str(row.get("product_name"))
            found.setdefault(canonical(name) or name, []).append(row)
    return found
