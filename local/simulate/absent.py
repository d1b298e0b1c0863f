"""Which slots of a race have no ledger row, which of these no gap tells of, and which are lost.

A slot is one of the race's grid between two of its ledger rows, as start and status stood in the earlier row's answer.
Whether one without a row is LOST or excused `decide` says. Each has to be among the gaps of the race's next row, else
it is UNREPORTED; so are those of a race that was stored and never polled. One of an event that is gone, or stays Open
after its list called it off, has no valid answer and is nobody's to fill. From the moment at which a meeting list told
of a moved start or an abandoned race before the event did, to the race's next row, either grid may be in force.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from local.feedsim import FeedDay
from local.simulate.buckets import PolledAnswer
from local.simulate.decide import Decider, Verdict
from local.simulate.faults.base import Chooser
from local.simulate.oracle.slots import OVER, PLAIN, RECHECK_MINUTES, Every, life_secs, marks, on_grid
from local.simulate.replay import Wanted
from local.simulate.tables import when
from raceday.store.port import Row

SECOND = timedelta(seconds=1)
KNOWN_AFTER = timedelta(minutes=2)
RECHECKS = frozenset(timedelta(minutes=m) for m in RECHECK_MINUTES)
# A row and the market as its answer was served; None where nobody served what it shows.
Shown = tuple[Row, PolledAnswer | None]


@dataclass(slots=True)
class AbsentSlots:
    """One race's slots without a row: lost ones and excused ones with the reason, and those no gap tells of."""

    lost: dict[datetime, str] = field(default_factory=dict)
    excused: dict[datetime, str] = field(default_factory=dict)
    unreported: set[datetime] = field(default_factory=set)

    @property
    def missing(self) -> int:
        """Return how many slots that had to be filled have no row."""
        return len(self.lost) + len(self.excused)


@dataclass(slots=True)
class KnownRace:
    """What the suite knew of a race: start and status as its newest row has them, since when, and what before."""

    start: datetime
    status: str
    known_at: datetime
    newest_content: datetime | None = None
    finished: datetime | None = None
    former: "KnownRace | None" = None
    every: Every = PLAIN

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Return the slots strictly between two instants; a race that is over has its re-checks alone."""
        if self.status in OVER:
            finished = self.finished
            if finished is not None:
                yield from (finished + m for m in sorted(RECHECKS) if after < finished + m < until)
            return
        between = marks(after + SECOND, until - SECOND, self.every)
        yield from (at for at in between if on_grid(self.start, self.status, at, self.every))

    def known(self, at: datetime) -> datetime:
        """Return since when the suite could know of a slot: a grid before may have had it already."""
        former = self.former
        if former and self.status not in OVER and on_grid(former.start, former.status, at, self.every):
            return former.known(at)
        return self.known_at

    def expires(self, at: datetime) -> datetime:
        """Return until when a slot may be polled: half its interval, a minute at most."""
        return at + timedelta(seconds=60 if self.status in OVER else life_secs(self.start, self.status, at, self.every))


def judge_absent(
    day: FeedDay, faults: Chooser, shown: Mapping[str, Sequence[Shown]], created: Mapping[str, datetime], end: datetime
) -> dict[str, AbsentSlots]:
    """Return what is absent of each race: `shown` has its rows in order, `created` when each stored race was."""
    decider, lists = Decider(faults), sorted(faults.script.lists)
    every = Every.of(faults.world.settings)
    races = sorted(shown.keys() | created.keys() & {race.race_id for race in day.core_races})
    return {
        race_id: _Race(day, race_id, decider, lists, every).judge(shown.get(race_id, ()), created.get(race_id), end)
        for race_id in races
    }


class _Race:
    """The slots of one race."""

    def __init__(self, day: FeedDay, race_id: str, decider: Decider, lists: Sequence[datetime], every: Every) -> None:
        self._race_id, self._decider, self._lists, self._every = race_id, decider, lists, every
        self._race = day.books[race_id].race
        self._found = AbsentSlots()

    def judge(self, rows: Sequence[Shown], created: datetime | None, end: datetime) -> AbsentSlots:
        """Walk a race's rows in order."""
        grid, after = None, None
        if created is not None:
            grid = KnownRace(self._race.advertised_at(created), "Open", created, every=self._every)
            after = created + KNOWN_AFTER
        row: Row | None = None
        for row, answer in rows:
            slot = when(row["slot"])
            if grid is not None and after is not None:
                self._between(grid, after, slot, {when(gap["slot"]) for gap in json.loads(row.get("gaps") or "[]")})
            if answer is not None:
                grid, after = self._next(grid, row, answer), slot
        if grid is not None and after is not None and (row is None or row["kind"] != "closing"):
            self._between(grid, after, self._last(end, polled=row is not None), set())
        return self._found

    def _last(self, end: datetime, *, polled: bool) -> datetime:
        """Return up to when slots are owed by a race that nobody closed; one never polled owes none past its start."""
        script = self._race.script
        ends = [] if polled else [self._race.advertised, script.abandoned_list, script.gone]
        return min(end - timedelta(minutes=3), *(at for at in (*ends, end) if at is not None))

    def _next(self, grid: KnownRace | None, row: Row, answer: PolledAnswer) -> KnownRace:
        start, status = answer.state.advertised_start, answer.status
        content = when(row["generatedAt"])
        known_at = when(row["$createdAt"])
        finished = None if grid is None else grid.finished
        if row["kind"] != "closing" and status in OVER and finished is None:
            finished = when(row["slot"])
        if grid is not None and (grid.start, grid.status) == (start, status):
            return replace(grid, newest_content=content, finished=finished)
        former = None if grid is None else replace(grid, former=None if grid.former is None else grid.former)
        return KnownRace(start, status, known_at, content, finished, former, self._every)

    def _between(self, grid: KnownRace, after: datetime, until: datetime, told: set[datetime]) -> None:
        for at in grid.slots(after, until):
            if at not in told:
                self._found.unreported.add(at)
            if self._answerable(at):
                self._judge(grid, at)

    def _judge(self, grid: KnownRace, at: datetime) -> None:
        expires = grid.expires(at)
        wanted = Wanted(self._race_id, at, expires, grid.known(at), grid.newest_content)
        listed = self._told_by_list(grid, expires)
        verdict = Verdict(False, listed) if listed else self._decider.verdict(wanted)
        (self._found.lost if verdict.lost else self._found.excused)[at] = verdict.why

    def _told_by_list(self, grid: KnownRace, until: datetime) -> str:
        """Name what a meeting list may have told the suite that the race's newest row does not show."""
        script = self._race.script
        if script.abandoned_list is not None and self._listed(script.abandoned_list, until):
            return "called_off_by_list"
        moved = script.moved_at
        if moved is not None and self._race.advertised_at(moved) != grid.start and self._listed(moved, until):
            return "start_moved_by_list"
        return ""

    def _listed(self, since: datetime, until: datetime) -> bool:
        i = bisect_left(self._lists, since)
        return i < len(self._lists) and self._lists[i] <= until

    def _answerable(self, at: datetime) -> bool:
        """Tell whether a poll could have a valid answer: not once the event is gone, or its list alone has ended it."""
        script = self._race.script
        ends = [script.gone, script.abandoned_list if script.stuck_open else None]
        return all(end is None or at < end for end in ends)
