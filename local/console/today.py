"""The races of a day as the page lists them: those that need attention first, then by time to start."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from local.console.source import Source
from local.console.words import at
from raceday.racing.schedule import GIVE_UP_SECS, NEAR_FROM_SECS, Intervals, rechecks, slots_between
from raceday.racing.snapshot import Status
from raceday.store.port import Row

GOOD_SCORE = 80
OVERDUE = timedelta(minutes=15)
_AHEAD = timedelta(minutes=31)


@dataclass(frozen=True, slots=True)
class ListedRace:
    """One race of the list; instants are aware UTC, `missed` counts slots that passed without a committed poll."""

    id: str
    number: int
    name: str
    meeting: str
    country: str
    code: str
    start: datetime
    status: str
    over: bool
    last_poll: datetime | None
    next_poll: datetime | None
    score: int | None
    missed: int
    attention: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Return a short text that changes with whatever the list shows of the race, but for the passing of time."""
        return f"{zlib.crc32(repr(self).encode()):08x}"


@dataclass(frozen=True, slots=True)
class DayList:
    """A day's list in its three parts, and its sums."""

    day: date
    now: datetime
    attention: tuple[ListedRace, ...] = ()
    coming: tuple[ListedRace, ...] = ()
    finished: tuple[ListedRace, ...] = ()
    meetings: int = 0
    other_days: tuple[date, ...] = ()
    by_status: Mapping[str, int] = field(default_factory=dict)

    @property
    def races(self) -> int:
        """Return the number of races."""
        return len(self.attention) + len(self.coming) + len(self.finished)


def status_of(row: Row) -> Status | None:
    """Return a race row's status, None for a word that is not one."""
    try:
        return Status(row["status"])
    except ValueError:
        return None


def listed(race: Row, meeting: Row | None, poll: Row | None, now: datetime, intervals: Intervals) -> ListedRace:
    """Judge one race at an instant."""
    start, status = at(race["startTime"]), status_of(race)
    if start is None:
        raise ValueError(f"races/{race['$id']}: startTime: expected an instant")
    over = status is not None and status.over
    last_slot = at(poll["slot"]) if poll else None
    finished_at = at(race.get("finalizedAt") or race.get("abandonedAt"))
    missed = 0 if over else _missed(start, status, intervals, last_slot, now)
    score = poll.get("score") if poll else None
    return ListedRace(
        id=race["$id"],
        number=race["raceNumber"],
        name=race["name"],
        meeting=(meeting or {}).get("meetingName") or race.get("meetingId") or "",
        country=race.get("country") or "",
        code=race.get("type") or "",
        start=start,
        status=race["status"],
        over=over,
        last_poll=at(poll["fetchedAt"]) if poll else at(race.get("last_poll_time")),
        next_poll=_next(start, status, intervals, now, finished_at),
        score=score,
        missed=missed,
        attention=() if over else tuple(_reasons(start, status, last_slot, score, missed, now)),
    )


def _missed(start: datetime, status: Status | None, intervals: Intervals, last: datetime | None, now: datetime) -> int:
    after = max(last or start - timedelta(seconds=NEAR_FROM_SECS), now - timedelta(hours=2))
    return sum(
        slot.expires_at + timedelta(seconds=5) < now for slot in slots_between(start, status, intervals, after, now)
    )


def _next(
    start: datetime, status: Status | None, intervals: Intervals, now: datetime, finished_at: datetime | None
) -> datetime | None:
    if status is not None and status.over:
        return next((slot.at for slot in rechecks(finished_at) if slot.at > now), None)
    return next((slot.at for slot in slots_between(start, status, intervals, now, now + _AHEAD)), None)


def _reasons(
    start: datetime, status: Status | None, last: datetime | None, score: Any, missed: int, now: datetime
) -> list[str]:
    past = now - start
    if past.total_seconds() > GIVE_UP_SECS:
        return ["given up: it never finished"]
    reasons = []
    if past > OVERDUE:
        reasons.append(
            f"still {status.value if status else 'unknown'} {int(past.total_seconds() // 60)} min after its start"
        )
    if missed:
        reasons.append(f"{missed} slot{'s' if missed > 1 else ''} missed")
    elif last is None and now > start - timedelta(seconds=NEAR_FROM_SECS) + timedelta(minutes=5):
        reasons.append("never polled")
    if score is not None and score < GOOD_SCORE:
        reasons.append(f"quality {score}")
    return reasons


def arrange(races: Sequence[ListedRace], day: date, now: datetime, meetings: int, others: Sequence[date]) -> DayList:
    """Put judged races in the order of the page."""
    by_start = sorted(races, key=lambda r: (r.start, r.meeting, r.number))
    counts: dict[str, int] = {}
    for race in races:
        counts[race.status] = counts.get(race.status, 0) + 1
    return DayList(
        day=day,
        now=now,
        attention=tuple(r for r in by_start if r.attention),
        coming=tuple(r for r in by_start if not r.attention and not r.over),
        finished=tuple(reversed([r for r in by_start if r.over])),
        meetings=meetings,
        other_days=tuple(others),
        by_status=dict(sorted(counts.items())),
    )


async def read_day(source: Source, day: date | None = None) -> DayList:
    """Read a day's list; today, or the newest day that has races where today has none and none was asked for."""
    days = await source.days()
    chosen = day or (source.today() if source.today() in days or not days else days[0])
    now, intervals = source.now(), Intervals.of(source.settings)
    meetings, races = await source.meetings_of(chosen), await source.races_of(chosen)
    polls = await source.latest_polls([race["$id"] for race in races])
    found = [
        listed(race, meetings.get(race.get("meetingId") or ""), polls.get(race["$id"]), now, intervals)
        for race in races
    ]
    return arrange(found, chosen, now, len(meetings), [d for d in days if d != chosen])
