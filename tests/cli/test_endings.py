"""How commands end when they are stopped, or when the disk is full: one line at most, and an exit code."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.functions import ROOT
from local.tape.format import TERMS
from tests.cli.kit import raceday
from tests.cli.uses import fill

ENV = {**os.environ, "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of one finished race."""
    made = tmp_path_factory.mktemp("ends")
    fill(made)
    return made


# Whoever runs the tests in the background ignores the signal, and so would what they start.
BEGIN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from local.cli import main; sys.exit(main())"
)
PORTS = "--port 0 --store-port 0 --functions-port 0"


@pytest.mark.parametrize(
    "line",
    [
        "status --watch --date 2026-02-14",
        "logs --follow",
        "console --port 0",
        f"up --races 2 {PORTS}",
        "record --feed generated --races 2 --store .raceday/raceday.db --folder taped",
    ],
)
def test_ctrl_c_ends_a_command_at_once_and_quietly(line: str, folder: Path) -> None:
    """Stopped once it has told its store, a command that runs on ends with 130, one line, and nothing half-written."""
    words = [sys.executable, "-c", BEGIN, *line.split()]
    with subprocess.Popen(words, cwd=folder, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "store .raceday/raceday.db\n"
        time.sleep(1.0)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "Traceback" not in err
    told = [line for line in err.splitlines() if line.strip() and line != TERMS and not line.startswith("{")]
    assert told in ([], ["raceday: stopped"])
    assert raceday("status", "--store", str(folder / ".raceday" / "raceday.db"), "--date", "2026-02-14") in (0, 1)
    for tape in folder.glob("taped/*.tape"):
        assert raceday("tape", "check", str(tape)) == 0


@pytest.mark.parametrize(
    ("line", "begun"),
    [
        ("simulate --races 1 --depth port --tape new.tape --json new.json", "new.tape"),
        ("replay day.tape --store .raceday/raceday.db", "day.tape.index"),
    ],
)
def test_ctrl_c_leaves_nothing_half_written(line: str, begun: str, folder: Path, tmp_path: Path) -> None:
    """Stopped once a file has bytes, a command ends with 130 and one line; tapes are whole, no report is begun."""
    shutil.copytree(folder, tmp_path / "w")
    file = tmp_path / "w" / begun
    file.unlink(missing_ok=True)
    words = [sys.executable, "-c", BEGIN, *line.split()]
    with subprocess.Popen(
        words, cwd=tmp_path / "w", env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        while run.poll() is None and not (file.exists() and file.stat().st_size):
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err + out
    assert [each for each in err.splitlines() if each.startswith("raceday: ")] == ["raceday: stopped"]
    assert not (tmp_path / "w" / "new.json").exists()
    for tape in (tmp_path / "w").glob("*.tape"):
        assert raceday("tape", "check", str(tape)) == 0


def test_a_disk_that_is_full_ends_an_import_with_one_line(tmp_path: Path) -> None:
    """Where the store's file may grow no more, `invoke` ends with an exit code and without a traceback."""
    line = f"ulimit -f 40; exec {sys.executable} -m local.cli invoke daily-meetings --races 2 --quiet"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2, 3)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.strip()
