"""Races that are due at once, at wire depth: healthy, through two stalls of the store, and healthy again.

`python -m local.simulate.pool_trial --help`; with `--unmended` the clients are those that a stall once killed, with
`--everything` each poll finds all its runners, odds and the race itself changed, with `--runners` all but the race;
with `--armed` it has at hand what slots from T-5 on have.
"""

import argparse
import asyncio
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from local.feedsim import DayOptions, FeedSim, generate_day
from local.simulate.appwrite_profile import RealPace
from local.simulate.day import day_start, settle
from local.simulate.full_store import PROFILES
from local.simulate.loop import VirtualLoop
from local.simulate.plan import DayPlan
from local.simulate.platform import limits_of
from local.simulate.report import POLLER
from local.simulate.run import on_virtual_time
from local.simulate.storms_judged import begin_network
from local.simulate.unmended import unmended
from local.simulate.virtual_http import turns
from local.simulate.wire_depth import WireBackend
from local.simulate.world import SimWorld
from raceday.catalogue.functions import IMPORTS
from raceday.clock import Clock, iso
from raceday.polling import arming
from raceday.polling.changes import StoredState
from raceday.store.port import Op, Row, Store
from raceday.tables import RACE_POLLS

STALLS, STALL_SECS, BETWEEN_SECS = 2, 12.0, 45.0
BEFORE = timedelta(minutes=40)
# Long enough for a poller to come up, wait and arm.
AHEAD_SECS = 8.0


class Timed(WireBackend):
    """A backend whose clients note how long each write of a poll took, from its beginning to its answer."""

    def __init__(self, *, profile: str) -> None:
        super().__init__(profile=profile)
        self.secs: list[float] = []
        self.done_at: list[float] = []

    @property
    def spent_secs(self) -> dict[str, float]:
        """Return what the server has spent so far at the real pace, by what it went into; empty at the fast one."""
        return dict(self._served.spent_secs) if isinstance(self._served, RealPace) else {}

    def store(self, world: SimWorld, name: str, serial: int, clock: Clock, on_request: Callable[[], None]) -> Store:
        """Make a store client whose polls are timed."""
        made = super().store(world, name, serial, clock, on_request)
        return TimedStore(made, world.loop, self) if name == POLLER else made


class TimedStore:
    """A store that notes the seconds of each commit and each creation of a ledger row, and passes on all else."""

    def __init__(self, inner: Store, loop: VirtualLoop, told: Timed) -> None:
        self._inner, self._loop, self._told = inner, loop, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Commit, and note how long it took."""
        began = self._loop.time()
        await self._inner.commit(ops, begun)
        self._note(began)

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create, and note how long it took."""
        began = self._loop.time()
        made = await self._inner.create(table, row_id, data)
        if table == RACE_POLLS:
            self._note(began)
        return made

    def _note(self, began: float) -> None:
        now = self._loop.time()
        self._told.secs.append(now - began)
        self._told.done_at.append(now)


@contextmanager
def everything_changed(*, race: bool = True) -> Iterator[None]:
    """Let each poll write all its runners, all their odds and perhaps the race, whatever stood before."""
    with ExitStack() as stack:
        if race:
            stack.enter_context(patch.object(StoredState, "race_digest", lambda self, row: ""))
        stack.enter_context(patch.object(StoredState, "entrant_digest", lambda self, entrant_id, row: ""))
        stack.enter_context(patch.object(StoredState, "odds", lambda self, entrant_id, kind: None))
        yield


@contextmanager
def always_armed() -> Iterator[None]:
    """Let each poll wait for its slot armed, as from T-5 on."""
    with patch.object(arming, "_is_critical", lambda order: True):
        yield


def pool_trial(
    seed: int = 1,
    *,
    armed: bool = False,
    races: int = 30,
    stalls: int = STALLS,
    profile: str = "fast",
    trace: list[str] | None = None,
) -> dict[str, Any]:
    """Return how many of `races` were committed at each go, and how long commits took at the first and the last.

    Of the last go also how long after it was due each poll was written, and what the store's seconds went into.
    """
    plan = DayPlan(seed=seed, races=races)
    day = generate_day(seed, plan.day, races, options=DayOptions(abandoned_races=0, abandoned_meetings=0, late_races=0))
    start = day_start(plan.day) + timedelta(minutes=3)

    async def work(loop: VirtualLoop) -> dict[str, Any]:
        backend = Timed(profile=profile)
        told = trace.append if trace is not None else None
        world = SimWorld(loop, FeedSim(day), backend, limits_of(), seed=seed, settings=plan.settings, trace=told)
        begin_network("calm", world, backend, start)
        try:
            for name in IMPORTS:
                await world.platform.activate(name, {"date": plan.day.isoformat()})
            ids = [race.race_id for race in day.core_races]
            # By then the market moves, and each poll changes something.
            near = min(race.advertised for race in day.core_races) - BEFORE
            await asyncio.sleep((near - loop.now()).total_seconds())
            ahead_secs = AHEAD_SECS if armed else 0.0
            goes = [await _go(world, ids, ahead_secs)]
            for _ in range(stalls):
                backend.hosts["store"].freeze()
                loop.call_later(STALL_SECS, backend.hosts["store"].thaw)
                goes.append(await _go(world, ids, ahead_secs))
            due_at, before = loop.time() + ahead_secs, backend.spent_secs
            goes.append(await _go(world, ids, ahead_secs))
            spent = {name: secs - before.get(name, 0.0) for name, secs in backend.spent_secs.items()}
            await settle(world)
            return {
                "committed": goes,
                "first": _spread(backend.secs[:races]),
                "last": _spread(backend.secs[-races:]),
                "last_after_due": _spread([at - due_at for at in backend.done_at[-races:]]),
                "store_secs": {name: round(secs, 3) for name, secs in sorted(spent.items())},
            }
        finally:
            await backend.aclose()

    return on_virtual_time(start, work, turns(seed))


async def _go(world: SimWorld, ids: Sequence[str], ahead_secs: float) -> int:
    """Poll every race at one instant, by as many pollers as it takes; return how many were committed.

    Handed out ahead, they are slots that pollers wait for; else requests of the present.
    """
    most, at = world.settings.races_per_poller, world.loop.now() + timedelta(seconds=ahead_secs)
    batches = [list(ids[i : i + most]) for i in range(0, len(ids), most)]
    asked: list[dict[str, Any]] = [{"raceIds": batch} for batch in batches]
    if ahead_secs:
        asked = [{"slots": [{"raceId": id_, "slot": iso(at), "kind": "recheck"} for id_ in batch]} for batch in batches]
    answers = await asyncio.gather(*(world.platform.activate(POLLER, each) for each in asked))
    await asyncio.sleep(BETWEEN_SECS)
    return sum(result["result"] == "committed" for answer in answers for result in answer.get("results", ()))


def _spread(secs: Sequence[float]) -> dict[str, float]:
    """Return the middle, the 99th percentile and the longest of some times."""
    ordered, at = sorted(secs), {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{name}_secs": round(ordered[math.ceil(len(ordered) * share) - 1], 3) for name, share in at.items()}


def main() -> None:
    """Run one trial and print it."""
    parser = argparse.ArgumentParser(prog="python -m local.simulate.pool_trial", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of loop, network and day (1)")
    parser.add_argument("--races", type=int, default=30, help="races due at once (30)")
    parser.add_argument("--stalls", type=int, default=STALLS, help=f"stalls of the store of {STALL_SECS:g} s (2)")
    parser.add_argument("--store-profile", choices=PROFILES, default="fast", help="the store's pace (fast)")
    parser.add_argument("--unmended", action="store_true", help="with the clients as they once were")
    parser.add_argument("--armed", action="store_true", help="slots that are waited for, as from T-5 on")
    parser.add_argument("--everything", action="store_true", help="every poll finds everything changed")
    parser.add_argument("--runners", action="store_true", help="every poll finds all runners and odds changed")
    args = parser.parse_args()
    with ExitStack() as stack:
        if args.unmended:
            stack.enter_context(unmended())
        if args.everything or args.runners:
            stack.enter_context(everything_changed(race=args.everything))
        if args.armed:
            stack.enter_context(always_armed())
        found = pool_trial(
            args.seed, armed=args.armed, races=args.races, stalls=args.stalls, profile=args.store_profile
        )
        print(json.dumps(found))


if __name__ == "__main__":
    main()
