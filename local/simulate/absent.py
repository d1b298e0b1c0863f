"""Which slots of a race have no ledger row, which of these no gap tells of, and which are lost.

A slot is one of the race's grid between two of its ledger rows, as start and status stood in the earlier row's answer.
A slot without a row is LOST where an untouched chain of events had to fill it, and that is certain:

* a poller activation that was handed the slot began 3 s or more before the slot expired, its clock was right, and no
  fault struck it (about this race, or about none in particular) until it ended; or
* nobody was handed the slot although a scheduler activation, untouched and with a right clock, ran while the slot lay
  ahead of it within its reach; or
* an untouched scheduler activation looked back after the slot, found it uncommitted and still good for 3 s, and did not
  hand it out again.

Every other slot without a row has to be among the gaps of the race's next row, else it is UNREPORTED; so are those of a
race that was stored and never polled. Where the
advertised start moved less than five minutes before or after, a slot is never lost: who knew what is not certain. Nor
is one of an event that is gone, or that stays Open after its list called it off: no attempt could be complete.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.feedsim import Day
from local.simulate.buckets import Answer
from local.simulate.faults.script import Handing, Run, Script
from local.simulate.oracle.slots import OVER, RECHECK_MINUTES, marks, on_grid
from local.simulate.report import POLLER
from local.simulate.tables import when
from raceday.store.port import Row

SCHEDULER = "master-race-scheduler"
SECOND = timedelta(seconds=1)
AROUND_MOVE = timedelta(minutes=5)
# A poll takes well under this where nothing breaks.
ATTEMPT = timedelta(seconds=3)
# An answer may come this long after its slot expired, for the last request was sent just before.
ANSWERING = timedelta(seconds=62)
LOOK = (timedelta(seconds=3.5), timedelta(seconds=9))
REACH = timedelta(seconds=80)
KNOWN_AFTER = timedelta(minutes=2)
# Handed out sooner than this by a clock that was off, a slot is as good as never handed out.
AHEAD = timedelta(seconds=120)
RECHECKS = frozenset(timedelta(minutes=m) for m in RECHECK_MINUTES)
Slot = tuple[str, datetime]
# A row and the market as its answer was served; None where nobody served what it shows.
Shown = tuple[Row, Answer | None]


@dataclass(slots=True)
class Absent:
    """One race's slots without a row: whether each had to be filled, those no gap tells of, and why some are lost."""

    missing: dict[datetime, bool] = field(default_factory=dict)
    unreported: set[datetime] = field(default_factory=set)
    lost: dict[datetime, str] = field(default_factory=dict)


def judge_absent(
    day: Day, script: Script, shown: Mapping[str, Sequence[Shown]], created: Mapping[str, datetime], end: datetime
) -> dict[str, Absent]:
    """Return what is absent of each race: `shown` has its rows in order, `created` when each stored race was."""
    chains = Chains(script)
    found = {race_id: _race(day, race_id, rows, created.get(race_id), end) for race_id, rows in shown.items()}
    for race_id in sorted(created.keys() & {race.race_id for race in day.core_races} - found.keys()):
        found[race_id] = never_polled(day, race_id, created[race_id], end)
    for race_id, each in found.items():
        for at, certain in each.missing.items():
            cause = chains.lost(race_id, at, lifetime(day, race_id, at)) if certain else ""
            if cause:
                each.lost[at] = cause
    return found


def _race(day: Day, race_id: str, rows: Sequence[Shown], created: datetime | None, end: datetime) -> Absent:
    found = Absent()
    before: Answer | None = None
    finished: datetime | None = None
    for row, answer in rows:
        slot = when(row["slot"])
        told = {when(gap["slot"]) for gap in json.loads(row.get("gaps") or "[]")}
        if before is not None:
            skipped(found, day, race_id, before, slot, told, finished)
        elif created is not None:
            before_first(found, day, race_id, created, slot, told)
        if answer is None:
            continue
        if row["kind"] != "closing" and answer.status in OVER and finished is None:
            finished = slot
        before = answer
    after_last(found, day, race_id, [row for row, _ in rows], before, finished, end)
    return found


def skipped(
    found: Absent,
    day: Day,
    race_id: str,
    before: Answer,
    slot: datetime,
    told: set[datetime],
    finished: datetime | None,
) -> None:
    for at in _grid(before, slot, finished):
        found.missing[at] = answerable(day, race_id, at) and (finished is not None or not _moved_near(day, race_id, at))
        if at not in told:
            found.unreported.add(at)


def before_first(found: Absent, day: Day, race_id: str, created: datetime, slot: datetime, told: set[datetime]) -> None:
    """The scheduler knows of a race from the tick after it was stored."""
    start = day.books[race_id].race.advertised_at(created)
    for at in marks(created + KNOWN_AFTER, slot - SECOND):
        if on_grid(start, "Open", at):
            found.missing[at] = not _moved_near(day, race_id, at)
            if at not in told:
                found.unreported.add(at)


def never_polled(day: Day, race_id: str, created: datetime, end: datetime) -> Absent:
    """A race that was stored and has no row has every slot to its start, or to where its list ended it, unreported."""
    found, race = Absent(), day.books[race_id].race
    ends = [race.advertised, race.script.abandoned_list, race.script.gone, end]
    before_first(found, day, race_id, created, min(at for at in ends if at is not None), set())
    return found


def _grid(before: Answer, until: datetime, finished: datetime | None) -> Iterator[datetime]:
    """Return the slots strictly between two rows, as the earlier one's answer has the race."""
    if before.status in OVER:
        if finished is not None:
            yield from (finished + m for m in sorted(RECHECKS) if before.slot < finished + m < until)
        return
    start = before.state.advertised_start
    for at in marks(before.slot + SECOND, until - SECOND):
        if on_grid(start, before.status, at):
            yield at


def answerable(day: Day, race_id: str, at: datetime) -> bool:
    """Tell whether a poll could have a valid answer: not once the event is gone, or its list alone has ended it."""
    script = day.books[race_id].race.script
    ends = [script.gone, script.abandoned_list if script.stuck_open else None]
    return all(end is None or at < end for end in ends)


def _moved_near(day: Day, race_id: str, at: datetime) -> bool:
    script = day.books[race_id].race.script
    gone = [t for t in (script.moved_at, script.abandoned_list, script.gone) if t is not None]
    return any(t - AROUND_MOVE <= at <= t + AROUND_MOVE + timedelta(minutes=15) for t in gone)


def after_last(
    found: Absent,
    day: Day,
    race_id: str,
    rows: Sequence[Row],
    before: Answer | None,
    finished: datetime | None,
    end: datetime,
) -> None:
    """What was never closed has every slot after its last row unreported."""
    if before is None or rows[-1]["kind"] == "closing":
        return
    for at in _grid(before, end - timedelta(minutes=3), finished):
        found.missing[at] = answerable(day, race_id, at) and not _moved_near(day, race_id, at)
        found.unreported.add(at)


def lifetime(day: Day, race_id: str, at: datetime) -> timedelta:
    """Return how long a slot may be polled: half its interval, a minute at most, the less where in doubt."""
    left = (day.books[race_id].race.advertised - at).total_seconds()
    return timedelta(seconds=60 if left > 600 or left < -3900 else 15)


class Chains:
    """Looks up who was to poll a slot, and whether anything struck them."""

    def __init__(self, script: Script) -> None:
        self._handings: dict[Slot, list[Handing]] = defaultdict(list)
        for handing in script.handings:
            if handing.function == POLLER:
                for slot in handing.event.get("slots", ()):
                    self._handings[slot["raceId"], when(slot["slot"])].append(handing)
        self._ticks: dict[datetime, list[Run]] = defaultdict(list)
        for run in script.runs:
            if run.function == SCHEDULER:
                self._ticks[run.began.replace(second=0, microsecond=0)].append(run)

    def lost(self, race_id: str, at: datetime, life: timedelta) -> str:
        """Tell why a slot without a row is certainly lost, "" where it may be excused."""
        handings = [h for h in self._handings.get((race_id, at), ()) if h.at >= at - AHEAD]
        for handing in handings:
            for run in handing.runs:
                if self._whole(run, race_id, at, life):
                    return f"a poller begun at {run.began:%H:%M:%S} was struck by nothing"
        for tick in self._near(at):
            minute = tick.began.replace(second=0, microsecond=0)
            if tick.hits or tick.doomed or abs(tick.skew_secs) > 1 or tick.ended is None:
                continue
            if not handings and tick.began + SECOND < at < minute + REACH:
                return f"the tick of {minute:%H:%M} handed it to nobody"
            looked = max(minute + LOOK[0], tick.began)
            overdue = at < looked - timedelta(seconds=4) and at + life >= looked + LOOK[1]
            if overdue and not any(h.by is tick or h.at > looked for h in handings):
                return f"the tick of {minute:%H:%M} looked back and left it"
        return ""

    def _whole(self, run: Run, race_id: str, at: datetime, life: timedelta) -> bool:
        if run.doomed or abs(run.skew_secs) > 0.5 or run.began > at + life - ATTEMPT:
            return False
        return not run.hit_between(run.began, at + life + ANSWERING, race_id)

    def _near(self, at: datetime) -> list[Run]:
        minute = at.replace(second=0, microsecond=0)
        return [run for k in (-2, -1, 0, 1) for run in self._ticks.get(minute + timedelta(minutes=k), ())]
