"""Thirty races over real sockets through two stalls of the store, in one warm process.

A fifth of the real length; RACEDAY_TRIAL_SCALE=1 stalls for 12 s with a limit of 10 s, as production would.
"""

import asyncio
import dataclasses
import os
from datetime import timedelta

import httpx

from local.embedded import EmbeddedTransport
from local.feedsim import generate_day
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.store.client import make_store
from tests.sockets.breaker import Breaker
from tests.suite_kit import DAY, Suite

SCALE = float(os.environ.get("RACEDAY_TRIAL_SCALE", "0.2"))
STALL_SECS, LIMIT_SECS = 12 * SCALE, 10 * SCALE
RACES, CONNECTIONS = 30, 16


class Stalling(httpx.AsyncBaseTransport):
    """Answers nothing while `running` is cleared."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner, self.running = inner, asyncio.Event()
        self.running.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, then pass the request on."""
        await self.running.wait()
        return await self._inner.handle_async_request(request)


async def due(suite: Suite, ids: list[str]) -> int:
    """Poll every race at one instant; return how many were committed."""
    suite.clock.advance(60)
    answer = await suite.run("enhanced-race-poller", {"raceIds": ids})
    return int(answer["committed"])


async def test_thirty_of_thirty_races_are_committed_after_two_stalls() -> None:
    """Sixteen connections, two stalls longer than the limit: the healthy store gets all thirty races due at once."""
    suite = Suite(generate_day(1, DAY, RACES), store_timeout_secs=LIMIT_SECS, store_connections=CONNECTIONS)
    await suite.imported()
    ids = [race.race_id for race in suite.day.core_races][:RACES]
    near = suite.day.core_races[0].advertised - timedelta(hours=1)
    suite.clock.advance((near - suite.clock.now()).total_seconds())
    stalling = Stalling(EmbeddedTransport(suite.server))
    async with Breaker(stalling) as server:
        settings = dataclasses.replace(suite.settings, store_endpoint=f"{server.url}/v1")
        store = make_store(settings, suite.clock, SeededRandomSource(5), Log(lambda _: None))
        suite.container.store = store
        assert await due(suite, ids) == RACES
        for _ in range(2):
            stalling.running.clear()
            asyncio.get_running_loop().call_later(STALL_SECS, stalling.running.set)
            await due(suite, ids)
        assert await due(suite, ids) == RACES
        await store.aclose()
