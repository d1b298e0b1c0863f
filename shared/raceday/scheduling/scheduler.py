"""master-race-scheduler: hand out the slots that come up, retry what nobody committed, start what is due."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import RaceDayError, StoreRefused
from raceday.racing.planning import (
    REACH_SECS,
    SETTLE_SECS,
    Due,
    Key,
    Race,
    due_rechecks,
    fresh,
    in_order,
    is_brief,
    is_given_up,
    minute_of,
    missed,
    owed_rechecks,
    window,
    worth_starting,
)
from raceday.racing.records import LedgerHead
from raceday.scheduling import closing, results_watch, waking
from raceday.scheduling import reads as scheduler_reads
from raceday.scheduling.answering import answer_health
from raceday.scheduling.handing import POLLER, RESERVE_SECS, HandOut
from raceday.scheduling.health import note_health
from raceday.scheduling.runs import start_due
from raceday.scheduling.state import BRIEF, SCHEDULER, read_state, write_state
from raceday.scheduling.tick import Tick

# The ledger is looked at this long after the minute began, when slots on the minute are committed or late.
LOOK_SECS = SETTLE_SECS + 0.5
# From five minutes before its start a race's slots lie half a minute apart and live for a quarter.
AGAIN_LOOK_SECS = 30 + LOOK_SECS
# A far slot's poller may come up three seconds after it (`FAR_COLD_LEAD_SECS`), and then has its poll to make.
UNDER_WAY_SECS = 5.5
# The watcher has this long to answer.
BEAT_SECS = 3.5
# The watchdog knows so far ahead in which minutes a tick is not to be missed; it stands in for good before that ends.
BRIEF_AHEAD = timedelta(minutes=8)
MOST_SUMMARY = 10_000
REFUSED_PAUSES_SECS = (1.0, 2.0)
T = TypeVar("T")


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Do one minute's work and tell a watcher of it; asked over HTTP, say how the suite is."""
    if call.http is not None:
        return await answer_health(container, call.http)
    try:
        report = await work(container, call)
    except Exception as error:
        await _beat(container, call, False, {"error": type(error).__name__})
        raise
    # A tick whose pollers or imports nobody started runs on with nothing polled: it did not do its work.
    await _beat(container, call, not report["unstarted"], report)
    return report


async def _beat(container: Container, call: Call, done: bool, summary: dict[str, Any]) -> None:
    """Tell the watcher while there is time; what goes wrong with it is none of the tick's."""
    if call.remaining_secs() < BEAT_SECS:
        return
    if not await container.heartbeat.beat(done, json.dumps(summary, default=str)[:MOST_SUMMARY]):
        call.log.warning("heartbeat.failed")


async def work(container: Container, call: Call, keeper: str = SCHEDULER) -> dict[str, Any]:
    """Do one minute's work and keep it in that keeper's row; whatever part fails is done by a later minute.

    It lasts until the last slot of the minute has its poller, and other work is done meanwhile.
    """
    state = await _patiently(container, lambda: read_state(container))
    tick = Tick(container, call, container.clock.now(), state, keeper=keeper)
    races = await _patiently(container, lambda: scheduler_reads.races(container, tick.at))
    handing = HandOut(tick)
    _plan_fresh(tick, races, handing)
    retried: list[int] = []
    for ending in await asyncio.gather(handing.run(), _beside(tick, races, handing, retried), return_exceptions=True):
        if isinstance(ending, BaseException):
            raise ending
    if handing.refused:
        await _save(tick, handing.taken)
        tick.unstarted.append(POLLER)
    tick.report["unstarted"] = sorted(set(tick.unstarted))
    report = {"races": len(races), "slots": len(handing.taken), "retried": sum(retried), **tick.report}
    call.log.info("tick.done", **report, failures=len(tick.failures))
    return {"ok": True, "minute": iso(tick.at), **report, "failures": tick.failures}


async def _beside(tick: Tick, races: Sequence[Race], handing: HandOut, retried: list[int]) -> None:
    """Do all of a minute's work but the handing out."""
    try:
        _mark_brief(tick, races)
        await start_due(tick, races)
        retried.append(await _look_back(tick, races, handing))
        await results_watch.hand_out(tick)
        await _save(tick, handing.claimed)
        await note_health(tick, races)
        retried.append(await _look_again(tick, races, handing))
    finally:
        handing.close()


async def _patiently(container: Container, read: Callable[[], Awaitable[T]]) -> T:
    """Read what no tick can do without; a store that refuses, as it may while it restarts, is asked again twice."""
    for pause in REFUSED_PAUSES_SECS:
        try:
            return await read()
        except StoreRefused:
            await container.clock.sleep(pause)
    return await read()


def _mark_brief(tick: Tick, races: Sequence[Race]) -> None:
    """Keep in what stretch of the next minutes slots lie that are over before the tick after theirs looks back."""
    minute = minute_of(tick.at)
    after, until = minute + timedelta(seconds=REACH_SECS), minute + BRIEF_AHEAD
    running = [race for race in races if not race.status.over and not is_given_up(race, tick.at)]
    brief = [due.slot.at for due in fresh(running, tick.intervals, after, until, ()) if is_brief(due)]
    tick.state.marks.pop(BRIEF, None)
    if brief:
        tick.state.marks[BRIEF] = f"{iso(brief[0])}/{iso(brief[-1])}"


def _plan_fresh(tick: Tick, races: Sequence[Race], handing: HandOut) -> None:
    """Plan the slots up to the next minute's reach that no earlier tick handed out."""
    if tick.state.paused(POLLER):
        tick.report["paused"] = True
        return
    after, until = window(tick.at)
    running = [race for race in races if not race.status.over and not is_given_up(race, tick.at)]
    handing.add(fresh(running, tick.intervals, after, until, tick.state.handed))


async def _look_back(tick: Tick, races: Sequence[Race], handing: HandOut) -> int:
    """Once the slots on the minute have settled: retry, re-check, close, and wake what lags; gives slots retried."""
    quiet = not (handing.claimed or tick.state.handed)
    if not quiet:
        # Where nobody was started for minutes nothing has to settle.
        settled = minute_of(tick.at) + timedelta(seconds=LOOK_SECS)
        await tick.container.clock.sleep((settled - tick.container.clock.now()).total_seconds())
    if tick.call.remaining_secs() < RESERVE_SECS:
        return 0
    now = tick.container.clock.now()
    rows = await _patiently(tick.container, lambda: scheduler_reads.recent(tick.container, now, quiet=quiet))
    over = await _patiently(tick.container, lambda: scheduler_reads.over(tick.container, now, rows))
    handing.drop(_finished(rows))
    retried = 0
    if not tick.state.paused(POLLER):
        missing = _to_retry(tick, races, rows, over, now, {due.key for due in handing.claimed})
        under_way = [due for due in missing if _may_be_under_way(tick, due, now)]
        retried = handing.add(due for due in missing if due not in under_way)
        if under_way:
            retried += await _look_when_up(tick, races, handing, (*rows, *over), under_way)
    await closing.close_races(tick, races, owed_rechecks(over, now), now)
    await waking.wake_lagging(tick, rows, now)
    await waking.wake_finished(tick, over, rows, now)
    return retried


def _may_be_under_way(tick: Tick, due: Due, now: datetime) -> bool:
    """Tell whether a slot's poller may just be coming up; what lives for seconds cannot wait for it."""
    up = due.slot.at + timedelta(seconds=UNDER_WAY_SECS)
    return due.key in tick.state.handed and now < up and not is_brief(due)


async def _look_when_up(
    tick: Tick, races: Sequence[Race], handing: HandOut, known: Sequence[LedgerHead], under_way: Sequence[Due]
) -> int:
    """Hand out again what nobody has committed once its poller must be up; without a second look all of it."""
    up = max(due.slot.at for due in under_way) + timedelta(seconds=UNDER_WAY_SECS)
    wait = (up - tick.container.clock.now()).total_seconds()
    if tick.call.remaining_secs() < wait + RESERVE_SECS:
        return handing.add(under_way)
    now, read = await _read_after(tick, wait, "look when up")
    rows = [*known, *(read or ())]
    handing.drop(_finished(rows))
    keys = {due.key for due in under_way}
    return handing.add(due for due in _to_retry(tick, races, rows, rows, now, ()) if due.key in keys)


async def _look_again(tick: Tick, races: Sequence[Race], handing: HandOut) -> int:
    """Look once more half a minute on, where a slot is then over that the next minute would find expired."""
    minute = minute_of(tick.at)
    look, next_look = (minute + timedelta(seconds=secs) for secs in (AGAIN_LOOK_SECS, 60 + LOOK_SECS))
    running = [race for race in races if not race.status.over and not is_given_up(race, look)]
    short = [
        due
        for due in fresh(running, tick.intervals, minute, look - timedelta(seconds=SETTLE_SECS), ())
        if not worth_starting(due, next_look)
    ]
    wait = (look - tick.container.clock.now()).total_seconds()
    if not short or tick.state.paused(POLLER) or tick.call.remaining_secs() < wait + RESERVE_SECS:
        return 0
    now, rows = await _read_after(tick, wait, "second look")
    if rows is None:
        return 0
    handing.drop(_finished(rows))
    keys = {due.key for due in short}
    return handing.add(due for due in _to_retry(tick, races, rows, (), now, ()) if due.key in keys)


async def _read_after(tick: Tick, wait_secs: float, what: str) -> tuple[datetime, Sequence[LedgerHead] | None]:
    """Wait, then read the recent ledger: the instant of it and its rows, or None and a failure of the tick."""
    await tick.container.clock.sleep(wait_secs)
    now = tick.container.clock.now()
    try:
        return now, await scheduler_reads.recent(tick.container, now)
    except RaceDayError as error:
        tick.fail(what, error)
        return now, None


def _newest(rows: Sequence[LedgerHead]) -> dict[str, LedgerHead]:
    return {row.race_id: row for row in sorted(rows, key=lambda row: row.n)}


def _finished(rows: Sequence[LedgerHead]) -> set[str]:
    """Return the races whose newest poll says that they are over."""
    return _over(_newest(rows))


def _over(newest: Mapping[str, LedgerHead]) -> set[str]:
    return {race_id for race_id, row in newest.items() if row.status.over}


def _to_retry(
    tick: Tick,
    races: Sequence[Race],
    rows: Sequence[LedgerHead],
    over: Sequence[LedgerHead],
    now: datetime,
    new: Collection[Key],
) -> list[Due]:
    committed = {(row.race_id, int(row.slot.timestamp())) for row in rows}
    newest = _newest(rows)
    settled = _over(newest)
    # A start that a poll of this minute moved is not what this tick knows: the slots it would retry are off the plan.
    minute = minute_of(tick.at)
    settled |= {
        r.race_id for r in races if (row := newest.get(r.race_id)) and row.slot >= minute and row.start != r.start
    }
    running = [r for r in races if r.race_id not in settled and not r.status.over and not is_given_up(r, now)]
    late = missed(running, tick.intervals, now, committed | set(new))
    after, until = window(tick.at)
    return in_order([*late, *due_rechecks(over, after, until, now, tick.state.handed | set(new))])


async def _save(tick: Tick, handed: Sequence[Due]) -> None:
    try:
        await write_state(tick.container, tick.state, [due.key for due in handed], tick.at, tick.keeper)
    except RaceDayError as error:
        # The next tick hands some slots out again; their second poll finds them in the ledger.
        tick.fail("state", error)
