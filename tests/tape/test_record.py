"""`./raceday record` through kills, a full disk and damage: what is whole is read, what is not is named."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from local.functions import ROOT
from local.tape.reader import Tape
from local.work.places import read_place
from local.world import LocalWorld
from raceday.tables import MONEY_FLOW, RACE_POLLS, RACES, SUITE_STATE
from tests.cli.kit import raceday
from tests.tape.kit import answers, write

Capture = pytest.CaptureFixture[str]
# A generated card's busy hour; its day's imports are made up for at once.
BUSY = "2026-02-13T23:40:00+00:00"
FULL = "2026-02-14T10:58:30+00:00"


def words(folder: Path, at: str, *more: str) -> list[str]:
    """Return the command line of a recording of a generated feed."""
    kept = ["--folder", str(folder / "tapes"), "--store", str(folder / "record.db")]
    return ["record", "--feed", "generated", "--races", "3", "--at", at, "--speed", "60", *kept, *more]


def damages_named(told: str) -> int:
    """Return how many lines name what is not whole."""
    return sum(line.startswith("not whole: ") for line in told.splitlines())


def test_a_killed_recording_is_whole_and_goes_on_in_another_part(tmp_path: Path, capsys: Capture) -> None:
    """kill -9: each record there is read or is the one being written; started again, a new part lies beside it."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"}
    child = subprocess.Popen(
        [sys.executable, "-m", "local.cli", *words(tmp_path, BUSY)], env=env, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        while sum(part.stat().st_size for part in tmp_path.glob("tapes/*/*.tape")) < 40_000:
            assert child.poll() is None
            time.sleep(0.05)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    first = Tape.checked(tmp_path / "tapes" / "2026-02-14")
    assert len(first.entries) > 5
    assert len(first.damages) <= 1
    assert sum(len(body) for _, body in first.bodies()) > 40_000
    # A quarter of an hour holds at least one look at the meetings.
    at = (first.entries[-1].received + timedelta(minutes=2)).isoformat()
    assert raceday(*words(tmp_path, at, "--minutes", "16", "--speed", "300")) == 0
    both = Tape.checked(tmp_path / "tapes" / "2026-02-14")
    assert len(both.paths) == 2
    assert len(both.entries) > len(first.entries)
    assert both.damages == first.damages
    capsys.readouterr()
    assert raceday("tape", "check", str(tmp_path / "tapes" / "2026-02-14")) == bool(both.damages)
    assert damages_named(capsys.readouterr().out) == len(both.damages)


def test_a_recorded_day_is_verified_on_the_same_code(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instants with microseconds, as a real clock has them: no row of any table differs, projections included."""

    async def briefly(world: LocalWorld, _: float | None) -> None:
        for name in ("daily-meetings", "daily-entrants"):
            assert (await world.invoke(name, {"date": "2026-02-14"}))["ok"]
        for row in await world.container("daily-meetings").store.find(RACES, []):
            assert (await world.invoke("single-race-poller", {"raceId": row["$id"]}))["ok"]

    monkeypatch.setattr("local.work.record.minutes", briefly)
    assert raceday(*words(tmp_path, BUSY.replace("00+", "00.123457+"), "--speed", "1")) == 0
    stored = asyncio.run(read_place(str(tmp_path / "record.db")))
    assert len(stored[RACE_POLLS]) == 3
    assert len(stored[MONEY_FLOW]) > 3
    tape = str(tmp_path / "tapes" / "2026-02-14")
    assert raceday("replay", tape, "--store", str(tmp_path / "record.db"), "--verify") == 0
    told = capsys.readouterr().out
    assert "3 polls replayed" in told
    assert told.endswith("0 rows differ\n")


def test_a_disk_that_fills_up_costs_answers_and_no_poll(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no room left the suite goes on, over the next day's first part too; the command says how much was lost."""
    real = os.pwrite
    answered: list[int] = []

    def pwrite(file: int, data: bytes, at: int) -> int:
        if answered:
            raise OSError(errno.ENOSPC, "No space left on device")
        answered.extend([1] * (b'"url"' in data))
        return real(file, data, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    assert raceday(*words(tmp_path, FULL, "--minutes", "3")) == 1
    told = capsys.readouterr().out
    assert int(told.rsplit(", ", 1)[1].split()[0]) > 0
    kept = list(tmp_path.glob("tapes/*/*.tape"))
    assert [path.parent.name for path in kept] == ["2026-02-14"]
    tape = Tape.checked(kept[0])
    assert tape.damages == []
    assert len(tape.entries) == 1
    ticks = [row["at"] for row in asyncio.run(read_place(str(tmp_path / "record.db")))[SUITE_STATE].values()
             if row["kind"] == "tick"]  # fmt: skip
    assert max(ticks) > "2026-02-14T11:00:00"


def test_a_part_is_named_by_its_beginning_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for in New Zealand's time it begins at the instant that its Z says."""

    async def at_once(world: LocalWorld, _: float | None) -> None: ...

    monkeypatch.setattr("local.work.record.minutes", at_once)
    assert raceday(*words(tmp_path, "2026-02-14T12:40:00+13:00", "--speed", "1")) == 0
    assert [path.name[:13] for path in tmp_path.glob("tapes/2026-02-14/*.tape")] == ["20260213T2340"]


def test_without_any_room_nothing_begins(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first write of all fails: the command ends, says why, and leaves no empty tape."""

    def pwrite(file: int, data: bytes, at: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", pwrite)
    assert raceday(*words(tmp_path, BUSY, "--minutes", "1")) == 3
    assert "no space left on device" in capsys.readouterr().err.lower()
    assert list(tmp_path.glob("tapes/*/*.tape")) == []


@pytest.mark.parametrize("command", ["tape check", "export 2026-02-14 {out} --tape", "simulate --store {out} --feed"])
def test_commands_name_what_is_not_whole_of_a_tape(command: str, tmp_path: Path, capsys: Capture) -> None:
    """A tape that is cut off and has a flipped bit is read all the same, and both places are named."""
    path = write(tmp_path / "a.tape", answers(40))
    whole = bytearray(path.read_bytes())
    hurt = whole[: int(len(whole) * 0.9)]
    hurt[len(hurt) // 2] ^= 4
    path.write_bytes(hurt)
    tape = Tape.checked(path)
    assert len(tape.damages) == 2
    assert 20 < len(tape.entries) < 40
    place = f"tape:{path}" if "--feed" in command else str(path)
    raceday(*command.format(out=tmp_path / "out").split(), place)
    told = capsys.readouterr()
    assert damages_named(told.out + told.err) == 2
