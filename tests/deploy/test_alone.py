"""Two commands never work on one staged tree, or on one memory of deployments, at the same time."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from local.cli import main
from ops.packaging.alone import alone_on
from ops.packaging.errors import PackagingError

NAME = "race-pools-aggregator"
HOLDER = """
import sys, time
from pathlib import Path
from ops.packaging.alone import alone_on
with alone_on("./raceday deploy", *map(Path, sys.argv[1:])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that deploys from this tree, with this home."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "out"), str(tmp_path / "home" / "deployed.json")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("words", "held"),
    [
        (["package", "--out", "out"], "out"),
        (["deploy", "--plan", "--out", "out", "--home", "other"], "out"),
        (["deploy", "--out", "other", "--home", "home"], "home/deployed.json"),
    ],
    ids=["package", "plan", "deploy to another tree"],
)
def test_the_second_of_two_commands_is_told_who_is_at_work(
    words: list[str], held: str, holder: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names command and process, the exit code is 2, and nothing is staged."""
    (tmp_path / "out").mkdir()
    placed = [str(tmp_path / word) if word in ("out", "other", "home") else word for word in words]
    assert main([*placed, "--target", "host", "--only", NAME]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"raceday {words[0]}: `./raceday deploy` (process {holder.pid}, since ")
    assert line.endswith(f" UTC) is at work on {tmp_path / held}: wait until it ends; nothing was staged")
    assert (list((tmp_path / "out").iterdir()), (tmp_path / "other").exists()) == ([], False)


def test_a_plan_needs_no_memory_of_deployments(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """It reads that memory, which is written whole: another tree may be planned while one is deployed."""
    words = ["deploy", "--plan", "--target", "host", "--only", NAME, "--out", str(tmp_path / "other")]
    assert main([*words, "--home", str(tmp_path / "home")]) in (0, 1)
    assert (tmp_path / "other" / "project.yml").exists()
    assert holder.poll() is None


def test_what_a_killed_command_leaves_behind_holds_nobody(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """Its lock's file stays, and means nothing; who ends in order leaves none."""
    holder.kill()
    holder.wait()
    assert (tmp_path / ".out.lock").exists()
    with (
        alone_on("./raceday package", tmp_path / "out"),
        pytest.raises(PackagingError, match="raceday package"),
        alone_on("./raceday deploy", tmp_path / "out"),
    ):
        pass
    assert not (tmp_path / ".out.lock").exists()


def test_a_lock_whose_file_was_just_removed_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder before ended between opening and locking: a lock on a file without a name would hold nobody."""
    flock = fcntl.flock
    removed: list[bool] = []

    def removing(lock: TextIO, how: int) -> None:
        if not removed:
            removed.append(True)
            (tmp_path / ".out.lock").unlink()
        flock(lock, how)

    monkeypatch.setattr(fcntl, "flock", removing)
    with alone_on("./raceday package", tmp_path / "out"):
        assert "raceday package" in (tmp_path / ".out.lock").read_text()


def test_a_folder_that_takes_no_lock_is_told(tmp_path: Path) -> None:
    """Where no folder can be made, the message names the path."""
    (tmp_path / "file").touch()
    told = pytest.raises(PackagingError, match=r"nothing was staged, .*file/\.out\.lock: ")
    with told, alone_on("x", tmp_path / "file" / "out"):
        pass
