"""Whose money the Win and Place pools are after one answer: runners, scratched ones, and nobody."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from raceday.racing import refunds
from raceday.racing.apportion import apportion
from raceday.racing.book import Asked, Former, as_before
from raceday.racing.evidence import THIN_CENTS
from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement, Source
from raceday.racing.shares import (
    BOOK,
    GUESSED_AT_MOST,
    Before,
    Share,
    Shares,
    normalised_points,
    pool_shares,
    positions_paid,
)
from raceday.racing.snapshot import Runner, Snapshot, Status

SHARED = ("win", "place")


class Money(NamedTuple):
    """Whose money one pool is: each runner's cents and their source, and what stands on no runner."""

    cents: Mapping[str, tuple[int | None, Source]]
    settlement: Settlement = Settlement()


def holders(
    runners: Sequence[Runner], snapshot: Snapshot, pools: PoolTotals | None, base: LedgerRow | None
) -> dict[str, Money]:
    """Return whose money each of the two shared pools is; all parts together are its total, to the cent."""
    alive = [p for p in SHARED if pools is not None and pools.cents(p) and p not in pools.dead]
    asked = {p: _asked(runners, snapshot, pools, base, p) for p in alive if pools is not None}
    run = snapshot.status in (Status.INTERIM, Status.FINAL)
    decided = refunds.decide_together(asked, run=run)
    found = {p: _money(p, runners, pools, base, asked.get(p), decided.get(p, refunds.NOTHING)) for p in SHARED}
    if pools is None or base is None or base.pools is None or not _same_field(runners, base):
        return found
    settles = run and base.status not in (Status.INTERIM, Status.FINAL)
    for product, each in asked.items():
        former, same = each.former, pools.kept.get(product) == base.pools.kept.get(product)
        if former is not None and same and _stands_still(each, former, settles=settles):
            found[product] = _as_it_was(each, former, base.pools.settled.get(product, Settlement()))
    return found


def _same_field(runners: Sequence[Runner], base: LedgerRow) -> bool:
    """Tell whether the runners of the poll before run, with the tracker's percentages of then."""
    lines = {line.entrant_id: line.hold for line in base.runners if not line.scratched}
    holds = normalised_points({r.entrant_id: r.hold_points for r in runners if not r.scratched})
    running = {r.entrant_id for r in runners if not r.scratched}
    known = {r.entrant_id for r in runners} == {line.entrant_id for line in base.runners}
    return known and lines == (dict.fromkeys(running) if holds is None else holds)


def _stands_still(asked: Asked, former: Former, *, settles: bool) -> bool:
    """Tell whether total and odds are those of the poll before: the same answer again moves nobody's money.

    A race that was run since `settles` what scratched runners may have held.
    """
    if settles and (former.unrefunded or former.word == "undecided"):
        return False
    same = asked.total_cents == former.total_cents and asked.book == former.book
    return same and {i: odds or None for i, odds in asked.odds.items()} == {
        i: odds or None for i, odds in former.odds.items()
    }


def _as_it_was(asked: Asked, former: Former, settled: Settlement) -> Money:
    cents = {r.entrant_id: (former.cents[r.entrant_id], former.sources[r.entrant_id]) for r in asked.runners}
    if former.word == "refunded":
        return Money(cents, settled._replace(word="", why=""))
    return Money(cents, settled._replace(why="as before: nothing has moved") if settled.word else settled)


def _money(
    product: str,
    runners: Sequence[Runner],
    pools: PoolTotals | None,
    base: LedgerRow | None,
    asked: Asked | None,
    refund: refunds.Refund,
) -> Money:
    if pools is None or pools.cents(product) is None:
        return Money({r.entrant_id: (None, "none") for r in runners})
    if asked is None:
        word = Settlement(word="dead", why="betting on it was called off") if product in pools.dead else Settlement()
        return Money({r.entrant_id: (0, "none") for r in runners}, word)
    former = asked.former
    if pools.kept.get(product) == "before" and former is not None:
        return _kept(asked, former)
    in_doubt = former is not None and former.word == "undecided"
    doubted = sum(refund.doubted.values(), Fraction(0))
    before = Before(as_before(asked), doubted, in_doubt, _backed(asked), _had(asked))
    shares = pool_shares(asked.running, asked.odds, asked.book, refund.holding, before)
    if former is not None and _in_proportion(asked, former, shares, told=product not in pools.kept):
        return _grown(asked, former, refund)
    money = _apportioned(runners, shares, refund, asked.total_cents)
    return money if former is None else money._replace(settlement=_remembering(money, former))


def _remembering(money: Money, former: Former) -> Settlement:
    """Return a settlement with what those were last known to hold of whom nobody can tell now."""
    unknown = (i for i, (cents, _) in money.cents.items() if cents is None)
    last = {i: had for i in unknown if (had := _last_known(former, i)) is not None}
    return money.settlement._replace(last=last) if last else money.settlement


def _last_known(former: Former, entrant_id: str) -> int | None:
    cents = former.cents.get(entrant_id)
    return former.last.get(entrant_id) if cents is None else cents


def _had(asked: Asked) -> dict[str, Fraction]:
    """Return what part of the pool it is that each running one held when that was last known."""
    former = asked.former
    if former is None or not asked.total_cents:
        return {}
    known = ((r.entrant_id, _last_known(former, r.entrant_id)) for r in asked.running)
    return {i: Fraction(cents, asked.total_cents) for i, cents in known if cents}


def _backed(asked: Asked) -> frozenset[str]:
    """Return who may hold something: who was not known to hold nothing, and everybody in a pool that is not thin."""
    former = asked.former
    everybody = asked.total_cents >= THIN_CENTS or (former is not None and former.word == "undecided")
    return frozenset(
        r.entrant_id for r in asked.running if everybody or (former is not None and former.cents.get(r.entrant_id) != 0)
    )


def _asked(
    runners: Sequence[Runner], snapshot: Snapshot, pools: PoolTotals, base: LedgerRow | None, product: str
) -> Asked:
    odds = {r.entrant_id: r.odds.pool_win if product == "win" else r.odds.pool_place for r in runners}
    running = sum(not r.scratched for r in runners)
    book = _book(product, snapshot.positions_paid, running)
    return Asked(runners, odds, book, pools.cents(product) or 0, _former(product, base))


def _book(product: str, paid: int | None, running: int) -> Fraction:
    return BOOK * (positions_paid(paid, running) if product == "place" else 1)


def _apportioned(runners: Sequence[Runner], shares: Shares, refund: refunds.Refund, total: int) -> Money:
    order = sorted((r for r in runners if r.entrant_id in shares.runners), key=lambda r: (r.number, r.entrant_id))
    known: list[tuple[str, Share]] = [(r.entrant_id, shares.runners[r.entrant_id]) for r in order]
    parts = [share.part or 0 for _, share in known]
    weights = [*parts, *shares.unrefunded.values(), shares.unattributed]
    cents = apportion(total, weights) if any(weights) else [*([0] * (len(weights) - 1)), total]
    found: dict[str, tuple[int | None, Source]] = {
        i: (None if share.part is None else part, share.source) for (i, share), part in zip(known, cents, strict=False)
    }
    held = dict(zip(shares.unrefunded, cents[len(known) : -1], strict=True))
    held |= dict.fromkeys(refund.doubted, 0)
    settlement = Settlement(held, cents[-1], refund.word, refund.why)
    if shares.guessed > GUESSED_AT_MOST:
        why = f"nothing tells for sure whose {float(shares.guessed):.0%} of it are"
        settlement = Settlement(held, cents[-1], "undecided", why)
    return Money({r.entrant_id: found.get(r.entrant_id, (0, "none")) for r in runners}, settlement)


def _kept(asked: Asked, former: Former) -> Money:
    """Keep what was known of a pool that the answer lacks; who was scratched meanwhile is unrefunded."""
    held = dict(former.unrefunded)
    cents: dict[str, tuple[int | None, Source]] = {}
    for r in asked.runners:
        had = former.cents.get(r.entrant_id)
        if r.scratched:
            if had:
                held[r.entrant_id] = had
            had = 0
        cents[r.entrant_id] = (had, former.sources.get(r.entrant_id, "none"))
    rest = asked.total_cents - sum(c or 0 for c, _ in cents.values()) - sum(held.values())
    # What nobody could tell before is not told by an answer without the pool.
    word, why = (former.word, "as before: ") if former.word == "undecided" else ("kept", "")
    money = Money(cents, Settlement(held, rest, word, f"{why}the answer lacks the pool"))
    return money._replace(settlement=_remembering(money, former))


def _in_proportion(asked: Asked, former: Former, shares: Shares, *, told: bool) -> bool:
    """Tell whether to share a pool as it was shared before: no runner shows odds now, and odds told it then.

    What was no more than the tracker's word before is kept where the answer has neither a total nor a tracker.
    """
    if not any(former.cents.get(r.entrant_id) for r in asked.running):
        return False
    if any(asked.odds.get(r.entrant_id) for r in asked.running):
        return False
    if any(former.sources.get(r.entrant_id) == "hold" for r in asked.running):
        return not told and all(share.part is None for share in shares.runners.values())
    return True


def _grown(asked: Asked, former: Former, refund: refunds.Refund) -> Money:
    """Share out a total in the former proportions, but for what scratched runners still hold."""
    held = {i: round(refunds.had(asked, i, stake)) for i, stake in refund.holding.items()}
    left = asked.total_cents - sum(held.values())
    if left < 0:
        held, left = {}, asked.total_cents
    order = sorted(asked.running, key=lambda r: (r.number, r.entrant_id))
    parts = apportion(left, [former.cents.get(r.entrant_id) or 0 for r in order])
    found: dict[str, tuple[int | None, Source]] = {
        r.entrant_id: (part, "before") for r, part in zip(order, parts, strict=True)
    }
    settlement = Settlement(held | dict.fromkeys(refund.doubted, 0), 0, refund.word, refund.why)
    return Money({r.entrant_id: found.get(r.entrant_id, (0, "none")) for r in asked.runners}, settlement)


def _former(product: str, base: LedgerRow | None) -> Former | None:
    """Return one pool at the poll before, None where nothing was known of it."""
    total = base.pools.cents(product) if base and base.pools else None
    if base is None or base.pools is None or not total:
        return None
    settled = base.pools.settled.get(product, Settlement())
    kind = f"pool_{product}"
    odds: dict[str, Decimal | None] = {line.entrant_id: line.odds(kind) for line in base.runners}
    return Former(
        total,
        {line.entrant_id: _line_money(line, product)[0] for line in base.runners},
        odds,
        frozenset(line.entrant_id for line in base.runners if line.scratched),
        settled.unrefunded,
        settled.word,  # type: ignore[arg-type]
        {line.entrant_id: _line_money(line, product)[1] for line in base.runners},
        settled.last,
        _book(product, base.race.positions_paid, sum(not line.scratched for line in base.runners)),
    )


def _line_money(line: RunnerLine, product: str) -> tuple[int | None, Source]:
    return (line.win_cents, line.win_source) if product == "win" else (line.place_cents, line.place_source)
