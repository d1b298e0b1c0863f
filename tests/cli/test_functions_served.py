"""Functions over HTTP as `up` serves them, and the commands that tell of them and of their logs."""

import asyncio
import json
import os
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import running, stores
from local.gateway import HEADER, PREFIX, SECRET_FILE, Gateway, kept_secret
from local.world import LocalWorld, open_world
from raceday.catalogue.functions import NAMES
from raceday.settings import specs
from raceday.tables import MEETINGS, RACES
from tests.cli.kit import raceday

Capture = pytest.CaptureFixture[str]
Ask = Callable[[httpx.AsyncClient, LocalWorld], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run without any of the suite's variables, in an empty folder."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    monkeypatch.chdir(tmp_path)


def _served(ask: Ask) -> None:
    async def run() -> None:
        world = open_world("generated", "up.db", lambda _: None, races=2)
        try:
            for name in ("daily-meetings", "daily-races"):
                await world.invoke(name, {})
            transport = httpx.ASGITransport(Gateway(world, kept_secret()).app())
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                await ask(client, world)
            await world.settle()
        finally:
            await world.aclose()

    asyncio.run(run())


def test_the_poller_is_called_by_http_with_the_secret_alone() -> None:
    """A race is polled over HTTP with the header; without it 401, an unknown function 404, another host 421."""

    async def ask(client: httpx.AsyncClient, world: LocalWorld) -> None:
        race = (await world.container("daily-races").store.find(RACES, limit=1))[0]["$id"]
        url = f"{PREFIX}/enhanced-race-poller?raceId={race}"
        header = {HEADER: SECRET_FILE.read_text()}
        assert (await client.get(url)).status_code == 401
        answer = await client.get(url, headers=header)
        assert (answer.status_code, answer.json()["committed"]) == (200, 1)
        posted = await client.post(f"{PREFIX}/enhanced-race-poller", headers=header, json={"raceId": ""})
        assert posted.status_code == 400
        assert (await client.get(f"{PREFIX}/daily-races", headers=header)).status_code == 404
        assert (await client.get(url, headers={**header, "host": "evil.example"})).status_code == 421

    _served(ask)
    assert stat.S_IMODE(os.stat(SECRET_FILE).st_mode) == 0o600


def test_every_operation_that_is_described_can_be_called_as_it_says() -> None:
    """The served OpenAPI names this address, and each call with its examples gets a status that it lists."""

    async def ask(client: httpx.AsyncClient, _: LocalWorld) -> None:
        described = (await client.get("/openapi.json")).json()
        assert described["servers"] == [{"url": f"http://127.0.0.1{PREFIX}"}]
        called = 0
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                given = {
                    parameter["name"]: example
                    for parameter in operation.get("parameters", [])
                    for example in parameter["schema"].get("examples", [])[:1]
                    if isinstance(example, str)
                }
                url, header = f"{described['servers'][0]['url']}{path}", {HEADER: SECRET_FILE.read_text()}
                body = None if method == "get" else given
                answer = await client.request(
                    method, url, headers=header, params=given if method == "get" else None, json=body
                )
                assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
                called += 1
        assert called >= 7

    _served(ask)


def test_the_functions_are_listed_and_each_has_help(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """`functions` names all twelve, whole at 80 columns, the poller with its URL; `invoke FUNCTION --help` helps."""
    assert raceday("functions", "--json") == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert list(found) == list(NAMES)
    assert found["enhanced-race-poller"]["url"].endswith(f":8082{PREFIX}/enhanced-race-poller")
    assert found["daily-races"]["url"] == ""
    monkeypatch.setenv("COLUMNS", "80")
    assert raceday("functions") == 0
    shown = {line.split(" ")[0] for line in capsys.readouterr().out.splitlines()}
    assert shown.issuperset(NAMES)
    assert raceday("invoke", "enhanced-race-poller", "--help") == 0
    told = capsys.readouterr().out
    assert "raceId" in told
    assert "committed" in told


def test_the_functions_are_listed_at_the_port_of_the_up_that_runs(capsys: Capture) -> None:
    """While a store is held its noted port is told, by name and of a running demo; afterwards the usual one."""

    def url(*words: str) -> str:
        assert raceday("functions", "--json", *words) == 0
        found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
        return str(found["enhanced-race-poller"]["url"])

    with stores.held(".raceday/demo.db", "./raceday up"):
        running.note_port(".raceday/demo.db", 28082)
        assert ":28082/" in url()
        assert ":28082/" in url("--store", ".raceday/demo.db")
        assert ":8082/" in url("--store", "other.db")
        assert stores.chosen(None) == ".raceday/demo.db"
    assert ":8082/" in url()
    assert stores.chosen(None) == ".raceday/raceday.db"


def test_races_are_named_and_found_and_their_lines_shown(capsys: Capture) -> None:
    """`status --ids` prints ids; course and number, and an id's beginning, name a race; `logs` shows what was done."""
    assert raceday("invoke", "daily-meetings", "--races", "2", "--quiet") == 0
    assert raceday("invoke", "daily-races", "--races", "2", "--quiet") == 0
    capsys.readouterr()
    assert raceday("status", "--ids") == 0
    race_id, _, named = capsys.readouterr().out.splitlines()[0].split("  ")[:3]
    for text in (race_id, race_id[:8], named, named.lower()):
        assert raceday("report", text, "race.html") == 0, text
        assert named in Path("race.html").read_text()
    assert raceday("report", f"{named.rsplit(' ', 1)[0]} R99", "race.html") == 2
    assert "has no race 99" in capsys.readouterr().err
    raceday("status", "--json")
    assert race_id in {race["id"] for race in json.loads(capsys.readouterr().out)["races"]}
    assert raceday("logs", "--function", "daily-races", "--level", "debug") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines
    assert all("daily-races" in line for line in lines)
    assert raceday("invoke", "enhanced-race-poller", "--param", f"raceId={race_id}", "--races", "2", "--quiet") == 0
    capsys.readouterr()
    assert raceday("logs", "--function", "enhanced-race-poller", "--race", named) == 0
    assert "poller.done" in capsys.readouterr().out
    assert raceday("pause") == 0
    capsys.readouterr()
    assert raceday("logs", "--race", named) == 0
    assert "cli.switched" in capsys.readouterr().out
    assert raceday("logs", "--level", "error") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_narrow_terminal_cuts_names_and_no_times(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """At 60 and 80 columns each race is one line with its start whole; at 140 its id's beginning is there too."""
    for name in ("daily-meetings", "daily-races"):
        assert raceday("invoke", name, "--races", "2", "--quiet") == 0
    capsys.readouterr()
    raceday("status", "--ids")
    race_id, start = capsys.readouterr().out.splitlines()[0].split("  ")[:2]
    for width in ("60", "80", "140"):
        monkeypatch.setenv("COLUMNS", width)
        raceday("status", "--all")
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(start)]
        assert lines
        assert (race_id[:8] in lines[0]) is (width == "140")


def test_two_courses_of_one_beginning_are_told_apart() -> None:
    """A beginning that two courses share names neither, and both are told."""

    async def ask(_: httpx.AsyncClient, world: LocalWorld) -> None:
        from local.failures import NoSuchRace
        from local.races import find_race

        store = world.container("daily-races").store
        for meeting in await store.find(MEETINGS):
            await store.update(MEETINGS, meeting["$id"], {"meetingName": f"Same {meeting['$id'][:4]}"})
        if len(await store.find(MEETINGS)) > 1:
            with pytest.raises(NoSuchRace, match="no one course"):
                await find_race(store, "same r1")
        with pytest.raises(NoSuchRace, match="there is no race"):
            await find_race(store, "")

    _served(ask)
