"""Which running runners' money went back between two polls, in fractions: no bet is ever taken back."""

import json
from collections.abc import Iterable
from fractions import Fraction
from statistics import median

from local.simulate.oracle.facts import OracleLine, Poll, Pools
from local.simulate.oracle.money import over_one

MAIN, THIN, SMALL = ("win", "place"), 1_000_00, 5_000_00
CHECK = "runner_growth"
_FLOOR = Fraction(104, 100)
_LONGER, _SHORTER = Fraction(1, 10), Fraction(1, 20)


def falls(product: str, lines: Iterable[OracleLine], pools: Pools | None, base: Poll | None) -> int | None:
    """Count the runners that lost more in a pool than odds can hide; None where the two polls do not tell."""
    lines = [*lines]
    if base is None or base.pools is None or pools is None or _who(lines) != _who(base.lines):
        return None
    if not (_is_clear(pools, product) and _is_clear(base.pools, product)):
        return None
    was, now = _between(base.lines, product), _between(lines, product)
    if was is None or now is None:
        return None
    middle = min(Fraction(1), median([Fraction(sum(now[i])) / Fraction(sum(was[i])) for i in now]))
    totals = (base.pools.single[product], pools.single[product])
    least = middle * Fraction(9 if min(totals) >= SMALL else 8, 10)
    return sum(1 for i in now if least * was[i][0] - now[i][1] > Fraction(totals[0], 100))


def fell(now: Poll, before: Poll) -> bool:
    """Tell whether money went back between two polls, or one of them said so of the poll before it."""
    told = (check for poll in (now, before) for check in json.loads(poll.row.get("checks") or "[]"))
    if any(check["name"] == CHECK and not check["ok"] for check in told):
        return True
    return any(falls(product, now.lines, now.pools, before) for product in MAIN)


def _who(lines: Iterable[OracleLine]) -> set[tuple[str, bool]]:
    return {(line.id, line.scratched) for line in lines}


def _is_clear(pools: Pools, product: str) -> bool:
    aside = pools.aside.get(product)
    odd = product in pools.dead or product in pools.kept or product in pools.leapt
    held = aside is not None and (aside.unrefunded or aside.word == "undecided")
    return not odd and not held and pools.single.get(product, 0) >= THIN


def _between(lines: Iterable[OracleLine], product: str) -> dict[str, tuple[Fraction, Fraction]] | None:
    running = [line for line in lines if not line.scratched]
    amounts = {line.id: line.win if product == "win" else line.place for line in running}
    odds = {line.id: line.odds[f"pool_{product}"] for line in running}
    known = {i: o for i, o in odds.items() if o is not None and o > _FLOOR}
    if len(known) < max(3, len(running)) or any(amount.source != "pool_odds" for amount in amounts.values()):
        return None
    total = sum(amount.cents or 0 for amount in amounts.values())
    if total <= 0:
        return None
    parts, _ = over_one([*(1 / (o - _SHORTER) for o in known.values()), *(1 / (o + _LONGER) for o in known.values())])
    most, least = parts[: len(known)], parts[len(known) :]
    every_most, every_least = sum(most), sum(least)
    return {
        i: (total * Fraction(low) / (every_most - high + low), total * Fraction(high) / (every_least - low + high))
        for i, high, low in zip(known, most, least, strict=True)
    }
