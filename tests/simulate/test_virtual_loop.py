"""The virtual loop: hours that take no time, in an order that repeats."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta

import pytest

from local.simulate.loop import NothingLeft, VirtualClock, VirtualLoop
from local.simulate.run import on_virtual_time

START = datetime(2026, 2, 13, 16, 57, tzinfo=UTC)


def test_sleeping_moves_the_clock_exactly() -> None:
    """A sleep of a day ends at the very instant, and the clock stands still between."""
    loop = VirtualLoop(START)

    async def work() -> datetime:
        clock = VirtualClock(loop)
        await clock.sleep(86_400)
        await asyncio.sleep(0)
        return clock.now()

    assert loop.run_until_complete(work()) == START + timedelta(days=1)
    loop.close()


def test_a_skewed_clock_is_off_by_its_skew() -> None:
    """A container's clock may be off, while its sleeps last as long as anybody's."""
    loop = VirtualLoop(START)
    clock = VirtualClock(loop, skew_secs=-300)
    loop.run_until_complete(clock.sleep(10))
    assert clock.now() == START + timedelta(seconds=10 - 300)
    assert clock.monotonic() == 10
    loop.close()


def test_timeouts_are_virtual() -> None:
    """A time-out ends a wait in virtual time."""
    loop = VirtualLoop(START)

    async def work() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(3600)
        return loop.time()

    assert loop.run_until_complete(work()) == 30
    loop.close()


def test_a_wait_for_nothing_is_an_error() -> None:
    """Waiting for what no timer brings raises instead of hanging."""
    loop = VirtualLoop(START)
    with pytest.raises(NothingLeft):
        loop.run_until_complete(asyncio.Event().wait())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_a_day_that_is_stopped_in_a_task_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Ctrl-C comes up in whichever task runs: it ends the day, and nothing is logged of the task afterwards."""

    async def work(loop: VirtualLoop) -> None:
        async def stop() -> None:
            raise KeyboardInterrupt

        asyncio.ensure_future(stop())  # noqa: RUF006  (nobody holds it, as nobody asks it)
        await asyncio.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        on_virtual_time(START, work)
    gc.collect()
    assert caplog.records == []
