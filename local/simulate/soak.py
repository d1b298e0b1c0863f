"""Days of warm activations in one process: whether what the functions hold, and their open files, stays flat.

One container for each function lives through all of the days, on a virtual clock and in-process wires. Memory is what
lines of the deployed library allocated and somebody still holds, as tracemalloc counts it.
"""

import asyncio
import gc
import os
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from local.feedsim import FeedDay, FeedSim, FeedTransport, generate_day
from local.feedsim.serve import Answer, AnyFeed
from local.functions import ROOT, function
from local.simulate.day import day_end, day_start
from local.simulate.loop import VirtualClock, VirtualLoop
from local.simulate.platform import limits_of
from local.simulate.run import on_virtual_time
from local.simulate.world import SETTINGS
from local.testing.containers import make_container
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.container import Container
from raceday.ids import SeededRandomSource
from raceday.runtime.function import handle

SCHEDULER, POLLER = "master-race-scheduler", "enhanced-race-poller"
MINUTE = timedelta(minutes=1)
LIBRARY = str(ROOT / "shared" / "raceday" / "*")
FILES = Path("/proc/self/fd")
# What the processes keep of the races under way differs by less than this from hour to hour.
MOST_GROWTH_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class SoakSample:
    """What the process held at an instant: bytes of the library's own making, and open files."""

    at: str
    activations: int
    failed: int
    library_bytes: int
    open_files: int


class _Days(AnyFeed):
    """One feed for several days: the newest whose simulation has begun answers."""

    def __init__(self, days: Mapping[datetime, FeedDay]) -> None:
        super().__init__()
        self._sims = {begin: FeedSim(day, compress=False) for begin, day in sorted(days.items())}

    def respond(self, path: str, query: str | Mapping[str, str], headers: Mapping[str, str], at: datetime) -> Answer:
        """Answer as that day's feed does."""
        sims = [sim for begin, sim in self._sims.items() if begin <= at]
        return sims[-1].respond(path, query, headers, at)


@dataclass
class Soak:
    """The functions, each warm in a container of its own, over one store."""

    loop: VirtualLoop
    feed: AnyFeed
    store_file: str
    activations: int = 0
    failed: int = 0
    _warm: dict[str, Container] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.server = Embedded(
            self.store_file, now=self.loop.now, api_key=SETTINGS.store_key, project_id=SETTINGS.store_project
        )
        bootstrap(self.server)
        self._limits = limits_of()

    async def start(self, name: str, payload: dict[str, Any]) -> str:
        """Take an invocation, as the platform does: without waiting for it."""
        task = self.loop.create_task(self._activate(name, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return "taken"

    async def _activate(self, name: str, payload: dict[str, Any]) -> None:
        self.activations += 1
        deadline = self.loop.now() + timedelta(seconds=self._limits[name].timeout_secs)
        context = SimpleNamespace(activation_id=f"soak-{self.activations}", deadline=deadline.timestamp() * 1000)
        # One activation at a time, as in a container of the platform.
        async with self._locks[name]:
            answer = await handle(self._container(name), function(name), payload, context)
        self.failed += "error" in answer
        for result in answer.get("results", ()):
            if result.get("result") == "committed":
                for event_function in EVENT_FUNCTIONS:
                    await self.start(event_function, {"raceId": result["raceId"]})

    def _container(self, name: str) -> Container:
        if name not in self._warm:
            self._warm[name] = make_container(
                SETTINGS,
                VirtualClock(self.loop),
                chance=SeededRandomSource(name),
                feed_transport=FeedTransport(self.feed, self.loop.now),
                store_transport=EmbeddedTransport(self.server),
                invoker=self,
            )
        return self._warm[name]

    async def run_until(self, end: datetime, sampled: Callable[["SoakSample"], None]) -> None:
        """Fire the scheduler each minute and take a sample each hour; then wait for what is under way."""
        minute = self.loop.now().replace(second=0, microsecond=0) + MINUTE
        while minute < end:
            await asyncio.sleep((minute - self.loop.now()).total_seconds())
            if minute.minute == 0:
                sampled(self.sample())
            await self.start(SCHEDULER, {})
            minute += MINUTE
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def sample(self) -> SoakSample:
        """Count what is held now."""
        gc.collect()
        taken = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, LIBRARY)])
        held = sum(trace.size for trace in taken.traces)
        files = len(os.listdir(FILES)) if FILES.exists() else 0
        return SoakSample(f"{self.loop.now():%Y-%m-%d %H:%M}", self.activations, self.failed, held, files)


def soak(
    days: int,
    races: int,
    *,
    first: date,
    store_file: str = ":memory:",
    told: Callable[[SoakSample], None] | None = None,
) -> list[SoakSample]:
    """Run so many days one after another in warm containers; gives a sample for each hour, and one at the end."""
    dates = [first + timedelta(days=i) for i in range(days)]
    made = {day_start(day): generate_day(i + 1, day, races) for i, day in enumerate(dates)}
    samples: list[SoakSample] = []

    def sampled(sample: SoakSample) -> None:
        samples.append(sample)
        if told is not None:
            told(sample)

    async def work(loop: VirtualLoop) -> None:
        here = Soak(loop, _Days(made), store_file)
        try:
            await here.run_until(day_end(made[max(made)]), sampled)
            sampled(here.sample())
        finally:
            here.server.close()

    tracemalloc.start()
    try:
        on_virtual_time(min(made), work)
    finally:
        tracemalloc.stop()
    return samples


def growth(samples: list[SoakSample]) -> tuple[int, int]:
    """Return by how many bytes and open files the last tenth's least exceeds the most of the first half."""
    half, tenth = samples[: len(samples) // 2], samples[-max(1, len(samples) // 10) :]
    held = min(s.library_bytes for s in tenth) - max(s.library_bytes for s in half)
    return held, min(s.open_files for s in tenth) - max(s.open_files for s in half)
