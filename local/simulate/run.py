"""Running simulated days: make the world, let the day pass, read what it left."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from local.console.activity import Activity, path_beside
from local.feedsim import FeedDay, FeedSim, RecordedFeed, generate_day
from local.simulate.checker import judge
from local.simulate.day import WHOLE, day_end, day_start, run_day, settle
from local.simulate.faults.engine import QUIET, DayFaults
from local.simulate.full_store import FullBackend
from local.simulate.loop import VirtualLoop
from local.simulate.operator import pause
from local.simulate.oracle.judge import Left, judge_rows
from local.simulate.plan import DayPlan
from local.simulate.platform import OnDone, limits_of
from local.simulate.port_store import PortBackend
from local.simulate.report import day_report, failures, stored
from local.simulate.seams import FaultHooks
from local.simulate.shrink import keep_races
from local.simulate.storms_judged import begin_network, network_report
from local.simulate.tables import Tables, read_tables, since
from local.simulate.users import change_mind, seed_users
from local.simulate.virtual_http import httpcore_on, turns
from local.simulate.wire_depth import WireBackend
from local.simulate.world import SETTINGS, Backend, SimWorld
from raceday.catalogue.functions import IMPORTS
from raceday.settings import Settings

if TYPE_CHECKING:
    from local.tape.keeping import Keeper

T = TypeVar("T")
Progress = Callable[[float], None]


def on_virtual_time(
    start: datetime,
    work: Callable[[VirtualLoop], Coroutine[Any, Any, T]],
    turn_secs: Callable[[], float] | None = None,
) -> T:
    """Run something on a virtual loop of its own and close it; `turn_secs` draws what each turn of it costs."""
    loop = VirtualLoop(start, turn_secs)
    try:
        asyncio.set_event_loop(loop)
        with httpcore_on(loop):
            return loop.run_until_complete(work(loop))
    except KeyboardInterrupt:
        # It may have come up in a task that nobody will ask any more: its traceback is not for whoever stopped the day.
        loop.set_exception_handler(lambda *_: None)
        raise
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def make_backend(plan: DayPlan) -> Backend:
    """Return the store of a plan's depth."""
    if plan.depth == "wire":
        return WireBackend(plan.store, profile=plan.store_profile)
    if plan.depth == "full":
        return FullBackend(plan.store, profile=plan.store_profile)
    if plan.depth != "port":
        raise ValueError(f"depth: expected full, port or wire, got {plan.depth!r}")
    return PortBackend()


def simulate_day(
    plan: DayPlan,
    *,
    seams: Callable[["SimWorld"], FaultHooks] | None = None,
    progress: Progress | None = None,
    trace: Callable[[str], None] | None = None,
    on_end: Callable[[FeedDay, SimWorld, Tables, datetime], None] | None = None,
    on_done: OnDone | None = None,
    into: Backend | None = None,
) -> dict[str, Any]:
    """Simulate one generated day and give its report; everything but `wall_secs` and `measured` repeats for a seed."""
    began, cpu = time.perf_counter(), time.process_time()
    generated = generate_day(plan.seed, plan.day, plan.races, options=plan.options)
    if plan.only:
        keep_races(generated, plan.only)
    start, end = day_start(plan.day), day_end(generated)
    if plan.whole:
        end = max(end, start + WHOLE)

    async def work(loop: VirtualLoop) -> dict[str, Any]:
        backend = into or make_backend(plan)
        world = SimWorld(
            loop, FeedSim(generated, compress=plan.depth != "port"), backend, limits_of(plan.sizes),
            seed=plan.seed, settings=plan.settings, trace=trace, sizes=plan.sizes,
        )  # fmt: skip
        outages = begin_network(plan.network, world, backend, end) if isinstance(backend, FullBackend) else []
        if seams is not None:
            world.use(seams(world))
        activity = _activity(plan)
        world.platform.on_done = activity.on_done if activity else on_done
        keeper = world.platform.keeper = _keeper(plan)
        try:
            reader = world.backend.reader(world)
            await seed_users(reader)
            before = await read_tables(reader)
            if plan.tape is None and not plan.steady_users:
                # A replay of a taped day tells users as its end has them: what they wanted before is not kept.
                world.platform.spawn(change_mind(world, reader, generated))
            if plan.paused is not None:
                world.platform.spawn(pause(world, reader, plan.paused))
            last = world.seams.last(end) if plan.network == "calm" else end + QUIET
            await run_day(world, last, _told(progress, start, last))
            tables = since(before, await read_tables(reader))
            if on_end is not None:
                on_end(generated, world, tables, last)
            left = Left(plan.day, start, last, before, tables, sound=seams is None and plan.network == "calm")
            report = _judged(generated, world, left) | {"writes_dropped": len(world.backend.dropped)}
            return report | network_report(report, generated, world, left, outages) if outages else report
        finally:
            await world.backend.aclose()
            if activity is not None:
                activity.close()
            if keeper is not None:
                keeper.writer.close()

    report = on_virtual_time(start, work, turns(plan.seed) if plan.depth == "wire" else None)
    return report | {
        "depth": plan.depth,
        "asked": plan.races,
        "options": plan.options_asked(),
        "faults": "none",
        "wall_secs": round(time.perf_counter() - began, 2),
        "measured": {"cpu_secs": round(time.process_time() - cpu, 2)},
    }


def _judged(day: FeedDay, world: SimWorld, left: Left) -> dict[str, Any]:
    """Return the day's report, by the fault script too where there is one."""
    report = day_report(day, world, left.after, judge_rows(left, world.record), left.end)
    faults = world.seams
    return judge(report, day, world, left.after, faults, left.end) if isinstance(faults, DayFaults) else report


def _keeper(plan: DayPlan) -> "Keeper | None":
    """Begin the tape that a plan asks for; raises FileExistsError where it is there."""
    if plan.tape is None:
        return None
    from local.tape.keeping import Keeper
    from local.tape.writer import TapeWriter

    about = {"day": plan.day.isoformat(), "source": f"simulated day, seed {plan.seed}"}
    return Keeper(TapeWriter.create(plan.tape, **about))


def _activity(plan: DayPlan) -> Activity | None:
    """Record what the functions did beside a store that is kept, for the console to show."""
    kept = plan.depth == "full" and str(plan.store) != ":memory:"
    if not kept:
        return None
    activity = Activity(path_beside(plan.store))
    activity.mark_feed(generated=True)
    return activity


def import_recorded(
    folder: str | Path, store: str | Path, day: date | None, *, settings: Settings = SETTINGS, seed: int = 1
) -> dict[str, Any]:
    """Import a recorded day into a store that is kept, and give what was stored and what changed."""
    began = time.perf_counter()
    feed = RecordedFeed(folder)
    asked = day or feed.date
    start = day_start(asked) + timedelta(minutes=3)

    async def work(loop: VirtualLoop) -> dict[str, Any]:
        world = SimWorld(loop, feed, FullBackend(store), limits_of(), seed=seed, settings=settings)
        try:
            for name in IMPORTS:
                await world.platform.activate(name, {"date": asked.isoformat()})
            await settle(world)
            tables = await read_tables(world.backend.reader(world))
            of_day = [row for row in tables.races if row["raceDateNz"] == asked.isoformat()]
            return {
                "date": asked.isoformat(),
                "stored": stored(tables),
                "races": len(of_day),
                "rows_changed": sum(int(i.get("rows_changed", 0)) for i in world.counts.imports),
                "failures": failures(world),
                "virtual_secs": round(loop.time(), 1),
            }
        finally:
            await world.backend.aclose()

    report = on_virtual_time(start, work)
    return report | {"wall_secs": round(time.perf_counter() - began, 2)}


def _told(progress: Progress | None, start: datetime, end: datetime) -> Callable[[datetime], None] | None:
    if progress is None:
        return None
    told, whole = progress, (end - start).total_seconds()
    return lambda at: told((at - start).total_seconds() / whole)
