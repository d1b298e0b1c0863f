"""The named checks of one answer and its score, by arithmetic of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from local.simulate.oracle import money, pool_rules
from local.simulate.oracle.agreement import agreement, backed_before, crossings, slack
from local.simulate.oracle.facts import Pools
from local.simulate.oracle.holding import is_floor
from local.simulate.oracle.pool_rules import MAIN, SMALL, THIN, TINY, PollEvidence, Verdict, share
from local.simulate.oracle.pools import paid_pools
from local.simulate.oracle.reading import ODDS, RawRunner, Reading

WEIGHTS = {
    "pool_products": 7,
    "pool_values": 7,
    "pool_dividends": 5,
    "pool_balance": 3,
    "pool_growth": 2,
    "runner_growth": 2,
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
MONEY = ("pool_products", "pool_values", "pool_growth", "runner_growth", "pool_size", "runner_amounts",
         "win_identity", "place_identity")  # fmt: skip
IF_THICK = ("pool_balance", "odds_agreement")
FAILED_MOST, UNDECIDED_MOST = 60, 75
_NEAR = 2e-4


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


def _sum(value: float, centre: float, tolerance: float) -> Verdict:
    off = abs(value - centre) / tolerance
    return (True, 1 - 0.1 * off) if off <= 1 else (False, 0.5 * max(0.0, 1 - (off - 1) / 3))


def _left_out(e: PollEvidence) -> Verdict:
    # Provisional dividends may come after the placings; none of the others may be missing.
    unread = {name for name in e.reading.unread if not any(left.startswith(name) for left in e.reading.left)}
    lost = unread - ({"dividends"} if e.reading.status == "Interim" else set())
    odd = e.reading.unread_status + e.reading.unread_start + len(e.reading.left)
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
    return share(figures - gone, figures)


def _odds_values(e: PollEvidence) -> Verdict:
    thick = min(e.cents("win"), e.cents("place")) >= THIN
    bad = {r.number for r in e.running if _odd(r, thick=thick)}
    return share(len(e.running) - len(bad), len(e.running))


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
    judged = bad = came = 0
    before = _rows(e.base.row.get("checks")) if e.base else None
    agreed = any(row["name"] == "odds_agreement" and row["ok"] for row in before or ())
    looked = any(row["name"] == "odds_agreement" and row["applies"] for row in before or ())
    backed = frozenset() if looked else backed_before(e.running, [*map(e.cents, MAIN)])
    for product in MAIN:
        known = e.base is not None and e.base.pools is not None and e.pools is not None
        grown = e.pools.single.get(product, 0) - e.base.cents(product) if known and e.pools and e.base else 0
        found = agreement(product, e.running, e.cents(product), e.base, e.lines, grown, agreed=agreed, backed=backed)
        judged, bad = judged + found[0], bad + found[1]
        came = grown if product == "win" else came
    if min(map(e.cents, MAIN)) >= SMALL:
        bad += crossings(e.running, e.base, e.lines, came, agreed=agreed)
    return share(judged - min(judged, bad), judged) if judged else None


def _identity(e: PollEvidence, product: str, centre: float, tolerance: float) -> Verdict:
    aside, kind = e.aside(product), f"pool_{product}"
    sure = aside.word != "undecided"
    held = {r.id for r in e.reading.runners if aside.unrefunded.get(r.id) and (sure or r.odds[kind])}
    odds = [r.odds[kind] for r in e.reading.runners if not r.scratched or r.id in held]
    gone = {i for i, cents in aside.unrefunded.items() if cents} - {r.id for r in e.reading.runners}
    if not any(odds) or not e.cents(product):
        return None
    paid = money.places_paid(e.reading.places, len(e.running)) if product == "place" else 1
    found, most = float(money.summed(map(money.inverse_of, odds)) / paid), tolerance * slack(e.cents(product))
    # Where one has no odds, or so low ones that they say too little, only a sum that is too large proves anything.
    short = gone or any(o is None or is_floor(o) for o in odds)
    return None if short and found <= centre + most else _sum(found, centre, most)


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
    return share(sum(_percent(r.hold) and _percent(r.bet) for r in e.running), len(e.running))


def _percent(points: Fraction | None) -> bool:
    return points is not None and 0 <= points <= 100


def _field_counts(e: PollEvidence) -> Verdict:
    runners, told = e.reading.runners, e.reading.columns
    bad = told["fieldSize"] is not None and told["fieldSize"] != len(e.running)
    worse = told["entrantCount"] is not None and told["entrantCount"] != len(runners)
    unique = len({r.number for r in runners}) == len(runners) == len({r.id for r in runners})
    return share(4 - sum((bad, worse, not unique, not runners)), 4)


def _results(e: PollEvidence) -> Verdict:
    if e.reading.status not in ("Interim", "Final"):
        return None
    return share(2 - _bad_placings(e.reading) - (_bad_dividend(e.reading) or _paid_no_more(e)), 2)


def _paid_no_more(e: PollEvidence) -> bool:
    """Tell whether a Final race lacks a dividend of a product that it had at the poll before."""
    if e.base is None or (e.base.status, e.reading.status) != ("Final", "Final"):
        return False
    return bool(paid_pools(e.base.reading, final_only=True).keys() - {d.product for d in e.reading.dividends})


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
    "pool_products": pool_rules.pool_products,
    "pool_values": pool_rules.pool_values,
    "pool_dividends": pool_rules.pool_dividends,
    "pool_balance": pool_rules.pool_balance,
    "pool_growth": pool_rules.pool_growth,
    "runner_growth": pool_rules.runner_growth,
    "pool_size": pool_rules.pool_size,
    "runner_amounts": pool_rules.runner_amounts,
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
    "set_aside": pool_rules.set_aside,
    "left_out": _left_out,
}
