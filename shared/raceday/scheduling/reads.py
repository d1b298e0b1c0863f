"""The scheduler's queries: few columns, one call each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from appwrite.query import Query

from raceday.clock import instant, iso
from raceday.container import Container, Kept
from raceday.ledger import log as ledger
from raceday.racing.planning import Race
from raceday.racing.records import LedgerHead
from raceday.racing.schedule import RECHECK_MINUTES
from raceday.racing.snapshot import Status
from raceday.scheduling.following import OVERLAP, follow
from raceday.store.port import Row
from raceday.tables import RACES

# Races are given up six hours after their start; the rest is for a scheduler that stood still meanwhile.
BEHIND, AHEAD = timedelta(hours=18), timedelta(hours=27)
RECENT = timedelta(minutes=4)
# What is owed of a finished race has a quarter of an hour to be written after its last re-check, whatever fails.
OVER = timedelta(minutes=RECHECK_MINUTES[-1] + 15)
# A slot is polled up to a minute after its time, and committed a little later.
SLACK = timedelta(seconds=90)
# Longer than a minute and its jitter, shorter than two.
QUIET = timedelta(seconds=90)
# A race is Abandoned here before its ledger says so when its meeting's list was first to tell.
WATCHED = [status.value for status in Status if status is not Status.FINAL]
FINISHED = [status.value for status in Status if status.over]
Known = tuple[datetime, list[LedgerHead]]
# What was read, and when.
_OVER: Kept[Known | None] = Kept(lambda: None)
_RECENT: Kept[Known | None] = Kept(lambda: None)


async def races(container: Container, now: datetime) -> list[Race]:
    """Return the races that are not Final from the past hours to the next race day's end, in order of their starts."""
    since, until = now - BEHIND, now + AHEAD
    rows = await follow(
        container,
        RACES,
        [Query.equal("status", WATCHED), Query.between("startTime", iso(since), iso(until))],
        ("$id", "meetingId", "startTime", "status", "raceDateNz", "importedAt", "entrantsImportedAt"),
        # A race that has become Final has changed too.
        changes=[],
        keep=lambda row: row["status"] in WATCHED and since <= instant(row["startTime"]) <= until,
    )
    return sorted((_race(row) for row in rows), key=lambda race: (race.start, race.race_id))


def _race(row: Row) -> Race:
    imported = row.get("importedAt")
    return Race(
        race_id=row["$id"],
        start=instant(row["startTime"]),
        status=Status(row["status"]),
        imported_at=instant(imported) if imported else None,
        meeting_id=row.get("meetingId") or "",
        day=row.get("raceDateNz") or "",
        has_entrants=bool(row.get("entrantsImportedAt")),
    )


async def recent(container: Container, now: datetime, *, quiet: bool = False) -> list[LedgerHead]:
    """Return the ledger rows of the last minutes' slots, in order of slot.

    Where it is `quiet`, with nobody started for minutes, only callers poll: a look each second minute finds their rows.
    """
    known = container.cache.of(_RECENT)
    if quiet and known is not None and timedelta(0) <= now - known[0] < QUIET:
        return [row for row in known[1] if row.slot >= now - RECENT]
    if known is not None and timedelta(0) <= now - known[0] < RECENT - SLACK:
        new = await ledger.heads(container.store, now - RECENT, created_since=known[0] - OVERLAP)
        rows = {(row.race_id, row.n): row for row in (*known[1], *new) if row.slot >= now - RECENT}
    else:
        rows = {(row.race_id, row.n): row for row in await ledger.heads(container.store, now - RECENT)}
    found = sorted(rows.values(), key=lambda row: (row.slot, row.race_id))
    container.cache.keep(_RECENT, (now, found))
    return found


async def over(container: Container, now: datetime, rows: Sequence[LedgerHead]) -> list[LedgerHead]:
    """Return the ledger rows of finished races while re-checks may be due.

    Of a race whose last re-check is long past none is returned. A process that looked within the last minutes knows
    them already, but for those among the recent `rows`.
    """
    known = container.cache.of(_OVER)
    if known is not None and timedelta(0) <= now - known[0] < RECENT - SLACK:
        found = known[1] + [row for row in rows if row.status.over]
    else:
        found = await ledger.heads(container.store, now - OVER, FINISHED)
    unique = {(row.race_id, row.n): row for row in found if (row.finished_at or row.slot) >= now - OVER}
    kept = sorted(unique.values(), key=lambda row: (row.slot, row.race_id, row.n))
    container.cache.keep(_OVER, (now, kept))
    return kept
