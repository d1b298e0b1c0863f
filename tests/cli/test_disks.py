"""Every command that writes, on a disk that is read-only, full, or filling up: one line, an exit code, no traceback."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.functions import ROOT
from local.tape.format import TERMS
from raceday.settings import specs
from tests.cli.disks import LINES, Ending
from tests.cli.uses import fill
from tests.once import file_once

SAID = {
    "read-only": r"read-only file system",
    "full": r"no space left on device|database or disk is full|disk I/O error",
    "filling": r"database or disk is full|disk I/O error",
}
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


@pytest.mark.parametrize("kind", LINES)
def test_a_disk_that_takes_nothing_ends_a_command_with_one_line(kind: str, tmp_path: Path) -> None:
    """Each line of the table ends with 3 and one line that says what the disk said, whatever it had begun."""

    def make(folder: Path) -> None:
        folder.mkdir()
        fill(folder)

    place = tmp_path / "disk"
    place.mkdir()
    found = _endings(file_once("filled-folder", make), place, kind)
    assert [each.line for each in found] == list(LINES[kind])
    for each in found:
        assert "Traceback" not in each.out + each.err, each
        told = [line for line in each.err.splitlines() if line != TERMS and not line.startswith("store ")]
        command = each.line.split()[0]
        assert len(told) == 1, each
        assert re.fullmatch(rf"raceday {command}: .*({SAID[kind]})", told[0]), each
        assert each.code == 3, each
