"""Starting the other schedules at their minutes: each once, made up when missed, and again when it did not finish."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from raceday.catalogue.functions import IMPORTS
from raceday.catalogue.schedules import BATCH_POLLER, DAILY_ENTRANTS, DAILY_MEETINGS, PRUNE, REFRESH, SCHEDULES
from raceday.clock import instant, iso
from raceday.errors import RaceDayError, StoreConflict
from raceday.racing.nzday import race_day
from raceday.racing.planning import Race
from raceday.scheduling.retention import prune
from raceday.scheduling.schedules import Run, Start, due_starts
from raceday.scheduling.state import import_done, import_stalled, run_id, run_row
from raceday.scheduling.tick import Tick
from raceday.tables import SUITE_STATE

# An import under way writes its races before their entrants.
_SETTLED = timedelta(minutes=2)
_NEW_EVERY = timedelta(minutes=15)
_NEW = "new_races"


async def start_due(tick: Tick, races: Sequence[Race]) -> None:
    """Start every schedule that is due, and the imports of races that came later in the day."""
    await _note_finished(tick)
    legacy = tick.container.settings.legacy_schedules
    schedules = [s for s in SCHEDULES if (legacy or not s.legacy) and not tick.state.paused(s.function)]
    for start in due_starts(tick.at, {**_marked(tick), **tick.state.runs}, schedules):
        try:
            await _start(tick, start, races)
        except RaceDayError as error:
            tick.fail(start.schedule.name, error)
            run = tick.state.runs.get(start.schedule.name)
            # What is started and could not be written down runs all the same; old rows can be deleted a day later.
            if start.schedule is not PRUNE and not (run and run.due == start.due and run.started):
                tick.unstarted.append(start.schedule.name)
    await _import_new(tick, races)


async def _note_finished(tick: Tick) -> None:
    """Keep on its run's row that an import has finished, which the import itself tells in a row of its own."""
    for name, run in tick.state.runs.items():
        if name not in IMPORTS or run.finished:
            continue
        if not import_done(tick.state, name, run.due):
            stalled = import_stalled(tick.state, name, run.started_at, tick.at)
            tick.state.runs[name] = replace(run, stalled=stalled)
            continue
        tick.state.runs[name] = done = replace(run, finished=True)
        try:
            await tick.container.store.upsert(SUITE_STATE, run_id(name, run.due), run_row(done, "finished"))
        except RaceDayError as error:
            tick.fail(name, error)


def _marked(tick: Tick) -> dict[str, Run]:
    """Return the runs of schedules that come too often for a row each; a second start of one does no harm."""
    marks = tick.state.marks
    return {
        s.name: Run(s.name, at, at, finished=True)
        for s in SCHEDULES
        if not s.daily and s.name in marks and (at := instant(marks[s.name]))
    }


async def _start(tick: Tick, start: Start, races: Sequence[Race]) -> None:
    schedule = start.schedule
    if not schedule.daily:
        tick.state.marks[schedule.name] = iso(start.due)
        for payload in _payloads(tick, start, races):
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
        # Only imports tell that they have finished.
        status = "started" if schedule.name in IMPORTS else "finished"
    done = replace(run, started=True, finished=status == "finished")
    tick.state.runs[schedule.name] = done
    await tick.container.store.upsert(SUITE_STATE, run_id(schedule.name, start.due), run_row(done, status))
    tick.report.setdefault("started", []).append(schedule.name)


async def _claim(tick: Tick, start: Start) -> Run | None:
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


def _payloads(tick: Tick, start: Start, races: Sequence[Race]) -> list[dict[str, Any]]:
    """Return what a frequent schedule's function is called with, once each."""
    if start.schedule is REFRESH:
        return [{"date": day} for day in _days(tick, races)]
    if start.schedule is not BATCH_POLLER:
        return [{}]
    near = [r.race_id for r in sorted(races, key=lambda r: abs(r.start - tick.at)) if not r.status.over]
    # A schedule polls what is due and nothing between, so that it leaves the same rows as the scheduler's own slots.
    ids = near[: tick.container.settings.batch_limit]
    return [{"raceIds": ids, "due": True}] if ids else []


def _days(tick: Tick, races: Sequence[Race]) -> list[str]:
    """Return the race days to refresh: the one imported last, and those with races still to come.

    Night meetings race past NZ midnight under their own date, and the next day is not imported before its time.
    """
    run = tick.state.runs.get(DAILY_MEETINGS.name)
    imported = {race_day(run.due).isoformat()} if run is not None else set()
    return sorted(imported | {r.day for r in races if r.day and not r.status.over})


async def _import_new(tick: Tick, races: Sequence[Race]) -> None:
    """Import the entrants of races that the meeting list showed since the day's import, or that failed in it."""
    entrants = tick.state.runs.get(DAILY_ENTRANTS.name)
    if entrants is None or not entrants.finished or tick.state.paused(DAILY_ENTRANTS.function):
        return
    last = tick.state.marks.get(_NEW)
    since = instant(last) if last else entrants.due
    waiting = [
        r
        for r in races
        if not r.has_entrants and not r.status.over and r.imported_at and tick.at - r.imported_at > _SETTLED
    ]
    if not any(tick.at - since >= _NEW_EVERY or (r.imported_at and r.imported_at + _SETTLED > since) for r in waiting):
        return
    tick.state.marks[_NEW] = iso(tick.at)
    for day in sorted({r.day for r in waiting if r.day}):
        try:
            await tick.container.invoker.start(DAILY_ENTRANTS.function, {"date": day})
        except RaceDayError as error:
            tick.fail(DAILY_ENTRANTS.name, error)
            tick.unstarted.append(DAILY_ENTRANTS.name)
