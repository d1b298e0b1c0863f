"""`import_day`: the daily pipeline with 100 ms a feed call, against its own calls one after another."""

import asyncio
from datetime import timedelta

import httpx

from local.bench.kit import Bench, replay, wall_secs
from local.bench.measure import Measure, Sample
from raceday.catalogue.functions import IMPORTS

FEED_SECS = 0.1


async def _walls(races: int) -> tuple[float, float, int]:
    bench = Bench(races=races)
    bench.feed_secs = lambda: FEED_SECS

    async def pipeline() -> None:
        for name in IMPORTS:
            await bench.run(name)

    ours = await wall_secs(pipeline())
    sent = list(bench.sent)
    peer = Bench(given=bench.day)
    peer.feed_secs = lambda: FEED_SECS
    peer.clock.move_to(bench.clock.now() - timedelta(seconds=ours))
    transports: dict[str, httpx.AsyncBaseTransport] = {"feed": peer.feed_wire, "store": peer.store_wire}
    return ours, await wall_secs(replay(sent, transports)), len(sent)


def measure(quick: bool) -> Measure:
    """Run the three imports, and the very same requests in order on a store of its own."""
    races, rounds = (24, 1) if quick else (96, 3)
    runs = [asyncio.run(_walls(races)) for _ in range(rounds)]
    ours = Sample(tuple(run[0] for run in runs), "s")
    peer = Sample(tuple(run[1] for run in runs), "s")
    return Measure(
        "import_day",
        ours.median / peer.median,
        0.2,
        f"daily imports of {races} races, 100 ms a feed call / the same calls one after another",
        {"imports": ours, "one_by_one": peer, "calls": runs[0][2], "races": races},
    )
