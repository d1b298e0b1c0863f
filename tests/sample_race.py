"""A believable race for tests: figures that agree with each other the way the feed's do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from raceday.racing.snapshot import Dividend, Odds, Placing, Pool, Runner, Snapshot, Status, Tracker

START = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
RACE_ID = "5f0b7a52-7d0e-4c11-9f39-1a6cf0a4b001"
MEETING_ID = "0c5a1a0e-4a3f-4f5e-8a77-2f1f6e6c9001"

# (number, win share in percent): what each runner holds of the pools.
_PARTS = ((1, 30), (2, 22), (3, 15), (4, 12), (5, 9), (6, 6), (7, 4), (8, 2))
_HOLD = (29, 21, 15, 12, 9, 6, 4, 2)
_BET = (28, 22, 16, 12, 9, 6, 4, 3)


def entrant_id(number: int) -> str:
    """Return the id of the sample race's runner with this number."""
    return f"9d3c1f10-0000-4000-8000-0000000000{number:02d}"


def _cents(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


def runner(number: int, part: int, hold: int, bet: int, **changes: Any) -> Runner:
    """Build one runner whose four odds follow from its share of the pool."""
    win = 100 / part
    odds = Odds(
        fixed_win=_cents(max(1.05, win / 1.25)),
        fixed_place=_cents(1 + max(0.04, (win / 1.25 - 1) / 5)),
        pool_win=_cents(max(1.04, win / 1.19)),
        pool_place=_cents(max(1.04, win / 3.6)),
    )
    fields: dict[str, Any] = {
        "entrant_id": entrant_id(number),
        "number": number,
        "name": f"Runner {number}",
        "barrier": number,
        "jockey": f"Rider {number}",
        "odds": odds,
        "hold_points": Decimal(hold),
        "bet_points": Decimal(bet),
    }
    return Runner(**(fields | changes))


def open_race(**changes: Any) -> Snapshot:
    """Build an Open race of eight runners with full pools and a tracker, five minutes before its start."""
    runners = tuple(runner(n, part, _HOLD[n - 1], _BET[n - 1]) for n, part in _PARTS)
    fields: dict[str, Any] = {
        "race_id": RACE_ID,
        "meeting_id": MEETING_ID,
        "meeting_name": "Awapuni",
        "name": "Maiden 1400",
        "number": 4,
        "status": Status.OPEN,
        "start": START,
        "generated_at": START - timedelta(minutes=5),
        "country": "NZ",
        "code": "T",
        "distance": 1400,
        "weather": "Fine",
        "track_condition": "Good4",
        "entrant_count": 8,
        "field_size": 8,
        "positions_paid": 3,
        "runners": runners,
        "pools": (
            Pool("win", 1_507_113),
            Pool("place", 690_529),
            Pool("quinella", 508_373),
            Pool("trifecta", 614_843),
            Pool("first4", 938_996),
            Pool("quadrella", 1_136_100, single_race=False),
        ),
        "tracker": Tracker(Decimal(100), Decimal(101), Decimal(2), Decimal(1), 60),
    }
    return Snapshot(**(fields | changes))


def final_race(**changes: Any) -> Snapshot:
    """Build the same race as Final: runner 2 won from 1 and 3."""
    race = open_race(status=Status.FINAL, generated_at=START + timedelta(minutes=6), actual_start=START)
    by_number = {r.number: r for r in race.runners}
    placings = tuple(
        Placing(position, number, entrant_id(number), by_number[number].name)
        for position, number in enumerate((2, 1, 3, 4, 5), start=1)
    )
    win = Dividend("win", "Pool Win", "Final", by_number[2].odds.pool_win or Decimal(1), 1_507_113, ((1, 2),))
    places = tuple(
        Dividend("place", "Pool Place", "Final", by_number[n].odds.pool_place or Decimal(1), 690_529, ((1, n),))
        for n in (2, 1, 3)
    )
    return race._replace(placings=placings, dividends=(win, *places), **changes)
