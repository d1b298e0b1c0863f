"""What the checks of the pools must say: totals, their growth, and whose money they are; and what checks look at."""

from dataclasses import dataclass
from datetime import timedelta

from local.simulate.oracle import money
from local.simulate.oracle.facts import NOTHING, Aside, OracleLine, Poll, Pools
from local.simulate.oracle.falls import falls
from local.simulate.oracle.holding import is_floor
from local.simulate.oracle.leaps import may_fall, odd_one, set_right, sound
from local.simulate.oracle.pools import differs, paid_pools
from local.simulate.oracle.reading import SINGLE, RawRunner, Reading

MAIN = ("win", "place")
TINY, THIN, SMALL = 10_00, 1_000_00, 5_000_00
Verdict = tuple[bool, float] | None


@dataclass(frozen=True, slots=True)
class PollEvidence:
    """What is judged: the answer, its lines, the poll before, how old the answer was when it came, and the pools."""

    reading: Reading
    lines: tuple[OracleLine, ...]
    base: Poll | None
    age: timedelta
    pools: Pools | None = None

    @property
    def running(self) -> list[RawRunner]:
        """Return the runners that are not scratched."""
        return [r for r in self.reading.runners if not r.scratched]

    def dead(self, product: str) -> bool:
        """Tell whether betting on a product was called off."""
        return self.pools is not None and product in self.pools.dead

    def aside(self, product: str) -> Aside:
        """Return what of a pool stands on no runner."""
        return self.pools.aside.get(product, NOTHING) if self.pools else NOTHING

    def cents(self, product: str) -> int:
        """Return a pool's total as the answer has it, 0 where there is none, or a dead one."""
        return 0 if self.dead(product) else max(0, self.reading.cents(product) or 0)


def share(right: int, of: int) -> Verdict:
    """Judge a count of figures: all right, or at most half by the part that is."""
    return (True, 1.0) if right == of else (False, 0.5 * right / of)


def pool_products(e: PollEvidence) -> Verdict:
    """Tell of products that are not listed, were not called off, and that the field is due; never of a race off."""
    if e.reading.status == "Abandoned":
        return None
    listed = {product for product, _ in e.reading.pools or ()}
    missing = {"win", "place", "quinella", "trifecta", "first4"} - listed
    if listed:
        missing -= (e.pools.dead if e.pools else set()) | _not_bet_on(e)
    return (False, 0.0) if missing & {"win", "place"} else share(5 - len(missing), 5)


def _not_bet_on(e: PollEvidence) -> set[str]:
    """Return the products that so few runners leave out: Place below five, unless odds or money say otherwise."""
    field = max(len(e.running), e.reading.columns["fieldSize"] or 0)
    if not e.running or field > 4:
        return set()
    odds = any(money.inverse_of(r.odds["pool_place"]) for r in e.running)
    told = odds or (e.pools is not None and "place" in e.pools.kept)
    return {"first4"} | (set() if told else {"place"}) | ({"trifecta"} if field < 4 else set())


def pool_values(e: PollEvidence) -> Verdict:
    """Tell of totals below nothing, and of Win and Place shown empty that are not."""
    pools = e.reading.pools
    if not pools:
        return None
    alive = [(product, cents) for product, cents in pools if product not in e.reading.dead]
    bad = sum(cents < 0 or (cents == 0 and (_shut(e, product) or _was_filled(e, product))) for product, cents in alive
              if product in MAIN or cents < 0)  # fmt: skip
    bad += sum(len({cents for p, cents in alive if p == product and cents > 0}) > 1 for product in MAIN)
    return share(len(pools) - bad, len(pools))


def _shut(e: PollEvidence, product: str) -> bool:
    return e.reading.status in ("Closed", "Interim", "Final") and product not in _not_bet_on(e)


def _was_filled(e: PollEvidence, product: str) -> bool:
    """Tell whether something says that a pool shown empty is not: what was known, or odds on each of three or more."""
    shown = [money.inverse_of(r.odds[f"pool_{product}"]) > 0 for r in e.running]
    return e.reading.status != "Abandoned" and (
        (e.pools is not None and product in e.pools.kept) or (len(shown) > 2 and all(shown))
    )


def pool_dividends(e: PollEvidence) -> Verdict:
    """Tell of dividends that were paid from other pools."""
    paid, dead = paid_pools(e.reading), e.reading.dead
    pairs = [(cents, paid[p]) for p, cents in e.reading.pools or () if p in SINGLE and p in paid and p not in dead]
    pairs = [(cents, of) for cents, of in pairs if cents]
    if not pairs:
        return None
    return share(sum(not differs(cents, of) for cents, of in pairs), len(pairs))


def pool_balance(e: PollEvidence) -> Verdict:
    """Tell of Place above Win, and of Win far above all others."""
    win, place = e.cents("win"), e.cents("place")
    if not win or not place:
        return None
    others = sum(e.cents(product) for product in ("place", "quinella", "trifecta", "first4"))
    if win > max(15 * place, 3 * others) and not any(is_floor(r.odds["pool_win"]) for r in e.running):
        return False, 0.5
    limit = 1 if win + place >= SMALL else 3 if win + place >= THIN else 10
    if any(is_floor(r.odds["pool_place"]) for r in e.running):
        limit = max(limit, 3)
    return (True, 1.0) if place <= limit * win else (False, 0.5 * limit * win / place)


def pool_growth(e: PollEvidence) -> Verdict:
    """Tell of a fall that refunds of scratched runners do not explain."""
    if e.base is None or e.base.pools is None or e.pools is None:
        return None
    bad = 0
    for product in MAIN:
        now, before = e.pools.single.get(product), sound(e.base.pools, product) or None
        silent = e.pools.kept.keys() | e.pools.dead | e.base.pools.dead
        again = product not in e.base.pools.leapt and set_right(product, e.pools, e.base.pools)
        if now is None or not before or again or product in silent:
            continue
        if e.base.aside(product).word != "undecided":
            bad += before - now > may_fall(e.lines, e.base, product)
    return share(2 - bad, 2)


def runner_growth(e: PollEvidence) -> Verdict:
    """Tell of runners that run and hold less than at the poll before."""
    lost = [found for p in MAIN if (found := falls(p, e.lines, e.pools, e.base)) is not None]
    return share(2 - sum(map(bool, lost)), 2) if lost else None


def pool_size(e: PollEvidence) -> Verdict:
    """Tell of totals that leapt, that stand in no proportion, or that a Final race paid nothing from."""
    if e.pools is None or not any(e.pools.single.get(p) for p in MAIN):
        return None
    bad = set(e.pools.leapt)
    if not any(is_floor(r.odds["pool_win"]) for r in e.running):
        bad |= {odd_one(e.pools)} - {""}
    if e.reading.status == "Final":
        bad |= {p for p in MAIN if e.pools.single.get(p, 0) > TINY} - {d.product for d in e.reading.dividends}
    return share(2 - len(bad), 2)


def _cents(line: OracleLine, product: str) -> int | None:
    return line.win.cents if product == "win" else line.place.cents


def runner_amounts(e: PollEvidence) -> Verdict:
    """Tell of pools whose parts are not their sum, or not all shown."""
    totals = {p: t for p in MAIN if e.pools is not None and (t := e.pools.single.get(p))}
    if not totals:
        return None
    right, unlisted = 0, (e.reading.columns["fieldSize"] or 0) > len(e.running)
    for product, total in totals.items():
        amounts, aside = [_cents(line, product) for line in e.lines], e.aside(product)
        nobodys = (aside.unattributed and None in amounts) or _unshown(e, product, total)
        right += sum(cents or 0 for cents in amounts) + aside.cents == total and not (nobodys or unlisted)
    return share(right, len(totals))


def _unshown(e: PollEvidence, product: str, total: int) -> bool:
    """Tell whether figures are missing: of all in a large pool, in others of those who must hold some of it."""
    running = [line for line in e.lines if not line.scratched]
    dark = [line for line in running if not money.inverse_of(line.odds[f"pool_{product}"])]
    if total <= TINY or not dark or e.reading.status == "Abandoned":
        return False
    if total >= SMALL or len(dark) == len(running) or any(line.odds[f"pool_{product}"] is not None for line in dark):
        return True
    cents = [_cents(line, product) for line in dark]
    return None in cents or sum(c or 0 for c in cents) * 5 > (total if total < THIN else 0)


def set_aside(e: PollEvidence) -> Verdict:
    """Tell of money that stands on nobody, and of pools that are called off."""
    odd = e.pools is not None and (
        e.pools.dead or any(e.aside(p).unrefunded or e.aside(p).word == "undecided" for p in MAIN)
    )
    return (False, 0.5) if odd else None
