"""Ledgers written by hand for tests: rows at given minutes to the start, with given money."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from raceday.racing.records import Gap, LedgerRow, PoolTotals, RaceFacts, RunnerLine
from raceday.racing.snapshot import Status

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def runner(key: str, win: int, place: int = 0, *, odds: str | None = "5.0", scratched: bool = False) -> RunnerLine:
    """Return one runner's line with its amounts in cents."""
    return RunnerLine(
        key, int(key[1:]), f"Runner {key}", scratched=scratched, win_cents=win, place_cents=place,
        fixed_win=Decimal(odds) if odds else None, win_source="pool_odds", place_source="pool_odds",
    )  # fmt: skip


def tote_odds(cents: Mapping[str, int], key: str, places: int = 1) -> Decimal | None:
    """Return the odds that the tote shows for one runner's part of a pool: tenths, rounded down, None without money."""
    if cents[key] <= 0:
        return None
    tenths = sum(cents.values()) * 845 // (100 * cents[key] * places)
    return Decimal(max(10, tenths)) / 10


def poll(
    n: int,
    minutes: float,
    wins: Mapping[str, int],
    *,
    status: Status = Status.OPEN,
    start: datetime = START,
    gaps: tuple[Gap, ...] = (),
    kind: str = "slot",
    pools: bool = True,
    odds: Mapping[str, str] | None = None,
    scratched: frozenset[str] = frozenset(),
) -> LedgerRow:
    """Return the poll made `minutes` before `start`; each runner has half its Win money on Place."""
    slot = start - timedelta(minutes=minutes)
    lines = tuple(
        runner(key, cents, cents // 2, odds=(odds or {}).get(key, "5.0"), scratched=key in scratched)._replace(
            pool_win=tote_odds(wins, key), pool_place=tote_odds(wins, key)
        )
        for key, cents in wins.items()
    )
    totals = PoolTotals({"win": sum(wins.values()), "place": sum(line.place_cents or 0 for line in lines)})
    return LedgerRow(
        race_id="race-1",
        meeting_id="meeting-1",
        n=n,
        slot=slot,
        kind=kind,
        fetched_at=slot,
        generated_at=slot,
        start=start,
        status=status,
        race=RaceFacts("Maiden", 3, "Otaki", "NZ", "T"),
        pools=totals if pools else None,
        runners=lines,
        gaps=gaps,
    )
