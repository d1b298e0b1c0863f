"""Closing rows: the ledger's last word on a race that no poll will speak of again, its trailing gaps included."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from raceday.clock import iso
from raceday.container import Kept
from raceday.errors import RaceDayError, StoreConflict
from raceday.ledger import log as ledger
from raceday.racing.planning import Race, is_given_up, trailing_gaps
from raceday.racing.records import Gap, LedgerRow, RaceFacts
from raceday.racing.schedule import Intervals, given_up_at, request_slot
from raceday.racing.snapshot import Status
from raceday.scheduling.tick import Tick
from raceday.scheduling.waking import wake
from raceday.store.port import Op
from raceday.tables import RACES

# Races that need not be looked at again, and those whose missing re-checks are told.
CLOSED: Kept[set[str]] = Kept(set)
_TOLD: Kept[set[str]] = Kept(set)


async def close_races(tick: Tick, races: Sequence[Race], owed: Mapping[str, tuple[Gap, ...]], now: datetime) -> None:
    """Close what was given up or abandoned, and keep the re-checks that nobody made; each race by itself."""
    closed = tick.container.cache.of(CLOSED)
    closed &= {race.race_id for race in races}
    for race in races:
        ended = race.status.over or is_given_up(race, now)
        if ended and race.race_id not in closed and await _try(tick, race, (), now):
            closed.add(race.race_id)
    told = tick.container.cache.of(_TOLD)
    told &= owed.keys()
    for race_id, gaps in owed.items():
        if race_id not in told and await _try(tick, Race(race_id, now, Status.FINAL), gaps, now):
            told.add(race_id)


async def _try(tick: Tick, race: Race, owed: tuple[Gap, ...], now: datetime) -> bool:
    """Close a race where there is something to say; tells whether it need not be looked at again."""
    try:
        base = await ledger.newest(tick.container.store, race.race_id)
        if base is not None and base.kind != "closing" and base.slot >= request_slot(now):
            # A poll has this very instant's slot: the next minute has one of its own.
            return False
        row = closing_row(race, base, owed, tick.intervals, now)
        if row is not None:
            await _write(tick, row, changed=base is not None and base.status is not row.status)
            tick.report["closed"] = tick.report.get("closed", 0) + 1
            await wake(tick, race.race_id)
    except StoreConflict:
        # A poll or another scheduler was quicker: the next minute looks again.
        return False
    except RaceDayError as error:
        tick.fail(f"closing {race.race_id}", error)
        return False
    return True


def closing_row(
    race: Race, base: LedgerRow | None, owed: tuple[Gap, ...], intervals: Intervals, now: datetime
) -> LedgerRow | None:
    """Return the row that closes a race's ledger, None where there is nothing more to say.

    It shows the state of the row before it, with no poll of its own: no score, no checks and no calls. Of an abandoned
    race the pools that were called off before count again as they last stood.
    """
    slot = request_slot(now)
    if base is not None and base.kind == "closing":
        return None
    if owed and base is not None:
        return _after(base, base.status, slot, owed, now)
    if race.status.over:
        # Its meeting's list says Abandoned; a race that was never polled has no ledger to close.
        if base is None or base.status.over:
            return None
        if race.status is Status.ABANDONED and base.pools is not None:
            base = base._replace(pools=base.pools.as_abandoned())
        return _after(base, race.status, slot, trailing_gaps(base.start, base.status, intervals, base.slot, slot), now)
    end = given_up_at(race.start)
    gave_up = Gap(end, "given_up")
    if base is None:
        return _first(race, slot, (gave_up,), now)
    if base.status.over:
        return None
    skipped = trailing_gaps(base.start, base.status, intervals, base.slot, slot)
    return _after(base, base.status, slot, (*skipped, gave_up), now)


def _after(base: LedgerRow, status: Status, slot: datetime, gaps: tuple[Gap, ...], now: datetime) -> LedgerRow:
    return base._replace(
        n=base.n + 1,
        slot=slot,
        kind="closing",
        fetched_at=now,
        status=status,
        gaps=gaps,
        checks=(),
        score=None,
        feed_calls=0,
        feed_ms=0,
        store_ms=0,
        late_ms=0,
    )


def _first(race: Race, slot: datetime, gaps: tuple[Gap, ...], now: datetime) -> LedgerRow:
    return LedgerRow(
        race_id=race.race_id,
        meeting_id=race.meeting_id,
        n=1,
        slot=slot,
        kind="closing",
        fetched_at=now,
        generated_at=now,
        start=race.start,
        status=race.status,
        race=RaceFacts("", 0, "", "", ""),
        gaps=gaps,
        feed_calls=0,
    )


async def _write(tick: Tick, row: LedgerRow, *, changed: bool) -> None:
    stamp = iso(row.fetched_at)
    ops: list[Op] = []
    if changed:
        columns: dict[str, Any] = {"status": row.status.value, "lastStatusChange": stamp, "lastUpdated": stamp}
        if row.status is Status.ABANDONED:
            columns["abandonedAt"] = stamp
        ops.append(Op("update", RACES, row.race_id, columns))
    await ledger.append(tick.container.store, row, ops)
    tick.call.log.info(
        "race.closed", raceId=row.race_id, n=row.n, status=row.status.value, gaps=len(row.gaps), slot=iso(row.slot)
    )
