"""`./raceday up`: the suite on a clock of its own pace, and the clock itself."""

import asyncio
import os
import socket
import stat
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from local.embedded import Embedded, bootstrap
from local.embedded.http import make_server
from local.serving import url_of
from local.tape.reader import Tape
from local.testing.pace import PacedClock
from local.world import LocalWorld, open_world
from raceday.settings import specs
from raceday.tables import ENTRANTS, MEETINGS, RACE_POLLS, RACES, SUITE_STATE
from tests.cli.kit import raceday
from tests.recording import make_recording
from tests.tape.kit import taped_day

Capture = pytest.CaptureFixture[str]
START = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run without any of the suite's variables, in an empty folder."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    monkeypatch.chdir(tmp_path)


def _rows(table: str, store: str = "up.db") -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        world: LocalWorld = open_world("generated", store, lambda _: None, races=2)
        try:
            return [dict(row) for row in await world.container("daily-meetings").store.find(table)]
        finally:
            await world.aclose()

    return asyncio.run(read())


def _put(table: str, row_id: str, row: dict[str, Any], store: str) -> None:
    async def write() -> None:
        Path(store).parent.mkdir(exist_ok=True)
        world: LocalWorld = open_world("generated", store, lambda _: None, races=2)
        try:
            await world.container("daily-meetings").store.create(table, row_id, row)
        finally:
            await world.aclose()

    asyncio.run(write())


def test_it_imports_at_its_minute_and_ends_by_itself(capsys: Capture) -> None:
    """Two minutes from 17:00 UTC at sixty times the pace import the day, keep health and a tape, and end with 0."""
    words = ["--tape", "day.tape"]
    words += ["--minutes", "2", "--speed", "60", "--races", "2", "--at", START.isoformat()]
    assert raceday("up", *words, "--store", "up.db", "--port", "0", "--store-port", "0", "--functions-port", "0") == 0
    told = capsys.readouterr().out
    assert "http://127.0.0.1:" in told
    assert len(_rows(RACES)) == 2
    assert _rows(MEETINGS)
    assert {row["kind"] for row in _rows(SUITE_STATE)} >= {"tick", "run", "health"}
    assert stat.S_IMODE(os.stat(".raceday/up.key").st_mode) == 0o600
    assert Path(".raceday/up.key").read_text() not in told
    tape = Tape.checked("day.tape")
    assert "meetings" in tape.entries[0].url
    assert {mark["function"] for mark in tape.marks} >= {"daily-meetings"}
    assert " in day.tape, 0 lost" in told
    assert raceday("up", *words, "--port", "0") == 2
    assert "--tape: expected a new file" in capsys.readouterr().err


@pytest.mark.parametrize("taken", ["--port", "--store-port", "--functions-port"])
def test_a_second_one_changes_nothing_where_a_port_is_taken(taken: str, capsys: Capture) -> None:
    """It ends with 3 before it imports, makes a store or touches the secrets that the first one told."""
    Path(".raceday").mkdir()
    for name in ("up.secret", "up.key"):
        Path(".raceday", name).write_text("the first one's")
    ports = {"--port": "0", "--store-port": "0", "--functions-port": "0"}
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        ports[taken] = str(first.getsockname()[1])
        words = [word for pair in ports.items() for word in pair]
        assert raceday("up", "--demo", "--store", "other.db", "--minutes", "1", "--speed", "60", *words) == 3
    told = capsys.readouterr()
    assert "address already in use" in told.err
    assert told.out.splitlines() == ["store other.db"]
    assert sorted(path.name for path in Path().iterdir()) == [".raceday"]
    assert {path.read_text() for path in Path(".raceday").iterdir()} == {"the first one's"}


def test_secrets_that_are_kept_serve_the_next_start_too(capsys: Capture) -> None:
    """A start beside another one uses the secrets that lie there, and the store answers to that key."""
    words = ["--minutes", "0.01", "--speed", "60", "--races", "1", "--port", "0", "--store-port", "0"]
    secrets = []
    for store in ("one.db", "two.db"):
        assert raceday("up", *words, "--functions-port", "0", "--store", store) == 0
        secrets.append([Path(".raceday", name).read_text() for name in ("up.secret", "up.key")])
    assert secrets[0] == secrets[1]
    assert all(secrets[0])


def test_a_demo_begins_in_a_new_store_each_time(capsys: Capture) -> None:
    """Without --store nothing of an earlier demo is left; with one that holds other races it says so."""
    words = ["--demo", "--minutes", "0.5", "--speed", "60", "--races", "2", "--port", "0", "--store-port", "0"]
    words += ["--functions-port", "0", "--at"]
    assert raceday("up", *words, "2026-11-24T01:00:00+00:00") == 0
    first = {row["$id"] for row in _rows(RACES, ".raceday/demo.db")}
    assert raceday("up", *words, "2026-11-24T02:00:00+00:00") == 0
    second = {row["$id"] for row in _rows(RACES, ".raceday/demo.db")}
    assert (len(second), first & second) == (2, set())
    assert "another card" not in capsys.readouterr().out
    assert raceday("up", *words, "2026-11-24T03:00:00+00:00", "--store", ".raceday/demo.db") == 0
    assert "holds races of another card" in capsys.readouterr().out


@pytest.mark.parametrize("hour", ["2026-11-24T22:10", "2026-11-24T10:55", "2026-11-24T16:30"])
def test_a_demo_has_a_race_in_ten_minutes_at_any_hour(hour: str, capsys: Capture) -> None:
    """By day, five minutes before NZ midnight and at dawn, the whole card is imported at once."""
    at = datetime.fromisoformat(f"{hour}:00+00:00")
    words = ["--demo", "--minutes", "2", "--speed", "60", "--races", "3", "--at", at.isoformat(), "--store", "up.db"]
    assert raceday("up", *words, "--port", "0", "--store-port", "0", "--functions-port", "0") == 0
    told = capsys.readouterr().out
    assert "/api/v1/web/" in told
    starts = sorted(datetime.fromisoformat(row["startTime"]) - at for row in _rows(RACES))
    assert timedelta(minutes=10) <= starts[0] <= timedelta(minutes=25)
    assert {row["raceId"] for row in _rows(ENTRANTS)} == {row["$id"] for row in _rows(RACES)}


def test_a_tape_begins_with_its_whole_card() -> None:
    """Within the first minute every race has its entrants, which its day had twenty minutes after its meetings."""
    tape, stored = taped_day(1, 3)
    words = ["--feed", f"tape:{tape}", "--minutes", "1", "--speed", "60", "--store", "up.db", "--port", "0"]
    assert raceday("up", *words, "--store-port", "0", "--functions-port", "0") == 0
    assert {row["$id"] for row in _rows(ENTRANTS)} == set(stored[ENTRANTS])
    assert {row["$id"] for row in _rows(RACES)} == set(stored[RACES])


def test_a_tape_is_played_in_a_new_store_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun again it is polled again, in a store of its own, though Appwrite is set up and the day lies there."""
    tape, stored = taped_day(1, 3)
    monkeypatch.setenv("APPWRITE_ENDPOINT", "http://appwrite.invalid/v1")
    begin = min(row["slot"] for row in stored[RACE_POLLS].values())
    words = ["--feed", f"tape:{tape}", "--at", begin, "--minutes", "2", "--speed", "60", "--port", "0"]
    _put(SUITE_STATE, "earlier", {"kind": "mark", "name": "earlier"}, ".raceday/taped.db")
    assert raceday("up", *words, "--store-port", "0", "--functions-port", "0") == 0
    assert {int(row["n"]) for row in _rows(RACE_POLLS, ".raceday/taped.db")} == {1}
    assert "mark" not in {row["kind"] for row in _rows(SUITE_STATE, ".raceday/taped.db")}
    assert not Path(".raceday/raceday.db").exists()


def test_a_recorded_folder_begins_on_its_day() -> None:
    """Its clock stands before the day's imports, and every race that was recorded has its entrants at once."""
    day = make_recording(Path("recorded"))
    words = ["--feed", "recorded:recorded", "--minutes", "1", "--speed", "60", "--store", "up.db", "--port", "0"]
    assert raceday("up", *words, "--store-port", "0", "--functions-port", "0") == 0
    assert {row["$id"] for row in _rows(RACES)} == {race.race_id for race in day.core_races}
    assert len({row["raceId"] for row in _rows(ENTRANTS)}) > 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "2026-11-24T17:00:00"], "with its offset"),
        (["--speed", "0"], "--speed: expected more than 0"),
        (["--feed", "live"], "NZTAB_FROM is missing"),
        (["--feed", "live", "--store", "env"], "APPWRITE_ENDPOINT is missing"),
        (["--demo", "--feed", "live"], "leave out --feed"),
        (["--heartbeat"], "--heartbeat goes with --store env"),
        (["--at", "noon"], "--at"),
        (["--staged", "--speed", "60"], "leave out --at and --speed"),
    ],
)
def test_wrong_usage_ends_with_two(words: list[str], said: str, capsys: Capture) -> None:
    """An instant without offset, no pace, and missing settings end with 2 before anything runs."""
    assert raceday("up", *words, "--port", "0", "--store-port", "0", "--functions-port", "0") == 2
    assert said in capsys.readouterr().err
    assert not Path(".raceday").exists()


@pytest.mark.parametrize(("words", "asked"), [([], False), (["--heartbeat"], True)], ids=["left alone", "asked for"])
def test_the_deployed_schedulers_watcher_is_told_only_when_asked(
    words: list[str], asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer's run on Appwrite asks for no heartbeat, which would hide a dead scheduler, unless told to."""
    beats: list[str] = []

    class Watcher(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            beats.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Watcher) as watcher:
        Thread(target=watcher.serve_forever, daemon=True).start()
        monkeypatch.setenv("RACEDAY_HEARTBEAT_URL", f"http://127.0.0.1:{watcher.server_port}/beat")
        appwrite = Embedded(now=lambda: datetime.now(UTC))
        bootstrap(appwrite)
        server = make_server(appwrite)
        serving = Thread(target=server.run)
        serving.start()
        while not server.started:
            time.sleep(0.02)
        monkeypatch.setenv("APPWRITE_ENDPOINT", f"{url_of(server)}/v1")
        monkeypatch.setenv("APPWRITE_PROJECT_ID", appwrite.project_id)
        monkeypatch.setenv("APPWRITE_API_KEY", appwrite.api_key)
        words = ["--store", "env", "--minutes", "2", "--speed", "60", "--races", "1", "--port", "0", *words]
        assert raceday("up", *words, "--functions-port", "0") == 0
        server.should_exit = True
        serving.join()
        watcher.shutdown()
    assert bool(beats) is asked
    assert {beat.partition("?")[0] for beat in beats} <= {"/beat", "/beat/fail"}


def test_what_runs_is_ended_before_what_it_writes_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick under way when `up` ends is ended before the console's record and the store are closed."""
    endings: list[str] = []

    async def tick(world: LocalWorld) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            endings.append("tick")

    async def page(world: LocalWorld, args: Any) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            endings.append("page")

    monkeypatch.setattr("local.work.up._tick", tick)
    monkeypatch.setattr("local.work.up._page", page)
    words = ["--minutes", "0.01", "--speed", "600", "--store", "up.db", "--store-port", "0", "--functions-port", "0"]
    assert raceday("up", *words, "--port", "0") == 0
    assert endings == ["tick", "page"]


def test_a_world_that_closes_ends_what_its_functions_start_as_they_end() -> None:
    """A function that is started while others are being ended does not outlive the store."""

    async def work() -> None:
        world = open_world("generated", "up.db", lambda _: None, races=1)
        late = asyncio.Event()

        async def first() -> None:
            try:
                await asyncio.sleep(10)
            finally:
                world.tasks.add(task := asyncio.create_task(late.wait()))
                task.add_done_callback(world.tasks.discard)

        world.tasks.add(task := asyncio.create_task(first()))
        task.add_done_callback(world.tasks.discard)
        await asyncio.sleep(0)
        await world.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())


def test_a_paced_clock_begins_where_it_is_told_and_sleeps_faster() -> None:
    """Ten seconds of sleep at a thousand times the pace pass on the clock, from the instant that was given."""
    clock = PacedClock(1000, START)
    before = clock.now()
    assert START <= before < START + timedelta(hours=1)
    asyncio.run(clock.sleep(10))
    assert clock.now() - before >= timedelta(seconds=9.9)


def test_a_paced_clock_does_not_wait_for_the_past() -> None:
    """A negative sleep returns at once, and the clock never goes back."""
    clock = PacedClock(1.0)
    first = clock.monotonic()
    asyncio.run(clock.sleep(-5))
    assert clock.monotonic() >= first
