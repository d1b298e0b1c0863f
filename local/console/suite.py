"""The suite at work: what ran, what failed, which slots were kept, and what waits for an operator."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.console.activity import Invocation, Totals
from local.console.race import LATE_MS
from local.console.source import Source
from local.console.today import status_of
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
    gap_rows: tuple[tuple[datetime, str, str], ...] = ()
    minutes: tuple[Minute, ...] = ()
    quarantine: tuple[Row, ...] = ()
    notifications: tuple[Row, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def functions(self) -> list[tuple[str, Totals | None]]:
        """Return every function, busiest first, with what it did."""
        did = {total.function: total for total in self.totals}
        return [*did.items(), *((name, None) for name in NAMES if name not in did)]

    @property
    def busiest(self) -> int:
        """Return the most slots of one minute, at least one."""
        return max((m.total for m in self.minutes), default=0) or 1


async def read_suite(source: Source, *, whole: bool = False) -> Suite:
    """Read the suite's state; with `whole` all that its page shows."""
    now, state = source.now(), await source.state()
    ticks = [row for row in state if row["kind"] == "tick" and row.get("at")]
    ticked = max((t for row in ticks if (t := at(row["at"]))), default=None)
    # A store that nobody writes to any more is looked at as it was when its clock stopped.
    until = ticked + timedelta(minutes=1) if ticked and ticked < now - timedelta(hours=12) else now
    since = until - WINDOW
    rows = await source.slots_of(since, until)
    # A race's first row may tell of slots from long before this stretch.
    gap_rows = sorted((gap for gap in _gaps(rows) if gap[0] >= since), reverse=True)
    day = until - timedelta(hours=24)
    end = until + timedelta(seconds=1)
    return Suite(
        now=now,
        until=until,
        ticked=ticked,
        silent=ticked is None or now - ticked > SILENT,
        paused=tuple(row["name"] for row in state if row["kind"] == "pause" and row.get("status") == "paused"),
        imports=tuple(row for row in state if row["kind"] == "import"),
        totals=tuple(source.activity.totals(day, end)),
        failed=tuple(source.activity.latest(day, end, limit=25, failed_only=True)),
        work=tuple(recent_work(source, end)) if whole else (),
        hooks=tuple(source.hooks()) if source.hooks else None,
        gaps=tuple(Counter(cause for _, _, cause in gap_rows).most_common()),
        gap_rows=tuple(gap_rows[:50]),
        minutes=tuple(_minutes(rows, gap_rows, await _planned(source, until), since, until)) if whole else (),
        quarantine=tuple(await source.quarantine()) if whole else (),
        notifications=tuple(await source.notifications()) if whole else (),
        counts={"slots": len(rows), "late": sum(_late(row) for row in rows), "gaps": len(gap_rows)},
    )


def _late(row: Row) -> bool:
    return (row.get("lateMs") or 0) > LATE_MS and row.get("kind") in ("slot", "recheck")


def _gaps(rows: Sequence[Row]) -> list[tuple[datetime, str, str]]:
    """Return every gap that the rows tell of, as slot, race and cause."""
    found = []
    for row in rows:
        for gap in json.loads(row.get("gaps") or "[]"):
            slot = at(gap.get("slot"))
            if slot is not None:
                found.append((slot, str(row["raceId"]), str(gap.get("cause", ""))))
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
    gaps: Sequence[tuple[datetime, str, str]],
    planned: Sequence[datetime],
    since: datetime,
    until: datetime,
) -> list[Minute]:
    def floor(instant: datetime) -> datetime:
        return instant.replace(second=0, microsecond=0)

    late = Counter(floor(slot) for row in rows if (slot := at(row["slot"])) and _late(row))
    kept = Counter(floor(slot) for row in rows if (slot := at(row["slot"])) and not _late(row))
    lost, ahead = Counter(floor(slot) for slot, _, _ in gaps), Counter(map(floor, planned))
    whole = int((until + AHEAD - since).total_seconds() // 60)
    moments = [floor(since) + timedelta(minutes=i) for i in range(whole + 1)]
    return [Minute(m, kept[m], late[m], lost[m], ahead[m]) for m in moments]
