"""`poll_wall`: one poll with 50 ms before every answer, against its own calls made one after another."""

import asyncio

import httpx

from local.bench.kit import Bench, CountedWire, Fixed, replay, wall_secs
from local.bench.measure import Measure, Part, Sample
from local.bench.poll_calls import RUNNERS, polled

DELAY_SECS = 0.05
_FIRST_SECS, _STEP_SECS = 3900, 150


async def _walls(rounds: int) -> dict[str, list[float]]:
    bench = await Bench().imported()
    race = next(race for race in bench.plain_races() if len(race.runners) == RUNNERS)
    await polled(bench, race, _FIRST_SECS)
    found: dict[str, list[float]] = {"changed": [], "changed_calls": [], "unchanged": [], "unchanged_calls": []}
    for turn in range(1, 2 * rounds + 1):
        kind = "changed" if turn % 2 else "unchanged"
        bench.feed_secs = bench.store_secs = lambda: DELAY_SECS
        spent = await wall_secs(polled(bench, race, _FIRST_SECS - turn * _STEP_SECS, still=kind == "unchanged"))
        bench.feed_secs = bench.store_secs = lambda: 0.0
        slow = CountedWire("peer", Fixed(), lambda: DELAY_SECS, [], bench.clock)
        peers: dict[str, httpx.AsyncBaseTransport] = {"feed": slow, "store": slow}
        found[kind].append(spent * 1000)
        found[f"{kind}_calls"].append(await wall_secs(replay(list(bench.sent), peers)) * 1000)
    return found


def measure(quick: bool) -> Measure:
    """Poll changed and unchanged slots in turn, and send each poll's requests again in order."""
    found = {name: Sample(tuple(values)) for name, values in asyncio.run(_walls(3 if quick else 10)).items()}
    changed = found["changed"].median / found["changed_calls"].median
    unchanged = found["unchanged"].median / found["unchanged_calls"].median
    return Measure(
        "poll_wall",
        max(changed, unchanged),
        1.2,
        "a poll with 50 ms a call / the same calls one after another",
        {**found, "delay_ms": DELAY_SECS * 1000},
        {"changed": Part(changed, 1.2), "unchanged": Part(unchanged, 1.2)},
    )
