"""How exactly a runner's money is known: pool odds come rounded down to tenths, so each stands for a range."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import fsum
from typing import NamedTuple

from raceday.racing.records import RunnerLine

# The tote pays tenths of a dollar and rounds down: odds of 3.4 stand for anything from 3.4 up to 3.5.
STEP = 0.1
# At the least that the tote pays a runner may hold any amount above what the odds say (domain facts, 6).
FLOOR = Decimal("1.04")


class Span(NamedTuple):
    """The least and the most that a figure can be, in cents."""

    low: float
    high: float


def amount_spans(lines: Sequence[RunnerLine], product: str) -> dict[str, Span] | None:
    """Return for each unscratched runner what its money in one pool can be, given its rounded odds.

    None where the odds cannot tell: one is missing or at the floor, or a share was made of anything but these odds,
    and where an amount is none that they allow.
    """
    spans = odds_spans(lines, product)
    if spans is None:
        return None
    # Money that was carried over from an earlier poll was not made of these odds.
    running = [line for line in lines if not line.scratched]
    agree = all(spans[r.entrant_id].low - 1 <= cents_of(r, product) <= spans[r.entrant_id].high + 1 for r in running)
    return spans if agree else None


def odds_spans(lines: Sequence[RunnerLine], product: str, under: float = 0.0) -> dict[str, Span] | None:
    """Return for each unscratched runner what its odds leave of one pool's money, whatever amount it has.

    Odds stand for `under` less up to a step more than they say. None as for `amount_spans`, but for its last reason.
    """
    running = [line for line in lines if not line.scratched]
    odds = {line.entrant_id: line.odds(f"pool_{product}") for line in running}
    if not running or any(o is None or o <= FLOOR for o in odds.values()):
        return None
    if any(source_of(line, product) != "pool_odds" for line in running):
        return None
    total = sum(cents_of(line, product) for line in running)
    most = {i: 1 / (float(o) - under) for i, o in odds.items() if o is not None}
    least = {i: 1 / (float(o) + STEP) for i, o in odds.items() if o is not None}
    all_most, all_least = fsum(most.values()), fsum(least.values())
    return {
        i: Span(
            total * least[i] / (all_most - most[i] + least[i]),
            total * most[i] / (all_least - least[i] + most[i]),
        )
        for i in most
    }


def growth_spans(before: Mapping[str, Span], now: Mapping[str, Span], grown_cents: int) -> dict[str, Span]:
    """Return what each runner's growth can be, when all of it together is `grown_cents` and nobody lost money."""
    rough = {
        i: Span(max(0.0, now[i].low - before[i].high), max(0.0, min(float(grown_cents), now[i].high - before[i].low)))
        for i in now
    }
    low, high = fsum(span.low for span in rough.values()), fsum(span.high for span in rough.values())
    return {
        i: Span(
            max(span.low, grown_cents - (high - span.high)),
            min(span.high, grown_cents - (low - span.low)),
        )
        for i, span in rough.items()
    }


def cents_of(line: RunnerLine, product: str) -> int:
    """Return a runner's money in one pool in cents, 0 where it is not known."""
    return (line.win_cents if product == "win" else line.place_cents) or 0


def source_of(line: RunnerLine, product: str) -> str:
    """Return what a runner's share of one pool was made of."""
    return line.win_source if product == "win" else line.place_source
