"""Starting the other schedules at their minutes: each once, made up when missed, and again when it did not finish."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from raceday.clock import iso
from raceday.errors import RaceDayError, StoreConflict
from raceday.racing.ledger import instant
from raceday.racing.planning import Race
from raceday.stages.prune import prune
from raceday.stages.scheduler_state import import_done, run_id, run_row
from raceday.stages.schedules import (
    BATCH_POLLER,
    DAILY_ENTRANTS,
    DAILY_RACES,
    PRUNE,
    SCHEDULES,
    Run,
    Start,
    due_starts,
)
from raceday.store.schema import SUITE_STATE

if TYPE_CHECKING:
    from raceday.stages.scheduler import Tick

# An import under way writes its races before their entrants.
_SETTLED = timedelta(minutes=2)
_NEW_EVERY = timedelta(minutes=5)
_NEW = "new_races"
_IMPORTS = ("daily-meetings", "daily-races", "daily-entrants")


async def start_due(tick: "Tick", races: Sequence[Race]) -> None:
    """Start every schedule that is due, and the imports of races that came later in the day."""
    await _note_finished(tick)
    legacy = tick.container.settings.legacy_schedules
    schedules = [s for s in SCHEDULES if (legacy or not s.legacy) and not tick.state.paused(s.function)]
    for start in due_starts(tick.at, {**_marked(tick), **tick.state.runs}, schedules):
        try:
            await _start(tick, start, races)
        except RaceDayError as error:
            tick.fail(start.schedule.name, error)
    await _import_new(tick, races)


async def _note_finished(tick: "Tick") -> None:
    """Keep on its run's row that an import has finished, which the import itself tells in a row of its own."""
    for name, run in tick.state.runs.items():
        if name in _IMPORTS and not run.finished and import_done(tick.state, name, run.due):
            tick.state.runs[name] = done = replace(run, finished=True)
            try:
                await tick.container.store.upsert(SUITE_STATE, run_id(name, run.due), run_row(done, "finished"))
            except RaceDayError as error:
                tick.fail(name, error)


def _marked(tick: "Tick") -> dict[str, Run]:
    """Give the runs of schedules that come too often for a row each; a second start of one does no harm."""
    marks = tick.state.marks
    return {
        s.name: Run(s.name, at, at, finished=True)
        for s in SCHEDULES
        if not s.daily and s.name in marks and (at := instant(marks[s.name]))
    }


async def _start(tick: "Tick", start: Start, races: Sequence[Race]) -> None:
    schedule = start.schedule
    if not schedule.daily:
        tick.state.marks[schedule.name] = iso(start.due)
        payload = _payload(tick, start, races)
        if payload is not None:
            await tick.container.invoker.start(schedule.function, payload)
        return
    run = await _claim(tick, start)
    if run is None:
        return
    if schedule is PRUNE:
        tick.report["pruned"] = (await prune(tick.container))["deleted"]
        status = "finished"
    else:
        await tick.container.invoker.start(schedule.function, {})
        status = "started"
    done = replace(run, started=True, finished=status == "finished")
    tick.state.runs[schedule.name] = done
    await tick.container.store.upsert(SUITE_STATE, run_id(schedule.name, start.due), run_row(done, status))
    tick.report.setdefault("started", []).append(schedule.name)


async def _claim(tick: "Tick", start: Start) -> Run | None:
    """Announce a run; None where another scheduler has announced it. One that then dies is found unstarted."""
    name, store = start.schedule.name, tick.container.store
    before = tick.state.runs.get(name)
    tries = before.tries + 1 if start.again and before is not None else 1
    run = Run(name, start.due, tick.at, tries, started=False)
    try:
        if start.again:
            await store.upsert(SUITE_STATE, run_id(name, start.due), run_row(run, "claimed"))
        else:
            await store.create(SUITE_STATE, run_id(name, start.due), run_row(run, "claimed"))
    except StoreConflict:
        return None
    tick.state.runs[name] = run
    return run


def _payload(tick: "Tick", start: Start, races: Sequence[Race]) -> dict[str, Any] | None:
    """Give what a frequent schedule's function is called with, None where it has nothing to do."""
    if start.schedule is not BATCH_POLLER:
        return {}
    near = [r.race_id for r in sorted(races, key=lambda r: abs(r.start - tick.at)) if not r.status.over]
    ids = near[: tick.container.settings.batch_limit]
    return {"raceIds": ids} if ids else None


async def _import_new(tick: "Tick", races: Sequence[Race]) -> None:
    """Import what the meeting list showed since the day's import: races without details and entrants."""
    entrants = tick.state.runs.get(DAILY_ENTRANTS.name)
    if entrants is None or not entrants.finished:
        return
    new = [
        r
        for r in races
        if not r.has_entrants and not r.status.over and r.imported_at and tick.at - r.imported_at > _SETTLED
    ]
    last = tick.state.marks.get(_NEW)
    if not new or (last and tick.at - instant(last) < _NEW_EVERY):
        return
    tick.state.marks[_NEW] = iso(tick.at)
    for function in (DAILY_RACES.function, DAILY_ENTRANTS.function):
        if not tick.state.paused(function):
            try:
                await tick.container.invoker.start(function, {})
            except RaceDayError as error:
                tick.fail(function, error)
