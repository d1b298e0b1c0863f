"""The header of every page: what it says of the scheduler agrees with the page beneath it."""

import re
from datetime import timedelta
from pathlib import Path

import httpx

from local.console.app import make_app
from local.console.source import Source
from raceday.clock import iso
from raceday.tables import SUITE_STATE
from tests.console.stepped import Stepped
from tests.console.test_console_pages import BASE, over

TICKED = re.compile(r'ticked <span data-at="(\d+)"')


async def tick(source: Source) -> None:
    """Write that the scheduler ticks now."""
    row = {"kind": "tick", "name": "master-race-scheduler", "status": "done", "at": iso(source.now())}
    await source.store.upsert(SUITE_STATE, "tick-master", row)


def test_header_and_suite_tell_one_age_of_the_scheduler(tmp_path: Path) -> None:
    """A headline that was kept from another page does not stand beside a later tick in the suite's own words."""

    async def work(stepped: Stepped, source: Source, _: httpx.AsyncClient) -> None:
        transport = httpx.ASGITransport(make_app(source, kept_secs=1000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            await tick(source)
            assert len(TICKED.findall((await client.get("/")).text)) == 1
            stepped.clock.at += timedelta(minutes=1)
            await tick(source)
            told = TICKED.findall((await client.get("/suite")).text)
            assert told == [str(round(source.now().timestamp() * 1000))] * 2

    over(tmp_path, work)


def test_a_suite_whose_scheduler_is_silent_is_not_running(tmp_path: Path) -> None:
    """Beside `silent` no page says `running`, of the suite or of any function; with a tick both are told as running."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        await tick(source)
        assert ">running</span>" in (await client.get("/")).text
        stepped.clock.at += timedelta(days=289)
        for path in ("/", "/suite"):
            page = (await client.get(path)).text
            assert "silent, ticked" in page
            assert ">not running</span>" in page
            assert ">running</span>" not in page

    over(tmp_path, work)
