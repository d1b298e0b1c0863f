"""A functions namespace: functions by name, containers kept warm, activations recorded, the platform's quotas kept."""

import asyncio
import contextlib
import json
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any

from local.host.activation import Activation
from local.host.container import HostContainer, Identity
from local.host.function import HostedFunction, StartPath
from raceday.catalogue.platform import INVOCATIONS_A_MINUTE, INVOCATIONS_AT_ONCE, MAX_PAYLOAD_BYTES
from raceday.ids import RandomSource, SystemRandomSource

SYNC_SECS = 30.0
KEPT_ACTIVATIONS = 2000
# Warm containers of one function that wait for work; a burst's others are closed after it.
KEPT_IDLE = 4


class InvocationRefused(Exception):
    """The namespace did not take an invocation; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Namespace:
    """Runs functions in containers, each of which does one activation at a time; more at once means more containers."""

    def __init__(
        self,
        functions: Iterable[HostedFunction],
        *,
        name: str = "fn-local",
        api_host: str = "http://127.0.0.1",
        path: StartPath = StartPath.PRELAUNCHER,
        interpreter: str = "",
        chance: RandomSource | None = None,
        max_concurrent: int = INVOCATIONS_AT_ONCE,
        max_per_minute: int = INVOCATIONS_A_MINUTE,
        sync_secs: float = SYNC_SECS,
    ) -> None:
        self.functions = {function.full_name: function for function in functions}
        self.name = name
        self.sync_secs = sync_secs
        self._identity = Identity(name, api_host)
        self._path = path
        self._interpreter = interpreter
        self._chance = chance or SystemRandomSource()
        self._max_concurrent = max_concurrent
        self._max_per_minute = max_per_minute
        self._recent: deque[float] = deque()
        self._idle: dict[str, list[HostContainer]] = {}
        self._running: set[asyncio.Task[Activation]] = set()
        self._activations: OrderedDict[str, Activation] = OrderedDict()

    @property
    def running(self) -> int:
        """Return how many activations run now."""
        return len(self._running)

    def start(self, name: str, event: dict[str, Any], *, recorded: bool = True) -> "asyncio.Task[Activation]":
        """Begin an activation of `package/function`; raises InvocationRefused for what the platform would not take.

        The task's name is the activation's id; one that is not `recorded` (a web call) leaves no record.
        """
        function = self.functions.get(name)
        if function is None:
            raise InvocationRefused(404, f"The requested resource does not exist: {name}")
        if len(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_PAYLOAD_BYTES:
            raise InvocationRefused(413, f"The input of {name} is larger than {MAX_PAYLOAD_BYTES} bytes")
        self._hold_quota()
        activation = self._activation(function)
        if recorded:
            self._activations[activation.activation_id] = activation
            while len(self._activations) > KEPT_ACTIVATIONS:
                self._activations.popitem(last=False)
        task = asyncio.create_task(self._run(function, event, activation), name=activation.activation_id)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def invoke(self, name: str, event: dict[str, Any]) -> Activation:
        """Run an activation to its end; raises InvocationRefused."""
        return await self.start(name, event)

    async def within_sync_time(self, task: "asyncio.Task[Activation]") -> Activation | None:
        """Wait as long as the platform lets a caller wait; None when the activation goes on without its caller."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(task), self.sync_secs)
        return None

    def activation(self, activation_id: str) -> Activation | None:
        """Return a finished activation's record; None for an unknown or unfinished one, as on the platform."""
        found = self._activations.get(activation_id)
        return found if found is not None and found.finished else None

    def activations(self, name: str = "", limit: int = 30) -> list[Activation]:
        """Return finished activations, newest first, of one function (`package/function`) or of all."""
        found = [a for a in reversed(self._activations.values()) if a.finished and name in ("", a.function)]
        return found[:limit]

    async def drain(self) -> None:
        """Wait for everything that runs."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Stop everything and remove the containers."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for container in [c for idle in self._idle.values() for c in idle]:
            await container.close()
        self._idle.clear()

    async def _run(self, function: HostedFunction, event: dict[str, Any], activation: Activation) -> Activation:
        activation.wait_ms = max(0, _now_ms() - activation.start_ms)
        container = self._take_idle(function.full_name)
        try:
            if container is None:
                container = HostContainer(function, self._identity, self._path, self._interpreter)
                await container.start(activation)
            if container.usable:
                await container.run(event, activation)
        finally:
            if container is not None:
                await self._put_back(function.full_name, container, activation.finished)
            activation.end_ms = _now_ms()
        return activation

    def _take_idle(self, name: str) -> HostContainer | None:
        idle = self._idle.get(name)
        return idle.pop() if idle else None

    async def _put_back(self, name: str, container: HostContainer, finished: bool) -> None:
        idle = self._idle.setdefault(name, [])
        if container.usable and finished and len(idle) < KEPT_IDLE:
            idle.append(container)
        else:
            await container.close()

    def _hold_quota(self) -> None:
        now = time.monotonic()
        while self._recent and now - self._recent[0] > 60:
            self._recent.popleft()
        if len(self._running) >= self._max_concurrent:
            raise InvocationRefused(429, f"Too many concurrent requests in flight (count: {len(self._running)})")
        if len(self._recent) >= self._max_per_minute:
            raise InvocationRefused(429, f"Too many requests in the last minute (count: {len(self._recent)})")
        self._recent.append(now)

    def _activation(self, function: HostedFunction) -> Activation:
        return Activation(
            activation_id=self._chance.token() + self._chance.token(),
            function=function.full_name,
            namespace=self.name,
            start_ms=_now_ms(),
            timeout_ms=function.limits.timeout_ms,
            memory_mb=function.limits.memory_mb,
            logs_kb=function.limits.logs_kb,
        )


def _now_ms() -> int:
    return int(time.time() * 1000)
