"""Which Win or Place totals cannot be, by arithmetic of its own: a leap, or another pool than was paid from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from local.simulate.oracle.facts import OracleLine, Poll, Pools
from local.simulate.oracle.holding import is_floor
from local.simulate.oracle.money import inverse_of, places_paid
from local.simulate.oracle.pools import differs, paid_pools
from local.simulate.oracle.reading import SINGLE, Reading

OTHER = {"win": "place", "place": "win"}
TIMES, TIMES_WITHOUT_ODDS = 4, 6
TIMES_ALONE, ALONE = Fraction(5, 2), Fraction(5, 4)
TIMES_AT_ONCE, AT_ONCE = 8, timedelta(minutes=3)
TINY, THIN, SMALL = 10_00, 1_000_00, 5_000_00


def leapt(
    reading: Reading, pools: Pools, lines: Sequence[OracleLine], base: Poll | None, made: datetime | None = None
) -> dict[str, int]:
    """Return the pools whose total cannot be, each with the last one that could; `made` is when the answer was."""
    final, paid = paid_pools(reading, final_only=True), paid_pools(reading)
    near = base is not None and made is not None and abs(made - base.generated) <= AT_ONCE
    found = {}
    for product in OTHER:
        now = pools.single.get(product, 0)
        behind = 0 if product in pools.kept else paid.get(product, 0)
        if now and product in final and product not in pools.kept:
            if differs(now, final[product]):
                found[product] = final[product]
        elif now and behind and max(now, behind) >= 4 * min(now, behind):
            found[product] = behind
        elif (
            base is not None
            and base.pools is not None
            and now
            and _cannot_be(product, pools, lines, base, base.pools, near=near)
        ):
            found[product] = sound(base.pools, product)
    return found


def odd_one(pools: Pools) -> str:
    """Return the one of Win and Place that stands in no proportion to the other, nor to the exotic pools."""
    win, place = pools.single.get("win", 0), pools.single.get("place", 0)
    others = [pools.single.get(p, 0) for p in SINGLE if p not in OTHER]
    exotic = sum(others)
    if min(win, place) <= 0 or exotic < THIN or len([cents for cents in others if cents]) < 2:
        return ""
    to_place, to_exotic = Fraction(win, place), Fraction(win, exotic)
    if to_place > 7 and to_exotic > 2 and place >= 200_00 and place + exotic >= 2_500_00:
        return "win"
    if to_place < Fraction(3, 4) and to_exotic < Fraction(1, 5) and place >= 500_00:
        return "win"
    return "place" if to_place > 9 and Fraction(place, exotic) < Fraction(8, 100) and win >= 2_500_00 else ""


def sound(pools: Pools, product: str) -> int:
    """Return the last total that could be, 0 where none was known."""
    return pools.leapt.get(product) or pools.single.get(product, 0)


def may_fall(lines: Sequence[OracleLine], base: Poll, product: str) -> Fraction:
    """Return the cents that refunds can take out of a pool."""
    out = {line.id for line in lines if line.scratched}
    held = sum((old.win_cents if product == "win" else old.place_cents) for old in base.lines if old.id in out)
    waiting, total = base.aside(product).unrefunded, base.cents(product)
    held += sum(waiting.values())
    # Who was let go while odds were still shown may have been so too early; no more than one in twenty cents of it.
    shown = [
        old.odds[f"pool_{product}"] for old in base.lines if old.scratched and old.id in out and not waiting.get(old.id)
    ]
    running = sum(not old.scratched for old in base.lines)
    paid = places_paid(base.reading.places, running) if product == "place" else 1
    early = min(Fraction(1, 20), sum((inverse_of(o) for o in shown), Fraction(0)) / (Fraction(119, 100) * paid))
    return Fraction(11, 10) * (held + early * total) + (Fraction(total, 50) if held else 0)


def set_right(product: str, pools: Pools, former: Pools) -> bool:
    """Tell whether Win was out of all proportion to Place and is not any more, while the other of the two stood."""
    other = OTHER[product]
    if {product, other} & (pools.kept.keys() | pools.dead | former.dead):
        return False
    four = [each.single.get(p, 0) for each in (former, pools) for p in ("win", "place")]
    if min(four) <= 0:
        return False
    win, place, win_now, place_now = four
    grown = Fraction(place_now, place) if product == "win" else Fraction(win_now, win)
    was_odd = not Fraction(1, 3) <= Fraction(win, place) <= 7
    again = (was_odd and Fraction(1, 2) <= Fraction(win_now, place_now) <= 5) or (
        odd_one(former) == product and not odd_one(pools)
    )
    return again and Fraction(1, 2) <= grown <= 2


def _cannot_be(
    product: str, pools: Pools, lines: Sequence[OracleLine], base: Poll, former: Pools, *, near: bool
) -> bool:
    now, last = pools.single[product], former.single.get(product, 0)
    if product in pools.dead | former.dead or not sound(former, product):
        return False
    if product in former.leapt:
        before = former.leapt[product]
        # Which of the two it is nearer to, as factors go.
        return (now * now - before * last) * (1 if last > before else -1) >= 0
    if product in pools.kept or last < TINY or set_right(product, pools, former):
        return False
    if last >= THIN and last - may_fall(lines, base, product) > TIMES * now:
        return True
    pairs = []
    for line in lines:
        then, kind = base.line(line.id), f"pool_{product}"
        old, new = then.odds[kind] if then else None, line.odds[kind]
        if old and new and not line.scratched and min(old, new) >= 1 and not (is_floor(old) and is_floor(new)):
            pairs.append((old, new))
    stands = len(pairs) > 2 and all(abs(new - old) <= max(Fraction(1, 10), old / 50) for old, new in pairs)
    told = _told(OTHER[product], pools, former)
    if near and stands and last >= SMALL and now >= TIMES_ALONE * last and told and max(told) <= ALONE:
        return True
    if now < TIMES * last:
        return False
    factors = [Fraction(now, last) * old / (new + Fraction(1, 10)) for old, new in pairs]
    large = last >= THIN and max(former.single.get(p, 0) for p in OTHER) >= SMALL
    if near and large and now >= TIMES_AT_ONCE * last and min(factors, default=TIMES) >= TIMES:
        return True
    beside = min(told, default=None)
    if len(pairs) < 3:
        return beside is not None and last >= SMALL and now >= TIMES_WITHOUT_ODDS * beside * last
    if stands:
        return True
    return last >= THIN and beside is not None and min(factors) >= TIMES * beside


def _told(other: str, pools: Pools, former: Pools) -> list[Fraction]:
    """Return by what factors the other shared pool and the exotic ones grew, as far as each is known."""
    exotic = [
        Fraction(pools.single[p], former.single[p])
        for p in SINGLE
        if p not in OTHER and p not in pools.kept and p not in pools.dead | former.dead
        and pools.single.get(p, 0) and former.single.get(p, 0) >= THIN
    ]  # fmt: skip
    told = [_shared(other, pools, former), max([Fraction(1), *exotic]) if len(exotic) > 1 else None]
    return [factor for factor in told if factor is not None]


def _shared(other: str, pools: Pools, former: Pools) -> Fraction | None:
    now, last = pools.single.get(other, 0), former.single.get(other, 0)
    unknown = other in pools.kept or other in former.leapt or other in pools.dead | former.dead
    return None if unknown or not now or not last else max(Fraction(1), Fraction(now, last))
