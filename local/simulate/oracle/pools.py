"""Totals by product: of the answer, else of the dividends, else as last known; and how a row writes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from local.simulate.oracle.facts import NOTHING, Aside, Poll, Pools
from local.simulate.oracle.reading import SINGLE, RawDividend, Reading

# A 32-bit number has 24 binary digits: so many cents are one step of it, and less is no difference.
_STEPS = 2**23


def pools_of(reading: Reading, base: Poll | None, status: str) -> Pools | None:
    """Return the totals by product; None while no answer ever told of any."""
    before = base.pools if base else None
    paid = paid_pools(reading)
    final = paid_pools(reading, final_only=True)
    if reading.pools is None and before is None and not paid:
        return None
    listed: dict[str, int] = {}
    for product, cents in reading.pools or ():
        # Of two pools of one product the first counts that holds any money, or the one that is less times the known.
        had = before.single.get(product, 0) if before else 0
        first = listed.setdefault(product, cents)
        if first <= 0 or (had and cents > 0 and _times(cents, had) < _times(first, had)):
            listed[product] = cents
    # What was called off stays so when the feed lists it no more.
    was = before.dead if before else frozenset()
    lived = before.lived if before else {}
    # An abandoned race ends as it last stood: its pools' own words count no more, nor the answers that ended them.
    off = (
        was - lived.keys() if status == "Abandoned" else reading.dead | (was - (listed.keys() - set(reading.unworded)))
    )
    single: dict[str, int] = {}
    kept: dict[str, str] = {}
    for product in SINGLE:
        known = before.single.get(product, 0) if before else 0
        if status == "Abandoned":
            known = known or lived.get(product, 0)
        if product in off:
            single[product] = 0
        elif product not in reading.dead and listed.get(product, 0) > 0:
            single[product] = listed[product]
        elif paid.get(product) and (product in final or paid[product] >= known):
            single[product], kept[product] = paid[product], "dividends"
        elif known:
            single[product], kept[product] = known, "before"
        elif product in listed:
            single[product] = max(0, listed[product])
    return Pools(single, _multi(reading, before), off, kept, lived=_last_alive(before, off))


def _times(one: int, other: int) -> Fraction:
    return Fraction(max(one, other), min(one, other))


def _last_alive(before: Pools | None, off: frozenset[str]) -> dict[str, int]:
    """Return what each dead pool had at the last poll at which it was none."""
    if before is None:
        return {}
    had = {p: before.lived.get(p, 0) if p in before.dead else before.single.get(p, 0) for p in off}
    return {product: cents for product, cents in had.items() if cents > 0}


def off_by_the_list(pools: Pools) -> Pools:
    """Return the pools of a race that only its meeting's list calls Abandoned: what had lived counts again."""
    back = dict(pools.lived)
    aside = {
        product: Aside(unattributed=back[product]) if product in back and each.word == "dead" else each
        for product, each in pools.aside.items()
    }
    return replace(
        pools, single={**pools.single, **back}, dead=pools.dead - back.keys(),
        kept={**pools.kept, **dict.fromkeys(back, "before")}, aside=aside, lived={},
    )  # fmt: skip


def _multi(reading: Reading, before: Pools | None) -> dict[str, int]:
    """A product over several races may be listed twice, and counts twice."""
    multi: dict[str, int] = {}
    for product, cents in reading.pools or ():
        if product not in SINGLE and cents >= 0:
            multi[product] = multi.get(product, 0) + cents
    return multi or (dict(before.multi) if before else {})


def paid_pools(reading: Reading, *, final_only: bool = False) -> dict[str, int]:
    """Return the pool in cents behind each product's dividends: its Final ones where it has any."""
    rows: dict[str, list[RawDividend]] = {}
    for each in reading.dividends:
        if each.cents is not None:
            rows.setdefault(each.product, []).append(each)
    found = {}
    for product, own in rows.items():
        final = [d for d in own if d.status.lower() == "final"]
        if counted := final if final or final_only else own:
            found[product] = max(d.cents or 0 for d in counted)
    return found


def differs(total: int, paid: int) -> bool:
    """Tell whether a dividend's pool is another than a total, beyond the precision that it was sent in."""
    return abs(total - paid) > max(1, -(-max(total, paid) // _STEPS))


@dataclass(frozen=True, slots=True)
class OfJson:
    """The pools that a row must show; why it was decided so is said in words, and open."""

    pools: Pools

    def __eq__(self, text: object) -> bool:
        """Compare with a row's JSON."""
        try:
            row = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            return False
        if not isinstance(row, dict):
            return False
        shown = {product: row.get(product) for product in SINGLE if product in row}
        aside = {
            product: Aside(each["unrefunded"], each["unattributed"], each["decision"], each.get("last") or {})
            for product, each in row.get("settled", {}).items()
        }
        wanted = {product: each for product, each in self.pools.aside.items() if each != NOTHING}
        return (
            shown == dict(self.pools.single)
            and row.get("multi") == dict(self.pools.multi)
            and _names(row.get("dead")) == sorted(self.pools.dead)
            and (row.get("kept") or {}) == dict(self.pools.kept)
            and (row.get("unlikely") or {}) == dict(self.pools.leapt)
            and (row.get("lived") or {}) == dict(self.pools.lived)
            and aside == wanted
            and all(each["why"] for each in row.get("settled", {}).values() if each["decision"])
        )

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Show them."""
        aside = {product: each for product, each in self.pools.aside.items() if each != NOTHING}
        odd = f"dead {sorted(self.pools.dead)} kept {dict(self.pools.kept)} leapt {dict(self.pools.leapt)}"
        odd += f" lived {dict(self.pools.lived)}"
        return f"{dict(self.pools.single)} {odd} {aside}"


def _names(found: Sequence[str] | None) -> list[str]:
    return sorted(found or ())
