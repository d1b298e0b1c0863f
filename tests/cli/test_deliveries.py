"""How ledger rows of an Appwrite elsewhere reach the functions of `./raceday up`."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.deliveries import LedgerWatch, make_hook_server, subscribed
from local.testing.pace import PacedClock
from local.world import LocalWorld, open_world
from ops.webhooks import Webhooks
from raceday.runtime.webhook import sign
from raceday.tables import RACE_POLLS, RACE_POOLS, RACES
from tests.cli.kit import Site, raceday

EVENING = datetime(2026, 11, 24, 0, 55, tzinfo=UTC)
URL = "https://tunnel.example/raceday/race-pools-aggregator"
SECRET = "a-secret-of-tests"


@asynccontextmanager
async def polled(folder: Path) -> AsyncIterator[tuple[LocalWorld, str, LedgerWatch]]:
    """Return a world with one poll made after a watch's first look, whose store hands over no webhooks."""
    world = open_world("generated", str(folder / "up.db"), lambda _: None, clock=PacedClock(1, EVENING), races=1)
    world.settings = dataclasses.replace(world.settings, race_pools_url=URL, webhook_secret=SECRET)
    try:
        for name in ("daily-meetings", "daily-races", "daily-entrants"):
            assert (await world.invoke(name, {}))["ok"]
        watch = LedgerWatch(world)
        assert await watch.look() == 0
        (race,) = await world.container("daily-races").store.find(RACES)
        assert (await world.invoke("enhanced-race-poller", {"raceId": race["$id"]}))["committed"] == 1
        yield world, race["$id"], watch
    finally:
        await world.aclose()


def go(work: Callable[[LocalWorld, str, LedgerWatch], Coroutine[Any, Any, None]], folder: Path) -> None:
    """Run a test's work on such a world."""

    async def run() -> None:
        async with polled(folder) as parts:
            await work(*parts)

    asyncio.run(run())


async def _pooled(world: LocalWorld, race_id: str) -> int:
    """Return the ledger row that a race's totals are of."""
    row = await world.container("daily-races").store.get(RACE_POOLS, race_id)
    return int((row or {}).get("n") or 0)


def test_without_webhooks_each_new_row_wakes_its_projections_once(tmp_path: Path) -> None:
    """A row that appears in the ledger starts the event functions for its race, and no second time."""

    async def work(world: LocalWorld, race_id: str, watch: LedgerWatch) -> None:
        assert await _pooled(world, race_id) == 0
        assert [await watch.look(), await watch.look()] == [1, 0]
        await world.settle()
        assert await _pooled(world, race_id) == 1

    go(work, tmp_path)


@pytest.mark.parametrize("path", ["/raceday/race-pools-aggregator", "/race-pools-aggregator"])
def test_a_signed_delivery_reaches_its_function(path: str, tmp_path: Path) -> None:
    """A delivery that Appwrite signed for RACEDAY_URL_* is served; one without, to another path or too long is not."""

    async def work(world: LocalWorld, race_id: str, watch: LedgerWatch) -> None:
        body = json.dumps({"raceId": race_id}).encode()
        headers = {
            "x-appwrite-webhook-project-id": world.settings.store_project,
            "x-appwrite-webhook-events": f"databases.{world.settings.store_database}.tables.{RACE_POLLS}.rows.r.create",
        }
        signed = {**headers, "x-appwrite-webhook-signature": sign(SECRET, URL, body)}
        app: Any = make_hook_server(world, 0).config.app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here") as client:
            assert (await client.post(path, content=body, headers=headers)).status_code == 401
            assert (await client.post("/elsewhere", content=body, headers=signed)).status_code == 404
            assert (await client.post(path, content=b" " * 300_000, headers=signed)).status_code == 413
            assert await _pooled(world, race_id) == 0
            assert (await client.post(path, content=body, headers=signed)).status_code == 200
        assert await _pooled(world, race_id) == 1

    go(work, tmp_path)


def test_webhooks_are_taken_for_a_store_elsewhere_only(capsys: pytest.CaptureFixture[str]) -> None:
    """--host-port without --store env is wrong usage."""
    assert raceday("up", "--host-port", "9000") == 2
    assert "--store env" in capsys.readouterr().err


def test_what_is_subscribed_is_told_as_it_is() -> None:
    """None, all, one switched off, and a key that may not ask: the line says which, and what to run."""
    site = Site()
    settings = dataclasses.replace(
        site.settings,
        money_flow_url="https://faas-syd1-c274eac6.doserverless.co/api/v1/web/fn-x/flow",
        race_pools_url="https://faas-syd1-c274eac6.doserverless.co/api/v1/web/fn-x/pools",
        alerts_url="https://faas-syd1-c274eac6.doserverless.co/api/v1/web/fn-x/alerts",
    )
    told = subscribed(settings, settings.store_key, site.transport)
    assert (told.whole, told.words.startswith("0 of 3 functions subscribed")) == (False, True)
    assert told.words.endswith("run `./raceday webhooks apply`")
    hooks = Webhooks(settings, settings.store_key, site.transport)
    hooks.apply()
    assert subscribed(settings, settings.store_key, site.transport).words == "3 of 3 functions subscribed"
    site.server.hooks.hooks[hooks.listed()[0]["$id"]].enabled = False
    assert subscribed(settings, settings.store_key, site.transport).words.startswith("2 of 3 functions subscribed (")
    told = subscribed(settings, "another key", site.transport)
    assert (told.whole, "Appwrite answers 401" in told.words) == (False, True)
    told = subscribed(dataclasses.replace(settings, alerts_url=""), settings.store_key, site.transport)
    assert (told.whole, "RACEDAY_URL_ALERT_EVALUATOR is missing" in told.words) == (False, True)
