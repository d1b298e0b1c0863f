"""Whole functions over real loopback sockets that are reset, stalled, cut and closed."""

import asyncio
import dataclasses
import json
import random
from datetime import timedelta
from typing import Any

import pytest

from local.embedded import EmbeddedTransport
from local.feedsim import FeedSim, FeedTransport, generate_day
from local.testing.containers import make_container
from raceday.clock import iso
from raceday.container import Container
from raceday.feed.client import FeedClient
from raceday.log import Log
from raceday.store.client import StoreClient
from raceday.tables import ENTRANTS, MEETINGS, ODDS_HISTORY, QUARANTINE, RACE_POLLS, RACES
from tests.sockets.breaker import AFTER, BEFORE, HARMLESS, TROUBLES, Breaker, Plan, once
from tests.suite_kit import DAY, Suite, go

WAIT_SECS = 0.4
# Long past every time limit of a client here: whoever waits this long hangs.
HANG_SECS = 60
IMPORTS = ("daily-meetings", "daily-races", "daily-entrants")
TABLES = (MEETINGS, RACES, ENTRANTS, ODDS_HISTORY)
# When a row was written differs where a request was tried again.
TIMES = {"lastUpdated", "last_poll_time", "importedAt", "entrantsImportedAt", "eventTimestamp", "apiGeneratedTime"}
# One poll that changes something: read the ledger, then begin, fill and commit a transaction.
STORE_CALLS = 4


class SocketSuite(Suite):
    """A suite whose clients have sockets of their own once it is told where the servers listen."""

    sockets = False

    def new_container(self) -> Container:
        """Make a cold container, with the clients that the platform would have."""
        if not self.sockets:
            return super().new_container()
        container = make_container(self.settings, self.clock, log=Log(self.lines.append))
        assert isinstance(container.feed, FeedClient)
        assert isinstance(container.store, StoreClient)
        container.closers += [container.feed.aclose, container.store.aclose]
        return container


class Broken:
    """A suite between two servers that may break: `run` does one cold activation."""

    def __init__(self, feed: Plan | None = None, store: Plan | None = None, *, races: int = 1) -> None:
        self.suite = SocketSuite(
            generate_day(1, DAY, races), feed_timeout_secs=WAIT_SECS, store_timeout_secs=WAIT_SECS, feed_attempts=3
        )
        suite = self.suite
        self.feed = Breaker(FeedTransport(FeedSim(suite.day, compress=False), suite.clock.now))
        self.store = Breaker(EmbeddedTransport(suite.server))
        self._plans = feed, store

    async def __aenter__(self) -> "Broken":
        """Listen, and point the suite here."""
        await self.feed.__aenter__()
        await self.store.__aenter__()
        for breaker, plan in zip((self.feed, self.store), self._plans, strict=True):
            breaker.plan = plan or breaker.plan
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the servers."""
        await self.feed.__aexit__(None, None, None)
        await self.store.__aexit__(None, None, None)

    async def imported(self) -> "Broken":
        """Import the day past the sockets."""
        await self.suite.imported()
        return self

    async def run(self, name: str, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run one activation in a process of its own."""
        suite = self.suite
        kept, suite.sockets = suite.settings, True
        suite.settings = dataclasses.replace(
            kept, feed_url=f"{self.feed.url}/affiliates/v1/racing", store_endpoint=f"{self.store.url}/v1"
        )
        suite.container = suite.new_container()
        try:
            async with asyncio.timeout(HANG_SECS):
                return await suite.run(name, event)
        finally:
            for close in suite.container.closers:
                await close()
            suite.settings, suite.sockets = kept, False
            suite.container = suite.new_container()

    async def poll(self) -> dict[str, Any]:
        """Poll the first race at its slot five minutes before the start, as the scheduler hands it out."""
        race = self.suite.day.core_races[0]
        slot = race.advertised - timedelta(minutes=5)
        self.suite.clock.advance(max(0.0, (slot - self.suite.clock.now()).total_seconds()))
        handed = {"raceId": race.race_id, "slot": iso(slot), "start": iso(race.advertised), "kind": "slot"}
        answer = await self.run("enhanced-race-poller", {"slots": [handed], "tick": iso(slot)})
        result: dict[str, Any] = answer["results"][0]
        return result

    async def figures(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the tables hold, but for when it was written."""
        found = {}
        for table in TABLES:
            rows = await self.suite.rows(table)
            kept = [{k: v for k, v in r.items() if k == "$id" or (k[0] != "$" and k not in TIMES)} for r in rows]
            found[table] = sorted(kept, key=lambda row: str(row["$id"]))
        return found


async def _undisturbed() -> dict[str, list[dict[str, Any]]]:
    async with Broken() as here:
        await here.imported()
        assert (await here.poll())["result"] == "committed"
        return await here.figures()


@pytest.fixture(scope="module")
def right() -> dict[str, list[dict[str, Any]]]:
    """Return the tables after one poll on sound sockets."""
    return go(_undisturbed)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_feed_request_that_breaks_once_is_tried_again(trouble: str, right: dict[str, Any]) -> None:
    """One broken answer of the feed costs a second request and nothing else."""
    async with Broken(feed=once(0, trouble)) as here:
        await here.imported()
        assert (await here.poll())["result"] == "committed"
        assert len(here.feed.asked) == (1 if trouble in HARMLESS else 2)
        assert await here.figures() == right


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        ("reset_before", "feed_unavailable"),
        ("silent_before", "feed_timeout"),
        ("stalled_head", "feed_timeout"),
        ("stalled_body", "feed_timeout"),
        ("cut_body", "feed_unavailable"),
        ("cut_chunk", "feed_unavailable"),
        ("cut_gzip", "payload"),
    ],
)
async def test_a_feed_that_stays_broken_is_a_cause(trouble: str, cause: str) -> None:
    """A poll whose every request breaks asks until its slot is over, names its cause, and writes no row."""
    async with Broken(feed=lambda n, method, path: trouble) as here:
        await here.imported()
        result = await here.poll()
        assert (result["result"], result["cause"]) == ("failed", cause)
        assert len(here.feed.asked) > 3
        assert await here.suite.rows(RACE_POLLS) == await here.suite.rows(QUARANTINE) == []


@pytest.mark.parametrize("call", range(STORE_CALLS))
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_store_call_that_breaks_once_doubles_and_loses_nothing(
    trouble: str, call: int, right: dict[str, Any]
) -> None:
    """Whichever call of a poll breaks, and however: with the scheduler's second try the tables are as without it."""
    async with Broken(store=once(call, trouble)) as here:
        await here.imported()
        first = await here.poll()
        if first["result"] == "failed":
            assert await here.suite.rows(RACE_POLLS) == []
        second = await here.poll()
        assert [first["result"], second["result"]] in (["committed", "done"], ["failed", "committed"])
        ledger = await here.suite.rows(RACE_POLLS)
        assert [row["n"] for row in ledger] == [1]
        assert await here.figures() == right


@pytest.mark.parametrize("seed", range(4))
async def test_imports_over_breaking_sockets_end_in_the_same_rows(seed: int) -> None:
    """Imports of which every sixth exchange breaks somehow, run until they succeed, end in the rows of sound ones."""
    chance = random.Random(seed)

    def plan(n: int, method: str, path: str) -> str:
        return chance.choice(TROUBLES) if chance.random() < 1 / 6 else ""

    async with Broken(races=3) as sound, Broken(plan, plan, races=3) as here:
        await sound.imported()
        for name in IMPORTS:
            for _ in range(8):
                answer = await here.run(name)
                if answer.get("ok") and not answer.get("failures"):
                    break
            else:
                pytest.fail(f"{name} never succeeded: {json.dumps(answer)[:500]}")
        assert await here.figures() == await sound.figures()


def test_every_kind_of_trouble_is_tried() -> None:
    """The kinds named before and after an exchange, and the harmless ones, are all of them."""
    assert set(TROUBLES) == {*BEFORE, *AFTER, *HARMLESS}
