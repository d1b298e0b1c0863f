"""Hundreds of warm activations in one process: memory and open files stay flat."""

import gc
import os
import tracemalloc
from pathlib import Path

import pytest

from raceday.store.schema import RACES
from tests.suite_kit import Suite, go

WARM, ROUNDS = 60, 240


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_warm_activations_leave_memory_and_open_files_flat() -> None:
    """After hundreds of refused and idle activations no file is left open and memory has not grown by a megabyte."""

    async def work() -> None:
        suite = await Suite().imported()
        race_id = (await suite.rows(RACES))[0]["$id"]

        async def some(count: int) -> None:
            for i in range(count):
                await suite.run("enhanced-race-poller", {"raceId": race_id if i % 2 else "none"}, secs=30)
                suite.lines.clear()

        await some(WARM)
        gc.collect()
        tracemalloc.start()
        before, files = tracemalloc.get_traced_memory()[0], len(os.listdir("/proc/self/fd"))
        await some(ROUNDS)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert len(os.listdir("/proc/self/fd")) == files
        assert grown < 1_000_000

    go(work)
