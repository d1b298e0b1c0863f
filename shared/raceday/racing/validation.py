"""Named checks of one answer of the feed: each with its tolerance, the value found, a weight and a score from 0 to 1.

| check           | weight | holds when                                                                              |
|-----------------|--------|-----------------------------------------------------------------------------------------|
| pool_products   | 7      | Win, Place, Quinella, Trifecta and First4 are listed, where so many run                 |
| pool_values     | 7      | no total is negative; Win and Place are not shown empty that must be filled, nor twice  |
| pool_dividends  | 5      | totals equal the pools that the dividends were paid from                                |
| pool_balance    | 3      | Place is not above Win (three times Win in thin pools), nor Win far above all others    |
| pool_growth     | 2      | since the poll before, Win and Place did not fall by more than refunds explain          |
| runner_growth   | 2      | since the poll before, no running runner lost more than the rounding of odds explains   |
| pool_size       | 3      | no total leapt or is out of proportion; Final dividends are there and were paid from it |
| runner_amounts  | 5      | every runner is listed and shows what it holds; all parts together are the pools        |
| odds_coverage   | 7      | every unscratched runner has fixed odds, and pool odds where there is a pool            |
| odds_values     | 5      | odds are 1 or more, place odds not above win odds, and win not absurdly above place     |
| odds_agreement  | 5      | pool odds keep within a factor of 4 of the fixed odds, the median ratio taken out       |
| win_identity    | 9      | inverse Win odds sum to 1.19 ± 0.09: what a take-out of 16 % leaves                      |
| place_identity  | 7      | inverse Place odds, per place paid, sum to 1.20 ± 0.14                                   |
| hold_sum        | 5      | hold percentages over all ids sum to 100 ± 6 (integer points of many pieces)            |
| bet_sum         | 4      | bet percentages likewise                                                                |
| tracker_known   | 3      | entrants that are no runners of the race hold at most 10 points                         |
| tracker_runners | 3      | every unscratched runner has hold and bet percentages from 0 to 100                     |
| field_counts    | 2      | field size and entrant count agree with the runners; numbers and ids are unique         |
| results         | 4      | placings and Win dividends agree with runners and odds; no product is paid no more      |
| freshness       | 4      | the answer was made at most 45 s before it came, and not in the future                  |
| set_aside       | 2      | no money of scratched runners is unrefunded or undecided, and no pool was called off    |
| left_out        | 6      | every member of the answer can be read                                                  |

Pools under $5,000 are judged leniently (twice the tolerance, five times under $1,000), and odds of an empty pool not
at all: single bets move them. Inside its tolerance a check of a sum scores 1 falling to 0.9, outside at most 0.5.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from raceday.racing import pool_checks
from raceday.racing.agreement import odds_agreement
from raceday.racing.evidence import (
    INSIDE,
    MAIN,
    OUTSIDE,
    THIN_CENTS,
    TINY_CENTS,
    Evidence,
    Finding,
    counted,
    leniency,
    names,
    summed,
)
from raceday.racing.records import Check
from raceday.racing.shares import at_floor, inverse, positions_paid
from raceday.racing.snapshot import Runner, Snapshot, Status

WEIGHTS: Mapping[str, int] = {
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
_WIN_BOOK, _WIN_TOLERANCE = 1.19, 0.09
_PLACE_BOOK, _PLACE_TOLERANCE = 1.20, 0.14
_SUM_TOLERANCE = 6.0
_UNKNOWN_POINTS = 10.0
# Fixed win odds above this many times the place odds, both less the stake, do not occur: 71 was met, 5 to 20 is usual.
_WIN_PER_PLACE = 100
_FRESH_SECS, _STALE_SECS, _AHEAD_SECS = 45.0, 300.0, 5.0


Rule = Callable[[Evidence], Finding | None]


def validate(evidence: Evidence) -> tuple[Check, ...]:
    """Run every check, in the order of WEIGHTS; one whose input was not there to be judged does not apply."""
    return tuple(_check(name, RULES[name](evidence)) for name in WEIGHTS)


def _check(name: str, found: Finding | None) -> Check:
    weight = float(WEIGHTS[name])
    if found is None:
        return Check(name, False, True, weight, 0.0, None, "")
    value = round(found.value, 4) if isinstance(found.value, float) else found.value
    return Check(name, True, found.ok, weight, round(found.score, 4), value, found.expected)


def _left_out(e: Evidence) -> Finding | None:
    """Name each member that could not be read, and what it takes of the answer's worth."""
    told = [left.field for left in e.snapshot.left_out]
    told += [f"status {e.snapshot.unknown_status}"] if e.snapshot.unknown_status else []
    if not told:
        return None
    lost = sum(left.weight for left in e.snapshot.left_out) + 0.1 * bool(e.snapshot.unknown_status)
    return Finding(False, max(0.0, 1 - lost), names(told), "every member can be read")


def _odds_coverage(e: Evidence) -> Finding | None:
    if not e.running:
        return None
    # A market that no runner has a price of is not open yet, or no more: nothing of it is missing.
    fixed = [kind for kind in ("fixed_win", "fixed_place") if any(getattr(r.odds, kind) for r in e.running)]
    wanted = fixed + [f"pool_{p}" for p in MAIN if e.cents(p) > TINY_CENTS]
    if not wanted:
        return None
    missing = [(r.number, kind) for r in e.running for kind in wanted if getattr(r.odds, kind) is None]
    # In a thin pool nobody may have backed a runner: it has no pool odds then, and nothing is missing.
    excused = [(n, k) for n, k in missing if k.startswith("pool_") and e.cents(k[5:]) < THIN_CENTS]
    figures = len(e.running) * len(wanted)
    gone = [f"{n} {k}" for n, k in missing if (n, k) not in excused or len(excused) * 2 > figures]
    found = counted(figures - len(gone), figures, f"missing {names(gone)}", "odds on every runner")
    if found.ok and excused:
        return Finding(
            True, 1 - (1 - INSIDE) * len(excused) / figures, f"thin pool lacks {len(excused)}", found.expected
        )
    return found


def _odds_values(e: Evidence) -> Finding | None:
    bad = [f"{r.number} {problem}" for r in e.running for problem in _odds_problems(e, r)]
    runners = len({text.split()[0] for text in bad})
    return counted(len(e.running) - runners, len(e.running), names(bad), "1 or more, place not above win")


def _odds_problems(e: Evidence, runner: Runner) -> list[str]:
    odds = runner.odds
    kinds = ("fixed_win", "fixed_place", "pool_win", "pool_place")
    found = [f"{kind} under 1" for kind in kinds if (value := getattr(odds, kind)) is not None and value < 1]
    if odds.fixed_win is not None and odds.fixed_place is not None:
        if odds.fixed_place > odds.fixed_win:
            found.append("fixed place above win")
        elif odds.fixed_place > 1 and odds.fixed_win - 1 > _WIN_PER_PLACE * (odds.fixed_place - 1):
            found.append("fixed win far above place")
    thick = min(e.cents("win"), e.cents("place")) >= THIN_CENTS
    if thick and odds.pool_win is not None and odds.pool_place is not None and odds.pool_place > odds.pool_win:
        found.append("pool place above win")
    return found


def _win_identity(e: Evidence) -> Finding | None:
    return _identity(e, "win", 1, _WIN_BOOK, _WIN_TOLERANCE)


def _place_identity(e: Evidence) -> Finding | None:
    paid = positions_paid(e.snapshot.positions_paid, len(e.running))
    return _identity(e, "place", paid, _PLACE_BOOK, _PLACE_TOLERANCE)


def _identity(e: Evidence, product: str, places: int, book: float, tolerance: float) -> Finding | None:
    """Sum inverse odds of all whose money the pool holds.

    A runner at the floor or without odds holds more than it shows: too small a sum proves nothing then, too large a
    one still does.
    """
    kind = f"pool_{product}"
    settled = e.settled(product)
    # Where it is undecided, one that shows no odds was made out of what they lack.
    held = {
        r.entrant_id
        for r in e.snapshot.runners
        if settled.unrefunded.get(r.entrant_id) and (settled.word != "undecided" or getattr(r.odds, kind))
    }
    odds = [getattr(r.odds, kind) for r in e.snapshot.runners if not r.scratched or r.entrant_id in held]
    # One that left the list while the pool holds its money shows no odds either.
    odds += [None] * _gone_with_money(e, product)
    if not any(odds) or e.cents(product) == 0:
        return None
    total, allowed = float(sum(inverse(o) for o in odds)) / places, tolerance * leniency(e.cents(product))
    if total <= book + allowed and any(o is None or at_floor(o) for o in odds):
        return None
    return summed(total, book, allowed)


def _gone_with_money(e: Evidence, product: str) -> int:
    """Count the runners that the answer lists no more, whose money the pool still holds."""
    listed = {r.entrant_id for r in e.snapshot.runners}
    return sum(cents > 0 and i not in listed for i, cents in e.settled(product).unrefunded.items())


def _hold_sum(e: Evidence) -> Finding | None:
    return _points(e, "hold")


def _bet_sum(e: Evidence) -> Finding | None:
    return _points(e, "bet")


def _points(e: Evidence, kind: str) -> Finding | None:
    tracker = e.snapshot.tracker
    if tracker is None or tracker.pieces == 0:
        return None
    unknown = tracker.unknown_hold if kind == "hold" else tracker.unknown_bet
    known = sum((getattr(r, f"{kind}_points") or Decimal(0) for r in e.snapshot.runners), Decimal(0))
    return summed(float(known + unknown), 100.0, _SUM_TOLERANCE)


def _tracker_known(e: Evidence) -> Finding | None:
    tracker = e.snapshot.tracker
    if tracker is None or tracker.pieces == 0:
        return None
    points = float(max(tracker.unknown_hold, tracker.unknown_bet))
    ok = points <= _UNKNOWN_POINTS
    score = 1 - (1 - INSIDE) * points / _UNKNOWN_POINTS if ok else OUTSIDE * max(0.0, 1 - points / 100)
    return Finding(ok, score, points, f"at most {_UNKNOWN_POINTS:g} points on ids that are no runners")


def _tracker_runners(e: Evidence) -> Finding | None:
    tracker = e.snapshot.tracker
    if tracker is None or tracker.pieces == 0 or not e.running:
        return None
    bad = [r.number for r in e.running if not (_percent(r.hold_points) and _percent(r.bet_points))]
    return counted(len(e.running) - len(bad), len(e.running), f"bad {names(bad)}", "0 to 100 on every runner")


def _percent(points: Decimal | None) -> bool:
    return points is not None and 0 <= points <= 100


def _field_counts(e: Evidence) -> Finding | None:
    s = e.snapshot
    problems = []
    if s.field_size is not None and s.field_size != len(e.running):
        problems.append(f"field size {s.field_size} of {len(e.running)}")
    if s.entrant_count is not None and s.entrant_count != len(s.runners):
        problems.append(f"entrants {s.entrant_count} of {len(s.runners)}")
    if len({r.number for r in s.runners}) != len(s.runners) or len({r.entrant_id for r in s.runners}) != len(s.runners):
        problems.append("repeated runner")
    if not s.runners:
        problems.append("no runners")
    return counted(4 - len(problems), 4, names(problems), "counts agree with the runners")


def _results(e: Evidence) -> Finding | None:
    s = e.snapshot
    if s.status not in (Status.INTERIM, Status.FINAL):
        return None
    problems = [problem for problem in (_placing_problem(s), _dividend_problem(s) or _withdrawn(e)) if problem]
    return counted(2 - len(problems), 2, names(problems), "placings and dividends that fit the runners and stay")


def _withdrawn(e: Evidence) -> str:
    """Name the products that a Final race paid at the poll before and pays no more."""
    if e.base is None or e.base.status is not Status.FINAL or e.snapshot.status is not Status.FINAL:
        return ""
    gone = (e.base.dividends or {}).keys() - {d.product for d in e.snapshot.dividends}
    return f"withdrawn {names(sorted(gone))}" if gone else ""


def _placing_problem(s: Snapshot) -> str:
    runners = {r.entrant_id: r for r in s.runners}
    if not any(p.position == 1 for p in s.placings):
        return "no winner"
    if any(p.entrant_id not in runners or runners[p.entrant_id].scratched for p in s.placings):
        return "placed entrant did not run"
    return "" if all(p.position > 0 for p in s.placings) else "position not above 0"


def _dividend_problem(s: Snapshot) -> str:
    winners = {p.number for p in s.placings if p.position == 1}
    wanted = s.status.value.lower()
    paid = [d for d in s.dividends if d.product == "win" and d.status.lower() == wanted]
    if not paid:
        # Provisional placings may come before provisional dividends.
        return "no Win dividend" if s.status is Status.FINAL else ""
    odds = [r.odds.pool_win for r in s.runners if r.number in winners and r.odds.pool_win]
    # A dead heat shares the pool, so only a single winner's dividend is its pool odds.
    if len(winners) == 1 and len(paid) == 1 and odds:
        amount, expected = paid[0].amount, odds[0]
        if abs(amount - expected) > max(Decimal("0.2"), expected / 10):
            return f"Win dividend {amount} for odds {expected}"
    return "" if all(d.amount > 0 for d in paid) else "Win dividend not above 0"


def _freshness(e: Evidence) -> Finding | None:
    age = (e.fetched_at - e.snapshot.generated_at).total_seconds()
    expected = f"-{_AHEAD_SECS:g}..{_FRESH_SECS:g} s"
    if -_AHEAD_SECS <= age <= _FRESH_SECS:
        return Finding(True, 1.0, age, expected)
    over = age - _FRESH_SECS if age > 0 else -age
    return Finding(False, OUTSIDE * max(0.0, 1 - over / _STALE_SECS), age, expected)


RULES: Mapping[str, Rule] = {
    "pool_products": pool_checks.pool_products,
    "pool_values": pool_checks.pool_values,
    "pool_dividends": pool_checks.pool_dividends,
    "pool_balance": pool_checks.pool_balance,
    "pool_growth": pool_checks.pool_growth,
    "runner_growth": pool_checks.runner_growth,
    "pool_size": pool_checks.pool_size,
    "runner_amounts": pool_checks.runner_amounts,
    "odds_coverage": _odds_coverage,
    "odds_values": _odds_values,
    "odds_agreement": odds_agreement,
    "win_identity": _win_identity,
    "place_identity": _place_identity,
    "hold_sum": _hold_sum,
    "bet_sum": _bet_sum,
    "tracker_known": _tracker_known,
    "tracker_runners": _tracker_runners,
    "field_counts": _field_counts,
    "results": _results,
    "freshness": _freshness,
    "set_aside": pool_checks.set_aside,
    "left_out": _left_out,
}
