"""The console's pages without a browser: what they hold, what they refuse, and how they fail."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from local.console.app import make_app
from local.console.serve import source_of
from local.console.source import Source
from raceday.clock import iso
from raceday.tables import ALERT_CONFIGS, ENTRANTS, QUARANTINE, RACES, SILKS
from tests.console.stepped import Stepped

T = TypeVar("T")
BASE = "http://127.0.0.1:8080"


def over(tmp_path: Path, work: Callable[[Stepped, Source, httpx.AsyncClient], Coroutine[Any, Any, T]]) -> T:
    """Do something with a small day, its source, and a client of the console."""

    async def run() -> T:
        stepped = Stepped(tmp_path / "day.db")
        source = source_of(stepped.world)
        await stepped.begin()
        transport = httpx.ASGITransport(make_app(source, kept_secs=0))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            try:
                return await work(stepped, source, client)
            finally:
                await source.aclose()
                await stepped.aclose()

    return asyncio.run(run())


async def near(stepped: Stepped, minutes: float) -> dict[str, Any]:
    """Poll the first race up to some minutes before its start, and give its row."""
    race = (await stepped.races())[0]
    start = datetime.fromisoformat(race["startTime"])
    stepped.clock.at = max(stepped.clock.at, start - timedelta(minutes=66))
    await stepped.to(start - timedelta(minutes=minutes), [race["$id"]])
    return race


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "10.0.0.4", ""])
def test_only_loopback_names_are_answered(tmp_path: Path, host: str) -> None:
    """A Host header that does not name this machine is refused, so that a page elsewhere cannot read the console."""

    async def work(_: Stepped, __: Source, client: httpx.AsyncClient) -> int:
        return (await client.get("/", headers={"host": host})).status_code

    assert over(tmp_path, work) == 421


def test_nothing_but_reading_is_taken(tmp_path: Path) -> None:
    """Every method but GET and HEAD is refused."""

    async def work(_: Stepped, __: Source, client: httpx.AsyncClient) -> list[int]:
        return [(await client.request(method, "/")).status_code for method in ("POST", "PUT", "PATCH", "DELETE")]

    assert over(tmp_path, work) == [405] * 4


def test_the_policy_allows_no_inline_script_and_no_other_host(tmp_path: Path) -> None:
    """Every page carries a strict policy, and holds neither inline script nor style nor an address elsewhere."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> list[httpx.Response]:
        race = await near(stepped, 20)
        return [await client.get(path) for path in ("/", f"/race/{race['$id']}", "/suite", "/nothing")]

    for page in over(tmp_path, work):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "<script>" not in page.text
        assert " style=" not in page.text
        assert "onclick" not in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text


def test_no_secret_reaches_a_page(tmp_path: Path) -> None:
    """Neither the store's key nor the webhooks' secret is on any page."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> tuple[str, tuple[str, ...]]:
        pages = [(await client.get(path)).text for path in ("/", "/suite")]
        return "".join(pages), stepped.world.settings.secrets()

    text, secrets = over(tmp_path, work)
    assert len(secrets) >= 2
    assert not [secret for secret in secrets if secret in text]


def test_what_comes_from_the_feed_is_escaped(tmp_path: Path) -> None:
    """A race, a runner and a quarantined value full of markup are shown as text."""
    nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>"

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> str:
        race = await near(stepped, 30)
        runner = (await source.entrants(race["$id"]))[0]
        await source.store.update(RACES, race["$id"], {"name": nasty, "trackCondition": nasty})
        await source.store.update(ENTRANTS, runner["$id"], {"name": nasty, "jockey": nasty, "silkId": '"><b>'})
        row = {
            "subject": nasty,
            "field": nasty,
            "value": nasty,
            "payload": nasty,
            "seenAt": iso(source.now()),
            "seen": 1,
        }
        await source.store.upsert(QUARANTINE, "q1", row)
        return "".join([(await client.get(p)).text for p in ("/", f"/race/{race['$id']}", "/suite")])

    text = over(tmp_path, work)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_grid_shows_columns_marks_and_scratchings_as_the_client_does(tmp_path: Path) -> None:
    """Columns run from 60 to the present, what is to come is one; growth has a plus; scratched runners are struck."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[str, str]:
        race = await near(stepped, 9)
        runner = (await source.entrants(race["$id"]))[1]
        await source.store.update(ENTRANTS, runner["$id"], {"isScratched": True})
        path = f"/race/{race['$id']}"
        return (await client.get(path)).text, (await client.get(path, params={"view": "odds"})).text

    money, odds = over(tmp_path, work)
    heads = [part.split("</th>")[0].split(">")[-1] for part in money.split("<th scope=")[1:]]
    at = heads.index("60")
    assert [int(head) for head in heads[at : at + 12]] == [*range(60, 0, -5)]
    assert '4–0<span class="sr"> still to come</span>' in money
    assert 'class="scratched"' in money
    assert "+$" in money
    assert "+$" not in odds
    assert 'data-view="odds" aria-current="true"' in odds


def test_a_race_that_misses_slots_comes_first(tmp_path: Path) -> None:
    """A race whose slots pass without a committed poll is listed under attention, with how many it missed."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> tuple[str, str]:
        races = await stepped.races()
        start = datetime.fromisoformat(races[0]["startTime"])
        stepped.clock.at = start - timedelta(minutes=66)
        await stepped.to(start - timedelta(minutes=19), [race["$id"] for race in races])
        before = (await client.get("/")).text
        stepped.clock.at += timedelta(minutes=11)
        return before, (await client.get("/")).text

    before, after = over(tmp_path, work)
    assert "No race needs attention" in before
    assert "Needs attention" in after
    assert "4 slots missed" in after


def test_an_unchanged_page_is_not_sent_again(tmp_path: Path) -> None:
    """Asked again with its tag while only time has passed, a page answers 304; a fragment holds no frame."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        first = await client.get("/", headers={"x-fragment": "1"})
        stepped.clock.at += timedelta(seconds=7)
        again = await client.get("/", headers={"x-fragment": "1", "if-none-match": first.headers["etag"]})
        return first, again

    first, again = over(tmp_path, work)
    assert "<html" not in first.text
    assert (again.status_code, again.text) == (304, "")


def test_missing_things_say_so(tmp_path: Path) -> None:
    """A race, a silk or a page that is not there answers 404; a day without races tells how to fill it."""

    async def work(_: Stepped, __: Source, client: httpx.AsyncClient) -> list[httpx.Response]:
        paths = ("/race/none", "/silk/none.svg", "/none", "/?date=2020-01-01")
        return [await client.get(path) for path in paths]

    race, silk, page, day = over(tmp_path, work)
    assert [race.status_code, silk.status_code, page.status_code] == [404, 404, 404]
    assert "race none" in race.text
    assert day.status_code == 200
    assert "daily-meetings" in day.text


def test_a_store_that_refuses_is_told_of(tmp_path: Path) -> None:
    """While the store refuses the page answers 503, names the trouble, and tells what to check."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> httpx.Response:
        assert stepped.world.embedded is not None
        stepped.world.embedded.api_key = "another"
        return await client.get("/")

    page = over(tmp_path, work)
    assert page.status_code == 503
    assert "APPWRITE_API_KEY" in page.text


def test_silks_are_pictures_that_can_run_nothing(tmp_path: Path) -> None:
    """A drawn silk is shown beside its runner, and served under a policy that lets it run nothing."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="4" height="4"/></svg>'

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[str, httpx.Response]:
        race = await near(stepped, 30)
        runner = (await source.entrants(race["$id"]))[0]
        await source.store.update(ENTRANTS, runner["$id"], {"silkId": "silk-1"})
        await source.store.upsert(SILKS, "silk-1", {"silkId": "silk-1", "svgData": svg})
        return (await client.get(f"/race/{race['$id']}")).text, await client.get("/silk/silk-1.svg")

    page, silk = over(tmp_path, work)
    assert 'src="/silk/silk-1.svg"' in page
    assert silk.text == svg
    assert silk.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in silk.headers["content-security-policy"]


def test_band_colours_come_from_the_users_rows_if_they_are_colours(tmp_path: Path) -> None:
    """Bands take the colours of the user's rows; what is not #RRGGBB never reaches the style sheet."""

    async def work(_: Stepped, source: Source, client: httpx.AsyncClient) -> str:
        rows = await source.bands()
        await source.store.update(ALERT_CONFIGS, rows[0]["$id"], {"color": "#123456"})
        await source.store.update(ALERT_CONFIGS, rows[1]["$id"], {"color": "red} body{x:y"})
        return (await client.get("/bands.css")).text

    css = over(tmp_path, work)
    assert ".band-1 { background: #123456; }" in css
    assert "body" not in css
