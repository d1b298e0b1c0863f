"""Pool odds beside fixed ones: whose do not go together, and who has a reason for it."""

from collections.abc import Mapping
from decimal import Decimal
from statistics import median

from raceday.racing.evidence import MAIN, SMALL_CENTS, THIN_CENTS, Evidence, Finding, counted, leniency, names
from raceday.racing.precision import cents_of
from raceday.racing.records import LedgerRow, RunnerLine
from raceday.racing.shares import BOOK, at_floor, inverse
from raceday.racing.snapshot import Odds, Runner

_AGREEMENT = 4.0
# Ratios of fewer runners have no middle.
_LEAST_SHOWN = 3
# A runner is backed where both pools show it this far below its fixed odds, and shows nobody so far above.
_BACKED = 2.0
# What rounded odds may make of a bet.
_ROUNDING = 1.1


def odds_agreement(e: Evidence) -> Finding | None:
    """Check that pool odds keep within a factor of the fixed ones, but for runners with a reason for it."""
    bad: list[str] = []
    judged = 0
    backed = _backed_at_sight(e)
    for product in MAIN:
        limit = _AGREEMENT * leniency(e.cents(product))
        excused = _returned(e, product)
        ratios = _ratios(e, product)
        if len(ratios) < _LEAST_SHOWN or e.cents(product) == 0:
            continue
        off = _outliers(ratios, limit) - excused
        excused |= off & (_backed_since(e, product) | backed)
        off -= excused
        judged += len(ratios.keys() - excused)
        bad += [f"{r.number} {product}" for r in e.running if r.entrant_id in off]
    if judged and min(e.cents("win"), e.cents("place")) >= SMALL_CENTS:
        bad += [f"{r.number} place above win" for r in e.running if _is_crossed(e, r)]
    right = judged - min(judged, len(bad))
    return counted(right, judged, f"outliers {names(bad)}", "within a factor of 4") if judged else None


def _is_crossed(e: Evidence, runner: Runner) -> bool:
    """Tell whether place odds are above win odds, and no bet to win alone explains it, now or at a poll before."""
    if not _is_above(runner.odds.pool_place, runner.odds.pool_win):
        return False
    then = e.base.runner(runner.entrant_id) if e.base else None
    if then is None or then.scratched or not _agreed(e.base):
        return True
    if _is_above(then.pool_place, then.pool_win):
        return False
    # The place odds are none that would have been too long before the bet.
    return _is_above(runner.odds.pool_place, then.pool_win) or runner.entrant_id not in _backed_since(e, "win")


def _is_above(place: Decimal | None, win: Decimal | None) -> bool:
    return place is not None and win is not None and place > win


def _backed_at_sight(e: Evidence) -> set[str]:
    """Return the runners that were backed before anybody looked: in both pools alike, and at nobody's cost.

    Odds that stand on the wrong runner make another one's too long, and those of one pool speak against the other's.
    Money that is not there makes the book too large.
    """
    if e.base is not None and any(check.name == "odds_agreement" and check.applies for check in e.base.checks):
        return set()
    found = {r.entrant_id for r in e.running}
    for product in MAIN:
        ratios = _ratios(e, product)
        if e.cents(product) < THIN_CENTS or len(ratios) < _LEAST_SHOWN:
            return set()
        middle = median(ratios.values())
        if max(ratios.values()) > _BACKED * middle:
            return set()
        found &= {i for i, ratio in ratios.items() if ratio * _BACKED < middle}
    return found if _is_in_book(e, found) else set()


def _is_in_book(e: Evidence, backed: set[str]) -> bool:
    """Tell whether the sum of inverse Win odds is nearer to the book so than if these were not backed."""
    parts = {r.entrant_id: float(inverse(r.odds.pool_win)) for r in e.running}
    if any(at_floor(r.odds.pool_win) for r in e.running):
        return False
    ratios = _ratios(e, "win")
    middle, total = median(ratios.values()), sum(parts.values())
    more = sum(parts[i] * (1 - ratios[i] / middle) for i in backed)
    return abs(total - float(BOOK)) <= abs(total - more - float(BOOK))


def _backed_since(e: Evidence, product: str) -> set[str]:
    """Return the runners whose pool odds fell since the poll before by no more than the money that came in.

    One large bet on an outsider is no fault of the odds; what it made of them stays until the others catch up.
    """
    if e.base is None or e.base.pools is None or e.pools is None:
        return set()
    if not _agreed(e.base):
        return set()
    came = (e.pools.cents(product) or 0) - (e.base.pools.cents(product) or 0)
    had = {line.entrant_id: cents_of(line, product) for line in e.base.runners}
    has = {line.entrant_id: cents_of(line, product) for line in e.lines}
    return {i for i, cents in has.items() if 0 < cents - had.get(i, 0) <= came * _ROUNDING}


def _agreed(base: LedgerRow | None) -> bool:
    """Tell whether the odds of the poll before went together."""
    return base is not None and any(check.name == "odds_agreement" and check.ok for check in base.checks)


def _returned(e: Evidence, product: str) -> set[str]:
    """Return the runners that came back from a scratching, for as long as the bets on them have not caught up.

    What was on them is refunded, and the fixed price is that of before.
    """
    if e.base is None:
        return set()
    back = {line.entrant_id for line in e.base.runners if line.scratched}
    if _agreed(e.base):
        limit = _AGREEMENT * leniency((e.base.pools.cents(product) if e.base.pools else 0) or 0)
        running = (line for line in e.base.runners if not line.scratched)
        then = {line.entrant_id: ratio for line in running if (ratio := _ratio(line, product)) is not None}
        back |= _outliers(then, limit) if len(then) >= _LEAST_SHOWN else set()
    return back


def _outliers(ratios: Mapping[str, float], limit: float) -> set[str]:
    middle = median(ratios.values())
    return {i for i, ratio in ratios.items() if not 1 / limit <= ratio / middle <= limit}


def _ratios(e: Evidence, product: str) -> dict[str, float]:
    return {r.entrant_id: ratio for r in e.running if (ratio := _ratio(r.odds, product)) is not None}


def _ratio(odds: Odds | RunnerLine, product: str) -> float | None:
    pool: Decimal | None = getattr(odds, f"pool_{product}")
    fixed: Decimal | None = getattr(odds, f"fixed_{product}")
    return float(pool / fixed) if pool is not None and fixed is not None and pool > 0 and fixed > 0 else None
