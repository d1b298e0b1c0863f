"""From one answer of the feed to one ledger row: lines per runner, totals, checks and score."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from raceday.racing.records import Digests, Gap, LedgerRow, PoolTotals, RaceFacts, RunnerLine
from raceday.racing.score import score
from raceday.racing.shares import (
    PLACE_BOOK,
    WIN_BOOK,
    amounts,
    normalised_points,
    pool_shares,
    positions_paid,
)
from raceday.racing.snapshot import Runner, Snapshot, Status
from raceday.racing.validation import Evidence, dividend_pools, validate

NO_DIGESTS = Digests()


class PollContext(NamedTuple):
    """When and why one poll was made; durations are milliseconds."""

    slot: datetime
    kind: str
    fetched_at: datetime
    feed_calls: int = 1
    feed_ms: int = 0
    store_ms: int = 0
    late_ms: int = 0


def compose(
    snapshot: Snapshot,
    base: LedgerRow | None,
    occasion: PollContext,
    status: Status,
    *,
    gaps: tuple[Gap, ...] = (),
    digests: Digests = NO_DIGESTS,
    made: tuple[RunnerLine, ...] | None = None,
) -> LedgerRow:
    """Make the row that follows `base` in the race's ledger; `status` is the one decided on, `made` its lines."""
    made = lines(snapshot) if made is None else made
    checks = validate(Evidence(snapshot, made, base, occasion.fetched_at))
    return LedgerRow(
        race_id=snapshot.race_id,
        meeting_id=snapshot.meeting_id,
        n=base.n + 1 if base else 1,
        slot=occasion.slot,
        kind=occasion.kind,
        fetched_at=occasion.fetched_at,
        generated_at=snapshot.generated_at,
        start=snapshot.start,
        status=status,
        race=facts(snapshot),
        pools=pool_totals(snapshot),
        runners=made,
        checks=checks,
        gaps=gaps,
        digests=digests,
        dividends=dividend_pools(snapshot, final_only=True) or None,
        score=score(checks),
        feed_calls=occasion.feed_calls,
        feed_ms=occasion.feed_ms,
        store_ms=occasion.store_ms,
        late_ms=occasion.late_ms,
    )


def facts(snapshot: Snapshot) -> RaceFacts:
    """Return what the event functions need of the race itself."""
    return RaceFacts(
        name=snapshot.name,
        number=snapshot.number,
        meeting_name=snapshot.meeting_name,
        country=snapshot.country,
        code=snapshot.code,
        actual_start=snapshot.actual_start,
        positions_paid=snapshot.positions_paid,
    )


def pool_totals(snapshot: Snapshot) -> PoolTotals | None:
    """Return the totals by product, single-race and multi-leg ones apart; None where the feed lists no pools at all."""
    if snapshot.pools is None:
        return None
    single: dict[str, int] = {}
    multi: dict[str, int] = {}
    for pool in snapshot.pools:
        if pool.single_race:
            single.setdefault(pool.product, pool.total_cents)
        else:
            # A race can be a leg of two doubles at once.
            multi[pool.product] = multi.get(pool.product, 0) + pool.total_cents
    return PoolTotals(single, multi)


def lines(snapshot: Snapshot) -> tuple[RunnerLine, ...]:
    """Return one line per runner in the order of their numbers, with amounts that sum to the Win and Place pools."""
    runners = sorted(snapshot.runners, key=lambda r: (r.number, r.entrant_id))
    running = [r for r in runners if not r.scratched]
    hold = normalised_points({r.entrant_id: r.hold_points for r in running})
    bet = normalised_points({r.entrant_id: r.bet_points for r in running})
    places = positions_paid(snapshot.positions_paid, len(running))
    win = pool_shares(runners, {r.entrant_id: r.odds.pool_win for r in running}, WIN_BOOK)
    place = pool_shares(runners, {r.entrant_id: r.odds.pool_place for r in running}, PLACE_BOOK * places)
    win_money = amounts(runners, win, snapshot.pool_cents("win"))
    place_money = amounts(runners, place, snapshot.pool_cents("place"))
    return tuple(
        RunnerLine(
            entrant_id=r.entrant_id,
            number=r.number,
            name=r.name,
            scratched=r.scratched,
            fixed_win=r.odds.fixed_win,
            fixed_place=r.odds.fixed_place,
            pool_win=r.odds.pool_win,
            pool_place=r.odds.pool_place,
            hold=_of(hold, r),
            bet=_of(bet, r),
            win_cents=win_money[r.entrant_id][0],
            place_cents=place_money[r.entrant_id][0],
            win_source=win_money[r.entrant_id][1],
            place_source=place_money[r.entrant_id][1],
        )
        for r in runners
    )


def _of(points: Mapping[str, Decimal] | None, runner: Runner) -> Decimal | None:
    return None if points is None else points.get(runner.entrant_id, Decimal(0))
