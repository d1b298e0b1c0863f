"""The one maker of containers outside production: the deployed clients, or what a caller gives in their place."""

from typing import Any

import httpx

from raceday.clock import Clock
from raceday.connections import Transports
from raceday.container import Alarm, Cache, Container, Heartbeat, Invoker, NoAlarm, NoHeartbeat
from raceday.feed.client import make_feed
from raceday.feed.port import Feed
from raceday.ids import RandomSource, SeededRandomSource
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.client import make_store
from raceday.store.port import Store


class NoInvoker:
    """Starts nothing."""

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Return an activation id without an activation."""
        return "none"


def make_container(
    settings: Settings,
    clock: Clock,
    *,
    chance: RandomSource | None = None,
    log: Log | None = None,
    feed: Feed | None = None,
    store: Store | None = None,
    feed_transport: httpx.AsyncBaseTransport | Transports | None = None,
    store_transport: httpx.AsyncBaseTransport | Transports | None = None,
    invoker: Invoker | None = None,
    cache: Cache | None = None,
    alarm: Alarm | None = None,
    heartbeat: Heartbeat | None = None,
    checks_schema: bool = False,
) -> Container:
    """Make a cold container; clients that are not given are the deployed ones over the transports."""
    chance = chance or SeededRandomSource(5)
    log = log or Log(lambda _: None, level=settings.log_level, secrets=settings.secrets())
    return Container(
        settings=settings,
        clock=clock,
        chance=chance,
        log=log,
        feed=feed or make_feed(settings, clock, chance, log, feed_transport),
        store=store or make_store(settings, clock, chance, log, store_transport),
        invoker=invoker or NoInvoker(),
        cache=cache or Cache(),
        alarm=alarm or NoAlarm(),
        heartbeat=heartbeat or NoHeartbeat(),
        checks_schema=checks_schema,
    )
