"""A whole suite for tests: real entrypoints over the simulated feed and the embedded store."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, TypeVar

import httpx

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from local.feedsim import FeedDay, FeedSim, FeedTransport, generate_day
from local.functions import function
from local.testing.containers import make_container
from raceday.container import Container
from raceday.log import Log
from raceday.runtime.function import handle
from raceday.settings import Settings
from raceday.store.client import StoreClient
from tests.poll_kit import StillClock

T = TypeVar("T")
DAY = date(2026, 11, 24)
EVE = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
SETTINGS = Settings(
    feed_url="https://feed.test/affiliates/v1/racing",
    feed_from="a@b.test",
    feed_partner="p",
    feed_partner_id="i",
    feed_rate_per_sec=0.0,
    store_endpoint="http://store.test/v1",
    store_project="raceday",
    store_key="embedded-key",
    webhook_secret="a-secret-of-tests",
    money_flow_url="https://f.raceday.nz/money-flow-tracker",
    race_pools_url="https://f.raceday.nz/race-pools-aggregator",
    alerts_url="https://f.raceday.nz/alert-evaluator",
)


class Suite:
    """One day, one store, and functions that are run by name."""

    def __init__(
        self,
        day: FeedDay | None = None,
        *,
        settings: Settings = SETTINGS,
        feed: httpx.AsyncBaseTransport | None = None,
        server: Embedded | None = None,
        at: datetime = EVE,
        **changes: Any,
    ) -> None:
        self.day = day or generate_day(1, DAY, 6)
        self.clock = StillClock(at)
        self.settings = dataclasses.replace(settings, **changes)
        self.server = server or Embedded(now=self.clock.now)
        if not self.server.catalog.databases:
            bootstrap(self.server)
        self.lines: list[str] = []
        self.feed = feed or FeedTransport(FeedSim(self.day, compress=False), self.clock.now)
        self.transport = EmbeddedTransport(self.server)
        self.container = self.new_container()

    def new_container(self) -> Container:
        """Make a cold container."""
        log = Log(self.lines.append, secrets=self.settings.secrets())
        return make_container(
            self.settings, self.clock, log=log, feed_transport=self.feed, store_transport=self.transport
        )

    @property
    def store(self) -> StoreClient:
        """Return the store client."""
        store = self.container.store
        assert isinstance(store, StoreClient)
        return store

    async def run(self, name: str, event: dict[str, Any] | None = None, *, secs: float = 300) -> dict[str, Any]:
        """Run one activation of a function with so much time before its deadline."""
        deadline = (self.clock.now().timestamp() + secs) * 1000
        context = SimpleNamespace(activation_id="act", deadline=deadline)
        return await handle(self.container, function(name), event or {}, context)

    async def imported(self) -> "Suite":
        """Run the three imports."""
        for name in ("daily-meetings", "daily-races", "daily-entrants"):
            result = await self.run(name)
            assert "error" not in result, result
        return self

    async def rows(self, table: str, *queries: str) -> list[dict[str, Any]]:
        """Return a table's rows."""
        return await self.store.find(table, list(queries))


def go(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine."""
    return asyncio.run(work())
