"""Webhooks on their way from the store to the event functions: serial, signed, at most once."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local.functions import function
from local.simulate.loop import VirtualClock
from local.simulate.world import FUNCTIONS_URL, SimWorld
from local.testing.containers import make_container
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.runtime.function import handle
from raceday.runtime.webhook import sign
from raceday.store.port import Row
from raceday.tables import RACE_POLLS

DISABLED_AFTER = 10
# A busy platform answers 429; these are a function's own words.
REFUSALS = (400, 401, 403, 413)
# What the functions take at most; a delivery is a row, of a few kB.
MOST_BYTES = 256_000
EVENTS = "x-appwrite-webhook-events"


async def deliver(world: SimWorld, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Bring one delivery to its function and give the HTTP status; what a fault drops looks sent."""
    path = url.removeprefix(FUNCTIONS_URL)
    name, event = path.removeprefix("/"), web_event(path, headers, body)
    delays = world.seams.webhooks(name, body)
    await asyncio.sleep(world.chances.span("webhook", world.delays.webhook))
    # A delivery that is held up, or comes twice, reaches the function beside its successors.
    for extra in delays if delays and delays[0] else delays[1:]:
        world.platform.spawn(_later(world, extra, name, event))
    if not delays or delays[0]:
        return 200
    if world.platform.busy:
        return 429
    answer = await world.platform.activate(name, event)
    status = int(answer.get("statusCode", 500 if "error" in answer else 200))
    if "statusCode" in answer and status >= 500:
        # Whatever comes of a delivery that was let in is found again by the next wake; ten of these switch it off.
        world.forbidden.append(f"{world.loop.now():%H:%M:%S} {name} answered a delivery with {status}")
    return status


async def _later(world: SimWorld, secs: float, name: str, event: dict[str, Any]) -> None:
    await asyncio.sleep(secs)
    await world.platform.activate(name, event)


def web_event(path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event of a raw web function."""
    http = {
        "method": "POST",
        "path": path,
        "queryString": "",
        "headers": dict(headers),
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    return {"http": http}


class PortWebhooks:
    """Delivers what a store in memory tells of, one after another, as Appwrite's worker does."""

    def __init__(self, world: SimWorld) -> None:
        self._world = world
        self._queue: asyncio.Queue[tuple[str, str, Row]] = asyncio.Queue()
        self._failures = dict.fromkeys(EVENT_FUNCTIONS, 0)
        self._worker: asyncio.Task[Any] | None = None
        self._forged: set[str] = set()

    def on_event(self, table: str, action: str, row: Row) -> None:
        """Queue a delivery to each subscriber of an event."""
        if table != RACE_POLLS or action != "create":
            return
        for name in EVENT_FUNCTIONS:
            self._queue.put_nowait((name, table, row))
        if self._worker is None or self._worker.done():
            self._worker = self._world.platform.spawn(self._work())

    async def _work(self) -> None:
        while not self._queue.empty():
            name, table, row = self._queue.get_nowait()
            if self._failures[name] < DISABLED_AFTER:
                await self._send(name, table, row)

    async def _send(self, name: str, table: str, row: Row) -> None:
        settings = self._world.settings
        url, body = f"{FUNCTIONS_URL}/{name}", json.dumps(row).encode()
        headers = {
            "content-type": "application/json",
            EVENTS: f"databases.{settings.store_database}.tables.{table}.rows.{row['$id']}.create",
            "x-appwrite-webhook-project-id": settings.store_project,
            "x-appwrite-webhook-signature": sign(settings.webhook_secret, url, body),
        }
        if name not in self._forged:
            self._forged.add(name)
            await self._forge(name, url, headers, body)
        status = await deliver(self._world, url, headers, body)
        if status in REFUSALS:
            self._world.forbidden.append(f"{name} refused a delivery that is right with {status}")
        self._failures[name] = self._failures[name] + 1 if status >= 400 else 0

    async def _forge(self, name: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send what nobody may let in: signed with another secret, of another project or database, a body too large.

        A function whose secret is not set yet lets nothing in, not even what is signed with no secret either.
        """
        secret = self._world.settings.webhook_secret
        huge = json.dumps({"raceId": "forged", "padding": "x" * MOST_BYTES}).encode()
        forged = {
            "a forged signature": ({"x-appwrite-webhook-signature": sign("another secret", url, body)}, body),
            "another project's delivery": ({"x-appwrite-webhook-project-id": "another"}, body),
            "a body too large": ({"x-appwrite-webhook-signature": sign(secret, url, huge)}, huge),
            "a row of another database": ({EVENTS: headers[EVENTS].replace("databases.", "databases.another-")}, body),
        }
        for what, (changed, sent) in forged.items():
            answer = await self._world.platform.activate(name, web_event(f"/{name}", {**headers, **changed}, sent))
            if _let_in(answer):
                self._world.forbidden.append(f"{name} let in {what}")
        unsigned = {**headers, "x-appwrite-webhook-signature": sign("", url, body)}
        if _let_in(await self._without_secret(name, web_event(f"/{name}", unsigned, body))):
            self._world.forbidden.append(f"{name} let in a delivery while no secret was set")

    async def _without_secret(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Hand a delivery to a container of a function as it is before its secret is set."""
        world = self._world
        clock, store = VirtualClock(world.loop), world.backend.reader(world)
        container = make_container(replace(world.settings, webhook_secret=""), clock, store=store)
        return await handle(container, function(name), event, None)


def _let_in(answer: Mapping[str, Any]) -> bool:
    """Tell whether a function did anything with a delivery but refuse it or tell that it is no row of its own."""
    return "error" not in answer and int(answer.get("statusCode", 200)) < 400 and "ignored" not in json.dumps(answer)
