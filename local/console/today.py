"""The races of a day as the page lists them: those that need attention first, then by time to start."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from local.console.missing import NOTHING_TOLD, KnownCauses, MissedSlot, causes_of, missing_slots
from local.console.source import Source
from local.console.words import at, clock_nz, many
from raceday.racing.schedule import GIVE_UP_SECS, NEAR_FROM_SECS, Intervals, Slot, rechecks, slots_between
from raceday.racing.snapshot import Status
from raceday.store.port import Row

GOOD_SCORE = 80
OVERDUE = timedelta(minutes=15)
# A projection is woken each minute: one that is behind for longer shows figures of an earlier poll.
STALE_AFTER = timedelta(seconds=90)
# What one lost slot weighs by the seconds between it and the start: the last minutes decide what a race is worth.
WEIGHTS = ((5 * 60, 10), (NEAR_FROM_SECS, 3))
FAR_WEIGHT = 1
# One lost slot hours ahead is made up for by the next; from here on somebody has to look.
ATTENTION_WEIGHT = 2
_AHEAD = timedelta(minutes=31)


@dataclass(frozen=True, slots=True)
class ListedRace:
    """One race of the list; instants are aware UTC.

    `missing` are the slots that passed since the last poll without one, `missed` counts them; `lost` counts those that
    the ledger tells of in the last half hour; `weight` orders what needs attention. `next_kind` is slot or recheck;
    `halted` is whether pollers are paused, so that the next poll does not come.
    """

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
    next_kind: str = "slot"
    lost: int = 0
    weight: int = 0
    missing: tuple[MissedSlot, ...] = ()
    halted: bool = False

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
    def earlier(self) -> date | None:
        """Return the newest earlier day that the store holds races of."""
        return max((day for day in self.other_days if day < self.day), default=None)

    @property
    def later(self) -> date | None:
        """Return the next later day that the store holds races of."""
        return min((day for day in self.other_days if day > self.day), default=None)

    @property
    def versions(self) -> dict[str, str]:
        """Return each race's version by id."""
        return {race.id: race.version for race in (*self.attention, *self.coming, *self.finished)}

    @property
    def missing(self) -> list[MissedSlot]:
        """Return the slots without a poll that no row tells of yet, of all races."""
        return [each for race in (*self.attention, *self.coming) for each in race.missing]

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


def listed(
    race: Row,
    meeting: Row | None,
    poll: Row | None,
    now: datetime,
    intervals: Intervals,
    *,
    gaps: Sequence[MissedSlot] = (),
    behind: datetime | None = None,
    told: KnownCauses = NOTHING_TOLD,
) -> ListedRace:
    """Judge one race at an instant.

    `gaps` are the slots that its ledger tells as lost of late; `behind` is the poll that its figures do not show yet;
    `told` is what else is known of missed slots.
    """
    start, status = at(race["startTime"]), status_of(race)
    if start is None:
        raise ValueError(f"races/{race['$id']}: startTime: expected an instant")
    over = status is not None and status.over
    last_slot = at(poll["slot"]) if poll else None
    finished_at = at(poll["finishedAt"]) if poll else None
    # A race is due from its import on, not only from when it is near.
    since = last_slot or at(race.get("$createdAt")) or start - timedelta(seconds=NEAR_FROM_SECS)
    missing = () if over else missing_slots(race["$id"], start, status, intervals, since, now, told)
    gaps = [gap._replace(cause=told.cause(gap.race, gap.slot, gap.cause)) for gap in gaps]
    following = _next(start, status, intervals, now, finished_at)
    score = poll.get("score") if poll else None
    judged = _Judged(start, status, last_slot, score, missing, () if over else gaps, now, None if over else behind)
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
        next_poll=following.at if following else None,
        score=score,
        missed=len(missing),
        missing=missing,
        attention=() if over else tuple(judged.reasons()),
        next_kind=following.kind if following else "slot",
        lost=len(gaps),
        weight=0 if over else judged.weight(),
        halted=told.halted and following is not None,
    )


def weight_of(slot: datetime, start: datetime) -> int:
    """Return what a lost slot weighs: more the nearer it lies to the start."""
    away = abs((start - slot).total_seconds())
    return next((weight for within, weight in WEIGHTS if away <= within), FAR_WEIGHT)


def _next(
    start: datetime, status: Status | None, intervals: Intervals, now: datetime, finished_at: datetime | None
) -> Slot | None:
    if status is not None and status.over:
        return next((slot for slot in rechecks(finished_at) if slot.at > now), None)
    return next(slots_between(start, status, intervals, now, now + _AHEAD), None)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is known of a race that is not over, from which its reasons for attention follow."""

    start: datetime
    status: Status | None
    last: datetime | None
    score: Any
    missing: Sequence[MissedSlot]
    gaps: Sequence[MissedSlot]
    now: datetime
    behind: datetime | None

    def reasons(self) -> Iterator[str]:
        """Say why somebody has to look, the worst first."""
        past = self.now - self.start
        if past.total_seconds() > GIVE_UP_SECS:
            yield "given up: it never finished"
            return
        if past > OVERDUE:
            word = self.status.value if self.status else "unknown"
            yield f"still {word} {int(past.total_seconds() // 60)} min after its start"
        if self._weighs([each.slot for each in self.missing]):
            causes = causes_of(self.missing)
            text = "never polled" if self.last is None else f"{many(len(self.missing), 'slot')} missed"
            yield f"{text}: {causes}" if causes else text
        lost = [each.slot for each in self.gaps]
        if self._weighs(lost):
            causes = causes_of(self.gaps)
            text = f"{many(len(lost), 'slot')} lost of late, nearest {_nearest(lost, self.start)}"
            yield f"{text}: {causes}" if causes else text
        if self.behind is not None:
            yield f"figures behind the poll of {clock_nz(self.behind, secs=True)}"
        if self._poor() >= ATTENTION_WEIGHT:
            yield f"quality {self.score}"

    def weight(self) -> int:
        """Return how much this race needs attention; what is past weighs half of what is still going on."""
        going_on = sum(weight_of(each.slot, self.start) for each in self.missing)
        past = sum(weight_of(each.slot, self.start) for each in self.gaps)
        near = weight_of(self.now, self.start)
        overdue = near if self.now - self.start > OVERDUE else 0
        return 2 * going_on + past + self._poor() + overdue + (near if self.behind else 0)

    def _poor(self) -> int:
        """Return what poor figures weigh: each ten points that are begun as a lost slot of now.

        A little is lacking of many races hours ahead, whose pools are thin and whose next poll is soon enough.
        """
        lacking = max(0, GOOD_SCORE - self.score) if self.score is not None else 0
        return -(-lacking // 10) * weight_of(self.now, self.start)

    def _weighs(self, slots: Sequence[datetime]) -> bool:
        return sum(weight_of(slot, self.start) for slot in slots) >= ATTENTION_WEIGHT


def _nearest(slots: Sequence[datetime], start: datetime) -> str:
    """Write the lost slot that lies nearest to the start, as T−4, T−3:20 or T+2."""
    secs = min(((start - slot).total_seconds() for slot in slots), key=abs)
    minutes, left = divmod(round(abs(secs)), 60)
    return f"T{'−' if secs >= 0 else '+'}{minutes}{f':{left:02d}' if left else ''}"


def arrange(races: Sequence[ListedRace], day: date, now: datetime, meetings: int, others: Sequence[date]) -> DayList:
    """Put judged races in the order of the page."""
    by_start = sorted(races, key=lambda r: (r.start, r.meeting, r.number))
    counts: dict[str, int] = {}
    for race in races:
        counts[race.status] = counts.get(race.status, 0) + 1
    return DayList(
        day=day,
        now=now,
        attention=tuple(sorted((r for r in by_start if r.attention), key=lambda r: -r.weight)),
        coming=tuple(r for r in by_start if not r.attention and not r.over),
        finished=tuple(reversed([r for r in by_start if r.over])),
        meetings=meetings,
        other_days=tuple(others),
        by_status=dict(sorted(counts.items())),
    )


def _is_over(race: Row) -> bool:
    status = status_of(race)
    return status is not None and status.over


async def read_day(source: Source, day: date | None = None) -> DayList:
    """Read a day's list; today, or the newest day that has races where today has none and none was asked for."""
    days = await source.days(day or source.today())
    chosen = day or source.today()
    if day is None and chosen not in days and (newest := await source.newest_day()):
        chosen, days = newest, await source.days(newest)
    now, intervals = source.now(), Intervals.of(source.settings)
    meetings, races = await source.meetings_of(chosen), await source.races_of(chosen)
    polls = await source.latest_polls([race["$id"] for race in races])
    running = [race["$id"] for race in races if not _is_over(race)]
    behind = await source.behind({race_id: row for race_id in running if (row := polls.get(race_id))}, STALE_AFTER)
    told = await source.told()
    found = [
        listed(
            race,
            meetings.get(race.get("meetingId") or ""),
            polls.get(race["$id"]),
            now,
            intervals,
            gaps=source.lost.get(race["$id"], ()),
            behind=behind.get(race["$id"]),
            told=told,
        )
        for race in races
    ]
    return arrange(found, chosen, now, len(meetings), [d for d in days if d != chosen])
