"""The named checks of one answer and its score, by arithmetic of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from local.simulate.oracle import money
from local.simulate.oracle.agreement import agreement, slack
from local.simulate.oracle.facts import NOTHING, Aside, OracleLine, Poll, Pools
from local.simulate.oracle.holding import is_floor
from local.simulate.oracle.leaps import may_fall, set_right, sound
from local.simulate.oracle.pools import differs, paid_pools
from local.simulate.oracle.reading import ODDS, SINGLE, RawRunner, Reading

WEIGHTS = {
    "pool_products": 7,
    "pool_values": 7,
    "pool_dividends": 5,
    "pool_balance": 3,
    "pool_growth": 4,
    "pool_size": 3,
    "runner_amounts": 5,
    "odds_coverage": 7,
    "odds_values": 5,
    "odds_agreement": 5,
    "win_identity": 9,
    "place_identity": 7,
    "hold_sum": 5,
    "bet_sum": 4,
    "tracker_known": 3,
    "tracker_runners": 3,
    "field_counts": 2,
    "results": 4,
    "freshness": 4,
    "set_aside": 2,
    "left_out": 6,
}
# A failed check of these is a wrong or missing figure of the money, whatever else holds.
MONEY = ("pool_products", "pool_values", "pool_growth", "pool_size", "runner_amounts", "win_identity",
         "place_identity")  # fmt: skip
IF_THICK = ("pool_balance", "odds_agreement")
FAILED_MOST, UNDECIDED_MOST = 60, 75
MAIN = ("win", "place")
TINY, THIN, SMALL = 10_00, 1_000_00, 5_000_00
_NEAR = 2e-4
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


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks that a row must show; their values and what was expected are words for people, and open."""

    verdicts: dict[str, Verdict]

    def __eq__(self, text: object) -> bool:
        """Compare with a row's JSON: the same checks, each as it must be."""
        rows = _rows(text)
        return (
            rows is not None
            and [row["name"] for row in rows] == list(self.verdicts)
            and all(_agrees(row, self.verdicts[row["name"]]) for row in rows)
        )

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Show the verdicts."""
        return " ".join(f"{name}={_word(verdict)}" for name, verdict in self.verdicts.items())


def _rows(text: object) -> list[dict[str, Any]] | None:
    """Return the checks of a row, None where its text holds none."""
    try:
        rows = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return rows if isinstance(rows, list) else None


def _word(verdict: Verdict) -> str:
    return "n/a" if verdict is None else f"{'ok' if verdict[0] else 'bad'}:{verdict[1]:.4f}"


def _agrees(row: dict[str, Any], verdict: Verdict) -> bool:
    if row["weight"] != WEIGHTS[row["name"]] or row["applies"] != (verdict is not None):
        return False
    if verdict is None:
        return row["ok"] is True and row["score"] == 0
    return row["ok"] is verdict[0] and abs(row["score"] - verdict[1]) < _NEAR


def score_of(text: str | None, pools: Pools | None) -> int | None:
    """Return the score that a row's own checks come to: their weighted mean of 100, rounded down.

    A failed check of the money caps it, and so does a pool of which nobody can tell whose it is.
    """
    applying = [row for row in _rows(text) or () if row["applies"]]
    if any(row["name"] not in WEIGHTS for row in applying):
        # Nobody knows what a check weighs that is not in the list: no score is right.
        return None
    weights = sum(WEIGHTS[row["name"]] for row in applying)
    if not weights:
        return None
    mean = sum(WEIGHTS[row["name"]] * Fraction(str(row["score"])) for row in applying) / weights
    whole = int(mean * 100)
    thick = pools is not None and min(pools.single.get(product, 0) for product in MAIN) >= THIN
    if any(not row["ok"] for row in applying if row["name"] in (MONEY + IF_THICK if thick else MONEY)):
        return min(whole, FAILED_MOST)
    undecided = pools is not None and any(aside.word == "undecided" for aside in pools.aside.values())
    return min(whole, UNDECIDED_MOST) if undecided else whole


def checks(evidence: PollEvidence) -> Checks:
    """Run every check."""
    return Checks({name: rule(evidence) for name, rule in RULES.items()})


def _share(right: int, of: int) -> Verdict:
    return (True, 1.0) if right == of else (False, 0.5 * right / of)


def _sum(value: float, centre: float, tolerance: float) -> Verdict:
    off = abs(value - centre) / tolerance
    return (True, 1 - 0.1 * off) if off <= 1 else (False, 0.5 * max(0.0, 1 - (off - 1) / 3))


def _pool_products(e: PollEvidence) -> Verdict:
    listed = {product for product, _ in e.reading.pools or ()}
    missing = {"win", "place", "quinella", "trifecta", "first4"} - listed
    missing -= e.pools.dead if e.pools and listed else set()
    return (False, 0.0) if missing & {"win", "place"} else _share(5 - len(missing), 5)


def _pool_values(e: PollEvidence) -> Verdict:
    pools = e.reading.pools
    if not pools:
        return None
    shut = e.reading.status in ("Closed", "Interim", "Final")
    alive = [(product, cents) for product, cents in pools if product not in e.reading.dead]
    bad = sum(cents < 0 or (shut and product in MAIN and cents == 0) for product, cents in alive)
    return _share(len(pools) - bad, len(pools))


def _pool_dividends(e: PollEvidence) -> Verdict:
    paid, dead = paid_pools(e.reading), e.reading.dead
    pairs = [(cents, paid[p]) for p, cents in e.reading.pools or () if p in SINGLE and p in paid and p not in dead]
    pairs = [(cents, of) for cents, of in pairs if cents]
    if not pairs:
        return None
    return _share(sum(not differs(cents, of) for cents, of in pairs), len(pairs))


def _pool_balance(e: PollEvidence) -> Verdict:
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


def _pool_growth(e: PollEvidence) -> Verdict:
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
    return _share(2 - bad, 2)


def _pool_size(e: PollEvidence) -> Verdict:
    judged = e.base is not None and e.base.pools is not None
    if e.pools is None or not (judged or set(MAIN) & paid_pools(e.reading, final_only=True).keys()):
        return None
    return _share(2 - len(e.pools.leapt), 2)


def _cents(line: OracleLine, product: str) -> int | None:
    return line.win.cents if product == "win" else line.place.cents


def _runner_amounts(e: PollEvidence) -> Verdict:
    totals = {p: t for p in MAIN if e.pools is not None and (t := e.pools.single.get(p))}
    if not totals:
        return None
    right, unlisted = 0, (e.reading.columns["fieldSize"] or 0) > len(e.running)
    for product, total in totals.items():
        amounts, aside = [_cents(line, product) for line in e.lines], e.aside(product)
        nobodys = aside.unattributed and None in amounts
        right += sum(cents or 0 for cents in amounts) + aside.cents == total and not (nobodys or unlisted)
    return _share(right, len(totals))


def _set_aside(e: PollEvidence) -> Verdict:
    odd = e.pools is not None and (
        e.pools.dead or any(e.aside(p).unrefunded or e.aside(p).word == "undecided" for p in MAIN)
    )
    return (False, 0.5) if odd else None


def _left_out(e: PollEvidence) -> Verdict:
    # Provisional dividends may come after the placings; none of the others may be missing.
    lost = e.reading.unread - ({"dividends"} if e.reading.status == "Interim" else set())
    odd = e.reading.unread_status + e.reading.unread_start + len(e.reading.unworded)
    return (False, 1 - 0.1 * odd - 0.3 * len(lost)) if odd or lost else None


def _odds_coverage(e: PollEvidence) -> Verdict:
    if not e.running:
        return None
    # A market without a price on anybody is not open, and nothing of it is missing.
    open_ones = [kind for kind in ("fixed_win", "fixed_place") if any(r.odds[kind] for r in e.running)]
    wanted = [*open_ones, *(f"pool_{p}" for p in MAIN if e.cents(p) > TINY)]
    if not wanted:
        return None
    missing = [kind for r in e.running for kind in wanted if r.odds[kind] is None]
    thin = [kind for kind in missing if kind.startswith("pool_") and e.cents(kind[5:]) < THIN]
    figures = len(e.running) * len(wanted)
    gone = len(missing) if len(thin) * 2 > figures else len(missing) - len(thin)
    if not gone and thin:
        return True, 1 - 0.1 * len(thin) / figures
    return _share(figures - gone, figures)


def _odds_values(e: PollEvidence) -> Verdict:
    thick = min(e.cents("win"), e.cents("place")) >= THIN
    bad = {r.number for r in e.running if _odd(r, thick=thick)}
    return _share(len(e.running) - len(bad), len(e.running))


def _odd(runner: RawRunner, *, thick: bool) -> bool:
    fixed_win, fixed_place, pool_win, pool_place = (runner.odds[kind] for kind in ODDS)
    if any(odds is not None and odds < 1 for odds in runner.odds.values()):
        return True
    if fixed_win is not None and fixed_place is not None and _crossed(fixed_win, fixed_place):
        return True
    return thick and pool_win is not None and pool_place is not None and pool_place > pool_win


def _crossed(win: Fraction, place: Fraction) -> bool:
    """Place odds above Win odds, or Win odds out of all proportion to them."""
    return place > win or (place > 1 and win - 1 > 100 * (place - 1))


def _odds_agreement(e: PollEvidence) -> Verdict:
    judged = bad = 0
    before = _rows(e.base.row.get("checks")) if e.base else None
    agreed = any(row["name"] == "odds_agreement" and row["ok"] for row in before or ())
    for product in MAIN:
        found = agreement(product, e.running, e.cents(product), e.base, agreed=agreed)
        judged, bad = judged + found[0], bad + found[1]
    return _share(judged - bad, judged) if judged else None


def _identity(e: PollEvidence, product: str, centre: float, tolerance: float) -> Verdict:
    aside, kind = e.aside(product), f"pool_{product}"
    sure = aside.word != "undecided"
    held = {r.id for r in e.reading.runners if aside.unrefunded.get(r.id) and (sure or r.odds[kind])}
    odds = [r.odds[kind] for r in e.reading.runners if not r.scratched or r.id in held]
    gone = {i for i, cents in aside.unrefunded.items() if cents} - {r.id for r in e.reading.runners}
    # Where one has no odds, or so low ones that they say too little, the sum proves nothing.
    if not odds or gone or not e.cents(product) or any(o is None or is_floor(o) for o in odds):
        return None
    paid = money.places_paid(e.reading.places, len(e.running)) if product == "place" else 1
    return _sum(float(money.summed(map(money.inverse_of, odds)) / paid), centre, tolerance * slack(e.cents(product)))


def _points(e: PollEvidence, kind: str) -> Verdict:
    tracker = e.reading.tracker
    if tracker is None:
        return None
    unknown = tracker.unknown_hold if kind == "hold" else tracker.unknown_bet
    known = money.summed(getattr(r, kind) or Fraction(0) for r in e.reading.runners)
    return _sum(float(known + unknown), 100.0, 6.0)


def _tracker_known(e: PollEvidence) -> Verdict:
    if e.reading.tracker is None:
        return None
    points = float(max(e.reading.tracker.unknown_hold, e.reading.tracker.unknown_bet))
    return (True, 1 - 0.1 * points / 10) if points <= 10 else (False, 0.5 * max(0.0, 1 - points / 100))


def _tracker_runners(e: PollEvidence) -> Verdict:
    if e.reading.tracker is None or not e.running:
        return None
    return _share(sum(_percent(r.hold) and _percent(r.bet) for r in e.running), len(e.running))


def _percent(points: Fraction | None) -> bool:
    return points is not None and 0 <= points <= 100


def _field_counts(e: PollEvidence) -> Verdict:
    runners, told = e.reading.runners, e.reading.columns
    bad = told["fieldSize"] is not None and told["fieldSize"] != len(e.running)
    worse = told["entrantCount"] is not None and told["entrantCount"] != len(runners)
    unique = len({r.number for r in runners}) == len(runners) == len({r.id for r in runners})
    return _share(4 - sum((bad, worse, not unique, not runners)), 4)


def _results(e: PollEvidence) -> Verdict:
    if e.reading.status not in ("Interim", "Final"):
        return None
    return _share(2 - _bad_placings(e.reading) - _bad_dividend(e.reading), 2)


def _bad_placings(reading: Reading) -> bool:
    ran = {r.id for r in reading.runners if not r.scratched}
    positions = [p["position"] for p in reading.placings]
    return 1 not in positions or any(p["entrant_id"] not in ran for p in reading.placings) or min(positions) <= 0


def _bad_dividend(reading: Reading) -> bool:
    winners = {p["runner_number"] for p in reading.placings if p["position"] == 1}
    paid = [d for d in reading.dividends if d.product == "win" and d.status.lower() == reading.status.lower()]
    if not paid:
        return reading.status == "Final"
    odds = [o for r in reading.runners if r.number in winners and (o := r.odds["pool_win"])]
    if len(winners) == len(paid) == 1 and odds and abs(paid[0].amount - odds[0]) > max(Fraction(1, 5), odds[0] / 10):
        return True
    return any(d.amount <= 0 for d in paid)


def _freshness(e: PollEvidence) -> Verdict:
    age = e.age.total_seconds()
    if -5 <= age <= 45:
        return True, 1.0
    return False, 0.5 * max(0.0, 1 - (age - 45 if age > 0 else -age) / 300)


RULES: dict[str, Callable[[PollEvidence], Verdict]] = {
    "pool_products": _pool_products,
    "pool_values": _pool_values,
    "pool_dividends": _pool_dividends,
    "pool_balance": _pool_balance,
    "pool_growth": _pool_growth,
    "pool_size": _pool_size,
    "runner_amounts": _runner_amounts,
    "odds_coverage": _odds_coverage,
    "odds_values": _odds_values,
    "odds_agreement": _odds_agreement,
    "win_identity": lambda e: _identity(e, "win", 1.19, 0.09),
    "place_identity": lambda e: _identity(e, "place", 1.20, 0.14),
    "hold_sum": lambda e: _points(e, "hold"),
    "bet_sum": lambda e: _points(e, "bet"),
    "tracker_known": _tracker_known,
    "tracker_runners": _tracker_runners,
    "field_counts": _field_counts,
    "results": _results,
    "freshness": _freshness,
    "set_aside": _set_aside,
    "left_out": _left_out,
}
