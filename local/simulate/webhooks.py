"""Webhooks on their way from the store to the event functions: serial, signed, at most once."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from local.simulate.world import FUNCTIONS_URL, World
from raceday.runtime.webhook import sign
from raceday.store.port import Row
from raceday.store.schema import RACE_POLLS

EVENT_FUNCTIONS = ("money-flow-tracker", "race-pools-aggregator", "alert-evaluator")
DISABLED_AFTER = 10


class WebTransport(httpx.AsyncBaseTransport):
    """The functions' public URLs: a request becomes a web activation, and its answer the response."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Run one delivery; dropped ones look sent, doubled ones run once more on the side."""
        world = self._world
        name = request.url.path.rsplit("/", 1)[-1]
        event = web_event(request.method, request.url.path, dict(request.headers), request.content)
        delays = world.seams.webhooks(request)
        await asyncio.sleep(world.chances.span("webhook", world.delays.webhook))
        for extra in delays[1:]:
            world.platform.spawn(_later(world, extra, name, event))
        if not delays:
            return httpx.Response(200, request=request)
        if delays[0]:
            # A delivery that is held up reaches the function later than its successors.
            world.platform.spawn(_later(world, delays[0], name, event))
            return httpx.Response(200, request=request)
        answer = await world.platform.activate(name, event)
        status = int(answer.get("statusCode", 500 if "error" in answer else 200))
        return httpx.Response(status, json=answer.get("body", {}), request=request)


async def _later(world: World, secs: float, name: str, event: dict[str, Any]) -> None:
    await asyncio.sleep(secs)
    await world.platform.activate(name, event)


def web_event(method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Give the event of a raw web function."""
    http = {
        "method": method,
        "path": path,
        "queryString": "",
        "headers": dict(headers),
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    return {"http": http}


class PortWebhooks:
    """Delivers what a store in memory tells of, one after another, as Appwrite's worker does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: asyncio.Queue[tuple[str, str, Row]] = asyncio.Queue()
        self._client = httpx.AsyncClient(transport=WebTransport(world), timeout=30)
        self._failures = dict.fromkeys(EVENT_FUNCTIONS, 0)
        self._worker: asyncio.Task[Any] | None = None

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
                await self._deliver(name, table, row)

    async def _deliver(self, name: str, table: str, row: Row) -> None:
        settings = self._world.settings
        url, body = f"{FUNCTIONS_URL}/{name}", json.dumps(row).encode()
        event = f"databases.{settings.store_database}.tables.{table}.rows.{row['$id']}.create"
        headers = {
            "content-type": "application/json",
            "x-appwrite-webhook-events": event,
            "x-appwrite-webhook-project-id": settings.store_project,
            "x-appwrite-webhook-signature": sign(settings.webhook_secret, url, body),
        }
        try:
            answer = await self._client.post(url, content=body, headers=headers)
            failed = answer.status_code >= 400
        except httpx.HTTPError:
            failed = True
        self._failures[name] = self._failures[name] + 1 if failed else 0
