"""The platform as functions meet it: containers warm and cold, dispatch delays, deadlines, one activation at a time."""

import asyncio
import contextvars
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.functions import ROOT, function
from local.simulate.chances import Chances, Delays
from local.simulate.loop import VirtualLoop
from local.simulate.seams import FaultHooks
from ops.packaging.project import read_project
from raceday.catalogue.functions import BY_NAME
from raceday.catalogue.platform import INVOCATIONS_A_MINUTE, INVOCATIONS_AT_ONCE
from raceday.container import Container
from raceday.runtime.function import handle

if TYPE_CHECKING:
    from local.tape.keeping import Keeper

BILLED_SECS = 0.1
# Processor time of a cold start, from `bench cold_import`: what grows where a function has less than a processor.
COLD_CPU_SECS = 0.15


@dataclass(frozen=True, slots=True)
class Limit:
    """What one function is held to: time, start included, and memory."""

    timeout_secs: float
    memory_gib: float


@dataclass(slots=True)
class Use:
    """What one function has used of the platform."""

    activations: int = 0
    cold: int = 0
    gib_secs: float = 0.0
    billed_secs: float = 0.0
    timed_out: int = 0
    killed: int = 0
    failed: int = 0

    def report(self) -> dict[str, Any]:
        """Return the figures as the report holds them."""
        return {
            "activations": self.activations,
            "cold": self.cold,
            "gib_secs": round(self.gib_secs, 3),
            "billed_secs": round(self.billed_secs, 1),
            "timed_out": self.timed_out,
            "killed": self.killed,
            "failed": self.failed,
        }


@dataclass(slots=True)
class WarmContainer:
    """One warm container, its number, the request count of its present activation, and when it was last used."""

    container: Container
    serial: int
    idle_since: float = 0.0
    recycle_secs: float = 0.0
    requests: int = 0
    kill_after: int | None = None
    task: asyncio.Task[dict[str, Any]] | None = None
    killed: bool = False

    def on_request(self) -> None:
        """Count a request of the activation under way, and kill it where a fault says so."""
        self.requests += 1
        if self.kill_after is not None and self.requests > self.kill_after:
            self.kill()

    def kill(self) -> None:
        """End the activation under way where it stands; an idle container has none."""
        if self.task is not None and not self.task.done():
            self.killed = True
            self.task.cancel()


@dataclass(frozen=True, slots=True)
class ActivationContext:
    """What the platform tells an activation of itself; `deadline` is in epoch milliseconds."""

    function_name: str
    activation_id: str
    deadline: int


Build = Callable[[str, int, Callable[[], None]], Container]
# Is told of an ended activation: function, id, begin, milliseconds, answer, whether its start was cold.
OnDone = Callable[[str, str, datetime, float, dict[str, Any], bool], None]


@dataclass(slots=True)
class Platform:
    """Runs activations; `build` makes the container of a function given its name, a serial and a request counter."""

    loop: VirtualLoop
    chances: Chances
    delays: Delays
    seams: FaultHooks
    build: Build
    limits: Mapping[str, Limit]
    on_answer: Callable[[str, int, dict[str, Any]], None] | None = None
    trace: Callable[[str, dict[str, Any]], None] | None = None
    on_done: OnDone | None = None
    keeper: "Keeper | None" = None
    slower: Callable[[str], float] = lambda name: 0.0
    uses: dict[str, Use] = field(default_factory=lambda: defaultdict(Use))
    _warm: dict[str, list[WarmContainer]] = field(default_factory=lambda: defaultdict(list))
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _serial: int = 0
    _taken: deque[float] = field(default_factory=deque)
    _running: int = 0
    refused: int = 0

    @property
    def busy(self) -> bool:
        """Tell whether the namespace is at one of its limits, where an invocation is refused with 429."""
        while self._taken and self._taken[0] <= self.loop.time() - 60:
            self._taken.popleft()
        full = len(self._taken) >= INVOCATIONS_A_MINUTE or self._running >= INVOCATIONS_AT_ONCE
        self.refused += full
        return full

    def start(self, name: str, event: dict[str, Any]) -> str:
        """Take an asynchronous invocation: its activations begin after a dispatch delay; gives an id."""
        activation = self.chances.token("activation")
        for extra in self.seams.dispatches(name, event):
            self.spawn(self._later(extra, name, event, activation))
        return activation

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        """Run something beside everything else, and remember that it is under way."""
        # An activation is a process of its own: it has nothing of the limits under which another one started it.
        task = self.loop.create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def in_flight(self) -> int:
        """Return how much is under way."""
        return len(self._tasks)

    async def settle(self, longest_secs: float = 900.0) -> None:
        """Wait until nothing is under way."""
        until = self.loop.time() + longest_secs
        while self._tasks and self.loop.time() < until:
            await asyncio.wait(set(self._tasks), timeout=until - self.loop.time())

    async def _later(self, extra: float, name: str, event: dict[str, Any], activation: str) -> None:
        await asyncio.sleep(extra)
        await self.activate(name, event, activation)

    async def activate(self, name: str, event: dict[str, Any], activation: str = "") -> dict[str, Any]:
        """Run one activation to its end or its limit, and give its answer."""
        activation = activation or self.chances.token("activation")
        self._taken.append(self.loop.time())
        self._running += 1
        try:
            return await self._activate(name, event, activation)
        finally:
            self._running -= 1

    async def _activate(self, name: str, event: dict[str, Any], activation: str) -> dict[str, Any]:
        await asyncio.sleep(self.chances.span("dispatch", self.delays.dispatch))
        limit, use = self.limits[name], self.uses[name]
        use.activations += 1
        began, started = self.loop.time(), self.loop.now()
        box = await self._box(name, use)
        cold = box.idle_since == 0.0
        deadline = self.loop.now().timestamp() + limit.timeout_secs - (self.loop.time() - began)
        context = ActivationContext(name, activation, round(deadline * 1000))
        box.requests, box.killed, box.kill_after = 0, False, self.seams.kill_after(name, activation)
        self.seams.began(name, event, box.container, box.kill)
        if self.keeper is not None:
            self.keeper.began(activation, box.container)
        box.task = self.loop.create_task(handle(box.container, function(name), event, context))
        self._note("begin", name, activation)
        answer, kept = await self._until_limit(box, use, limit.timeout_secs - (self.loop.time() - began))
        self.seams.ended(died=not kept)
        lasted = self.loop.time() - began
        billed_secs = math.ceil(round(lasted / BILLED_SECS, 6)) * BILLED_SECS
        use.billed_secs += billed_secs
        use.gib_secs += billed_secs * limit.memory_gib
        use.failed += "error" in answer or answer.get("statusCode", 200) >= 500
        self._note("end", name, activation, secs=round(lasted, 3), answer=answer)
        if self.on_answer is not None:
            self.on_answer(name, box.serial, answer)
        if self.keeper is not None:
            self.keeper.ended(name, activation, event, started, self.loop.now(), whole=kept)
        if self.on_done is not None:
            self.on_done(name, activation, started, lasted * 1000, answer, cold)
        if kept:
            self._keep(name, box)
        return answer

    async def _box(self, name: str, use: Use) -> WarmContainer:
        now = self.loop.time()
        warm = [box for box in self._warm[name] if now - box.idle_since < box.recycle_secs]
        self._warm[name] = warm
        if warm:
            return warm.pop()
        use.cold += 1
        self._serial += 1
        serial = self._serial
        await asyncio.sleep(self.chances.span("cold", self.delays.cold) + COLD_CPU_SECS * self.slower(name))
        # The container counts requests on the box that is made around it a moment later.
        boxes: list[WarmContainer] = []
        boxes.append(WarmContainer(self.build(name, serial, lambda: boxes[0].on_request()), serial))
        return boxes[0]

    async def _until_limit(self, box: WarmContainer, use: Use, secs: float) -> tuple[dict[str, Any], bool]:
        """Await the activation; a container whose activation was ended from outside is thrown away."""
        task = box.task
        if task is None:
            raise RuntimeError("the activation was not started")
        done, _ = await asyncio.wait({task}, timeout=max(0.0, secs))
        if not done:
            task.cancel()
            await asyncio.wait({task})
            use.timed_out += 1
            return {"error": "The function exceeded its time limit."}, False
        if task.cancelled():
            use.killed += 1
            return {"error": "The container died."}, False
        if box.killed:
            return task.result(), False
        return task.result(), True

    def _keep(self, name: str, box: WarmContainer) -> None:
        box.idle_since = self.loop.time()
        box.recycle_secs = self.chances.span("recycle", self.delays.recycle)
        box.task = None
        self._warm[name].append(box)

    def _note(self, what: str, name: str, activation: str, **fields: Any) -> None:
        if self.trace is not None:
            self.trace(what, {"function": name, "activation": activation, **fields})


def limits_of(sizes: str = "seed", path: Path = ROOT / "project.yml") -> dict[str, Limit]:
    """Read every function's limits from project.yml, its memory at a set of sizes."""
    return {
        spec.name: Limit(
            spec.limits.timeout_ms / 1000,
            (spec.limits.memory_mb if sizes == "seed" else BY_NAME[spec.name].memory(sizes)) / 1024,
        )
        for spec in read_project(path).functions
    }
