"""A small world whose clock is moved by hand: every slot up to an instant is polled as the scheduler would have it."""

import asyncio
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.console.serve import source_of
from local.embedded import WebhookWorker
from local.world import LocalWorld, deliver, open_world, subscribe
from raceday.clock import iso
from raceday.racing.schedule import Intervals, slots_between
from raceday.racing.snapshot import Status
from raceday.tables import RACES
from tests.once import file_once

MORNING = datetime.fromisoformat("2026-02-13T17:30:00+00:00")


class HandClock:
    """Stands still until it is set; a sleep takes no time."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.at

    def monotonic(self) -> float:
        """Return seconds of the same clock."""
        return self.at.timestamp()

    async def sleep(self, secs: float) -> None:
        """Let others run."""
        await asyncio.sleep(0)


class Stepped:
    """Imports a generated day, then polls it slot by slot; webhooks are delivered after each."""

    def __init__(self, store: Path, races: int = 2, seed: int = 5) -> None:
        self.clock = HandClock(MORNING)
        self.world: LocalWorld = open_world(
            "generated", str(store), lambda _: None, clock=self.clock, races=races, seed=seed
        )
        subscribe(self.world)

    async def begin(self) -> None:
        """Run the morning's imports, and deliver webhooks from now on."""
        server = self.world.embedded
        assert server is not None

        async def send(url: str, headers: dict[str, str], body: bytes) -> int:
            return await deliver(self.world, url, headers, body)

        self.worker = WebhookWorker(server.hooks, send)
        self._running = asyncio.create_task(self.worker.run())
        for name in ("daily-meetings", "daily-races", "daily-entrants"):
            await self.world.invoke(name, {})
        await self.quiet()

    async def races(self) -> list[dict[str, Any]]:
        """Return the day's races in order of start."""
        return sorted(
            await self.world.container("enhanced-race-poller").store.find(RACES), key=lambda r: r["startTime"]
        )

    async def to(self, until: datetime, race_ids: list[str], every: int = 1) -> None:
        """Poll every slot of some races up to an instant (`every` nth of them), each a third of a second late."""
        begun = self.clock.at
        for race_id in race_ids:
            self.clock.at = begun
            await self._race(race_id, until, every)
        self.clock.at = until

    async def _race(self, race_id: str, until: datetime, every: int) -> None:
        at, poller = self.clock.at, self.world.container("enhanced-race-poller")
        while True:
            row = await poller.store.get(RACES, race_id)
            assert row is not None
            start, status = datetime.fromisoformat(row["startTime"]), Status(row["status"])
            slots = list(slots_between(start, status, Intervals(), at, until))[:every]
            if not slots:
                break
            at = slots[-1].at
            self.clock.at = at + timedelta(seconds=0.3)
            order = {"raceId": race_id, "slot": iso(at), "start": iso(start), "kind": "slot"}
            await self.world.invoke("enhanced-race-poller", {"slots": [order], "tick": iso(at)})
            await self.quiet()

    async def quiet(self) -> None:
        """Wait until nothing is under way."""
        while self.worker.waiting or self.world.tasks:  # noqa: ASYNC110  (the worker has no event for it)
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """End everything."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.world.aclose()


def keep_one_race(path: Path) -> None:
    """Copy to a path the store of one race that is polled from twelve minutes before its start to its end."""

    def make(folder: Path) -> None:
        folder.mkdir()
        asyncio.run(_one_race(folder / "day.db"))

    # What happened stands in a file beside the rows.
    for each in file_once("one-race", make).iterdir():
        assert not each.name.endswith("-wal"), "the store was not closed"
        shutil.copy(each, f"{path}{each.name.removeprefix('day.db')}")


async def _one_race(path: Path) -> None:
    stepped = Stepped(path, races=1)
    source = source_of(stepped.world)
    await stepped.begin()
    race = (await stepped.races())[0]
    start = datetime.fromisoformat(race["startTime"])
    stepped.clock.at = start - timedelta(minutes=12)
    await stepped.to(start + timedelta(minutes=20), [race["$id"]])
    await source.aclose()
    await stepped.aclose()
