"""What the timeline must hold, worked out anew from the market as it was served; shares no code with the tracker."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor

from local.feedsim import MarketState
from raceday.store.port import Row

ENDS = ("Interim", "Final", "Abandoned")
LABEL_TYPE = "bucketed_aggregation"
WIN_BOOK, PLACE_BOOK, EXPLAINED = Fraction(119, 100), Fraction(6, 5), Fraction(97, 100)


@dataclass(frozen=True, slots=True)
class Answer:
    """One committed poll as the market stood when it was served; `closed_as` overrides the status of a closing row."""

    slot: datetime
    state: MarketState
    places: int = 3
    closed_as: str = ""

    @property
    def status(self) -> str:
        """Return the status that the suite knew after this poll."""
        return self.closed_as or self.state.status


@dataclass(frozen=True, slots=True)
class Money:
    """One runner's cents at a label, and their growth since the label before."""

    win: int
    place: int
    win_growth: int
    place_growth: int


Key = tuple[str, str, int]


def label_at(start: datetime, slot: datetime) -> int | None:
    """Return the column that an instant belongs to: the last one at or after it counted back from the start."""
    left = int((start - slot).total_seconds())
    if left > 3600:
        return None
    return left // 60 if left < 300 else left // 300 * 5


def columns(answers: Sequence[Answer]) -> list[tuple[int, Answer]]:
    """Return the columns of one race in order, each with the answer that it shows."""
    found: list[tuple[int, Answer]] = []
    written: set[int] = set()
    closed_label: int | None = None
    is_closed = False
    for i, answer in enumerate(answers):
        label = label_at(answer.state.advertised_start, answer.slot)
        if answer.status != "Open" and not is_closed:
            is_closed, closed_label = True, label
        ends = answer.status in ENDS
        if label is not None and (ends or _last_of(label, answers, i)) and label not in written:
            moved = not found or _pools(found[-1][1].state) != _pools(answer.state)
            if not is_closed or label == closed_label or moved:
                found.append((label, answer))
                written.add(label)
        if ends:
            break
    return found


def _last_of(label: int, answers: Sequence[Answer], i: int) -> bool:
    """Tell whether an answer is the last one of its column: exactly on it, or the race went on past it."""
    answer = answers[i]
    left = (answer.state.advertised_start - answer.slot).total_seconds()
    if left == label * 60:
        return True
    if i + 1 == len(answers):
        return False
    after = label_at(answers[i + 1].state.advertised_start, answers[i + 1].slot)
    # A start put back takes the column away before it was reached.
    return after is not None and after < label


def _pools(state: MarketState) -> tuple[Mapping[str, int], Mapping[str, int]]:
    return state.pools, state.multi_leg


def split(total: int, parts: Sequence[Fraction]) -> list[int]:
    """Share out cents by parts of 1, what is left over going to the largest remainders."""
    shares = [total * part for part in parts]
    cents = [floor(share) for share in shares]
    order = sorted(range(len(parts)), key=lambda i: (cents[i] - shares[i], i))
    for i in order[: total - sum(cents)]:
        cents[i] += 1
    return cents


def amounts(answer: Answer, product: str) -> dict[str, int]:
    """Return each runner's cents in one pool, from the odds and holds that were served."""
    state = answer.state
    total = state.pools.get(product, 0)
    running = sorted((r for r in state.runners if not r.scratched), key=lambda r: r.number)
    odds = [r.pool_win if product == "win" else r.pool_place for r in running]
    book = WIN_BOOK if product == "win" else PLACE_BOOK * answer.places
    parts = _parts([Fraction(str(o)) if o else None for o in odds], [r.hold_points for r in running], book)
    cents = split(total, parts) if parts and total else [0] * len(running)
    return {r.entrant_id: 0 for r in state.runners} | {
        r.entrant_id: part for r, part in zip(running, cents, strict=True)
    }


def _parts(odds: Sequence[Fraction | None], holds: Sequence[int], book: Fraction) -> list[Fraction]:
    inverse = [1 / o if o else Fraction(0) for o in odds]
    known = sum(inverse)
    if not known:
        whole = sum(holds)
        return [Fraction(hold, whole) for hold in holds] if whole else []
    rest = sum(hold for hold, value in zip(holds, inverse, strict=True) if not value)
    explained = min(Fraction(1), known / book)
    left = 1 - explained if rest and explained < EXPLAINED else Fraction(0)
    return [
        (1 - left) * value / known if value else left * Fraction(hold, rest) if left else Fraction(0)
        for hold, value in zip(holds, inverse, strict=True)
    ]


def expected_rows(race_id: str, answers: Sequence[Answer]) -> dict[Key, Money]:
    """Return every row that one race's timeline must hold."""
    found: dict[Key, Money] = {}
    before: tuple[dict[str, int], dict[str, int]] | None = None
    for label, answer in columns(answers):
        win, place = amounts(answer, "win"), amounts(answer, "place")
        for runner in answer.state.runners:
            i = runner.entrant_id
            if before is None:
                growth = (win[i], place[i]) if label == 60 else (0, 0)
            else:
                growth = (win[i] - before[0].get(i, 0), place[i] - before[1].get(i, 0))
            found[race_id, i, label] = Money(win[i], place[i], *growth)
        before = (win, place)
    return found


def is_label_row(row: Row) -> bool:
    """Tell whether a row of money-flow-history is one of a column, not a refresh between two."""
    interval = row["timeInterval"]
    return row["type"] == LABEL_TYPE and interval is not None and (interval <= 5 or interval % 5 == 0)


def compare(expected: Mapping[Key, Money], rows: Iterable[Row]) -> dict[str, int | list[str]]:
    """Count rows written, lost, doubled and wrong; a cent that fell to the neighbour of equal remainder is right."""
    counts: dict[Key, int] = {}
    wrong: list[str] = []
    for row in rows:
        key = (row["raceId"], row["entrantId"], int(row["timeInterval"]))
        counts[key] = counts.get(key, 0) + 1
        money = expected.get(key)
        if money is None:
            wrong.append(f"{key}: not expected")
        elif not _right(money, row):
            wrong.append(f"{key}: expected {money}, got {_shown(row)}")
    return {
        "expected": len(expected),
        "written": len(counts.keys() & expected.keys()),
        "lost": len(expected.keys() - counts.keys()),
        "duplicate": sum(count - 1 for count in counts.values()),
        "wrong": len(wrong),
        "examples": sorted(wrong)[:5] + sorted(f"{key}: lost" for key in expected.keys() - counts.keys())[:5],
    }


def _right(money: Money, row: Row) -> bool:
    there = _shown(row)
    return (
        abs(money.win - there.win) <= 1
        and abs(money.place - there.place) <= 1
        and abs(money.win_growth - there.win_growth) <= 2
        and abs(money.place_growth - there.place_growth) <= 2
    )


def _shown(row: Row) -> Money:
    return Money(
        row["winPoolAmount"], row["placePoolAmount"], row["incrementalWinAmount"], row["incrementalPlaceAmount"]
    )
