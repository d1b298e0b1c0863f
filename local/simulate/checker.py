"""What a day under faults came to, judged by the fault script with arithmetic of its own.

A slot is one of the race's grid between two of its ledger rows, as start and status stood in the earlier row's answer.
A slot without a row is LOST where an untouched chain of events had to fill it, and that is certain:

* a poller activation that was handed the slot began 3 s or more before the slot expired, its clock was right, and no
  fault struck it (about this race, or about none in particular) until it ended; or
* nobody was handed the slot although a scheduler activation, untouched and with a right clock, ran while the slot lay
  ahead of it within its reach; or
* an untouched scheduler activation looked back after the slot, found it uncommitted and still good for 3 s, and did not
  hand it out again.

Every other slot without a row has to be among the gaps of the race's next row, else it is UNREPORTED; so are those of a
race that was stored and never polled. A race of the day that was never stored is ABSENT. Where the
advertised start moved less than five minutes before or after, a slot is never lost: who knew what is not certain. Nor
is one of an event that is gone, or that stays Open after its list called it off: no attempt could be complete.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.feedsim import Day
from local.simulate.buckets import Answer
from local.simulate.faults.bodies import as_read
from local.simulate.faults.script import Handing, Run, Script, Served
from local.simulate.oracle import OVER, RECHECK_MINUTES, marks, on_grid
from local.simulate.report import POLLER, Tables, buckets, pools_wrong, when
from local.simulate.world import World
from raceday.store.port import Row

SCHEDULER = "master-race-scheduler"
MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
AROUND_MOVE = timedelta(minutes=5)
# A poll takes well under this where nothing breaks.
ATTEMPT = timedelta(seconds=3)
# An answer may come this long after its slot expired, for the last request was sent just before.
ANSWERING = timedelta(seconds=62)
LOOK = (timedelta(seconds=3.5), timedelta(seconds=9))
REACH = timedelta(seconds=80)
KNOWN_AFTER = timedelta(minutes=2)
LISTED = timedelta(minutes=30)
# Handed out sooner than this by a clock that was off, a slot is as good as never handed out.
AHEAD = timedelta(seconds=120)
Slot = tuple[str, datetime]


@dataclass(slots=True)
class Found:
    """What is wrong with one race's ledger, and each row's answer as the market stood."""

    missing: dict[datetime, bool] = field(default_factory=dict)
    unreported: set[datetime] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    committed: int = 0
    lost: dict[datetime, str] = field(default_factory=dict)


def judge(
    report: dict[str, Any], day: Day, world: World, tables: Tables, script: Script, end: datetime
) -> dict[str, Any]:
    """Return a day's report as its faults have it: what is lost, unreported, doubled and wrong."""
    by_race: dict[str, list[Row]] = defaultdict(list)
    for row in tables.ledger:
        by_race[row["raceId"]].append(row)
    chains = Chains(script)
    created = {row["$id"]: when(row["$createdAt"]) for row in tables.races}
    found = {race_id: _race(day, race_id, sorted(rows, key=lambda r: int(r["n"])), script, end, created.get(race_id))
             for race_id, rows in sorted(by_race.items())}  # fmt: skip
    for race_id in sorted(created.keys() & {race.race_id for race in day.core_races} - found.keys()):
        found[race_id] = _never_polled(day, race_id, created[race_id], end)
    for race_id, each in found.items():
        for at, certain in each.missing.items():
            cause = chains.lost(race_id, at, lifetime(day, race_id, at)) if certain else ""
            if cause:
                each.lost[at] = cause
    answers = {race_id: each.answers for race_id, each in found.items()}
    report["polls"] = report["polls"] | _polls(found, tables)
    report["stored"] = report["stored"] | {"absent": _absent(day, created, end)}
    report["buckets"] = buckets(answers, tables.flow)
    report["pools"] = {"wrong": pools_wrong(answers, tables.pools)}
    ended = world.backend.transactions(end)
    report |= {"transactions": ended} if ended else {}
    return report | {"at_the_end": _left(world, ended, script), "faults_injected": script.report()}


def _absent(day: Day, stored: Container[str], end: datetime) -> int:
    """Count races that were never stored although their list showed them for half an hour before their start."""
    absent = [race for race in day.core_races if race.race_id not in stored]
    return sum(
        race.script.visible is None or race.script.visible + LISTED <= min(end, race.advertised) for race in absent
    )


def _polls(found: Mapping[str, Found], tables: Tables) -> dict[str, Any]:
    slots = Counter((r["raceId"], when(r["slot"])) for r in tables.ledger)
    rows = Counter((r["raceId"], int(r["n"])) for r in tables.ledger)
    committed = sum(each.committed for each in found.values())
    missing = sum(len(each.missing) for each in found.values())
    lost = sum(len(each.lost) for each in found.values())
    told = [f"{race} {at:%H:%M:%S} lost: {why}" for race, each in found.items() for at, why in each.lost.items()]
    told += [f"{race} {at:%H:%M:%S} unreported" for race, each in found.items() for at in sorted(each.unreported)]
    told += [f"{race} {what}" for race, each in found.items() for what in each.wrong]
    return {
        "expected": committed + missing,
        "committed": committed,
        "missing": missing,
        "recoverable": committed + lost,
        "lost": lost,
        "unreported": sum(len(each.unreported) for each in found.values()),
        "duplicate": sum(n - 1 for n in slots.values()) + sum(n - 1 for n in rows.values()),
        "wrong": sum(len(each.wrong) for each in found.values()),
        "unexpected": 0,
        "differences": told[:40],
    }


def _left(world: World, transactions: Mapping[str, int], script: Script) -> dict[str, int]:
    """Count what should have ended; a transaction may only be left to expire by an activation that a fault struck."""
    struck = sum(bool(run.hits) or run.doomed for run in script.runs)
    return {
        "in_flight": world.platform.in_flight,
        "webhooks_waiting": world.backend.waiting,
        "transactions_open": transactions.get("open", 0),
        "transactions_unexplained": max(0, transactions.get("expired", 0) - struck),
    }


def _race(
    day: Day, race_id: str, rows: Sequence[Row], script: Script, end: datetime, created: datetime | None
) -> Found:
    found = Found()
    before: Answer | None = None
    newest_content: datetime | None = None
    finished: datetime | None = None
    for i, row in enumerate(rows):
        slot, kind = when(row["slot"]), row["kind"]
        told = {when(gap["slot"]) for gap in json.loads(row.get("gaps") or "[]")}
        if int(row["n"]) != i + 1:
            found.wrong.append(f"row {row['n']} stands {i + 1}th")
        if before is not None:
            if slot <= before.slot:
                found.wrong.append(f"n {row['n']}: slot {slot:%H:%M:%S} is not after {before.slot:%H:%M:%S}")
            _skipped(found, day, race_id, before, slot, told, finished)
        elif created is not None:
            _before_first(found, day, race_id, created, slot, told)
        answer = _answer(found, day, race_id, row, before, script)
        if answer is None:
            continue
        if kind != "closing":
            found.committed += kind in ("slot", "recheck")
            content = when(row["generatedAt"])
            if newest_content is not None and content < newest_content:
                found.wrong.append(f"n {row['n']}: older data ({content}) over newer ({newest_content})")
            newest_content = max(content, newest_content or content)
            if finished is not None and kind == "slot":
                found.wrong.append(f"n {row['n']}: a slot after the race was over")
            if kind == "recheck" and (finished is None or slot - finished not in _rechecks()):
                found.wrong.append(f"n {row['n']}: a re-check of its own at {slot:%H:%M:%S}")
            if answer.status in OVER and finished is None:
                finished = slot
        found.answers.append(answer)
        before = answer
    _after_last(found, day, race_id, rows, before, finished, end)
    return found


def _rechecks() -> set[timedelta]:
    return {timedelta(minutes=m) for m in RECHECK_MINUTES}


def _answer(found: Found, day: Day, race_id: str, row: Row, before: Answer | None, script: Script) -> Answer | None:
    """Return what a row must show; a row whose answer nobody served, or served at another time, is wrong."""
    slot, places = when(row["slot"]), day.books[race_id].race.positions_paid
    if row["kind"] == "closing":
        return None if before is None else Answer(slot, before.state, places, row["status"])
    served = _served(row, script.served.get(race_id, ()))
    if served is None:
        found.wrong.append(f"n {row['n']}: nobody served what it shows of {row['generatedAt']}")
        return None
    if not slot - SECOND <= served.at <= slot + ANSWERING + ANSWERING:
        found.wrong.append(f"n {row['n']}: slot {slot:%H:%M:%S} shows an answer of {served.at:%H:%M:%S}")
    state = as_read(day.truth(race_id, served.content_at), served.change, before.state if before else None)
    if row["status"] != state.status and not (before and before.status in OVER):
        found.wrong.append(f"n {row['n']}: {row['status']} where the feed said {state.status}")
    return Answer(slot, state, places)


def _served(row: Row, answers: Sequence[Served]) -> Served | None:
    """Find the answer that a row was made of, by the feed's own time; without one, by the time of receipt."""
    stamp, fetched = when(row["generatedAt"]), when(row["fetchedAt"])
    exact = [a for a in answers if abs(a.content_at - stamp) <= MS and a.change != "payload.no_clock"]
    if exact:
        return exact[-1]
    unclocked = [a for a in answers if a.change == "payload.no_clock" and abs(a.at - fetched) < SECOND]
    return unclocked[-1] if unclocked else None


def _skipped(
    found: Found, day: Day, race_id: str, before: Answer, slot: datetime, told: set[datetime], finished: datetime | None
) -> None:
    for at in _grid(before, slot, finished):
        found.missing[at] = _answerable(day, race_id, at) and (
            finished is not None or not _moved_near(day, race_id, at)
        )
        if at not in told:
            found.unreported.add(at)


def _before_first(found: Found, day: Day, race_id: str, created: datetime, slot: datetime, told: set[datetime]) -> None:
    """The scheduler knows of a race from the tick after it was stored."""
    start = day.books[race_id].race.advertised_at(created)
    for at in marks(created + KNOWN_AFTER, slot - SECOND):
        if on_grid(start, "Open", at):
            found.missing[at] = not _moved_near(day, race_id, at)
            if at not in told:
                found.unreported.add(at)


def _never_polled(day: Day, race_id: str, created: datetime, end: datetime) -> Found:
    """A race that was stored and has no row has every slot to its start, or to where its list ended it, unreported."""
    found, race = Found(), day.books[race_id].race
    ends = [race.advertised, race.script.abandoned_list, race.script.gone, end]
    _before_first(found, day, race_id, created, min(at for at in ends if at is not None), set())
    return found


def _grid(before: Answer, until: datetime, finished: datetime | None) -> Iterator[datetime]:
    """Return the slots strictly between two rows, as the earlier one's answer has the race."""
    if before.status in OVER:
        if finished is not None:
            yield from (finished + m for m in sorted(_rechecks()) if before.slot < finished + m < until)
        return
    start = before.state.advertised_start
    for at in marks(before.slot + SECOND, until - SECOND):
        if on_grid(start, before.status, at):
            yield at


def _answerable(day: Day, race_id: str, at: datetime) -> bool:
    """Tell whether a poll could have a valid answer: not once the event is gone, or its list alone has ended it."""
    script = day.books[race_id].race.script
    ends = [script.gone, script.abandoned_list if script.stuck_open else None]
    return all(end is None or at < end for end in ends)


def _moved_near(day: Day, race_id: str, at: datetime) -> bool:
    script = day.books[race_id].race.script
    gone = [t for t in (script.moved_at, script.abandoned_list, script.gone) if t is not None]
    return any(t - AROUND_MOVE <= at <= t + AROUND_MOVE + timedelta(minutes=15) for t in gone)


def _after_last(
    found: Found,
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
        found.missing[at] = _answerable(day, race_id, at) and not _moved_near(day, race_id, at)
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
