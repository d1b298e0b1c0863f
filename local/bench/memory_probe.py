"""`python -m local.bench.memory_probe WORLD ROUNDS`: poll all races so many times; peak memory as JSON, in MB.

Nothing is imported here but what the deployed poller imports, so that the process is as large as that.
"""

import asyncio
import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.testing.containers import make_container
from raceday.catalogue import functions
from raceday.feed.client import make_feed
from raceday.ids import SystemRandomSource
from raceday.log import Log
from raceday.polling import poller
from raceday.runtime.function import Function, handle
from raceday.settings import Settings
from raceday.store.client import make_store

POLLER = Function(functions.POLLER._replace(needs=()), poller.handle)


class RoundClock:
    """The machine's pace from an instant that each round sets."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        self.base, self._began = at, time.monotonic()

    def now(self) -> datetime:
        """Return the present instant."""
        return self.base + timedelta(seconds=time.monotonic() - self._began)

    def monotonic(self) -> float:
        """Return the machine's seconds."""
        return time.monotonic()

    async def sleep(self, secs: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, secs))

    def move_to(self, at: datetime) -> None:
        """Go on from another instant."""
        self.base, self._began = at, time.monotonic()


def peak_mb() -> float:
    """Return the highest resident memory since this program began.

    Linux's own mark, since getrusage keeps that of the process which started this one.
    """
    marks = Path("/proc/self/status")
    if marks.exists():
        line = next(line for line in marks.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(world: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Poll every race once a round."""
    settings = Settings(
        feed_url=world["feed"], feed_from="b@localhost", feed_partner="b", feed_partner_id="b", feed_rate_per_sec=0.0,
        store_endpoint=world["store"], store_project="raceday", store_key=world["key"], log_level="error",
    )  # fmt: skip
    clock = RoundClock(datetime.fromisoformat(world["begin"]).astimezone(UTC))
    log, chance = Log(lambda line: None, level="error"), SystemRandomSource()
    feed = make_feed(settings, clock, chance, log)
    store = make_store(settings, clock, chance, log)
    container = make_container(settings, clock, chance=chance, log=log, feed=feed, store=store)
    imported, marks = peak_mb(), list[float]()
    results: dict[str, int] = {}
    begin = clock.base
    for turn in range(rounds):
        clock.move_to(begin + timedelta(seconds=30 * turn))
        context = SimpleNamespace(activation_id="bench", deadline=(clock.now().timestamp() + 170) * 1000)
        answer = await handle(container, POLLER, {"raceIds": world["races"]}, context)
        for outcome in answer.get("results", [{"result": str(answer)[:200]}]):
            results[outcome["result"]] = results.get(outcome["result"], 0) + 1
        marks.append(round(peak_mb(), 1))
    await feed.aclose()
    await store.aclose()
    return {"imported_mb": round(imported, 1), "marks": marks, "peak_mb": round(peak_mb(), 1), "results": results}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1]), int(sys.argv[2])))))
