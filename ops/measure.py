"""How the platform runs what is deployed: cold starts, imports, a fixed piece of work, and which sizes bear it."""

import asyncio
import base64
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from ops.timed import MeasureFailed, TimedRun, memory_mb, timed_run
from raceday.catalogue.functions import BY_NAME, POLLER, SCHEDULER, SIZES
from raceday.settings import Settings

# A blocking invocation is answered within 30 s.
ANSWER_SECS = 35.0
EVENT = {"measure": True}
# From a warm poller's invocation to its slot, from a cold one's; and what thirty polls may take of a processor then.
WARM_SECS, COLD_SECS, POLLS_SECS = 1.5, 9.0, 0.75
# A tick's trigger comes up to 3 s late, and a cold poller for the first slot of its reach is started 9 s before it.
TICK_SECS = 20.0 - 3.0 - COLD_SECS


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one function at its deployed memory."""

    function: str
    memory_mb: int
    runs: tuple[TimedRun, ...]

    @property
    def cold(self) -> list[TimedRun]:
        """Return the runs that had to start a container."""
        return [run for run in self.runs if run.init_ms is not None]

    @property
    def cold_ms(self) -> float | None:
        """Return the slowest start of a container; None where every one was warm."""
        return max((run.wait_ms + (run.init_ms or 0.0) for run in self.cold), default=None)

    @property
    def warm_ms(self) -> float | None:
        """Return the longest wait of a warm container's activation."""
        return max((run.wait_ms for run in self.runs if run.init_ms is None), default=None)

    @property
    def work_ms(self) -> float:
        """Return the middle of what the work took."""
        return statistics.median(run.work_ms for run in self.runs)

    @property
    def share(self) -> float:
        """Return the share of a processor that the work had."""
        return statistics.median(run.work_cpu_ms / run.work_ms for run in self.runs)

    @property
    def import_ms(self) -> float | None:
        """Return the middle of what importing took, None where no run could tell."""
        found = [run.import_ms for run in self.runs if run.import_ms is not None]
        return statistics.median(found) if found else None

    def to_json(self) -> dict[str, Any]:
        """Return everything that is told of it."""
        figures = ("memory_mb", "cold_ms", "warm_ms", "import_ms", "work_ms", "share")
        return {"function": self.function, "runs": len(self.runs), "cold_runs": len(self.cold)} | {
            key: round(value, 3) if isinstance(value := getattr(self, key), float) else value for key in figures
        }


class Measurer:
    """Asks the functions of one namespace, each several times."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        s, self._transport = settings, transport
        self._root = f"{s.platform_host}/api/v1/namespaces/{s.platform_namespace}/actions/{s.platform_package}"
        self._headers = {"authorization": f"Basic {base64.b64encode(s.platform_key.encode()).decode()}"}

    async def measure(self, names: Sequence[str], runs: int) -> list[Measured]:
        """Start each function `runs` times at once, which makes cold containers, then as often one after another.

        Raises MeasureFailed.
        """
        async with httpx.AsyncClient(timeout=ANSWER_SECS, headers=self._headers, transport=self._transport) as client:
            return [await self._function(client, name, runs) for name in names]

    async def _function(self, client: httpx.AsyncClient, name: str, runs: int) -> Measured:
        at_once = await asyncio.gather(*(self._run(client, name) for _ in range(runs)))
        memory = memory_mb(name, await self._ask(client, "GET", name, {}))
        return Measured(name, memory, (*at_once, *[await self._run(client, name) for _ in range(runs)]))

    async def _run(self, client: httpx.AsyncClient, name: str) -> TimedRun:
        return timed_run(name, await self._ask(client, "POST", name, {"blocking": "true", "result": "false"}))

    async def _ask(self, client: httpx.AsyncClient, method: str, name: str, query: dict[str, str]) -> Any:
        body = EVENT if method == "POST" else None
        try:
            answer = await client.request(method, f"{self._root}/{name}", params=query, json=body)
        except httpx.HTTPError as error:
            raise MeasureFailed(f"{name}: no answer of the platform ({type(error).__name__})") from error
        if answer.status_code not in (200, 502):
            raise MeasureFailed(f"{name}: the platform answered {answer.status_code}: {answer.text[:200]}")
        try:
            return answer.json()
        except (ValueError, RecursionError):
            raise MeasureFailed(f"{name}: the answer: expected JSON; got {answer.text[:80]!r}") from None


def late(function: str, cold_ms: float | None, warm_ms: float | None, work_ms: float) -> list[str]:
    """Say what at these times would make polls late; empty where punctuality is kept."""
    limits: tuple[tuple[str, float | None, float], ...]
    if function == POLLER.name:
        limits = (
            ("a cold start", cold_ms, COLD_SECS),
            ("a warm start", warm_ms, WARM_SECS),
            ("the work of thirty polls", work_ms, POLLS_SECS),
        )
    elif function == SCHEDULER.name:
        limits = (("a cold start with its work", None if cold_ms is None else cold_ms + work_ms, TICK_SECS),)
    else:
        return []
    return [
        f"{what} takes {ms / 1000:.2f} s, {secs:g} s at most" for what, ms, secs in limits if ms and ms > secs * 1000
    ]


def verdicts(found: Sequence[Measured]) -> list[str]:
    """Say of each set of sizes whether punctuality is kept there: measured where it is deployed, reckoned elsewhere.

    A reckoned time is the measured one under the assumption that the share of a processor goes by memory. Scheduler and
    poller alone keep punctuality: one of them tells that sizes are not punctual, only both that they are.
    """
    return [line for sizes in SIZES for line in _of_sizes(sizes, found)]


def _of_sizes(sizes: str, found: Sequence[Measured]) -> list[str]:
    measured = all(BY_NAME[each.function].memory(sizes) == each.memory_mb for each in found)
    troubles = [f"  {each.function}: {text}" for each in found for text in late(each.function, *_times(sizes, each))]
    unseen = [(each.function, kind) for each in found for kind in _unseen(each)]
    untold = [f"  {function}: no start was {kind}, and how long one takes is left open" for function, kind in unseen]
    word = "measured" if measured else "reckoned, should the share of a processor go by memory: deploy it to know"
    if troubles:
        return [f"{sizes}: NOT punctual ({word})", *troubles, *untold]
    lacking = [name for name in (SCHEDULER.name, POLLER.name) if name not in {each.function for each in found}]
    if lacking:
        return [f"{sizes}: left open, {' and '.join(lacking)} not measured", *untold]
    seen = {"cold", "warm"} - {kind for _, kind in unseen}
    if not seen:
        return [f"{sizes}: left open", *untold]
    limit = f" as far as {seen.pop()} starts go" if unseen else ""
    return [f"{sizes}: punctual{limit} ({word})", *untold]


def _unseen(each: Measured) -> list[str]:
    """Return the kinds of start that punctuality depends on and that no run of a function was."""
    kinds = {POLLER.name: (("cold", each.cold_ms), ("warm", each.warm_ms)), SCHEDULER.name: (("cold", each.cold_ms),)}
    return [kind for kind, ms in kinds.get(each.function, ()) if ms is None]


def _times(sizes: str, each: Measured) -> tuple[float | None, float | None, float]:
    """Return cold, warm and work milliseconds at a set of sizes."""
    share = min(1.0, each.share)
    then = min(1.0, share * BY_NAME[each.function].memory(sizes) / each.memory_mb)
    slower = share / then
    cold = None if each.cold_ms is None else each.cold_ms * slower
    return cold, each.warm_ms, each.work_ms * slower
