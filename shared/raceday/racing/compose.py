"""From one answer of the feed to one ledger row: lines per runner, totals, checks and score."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from raceday.racing.evidence import Evidence
from raceday.racing.holders import SHARED, holders
from raceday.racing.leaps import unlikely
from raceday.racing.pools import dividend_pools, totals
from raceday.racing.records import Digests, Gap, LedgerRow, PoolTotals, RaceFacts, RunnerLine, Settlement
from raceday.racing.score import score
from raceday.racing.shares import normalised_points
from raceday.racing.snapshot import Odds, Runner, Snapshot, Status
from raceday.racing.validation import validate

# Names a whole runner that nobody could read, or all of them; one odd figure hides nobody.
_A_RUNNER = re.compile(r"runners(\[\d+\])?")
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


class Figures(NamedTuple):
    """What one answer comes to: a line per runner, in the order of their numbers, and the pools."""

    lines: tuple[RunnerLine, ...]
    pools: PoolTotals | None


def compose(
    snapshot: Snapshot,
    base: LedgerRow | None,
    occasion: PollContext,
    status: Status,
    *,
    gaps: tuple[Gap, ...] = (),
    digests: Digests = NO_DIGESTS,
    made: Figures | None = None,
) -> LedgerRow:
    """Make the row that follows `base` in the race's ledger; `status` is the one decided on, `made` its figures."""
    made = figures(snapshot, base, status) if made is None else made
    checks = validate(Evidence(snapshot, made.lines, base, occasion.fetched_at, made.pools))
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
        pools=made.pools,
        runners=made.lines,
        checks=checks,
        gaps=gaps,
        digests=digests,
        dividends=dividend_pools(snapshot, final_only=True) or None,
        score=score(checks, made.pools),
        feed_calls=occasion.feed_calls,
        feed_ms=occasion.feed_ms,
        store_ms=occasion.store_ms,
        late_ms=occasion.late_ms,
        finished_at=finish(base, status, occasion.slot),
    )


def finish(base: LedgerRow | None, status: Status, slot: datetime) -> datetime | None:
    """Return the slot that first saw a race over: this one, or the one that the row before names.

    A race that the scheduler closed by its meeting's list has none, for no poll saw it.
    """
    if not status.over:
        return None
    return base.finished_at if base is not None and base.status.over else slot


def held_row(base: LedgerRow, snapshot: Snapshot, occasion: PollContext, gaps: tuple[Gap, ...]) -> LedgerRow:
    """Make the row of an older picture of a finished race: it repeats the figures of `base` and says held."""
    return base._replace(
        n=base.n + 1,
        slot=occasion.slot,
        kind=occasion.kind,
        fetched_at=occasion.fetched_at,
        generated_at=snapshot.generated_at,
        gaps=gaps,
        feed_calls=occasion.feed_calls,
        feed_ms=occasion.feed_ms,
        store_ms=occasion.store_ms,
        late_ms=occasion.late_ms,
        held=True,
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


def figures(snapshot: Snapshot, base: LedgerRow | None, status: Status, listed: Sequence[Runner] = ()) -> Figures:
    """Return lines and pools: amounts and what stands on no runner sum to the Win and Place pools.

    `listed` are the runners that were known before a race's first row.
    """
    former = [_as_runner(line) for line in base.runners] if base else listed
    runners = sorted((*snapshot.runners, *_absent(snapshot, former)), key=lambda r: (r.number, r.entrant_id))
    pools = totals(snapshot, base.pools if base else None, status)
    running = [r for r in runners if not r.scratched]
    hold = normalised_points({r.entrant_id: r.hold_points for r in running})
    bet = normalised_points({r.entrant_id: r.bet_points for r in running})
    money = holders(runners, snapshot, pools, base)
    win, place = (money[product] for product in SHARED)
    lines = tuple(
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
            win_cents=win.cents[r.entrant_id][0],
            place_cents=place.cents[r.entrant_id][0],
            win_source=win.cents[r.entrant_id][1],
            place_source=place.cents[r.entrant_id][1],
        )
        for r in runners
    )
    settled = {p: m.settlement for p, m in zip(SHARED, (win, place), strict=True) if m.settlement != Settlement()}
    if pools is None:
        return Figures(lines, None)
    leapt = unlikely(pools, lines, base, snapshot)
    return Figures(lines, pools._replace(settled=settled, unlikely=leapt))


def _absent(snapshot: Snapshot, former: Sequence[Runner]) -> list[Runner]:
    """Return the runners known before that the answer lacks.

    One that left the list for good is scratched. Where the answer has members that nobody can read, or no runner at
    all, whoever is missing may be among them, and stays as he was.
    """
    here = {r.entrant_id for r in snapshot.runners}
    gone = [r for r in former if r.entrant_id not in here]
    if not snapshot.runners or any(_A_RUNNER.fullmatch(left.field) for left in snapshot.left_out):
        return gone
    return [r._replace(scratched=True, odds=Odds(), hold_points=None, bet_points=None) for r in gone]


def _as_runner(line: RunnerLine) -> Runner:
    odds = Odds(line.fixed_win, line.fixed_place, line.pool_win, line.pool_place)
    return Runner(
        line.entrant_id,
        line.number,
        line.name,
        scratched=line.scratched,
        odds=odds,
        hold_points=line.hold,
        bet_points=line.bet,
    )


def _of(points: Mapping[str, Decimal] | None, runner: Runner) -> Decimal | None:
    return None if points is None else points.get(runner.entrant_id, Decimal(0))
