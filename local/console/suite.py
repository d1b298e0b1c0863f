"""The suite at work: what ran, what failed, which slots were kept, and what waits for an operator."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.console.activity import Invocation, Totals
from local.console.missing import UNTOLD, KnownCauses, MissedSlot
from local.console.race import LATE_MS
from local.console.source import Source
from local.console.today import DayList, status_of
from local.console.trace import Work, recent_work
from local.console.words import at
from raceday.catalogue.functions import NAMES
from raceday.racing.schedule import Intervals, slots_between
from raceday.store.port import Row

WINDOW = timedelta(hours=1)
AHEAD = timedelta(minutes=15)
SILENT = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the timeline, with its slots by what became of them."""

    at: datetime
    on_time: int = 0
    late: int = 0
    gap: int = 0
    planned: int = 0

    @property
    def total(self) -> int:
        """Return all of the minute's slots."""
        return self.on_time + self.late + self.gap + self.planned


@dataclass(frozen=True, slots=True)
class Spent:
    """What each poll of the last hour took, in milliseconds: from its slot, by the feed, and by reads of the store."""

    late_ms: tuple[int, ...] = ()
    feed_ms: tuple[int, ...] = ()
    store_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything the suite's page shows; `until` is the present, or the end of what an old store holds."""

    now: datetime
    until: datetime
    ticked: datetime | None
    silent: bool
    paused: tuple[str, ...] = ()
    imports: tuple[Row, ...] = ()
    totals: tuple[Totals, ...] = ()
    failed: tuple[Invocation, ...] = ()
    work: tuple[Work, ...] = ()
    hooks: tuple[dict[str, Any], ...] | None = None
    gaps: tuple[tuple[str, int], ...] = ()
    gap_rows: tuple[MissedSlot, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    minutes: tuple[Minute, ...] = ()
    quarantine: tuple[Row, ...] = ()
    notifications: tuple[Row, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)

    @property
    def functions(self) -> list[tuple[str, Totals | None]]:
        """Return every function, busiest first, with what it did."""
        did = {total.function: total for total in self.totals}
        return [*did.items(), *((name, None) for name in NAMES if name not in did)]

    @property
    def refused(self) -> int:
        """Return how many calls were refused in the last 24 hours for a fault of the caller."""
        return sum(total.refused for total in self.totals)

    @property
    def busiest(self) -> int:
        """Return the most slots of one minute, at least one."""
        return max((m.total for m in self.minutes), default=0) or 1


async def read_suite(source: Source, day: DayList, *, whole: bool = False) -> Suite:
    """Read the suite's state; with `whole` all that its page shows.

    Lost are the slots that the ledger tells as lost, and those of `day` that no row tells of yet.
    """
    now, state = source.now(), await source.state()
    ticks = [row for row in state if row["kind"] == "tick" and row.get("at")]
    ticked = max((t for row in ticks if (t := at(row["at"]))), default=None)
    # A store that nobody writes to any more is looked at as it was when its clock stopped.
    until = ticked + timedelta(minutes=1) if ticked and ticked < now - timedelta(hours=12) else now
    since = until - WINDOW
    rows = await source.slots_of(since, until)
    # A race's first row may tell of slots from long before this stretch.
    lost = _gaps(rows, await source.told())
    told = {(gap.slot, gap.race) for gap in lost}
    lost += [each for each in day.missing if (each.slot, each.race) not in told and each.slot < until]
    gap_rows = sorted((gap for gap in lost if gap.slot >= since), reverse=True)
    yesterday = until - timedelta(hours=24)
    end = until + timedelta(seconds=1)
    return Suite(
        now=now,
        until=until,
        ticked=ticked,
        silent=ticked is None or now - ticked > SILENT,
        paused=tuple(row["name"] for row in state if row["kind"] == "pause" and row.get("status") == "paused"),
        imports=tuple(row for row in state if row["kind"] == "import"),
        totals=tuple(source.activity.totals(yesterday, end)),
        failed=tuple(source.activity.latest(yesterday, end, limit=25, failed_only=True)),
        work=tuple(recent_work(source, end)) if whole else (),
        hooks=tuple(source.hooks()) if source.hooks else None,
        gaps=tuple(Counter(gap.cause or UNTOLD.replace(" ", "_") for gap in gap_rows).most_common()),
        gap_rows=tuple(gap_rows[:50]),
        names={race.id: f"{race.meeting} R{race.number}" for race in (*day.attention, *day.coming, *day.finished)},
        minutes=tuple(_minutes(rows, gap_rows, await _planned(source, until), since, until)) if whole else (),
        quarantine=tuple(await source.quarantine()) if whole else (),
        notifications=tuple(await source.notifications()) if whole else (),
        spent=_spent(rows),
        counts={"slots": len(rows), "late": sum(_late(row) for row in rows), "gaps": len(gap_rows)},
    )


def _spent(rows: Sequence[Row]) -> Spent:
    polled = [row for row in rows if row.get("kind") in ("slot", "recheck")]
    late, feed, store = (tuple(int(row.get(key) or 0) for row in polled) for key in ("lateMs", "feedMs", "storeMs"))
    return Spent(late, feed, store)


def _late(row: Row) -> bool:
    return (row.get("lateMs") or 0) > LATE_MS and row.get("kind") in ("slot", "recheck")


def _gaps(rows: Sequence[Row], told: KnownCauses) -> list[MissedSlot]:
    """Return every gap that the rows tell of."""
    found = []
    for row in rows:
        for gap in json.loads(row.get("gaps") or "[]"):
            slot = at(gap.get("slot"))
            if slot is not None:
                race = str(row["raceId"])
                found.append(MissedSlot(slot, race, told.cause(race, slot, str(gap.get("cause", "")))))
    return found


async def _planned(source: Source, until: datetime) -> list[datetime]:
    intervals = Intervals.of(source.settings)
    found: list[datetime] = []
    for race in await source.races_of(source.today()):
        start, status = at(race["startTime"]), status_of(race)
        if start is not None and not (status is not None and status.over):
            found += [slot.at for slot in slots_between(start, status, intervals, until, until + AHEAD)]
    return found


def _minutes(
    rows: Sequence[Row],
    gaps: Sequence[MissedSlot],
    planned: Sequence[datetime],
    since: datetime,
    until: datetime,
) -> list[Minute]:
    def floor(instant: datetime) -> datetime:
        return instant.replace(second=0, microsecond=0)

    late = Counter(floor(slot) for row in rows if (slot := at(row["slot"])) and _late(row))
    kept = Counter(floor(slot) for row in rows if (slot := at(row["slot"])) and not _late(row))
    lost, ahead = Counter(floor(gap.slot) for gap in gaps), Counter(map(floor, planned))
    whole = int((until + AHEAD - since).total_seconds() // 60)
    moments = [floor(since) + timedelta(minutes=i) for i in range(whole + 1)]
    return [Minute(m, kept[m], late[m], lost[m], ahead[m]) for m in moments]
