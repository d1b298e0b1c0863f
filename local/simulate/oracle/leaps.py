"""Which Win or Place totals cannot be, by arithmetic of its own: a leap, or another pool than was paid from."""

from collections.abc import Sequence
from fractions import Fraction

from local.simulate.oracle.facts import OracleLine, Poll, Pools
from local.simulate.oracle.holding import is_floor
from local.simulate.oracle.pools import differs, paid_pools
from local.simulate.oracle.reading import Reading

OTHER = {"win": "place", "place": "win"}
TIMES, TIMES_WITHOUT_ODDS = 4, 6
TINY, THIN, SMALL = 10_00, 1_000_00, 5_000_00


def leapt(reading: Reading, pools: Pools, lines: Sequence[OracleLine], base: Poll | None) -> dict[str, int]:
    """Return the pools whose total cannot be, each with the last one that could."""
    paid = paid_pools(reading, final_only=True)
    found = {}
    for product in OTHER:
        now = pools.single.get(product, 0)
        if now and product in paid and product not in pools.kept:
            if differs(now, paid[product]):
                found[product] = paid[product]
        elif (
            now and base is not None and base.pools is not None and _cannot_be(product, pools, lines, base, base.pools)
        ):
            found[product] = sound(base.pools, product)
    return found


def sound(pools: Pools, product: str) -> int:
    """Return the last total that could be, 0 where none was known."""
    return pools.leapt.get(product) or pools.single.get(product, 0)


def may_fall(lines: Sequence[OracleLine], base: Poll, product: str) -> Fraction:
    """Return the cents that refunds can take out of a pool."""
    out = {line.id for line in lines if line.scratched}
    held = sum((old.win_cents if product == "win" else old.place_cents) for old in base.lines if old.id in out)
    held += sum(base.aside(product).unrefunded.values())
    return Fraction(11, 10) * held + Fraction(base.cents(product), 50) if held else Fraction(0)


def _cannot_be(product: str, pools: Pools, lines: Sequence[OracleLine], base: Poll, former: Pools) -> bool:
    now, last = pools.single[product], former.single.get(product, 0)
    if product in pools.dead | former.dead or not sound(former, product):
        return False
    if product in former.leapt:
        before = former.leapt[product]
        # Which of the two it is nearer to, as factors go.
        return (now * now - before * last) * (1 if last > before else -1) >= 0
    if product in pools.kept or last < TINY:
        return False
    if last >= THIN and last - may_fall(lines, base, product) > TIMES * now:
        return True
    if now < TIMES * last:
        return False
    pairs = []
    for line in lines:
        then, kind = base.line(line.id), f"pool_{product}"
        old, new = then.odds[kind] if then else None, line.odds[kind]
        if old and new and not line.scratched and min(old, new) >= 1 and not (is_floor(old) and is_floor(new)):
            pairs.append((old, new))
    beside = _beside(OTHER[product], pools, former)
    if len(pairs) < 3:
        return beside is not None and last >= SMALL and now >= TIMES_WITHOUT_ODDS * beside * last
    if all(abs(new - old) <= max(Fraction(1, 10), old / 50) for old, new in pairs):
        return True
    least = min(Fraction(now, last) * old / (new + Fraction(1, 10)) for old, new in pairs)
    return last >= THIN and beside is not None and least >= TIMES * beside


def _beside(other: str, pools: Pools, former: Pools) -> Fraction | None:
    """Return by what factor the other pool grew, where that is known."""
    now, last = pools.single.get(other, 0), former.single.get(other, 0)
    unknown = other in pools.kept or other in former.leapt or other in pools.dead | former.dead
    return None if unknown or not now or not last else max(Fraction(1), Fraction(now, last))
