"""Past race days that the feed still serves: meetings, races, runners, results, dividends and closing figures.

It is the code of imports and polls, one request a race. What it writes says so: a ledger row of kind `backfill`, which
no label is made of and nobody is alerted by, a version of the results seen by `backfill`, and a row of suite-state a
day. A race whose end is stored is left alone, so that a second run goes on where one was interrupted.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.catalogue.functions import AGGREGATOR
from raceday.clock import instant, iso
from raceday.container import Container
from raceday.errors import FeedNotFound, FilteredOut, PayloadError, RaceDayError
from raceday.ids import row_key
from raceday.importing.entrants import store_entrants
from raceday.importing.meetings import import_listed, listed_meetings
from raceday.importing.quarantine import keep
from raceday.importing.races import status_of, store_details
from raceday.importing.report import Report, stored_races
from raceday.ledger import log as ledger
from raceday.polling.changes import StoredState
from raceday.polling.outcome import Order
from raceday.polling.poll import next_row
from raceday.polling.results import with_history
from raceday.projections import race_pools
from raceday.racing.compose import PollContext
from raceday.racing.records import LedgerRow
from raceday.racing.schedule import given_up_at, request_slot
from raceday.racing.snapshot import Snapshot
from raceday.store.port import Row
from raceday.tables import ENTRANTS, RACE_RESULTS, RACES, SUITE_STATE

BACKFILL, DONE, OPEN = "backfill", "done", "open"
# What may become of a race, in the words of the day's row.
FILLED, KNOWN, POLLED, UNFINISHED, GONE, FILTERED = "filled", "known", "polled", "unfinished", "gone", "filtered"
_LONG_SECS = 3600.0
_AFTER = timedelta(seconds=15)


@dataclass(slots=True)
class FilledDay:
    """What became of one day: how many races of each kind, and what went wrong with which."""

    day: date
    races: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)
    listed: int = 0
    skipped: bool = False

    @property
    def whole(self) -> bool:
        """Tell whether another run would find nothing to do."""
        return not self.failures and self.listed > 0 and not self.races[POLLED]

    def __str__(self) -> str:
        """Return it as a line for people."""
        if self.skipped:
            return f"{self.day}: done before; --again looks at it anew"
        if not self.listed and not self.failures:
            return f"{self.day}: the feed lists no meeting"
        told = "  ".join(f"{what} {count}" for what, count in sorted(self.races.items()))
        return f"{self.day}: {told or 'no races'}" + (f"  failures {len(self.failures)}" if self.failures else "")


async def fill_day(
    container: Container, day: date, *, again: bool = False, told: Callable[[str], None] = lambda line: None
) -> FilledDay:
    """Fill one past day, race by race, each in whole commits; what fails is named and tried by the next run."""
    found = FilledDay(day)
    before = await container.store.get(SUITE_STATE, row_key(BACKFILL, day.isoformat()))
    if before is not None and before.get("status") == DONE and not again:
        found.skipped = True
        return found
    report = Report(day)
    try:
        listed, unreadable = await listed_meetings(container, day)
        found.listed = len(listed) + len(unreadable)
        await import_listed(container, listed, unreadable, report, _LONG_SECS)
        for row in await stored_races(container, day):
            found.races[await _try(container, row, report)] += 1
            told(f"{day} {row['$id']} {dict(found.races)}")
    except RaceDayError as error:
        report.fail(day.isoformat(), error)
    found.failures = report.failures
    found.races.pop("", None)
    await _note(container, found)
    return found


async def _try(container: Container, row: Row, report: Report) -> str:
    """Fill one race; gives what became of it, "" where it failed, which the report names."""
    try:
        return await _fill(container, row, report)
    except FeedNotFound:
        return GONE
    except FilteredOut:
        return FILTERED
    except PayloadError as error:
        await keep(container, error, row["$id"])
        report.fail(row["$id"], error)
    except RaceDayError as error:
        report.fail(row["$id"], error)
    return ""


async def _fill(container: Container, row: Row, report: Report) -> str:
    race_id, now = str(row["$id"]), container.clock.now()
    base = await ledger.newest(container.store, race_id)
    if await _is_known(container, race_id, base):
        if base is not None and base.kind == BACKFILL:
            # A run that ended just behind its commit has not come to what is made of it.
            await _project(container, race_id)
        return KNOWN
    if given_up_at(base.start if base else instant(row["startTime"])) >= now:
        # The pollers are still at it.
        return POLLED
    watch = container.clock.monotonic()
    snapshot = await container.feed.event(race_id, status_of(row))
    feed_ms = round((container.clock.monotonic() - watch) * 1000)
    slot = slot_of(snapshot, base)
    if slot >= now:
        return POLLED
    await store_details(container, snapshot, row, report)
    stored = await container.store.get(RACES, race_id) or row
    await store_entrants(container, snapshot, stored, report, sighted=False)
    if not snapshot.status.over:
        return UNFINISHED
    await _append(container, snapshot, base, slot, feed_ms)
    await _project(container, race_id)
    return FILLED


async def _project(container: Container, race_id: str) -> None:
    """Bring pool totals and closing prices up to a race's ledger and results."""
    now_secs = container.clock.now().timestamp()
    call = Call(AGGREGATOR.name, {"raceId": race_id}, BACKFILL, now_secs + _LONG_SECS, container.clock, container.log)
    await race_pools.handle(container, call)


async def _is_known(container: Container, race_id: str, base: LedgerRow | None) -> bool:
    """Tell whether a race's end is stored: in its ledger, or in its results where the ledger was pruned since."""
    if base is not None:
        return base.status.over
    results = await container.store.get(RACE_RESULTS, race_id, select=("resultStatus",))
    return results is not None and results["resultStatus"] == "final"


def slot_of(snapshot: Snapshot, base: LedgerRow | None) -> datetime:
    """Return the instant by which nobody polled the race any more, after its newest row."""
    slot = request_slot(given_up_at(snapshot.start))
    return slot if base is None else max(slot, request_slot(base.slot) + _AFTER)


async def _append(
    container: Container, snapshot: Snapshot, base: LedgerRow | None, slot: datetime, feed_ms: int
) -> None:
    """Append the row that tells how the race ended, in one commit with its results."""
    race_id, now = snapshot.race_id, container.clock.now()
    known = StoredState(ledger=base)
    if base is None:
        found = await container.store.find(ENTRANTS, [Query.equal("raceId", [race_id])])
        race = await container.store.get(RACES, race_id) or {}
        known = StoredState(race=race, entrants={row["$id"]: row for row in found})
    occasion = PollContext(slot, BACKFILL, now, feed_calls=1, feed_ms=feed_ms, store_ms=0, late_ms=0)
    line, change = next_row(container, Order(race_id, slot, BACKFILL), snapshot, occasion, known)
    change = await with_history(container, change, now, BACKFILL, min(now, slot))
    await ledger.append(container.store, line, change.ops)


async def _note(container: Container, found: FilledDay) -> None:
    data: Mapping[str, Any] = {"listed": found.listed, **found.races, "failures": found.failures[:20]}
    row = {
        "kind": BACKFILL,
        "name": found.day.isoformat(),
        "status": DONE if found.whole else OPEN,
        "at": iso(container.clock.now()),
        "data": json.dumps(data),
    }
    await container.store.upsert(SUITE_STATE, row_key(BACKFILL, found.day.isoformat()), row)
