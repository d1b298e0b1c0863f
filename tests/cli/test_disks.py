"""Every command that writes, on a disk that is read-only, full, or filling up: one line, an exit code, no traceback."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.failures import StoreHeld
from local.functions import ROOT
from local.stores import held, readable
from local.tape.format import TERMS
from raceday.settings import specs
from tests.cli.disks import LINES, READERS, Ending
from tests.cli.uses import fill
from tests.once import file_once

SAID = {
    "read-only": r"read-only file system",
    "full": r"no space left on device|database or disk is full|disk I/O error",
    "filling": r"database or disk is full|disk I/O error",
}
# What a slow machine tells beside it: the first line, the suite's own log, and the progress of what takes long.
PROGRESS = r"raceday [a-z-]+: \d+ s(, .+)?|race day: \d+%| *(depth full|lost 0) .+|\d+ days of .+|the calm day took .+"
BESIDE = re.compile(rf"{re.escape(TERMS)}|store .+|\{{.+\}}|{PROGRESS}")
NAMESPACE = ["unshare", "--map-root-user", "--mount"]


def _endings(template: Path, place: Path, kind: str) -> list[Ending]:
    if not shutil.which("unshare") or subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted: neither as root nor in a user namespace")
    env = {name: value for name, value in os.environ.items() if name not in {spec.env for spec in specs().values()}}
    run = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.cli.disks", str(template), str(place), kind],
        cwd=ROOT,
        env={**env, "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [Ending(*json.loads(line)) for line in run.stdout.splitlines()]


def _filled() -> Path:
    """Return the folder that each line finds on its disk."""

    def make(folder: Path) -> None:
        folder.mkdir()
        fill(folder)

    return file_once("filled-folder", make)


@pytest.mark.parametrize("kind", LINES)
def test_a_disk_that_takes_nothing_ends_a_command_with_one_line(kind: str, tmp_path: Path) -> None:
    """Each line of the table ends with its code and one line that says what the disk said, whatever it had begun."""
    place = tmp_path / "disk"
    place.mkdir()
    found = _endings(_filled(), place, kind)
    assert [each.line for each in found] == list(LINES[kind])
    for each in found:
        assert "Traceback" not in each.out + each.err, each
        told = [line for line in each.err.splitlines() if not BESIDE.fullmatch(line)]
        command = each.line.split()[0]
        assert len(told) == 1, each
        assert re.fullmatch(rf"raceday {command}: .*({SAID[kind]})(; nothing was asked to change)?", told[0]), each
        assert told[0].endswith("nothing was asked to change") == (command == "deploy"), each
        # A deployment ends with 3 once the platform was asked to change alone.
        assert each.code == (2 if command == "deploy" else 3), each


@pytest.mark.parametrize("kind", ["readers", "readers on a full disk"])
def test_what_only_reads_needs_no_room(kind: str, tmp_path: Path) -> None:
    """A store on a disk that takes nothing is shown, told and exported as on any other."""
    place = tmp_path / "disk"
    place.mkdir()
    found = _endings(_filled(), place, kind)
    assert [each.line for each in found] == list(READERS)
    for each in found:
        assert each.code in (0, 1), each
        assert len(each.out.splitlines()) > 1 or each.line.startswith("logs"), each
        assert "Traceback" not in each.err, each


def test_a_store_on_a_read_only_disk_is_read_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed and stands in SQLite's log alone is there; while somebody writes the store is refused."""
    place = tmp_path / "day.db"
    writer = sqlite3.connect(place, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE told (word TEXT)")
    writer.execute("INSERT INTO told VALUES ('newest')")
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    copy = readable(str(place))
    assert Path(copy).parent != tmp_path
    with closing(sqlite3.connect(copy)) as reader:
        assert reader.execute("SELECT word FROM told").fetchall() == [("newest",)]
    with held(str(place), "./raceday up"), pytest.raises(StoreHeld, match="up"):
        readable(str(place))
    writer.close()
