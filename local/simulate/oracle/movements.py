"""Which movements between two columns the served figures prove; every reading of rounded odds is tried in fractions."""

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from local.simulate.oracle.facts import Poll
from local.simulate.oracle.falls import fell
from local.simulate.oracle.money import inverse_of, over_one, summed
from local.simulate.oracle.timeline import FIRST, DueEntry

LEAST = 5
# Near the threshold floating point may fall on either side.
EDGE = Fraction(1, 10**6)
_TENTH, _FLOOR = Fraction(1, 10), Fraction(104, 100)
Range = tuple[Fraction, Fraction]


class Proven(NamedTuple):
    """A rise of a share, or a price that came in: `was` and `now` are shares of 100, or odds of a `market`.

    `least` is what is proven of it, `sure` tells whether that is clear of the threshold.
    """

    entrant: str
    kind: str
    value: Fraction
    sure: bool
    was: Fraction
    now: Fraction
    least: Fraction
    market: str = ""


def movements(before: DueEntry, now: DueEntry) -> Iterator[Proven]:
    """Return each proven rise of a share and each price that came in."""
    a, b = before.poll, now.poll
    if _unlike(a, b):
        return
    if not (before.base is None and before.interval != FIRST) and not (before.base and _unlike(before.base, a)):
        for product in ("win", "place"):
            yield from _rises(before.base, a, b, product)
    yield from _prices(a, b)


def _unlike(a: Poll, b: Poll) -> bool:
    """Tell whether a field changed or money went back between two polls."""
    fields = [{(line.id, line.scratched) for line in poll.lines} for poll in (a, b)]
    return (
        fell(b, a)
        or fields[0] != fields[1]
        or any(
            sum(_cents(b, product).values()) < sum(_cents(a, product).values())
            or _may_hold(a, product) - _may_hold(b, product)
            for product in ("win", "place")
        )
    )


def _may_hold(poll: Poll, product: str) -> set[str]:
    """Return the scratched whose money may be there: of one let go in doubt it may be what is nobody's, if anything."""
    settled = _settled(poll, product)
    return {i for i, cents in (settled.get("unrefunded") or {}).items() if cents or settled.get("unattributed")}


def _settled(poll: Poll, product: str) -> dict[str, Any]:
    """Return what a row says of a pool's scratched runners; that it says right is judged with the ledger."""
    pools = json.loads(poll.row.get("pools") or "{}")
    found: dict[str, Any] = (pools.get("settled") or {}).get(product) or {}
    return found


def _leapt(poll: Poll, product: str) -> bool:
    return product in (json.loads(poll.row.get("pools") or "{}").get("unlikely") or {})


def _cents(poll: Poll | None, product: str) -> dict[str, int]:
    lines = poll.lines if poll is not None else ()
    return {line.id: line.win_cents if product == "win" else line.place_cents for line in lines}


def _running(poll: Poll) -> list[str]:
    return [line.id for line in poll.lines if not line.scratched]


def _rises(base: Poll | None, a: Poll, b: Poll, product: str) -> Iterator[Proven]:
    polls = [poll for poll in (base, a, b) if poll is not None]
    if any(_settled(poll, product).get("decision") == "undecided" or _leapt(poll, product) for poll in polls):
        return
    was, came = _came(base, a, product), _came(a, b, product)
    if was is None or came is None:
        return
    shares = [_shares(earlier, later, product) for earlier, later in ((base, a), (a, b))]
    for i in _running(b):
        least = (came[i][0] - was[i][1]) * 100
        if least >= LEAST - EDGE:
            was_share, share = shares[0].get(i, Fraction(0)), shares[1][i]
            yield Proven(i, f"money_{product}", share - was_share, least >= LEAST + EDGE, was_share, share, least)


def _shares(earlier: Poll | None, later: Poll, product: str) -> dict[str, Fraction]:
    old, new = _cents(earlier, product), _cents(later, product)
    grown = {i: max(0, new[i] - old.get(i, 0)) for i in _running(later)}
    whole = sum(grown.values()) or 1
    return {i: Fraction(cents * 100, whole) for i, cents in grown.items()}


def _came(earlier: Poll | None, later: Poll, product: str) -> dict[str, Range] | None:
    """Return what part of a pool's growth each runner can have had; None where the odds do not say."""
    new = _held(later, product)
    old = _held(earlier, product) if earlier is not None else {i: (Fraction(0),) * 2 for i in _running(later)}
    if new is None or old is None:
        return None
    grown = sum(_cents(later, product).values()) - sum(_cents(earlier, product).values())
    if grown <= 0:
        return None
    if earlier is None:
        return {i: (low / grown, high / grown) for i, (low, high) in new.items()}
    rough = {
        i: (max(Fraction(0), new[i][0] - old[i][1]), max(Fraction(0), min(Fraction(grown), new[i][1] - old[i][0])))
        for i in new
    }
    lows, highs = summed(low for low, _ in rough.values()), summed(high for _, high in rough.values())
    # All growth together is known: what the others cannot have had is one's own.
    return {
        i: (max(low, grown - highs + high) / grown, min(high, grown - lows + low) / grown)
        for i, (low, high) in rough.items()
    }


def _held(poll: Poll, product: str) -> dict[str, Range] | None:
    """Return the least and the most that each runner can hold when every odds may be up to a tenth longer."""
    lines = [line for line in poll.lines if not line.scratched]
    amounts = {line.id: line.win if product == "win" else line.place for line in lines}
    odds = {line.id: line.odds[f"pool_{product}"] or Fraction(0) for line in lines}
    if not lines or any(o <= _FLOOR for o in odds.values()) or {a.source for a in amounts.values()} != {"pool_odds"}:
        return None
    total = sum(amount.cents or 0 for amount in amounts.values())
    ranges = _ranges(odds, total)
    cents = {i: amount.cents or 0 for i, amount in amounts.items()}
    return ranges if all(low <= cents[i] + 1 and cents[i] - 1 <= high for i, (low, high) in ranges.items()) else None


def _ranges(odds: Mapping[str, Fraction], total: int) -> dict[str, Range]:
    """Let each runner's odds be the longest while all others' are the shortest, and the reverse."""
    inverses, _ = over_one([*map(inverse_of, odds.values()), *(inverse_of(o + _TENTH) for o in odds.values())])
    most, least = inverses[: len(odds)], inverses[len(odds) :]
    all_most, all_least = sum(most), sum(least)
    return {
        i: (Fraction(total * low, low + all_most - high), Fraction(total * high, high + all_least - low))
        for i, high, low in zip(odds, most, least, strict=True)
    }


def _prices(a: Poll, b: Poll) -> Iterator[Proven]:
    for line in b.lines:
        former = a.line(line.id)
        if former is None or line.scratched:
            continue
        fixed = bool(former.odds["fixed_win"] or line.odds["fixed_win"])
        was, now = (one.odds["fixed_win" if fixed else "pool_win"] for one in (former, line))
        if not was or not now or now >= was:
            continue
        least = (was - now - (0 if fixed else _TENTH)) / was * 100
        if least >= LEAST - EDGE:
            value, market = (was - now) / was * 100, "fixed" if fixed else "tote"
            yield Proven(line.id, "odds", value, least >= LEAST + EDGE, was, now, least, market)
