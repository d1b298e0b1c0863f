"""Commands beside an `up` that runs: its clock, its intervals, its feed, and races by name."""

import asyncio
import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from local import running, stores
from local.console.pages import behind
from local.console.serve import open_source
from local.gateway import HEADER, PREFIX, SECRET_FILE, Gateway, kept_secret, told
from local.races import next_name
from local.testing.pace import PacedClock
from local.world import LocalWorld, open_world
from raceday.racing.nzday import race_day
from raceday.racing.schedule import Intervals
from raceday.settings import specs
from raceday.tables import MEETINGS, RACE_POLLS, RACES
from tests.cli.kit import raceday

Capture = pytest.CaptureFixture[str]
STORE = ".raceday/raceday.db"
BEGUN = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run without any of the suite's variables, in an empty folder."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    monkeypatch.chdir(tmp_path)


def _card(seed: int, clock: PacedClock) -> tuple[str, str]:
    """Import a card as `up` does; gives its first race's id, and its name as people write it."""

    async def work() -> tuple[str, str]:
        world = open_world("generated", STORE, lambda _: None, clock=clock, races=2, seed=seed)
        try:
            for name in ("daily-meetings", "daily-races", "daily-entrants"):
                await world.invoke(name, {})
            store = world.container("daily-races").store
            race = (await store.find(RACES))[0]
            meeting = await store.get(MEETINGS, str(race["meetingId"])) or {}
            return race["$id"], f"{meeting['meetingName']} R{race['raceNumber']}"
        finally:
            await world.aclose()

    Path(".raceday").mkdir(exist_ok=True)
    return asyncio.run(work())


def _at_work(speed: float = 20.0, seed: int = 7) -> running.Running:
    return running.Running(PacedClock(speed, BEGUN), 10, 15, seed=seed, races=2)


def test_the_page_and_status_go_by_the_clock_and_intervals_of_the_up_that_runs(capsys: Capture) -> None:
    """While it runs at its pace its instant and its intervals count; afterwards the machine's and the defaults."""
    up = _at_work()
    _card(7, up.clock)

    async def seen() -> tuple[datetime, Intervals]:
        source = open_source(STORE)
        try:
            return source.now(), Intervals.of(source.settings)
        finally:
            await source.aclose()

    with stores.held(STORE, "./raceday up"):
        running.note(STORE, up)
        now, intervals = asyncio.run(seen())
        assert abs(now - up.clock.now()) < timedelta(minutes=20)
        assert intervals == Intervals(10, 15)
        raceday("status", "--json")
        shown = json.loads(capsys.readouterr().out)
        assert shown["day"] == race_day(BEGUN).isoformat()
        assert datetime.fromisoformat(shown["now"]) - BEGUN < timedelta(hours=1)
    now, intervals = asyncio.run(seen())
    assert now - up.clock.now() > timedelta(hours=1) or now < BEGUN
    assert intervals == Intervals()


def test_both_clocks_of_one_up_are_one() -> None:
    """Read from the lock at twenty times the pace, the clock stands where the clock of `up` does."""
    Path(".raceday").mkdir()
    up = _at_work(speed=20)
    with stores.held(STORE, "./raceday up"):
        running.note(STORE, up)
        found = running.running_on(STORE)
        assert found is not None
        before, read, after = up.clock.now(), found.clock.now(), up.clock.now()
    assert before <= read <= after
    assert running.running_on(STORE) is None


def test_a_clock_too_fast_for_the_machine_is_told_once_and_read_from_the_lock() -> None:
    """Ticks within five seconds are none's news; the first later one is logged, a much later one is told to others."""
    Path(".raceday").mkdir()
    up, lines = _at_work(speed=20), list[str]()
    with stores.held(STORE, "./raceday up"):
        running.note(STORE, up)
        for late_secs, told in (
            (4.0, ""),
            (9.0, "up to 9 s late"),
            (10.0, "up to 9 s late"),
            (30.0, "up to 30 s late"),
        ):
            running.tell_late(STORE, up.clock, late_secs, lines.append)
            found = running.running_on(STORE)
            assert found is not None
            assert found.clock.behind()[-len(told) :] == told
            assert behind(found.clock) == found.clock.behind()
            assert bool(found.clock.behind()) == bool(told)
    assert [json.loads(line)["event"] for line in lines] == ["up.behind"]


def test_invoke_takes_a_race_by_name_and_the_feed_of_the_up_that_runs(capsys: Capture) -> None:
    """Course and number name the race, on that card, at that clock; what names none is wrong usage and says so."""
    up = _at_work()
    race_id, name = _card(7, up.clock)
    with stores.held(STORE, "./raceday up"):
        running.note(STORE, up)
        for text in (name, race_id[:8]):
            assert raceday("invoke", "enhanced-race-poller", "--param", f"raceId={text}", "--quiet") == 0
            result = json.loads(capsys.readouterr().out)
            assert (result["failures"], result["polled"]) == ([], 1)
        assert raceday("invoke", "batch-race-poller", "--param", f"raceIds={name},{race_id}", "--quiet") == 0
        capsys.readouterr()
        assert raceday("invoke", "enhanced-race-poller", "--param", "raceId=Nowhere R3", "--quiet") == 2
        assert "no course of the store is 'Nowhere'" in capsys.readouterr().err
    slots = [datetime.fromisoformat(row["slot"]) for row in asyncio.run(_polls())]
    assert slots
    assert all(abs(slot - BEGUN) < timedelta(hours=2) for slot in slots)


async def _polls() -> list[dict[str, str]]:
    world: LocalWorld = open_world("generated", STORE, lambda _: None)
    try:
        return [dict(row) for row in await world.container("daily-races").store.find(RACE_POLLS)]
    finally:
        await world.aclose()


def test_the_line_that_polls_names_the_next_race() -> None:
    """What `up` prints is one shell word for the race, whatever a course is called; without races it says RACE."""
    clock = PacedClock(1.0, BEGUN)
    _, name = _card(7, clock)

    async def nearest() -> str:
        world = open_world("generated", STORE, lambda _: None, clock=clock)
        try:
            return await next_name(world.container("daily-races").store, BEGUN - timedelta(days=1))
        finally:
            await world.aclose()

    assert asyncio.run(nearest()).rpartition(" ")[0] == name.rpartition(" ")[0]
    line = told("O'Hara {} R1").format(url="http://127.0.0.1:1").splitlines()[-1]
    assert "raceId=O'Hara {} R1" in shlex.split(line)
    assert "raceId=RACE" in shlex.split(told().format(url="http://127.0.0.1:1").splitlines()[-1])


def test_the_local_urls_take_a_race_by_name_and_the_functions_do_not() -> None:
    """In the query and in a JSON body a name does; one that is no race's is 400 with field and what was expected."""
    clock = PacedClock(1.0, BEGUN)
    race_id, name = _card(7, clock)

    async def ask() -> None:
        world = open_world("generated", STORE, lambda _: None, clock=clock, races=2, seed=7)
        url, header = f"{PREFIX}/enhanced-race-poller", {HEADER: kept_secret()}
        transport = httpx.ASGITransport(Gateway(world, SECRET_FILE.read_text()).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=header) as client:
            for text in (name, race_id[:8], race_id):
                for answer in (
                    await client.get(url, params={"raceId": text}),
                    await client.post(url, json={"raceId": text}),
                    await client.post(url, json={"raceIds": [text, race_id]}),
                ):
                    assert (answer.status_code, answer.json()["polled"]) == (200, 1), text
            wrong = await client.get(url, params={"raceId": "Nowhere R3"})
            assert wrong.status_code == 400
            assert wrong.json()["error"]["field"] == "raceId"
            assert "unique beginning" in wrong.json()["error"]["expected"]
            assert "Nowhere" not in wrong.json()["error"]["expected"]
            assert wrong.json()["error"]["message"].count("expected") <= 1
        strict = await world.invoke("enhanced-race-poller", {"raceId": name})
        assert strict["error"]["field"] == "raceId"
        assert "a race id" in strict["error"]["expected"]
        await world.aclose()

    asyncio.run(ask())
