"""`race_fanout`: eight races polled at once, against one, with the same delays."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from local.bench.kit import POLLER, Bench, wall_secs
from local.bench.measure import Measure, Sample
from local.feedsim.model import FeedRace

RACES = 8
DELAY_SECS = 0.05


async def _walls(rounds: int) -> tuple[list[float], list[float]]:
    bench = await Bench().imported()
    races = bench.plain_races()
    one: list[float] = []
    eight: list[float] = []
    for turn in range(rounds + 1):
        for group, found in ((races[:1], one), (races[1 : RACES + 1], eight)):
            bench.clock.move_to(bench.clock.now() + timedelta(minutes=5))
            bench.feed_secs = bench.store_secs = lambda: DELAY_SECS
            spent = await wall_secs(asked_for(bench, group))
            if turn:  # a race's first poll reads more than later ones
                found.append(spent * 1000)
    return one, eight


async def asked_for(bench: Bench, races: Sequence[FeedRace]) -> None:
    """Poll races as an HTTP caller would, all at once."""
    answer = await bench.run(POLLER, {"raceIds": [race.race_id for race in races]})
    if answer["committed"] != len(races):
        raise RuntimeError(f"{answer['committed']} of {len(races)} polls were committed")


def measure(quick: bool) -> Measure:
    """Poll one race and eight races in turn."""
    one, eight = (Sample(tuple(values)) for values in asyncio.run(_walls(3 if quick else 10)))
    return Measure(
        "race_fanout",
        eight.median / one.median,
        1.3,
        "eight races polled at once / one race, 50 ms a call",
        {"one": one, "eight": eight, "delay_ms": DELAY_SECS * 1000},
    )
