"""What a day under faults came to, judged by the fault script with arithmetic of its own; `absent` judges its slots.

A race of the day that was never stored is ABSENT.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from local.feedsim import FeedDay
from local.feedsim.script import is_core
from local.simulate.absent import RECHECKS, AbsentSlots, Shown, judge_absent
from local.simulate.buckets import PolledAnswer
from local.simulate.faults.base import Chooser
from local.simulate.faults.bodies import as_read
from local.simulate.faults.script import Script, ServedEvent
from local.simulate.leftovers import left
from local.simulate.oracle.slots import OVER, PLAIN, Every, life_secs, on_grid
from local.simulate.served import UNCLOCKED
from local.simulate.tables import Tables, when
from local.simulate.world import SimWorld
from raceday.store.port import Row

MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
# An answer may come this long after its slot expired, for the last request was sent just before.
ANSWERING = timedelta(seconds=5)
# A clock may be off by what the suite tolerates.
EARLY = timedelta(seconds=2)
LISTED = timedelta(minutes=30)
# A poller reads the ledger this long before its slot at most: it is started cold nine seconds ahead.
READ_AHEAD = timedelta(seconds=15)

# By race and slot: when a tick read the race, and the start that it then planned the slot from.
Orders = Mapping[tuple[str, datetime], Sequence[tuple[datetime, datetime]]]


class Ordered(NamedTuple):
    """What polls were asked for: the orders that pollers were handed, and the intervals of the day's settings."""

    orders: Orders
    every: Every


@dataclass(slots=True)
class Found:
    """What is wrong with one race's ledger, and each row's answer as the market stood."""

    wrong: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    answers: list[PolledAnswer] = field(default_factory=list)
    rows: list[Shown] = field(default_factory=list)
    committed: int = 0


def judge(
    report: dict[str, Any], day: FeedDay, world: SimWorld, tables: Tables, faults: Chooser, end: datetime
) -> dict[str, Any]:
    """Return a day's report as its faults have it: what is lost, unreported, doubled and wrong."""
    script = faults.script
    created = {row["$id"]: when(row["$createdAt"]) for row in tables.races}
    found = races_found(day, tables, script, Every.of(world.settings))
    absent = judge_absent(day, faults, {race_id: each.rows for race_id, each in found.items()}, created, end)
    report["polls"] = report["polls"] | _polls(found, absent, tables)
    report["stored"] = report["stored"] | {"absent": _never_stored(day, created, end)}
    ended = world.backend.transactions(end)
    report |= {"transactions": ended} if ended else {}
    return report | {
        "at_the_end": left(world, ended, world.backend.expired(end), script),
        "faults_injected": script.report(),
    }


def races_found(day: FeedDay, tables: Tables, script: Script, every: Every = PLAIN) -> dict[str, Found]:
    """Return what each race's rows show, held against what was served."""
    by_race: dict[str, list[Row]] = defaultdict(list)
    for row in tables.ledger:
        by_race[row["raceId"]].append(row)
    asked = Ordered(orders_of(script), every)
    return {
        race_id: _race(day, race_id, sorted(rows, key=lambda r: int(r["n"])), script, asked)
        for race_id, rows in sorted(by_race.items())
    }


def orders_of(script: Script) -> Orders:
    """Return what pollers were handed: by race and slot, the start that it was planned from, and when that was read.

    Looks at results, and slots that callers ask for, are planned from no start.
    """
    found: dict[tuple[str, datetime], list[tuple[datetime, datetime]]] = defaultdict(list)
    for handing in script.handings:
        for slot in handing.event.get("slots", ()):
            if "tick" in handing.event and "start" in slot:
                order = (when(handing.event["tick"]), when(slot["start"]))
                found[slot["raceId"], when(slot["slot"])].append(order)
    return found


def _never_stored(day: FeedDay, stored: Container[str], end: datetime) -> int:
    """Count races that were never stored although their list showed them for half an hour before their start."""
    absent = [race for race in day.core_races if race.race_id not in stored]
    return sum(
        race.script.visible is None or race.script.visible + LISTED <= min(end, race.advertised) for race in absent
    )


def _polls(found: Mapping[str, Found], absent: Mapping[str, AbsentSlots], tables: Tables) -> dict[str, Any]:
    slots = Counter((r["raceId"], when(r["slot"])) for r in tables.ledger)
    rows = Counter((r["raceId"], int(r["n"])) for r in tables.ledger)
    committed = sum(each.committed for each in found.values())
    missing = sum(each.missing for each in absent.values())
    excuses = Counter(why for each in absent.values() for why in each.excused.values())
    lost = sum(len(each.lost) for each in absent.values())
    told = [f"{race} {at:%H:%M:%S} lost: {why}" for race, each in absent.items() for at, why in each.lost.items()]
    told += [f"{race} {at:%H:%M:%S} unreported" for race, each in absent.items() for at in sorted(each.unreported)]
    told += [f"{race} {what}" for race, each in found.items() for what in (*each.wrong, *each.unexpected)]
    return {
        "expected": committed + missing,
        "committed": committed,
        "missing": missing,
        "missing_share": round(missing / max(1, committed + missing), 4),
        "excused": dict(sorted(excuses.items())),
        "recoverable": committed + lost,
        "lost": lost,
        "unreported": sum(len(each.unreported) for each in absent.values()),
        "duplicate": sum(n - 1 for n in slots.values()) + sum(n - 1 for n in rows.values()),
        "wrong": sum(len(each.wrong) for each in found.values()),
        "unexpected": sum(len(each.unexpected) for each in found.values()),
        "differences": told[:40],
    }


def _race(day: FeedDay, race_id: str, rows: Sequence[Row], script: Script, asked: Ordered) -> Found:
    found = Found()
    before: PolledAnswer | None = None
    newest_content: datetime | None = None
    finished: datetime | None = None
    for i, row in enumerate(rows):
        slot, kind = when(row["slot"]), row["kind"]
        if int(row["n"]) != i + 1:
            found.wrong.append(f"row {row['n']} stands {i + 1}th")
        if before is not None and slot <= before.slot:
            found.wrong.append(f"n {row['n']}: slot {slot:%H:%M:%S} is not after {before.slot:%H:%M:%S}")
        if kind == "slot" and not planned(day, row, rows[i - 1] if i else None, asked):
            found.unexpected.append(f"n {row['n']}: nothing asks for a poll at {slot:%H:%M:%S}")
        answer = _answer(found, day, race_id, row, before, script, asked.every)
        found.rows.append((row, answer))
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
            if kind == "recheck" and (finished is None or slot - finished not in RECHECKS):
                found.wrong.append(f"n {row['n']}: a re-check of its own at {slot:%H:%M:%S}")
            if answer.status in OVER and finished is None:
                finished = slot
        found.answers.append(answer)
        before = answer
    return found


def planned(day: FeedDay, row: Row, base: Row | None, asked: Ordered) -> bool:
    """Tell whether a row's slot is on the grid of a start in force, with its last row's status, if any.

    The last row's start is in force, unless the order was made of a start that was read after it, or that row came
    while this one was being polled.
    """
    race, slot = day.books[row["raceId"]].race, when(row["slot"])
    starts = {race.advertised, race.script.moved_from or race.advertised}
    statuses = (base["status"],) if base else ("Open", "Closed")
    if base is not None and when(base["$createdAt"]) < slot - READ_AHEAD:
        read = asked.orders.get((row["raceId"], slot), ())
        starts = {when(base["startTime"])} | {start for at, start in read if at > when(base["fetchedAt"])}
    return is_core(race) and any(on_grid(start, each, slot, asked.every) for start in starts for each in statuses)


def _answer(
    found: Found, day: FeedDay, race_id: str, row: Row, before: PolledAnswer | None, script: Script, every: Every
) -> PolledAnswer | None:
    """Return what a row must show; a row whose answer nobody served, or served at another time, is wrong."""
    slot, places = when(row["slot"]), day.books[race_id].race.positions_paid
    if row["kind"] == "closing":
        return None if before is None else PolledAnswer(slot, before.state, places, row["status"])
    served = answer_behind(row, script.served.get(race_id, ()))
    if served is None:
        found.wrong.append(f"n {row['n']}: nobody served what it shows of {row['generatedAt']}")
        return None
    if not slot - EARLY <= served.at <= _latest(row, before, slot, every):
        found.wrong.append(f"n {row['n']}: slot {slot:%H:%M:%S} shows an answer of {served.at:%H:%M:%S}")
    state = as_read(day.truth(race_id, served.content_at), served.change, before.state if before else None)
    if row["status"] != state.status and not (before and before.status in OVER):
        found.wrong.append(f"n {row['n']}: {row['status']} where the feed said {state.status}")
    return PolledAnswer(slot, state, places)


def _latest(row: Row, before: PolledAnswer | None, slot: datetime, every: Every) -> datetime:
    """Return until when an answer may be served for a slot; a caller's poll and a first one have a minute."""
    if row["kind"] != "slot" or before is None:
        return slot + timedelta(seconds=60) + ANSWERING
    starts = (before.state.advertised_start, when(row["startTime"]))
    return slot + timedelta(seconds=max(life_secs(start, before.status, slot, every) for start in starts)) + ANSWERING


def answer_behind(row: Row, answers: Sequence[ServedEvent]) -> ServedEvent | None:
    """Find the answer that a row was made of, by the feed's own time; without one, by the time of receipt."""
    stamp, fetched = when(row["generatedAt"]), when(row["fetchedAt"])
    exact = [a for a in answers if abs(a.content_at - stamp) <= MS and a.change != "payload.no_clock"]
    if exact:
        # Two pollers that wake for one slot are answered within a millisecond.
        return min(exact, key=lambda a: abs(a.at - fetched))
    unclocked = [a for a in answers if a.change == "payload.no_clock" and abs(a.at - fetched) < UNCLOCKED]
    return min(unclocked, key=lambda a: abs(a.at - fetched), default=None)
