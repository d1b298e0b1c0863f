"""The pace of the real server that simulated days may be given, against what was measured of it."""

import asyncio
import math
from datetime import UTC, datetime

import pytest

from local.embedded import Embedded, EmbeddedTransport, bootstrap
from local.simulate.appwrite_profile import RealPace
from local.simulate.loop import VirtualClock, VirtualLoop
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.client import make_store
from raceday.store.port import Op
from raceday.tables import NOTIFICATIONS, SUITE_STATE

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SETTINGS = Settings(
    store_endpoint="http://store.test/v1", store_project="raceday", store_key="embedded-key", store_connections=100
)
STATE = {"kind": "pause", "name": "all"}
NOTE = {"userId": "u", "type": "odds", "title": "t", "message": "m"}
# Three single operations and two bulk ones of twelve rows: what was measured of a poll with twelve runners.
RUNNERS = 12


def operations(number: int) -> list[Op]:
    """Return as many operations, of the same kinds, as one poll has."""
    singles = [Op("create", SUITE_STATE, f"s{number}-{i}", STATE) for i in range(3)]
    rows = [[{"$id": f"n{number}-{kind}-{i}", **NOTE} for i in range(RUNNERS)] for kind in ("a", "b")]
    return [*singles, *(Op("bulkCreate", NOTIFICATIONS, rows=each) for each in rows)]


def commit_secs(at_once: int) -> list[float]:
    """Return how long each of so many commits took that began at one instant, in order."""
    loop = VirtualLoop(NOW)

    async def work() -> list[float]:
        server = Embedded(now=loop.now)
        bootstrap(server)
        transport = RealPace(EmbeddedTransport(server))
        store = make_store(SETTINGS, VirtualClock(loop), SeededRandomSource(1), Log(lambda _: None), transport)

        async def one(number: int) -> float:
            began = loop.time()
            await store.commit(operations(number))
            return loop.time() - began

        return sorted(await asyncio.gather(*map(one, range(at_once))))

    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


@pytest.mark.parametrize(("at_once", "median_ms", "most_ms"), [(1, 71, 71), (24, 684, None), (60, 1522, 2472)])
def test_commits_take_as_long_as_was_measured(at_once: int, median_ms: float, most_ms: float | None) -> None:
    """Alone, 24 and 60 at once: the middle and the longest commit within an eighth of the real server's."""
    found = [secs * 1000 for secs in commit_secs(at_once)]
    assert found[math.ceil(at_once / 2) - 1] == pytest.approx(median_ms, rel=0.125)
    if most_ms is not None:
        assert found[-1] == pytest.approx(most_ms, rel=0.125)
