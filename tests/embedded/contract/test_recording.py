"""The recording of a real Appwrite 1.9.6, played to the embedded server wherever it lies beside the project."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded.contract.differences import DIFFERENCES, reason
from tests.embedded.process import running

RECORDING = Path(__file__).resolve().parents[4] / "shared" / "appwrite"
PLAYER = RECORDING / "replay.py"


@pytest.mark.skipif(not PLAYER.is_file(), reason="no recording of a real Appwrite in ../shared/appwrite")
def test_the_recorded_exchanges_come_out_the_same(tmp_path: Path) -> None:
    """Every recorded exchange is answered as by the real server, word by word, but for those that the list explains."""
    with running(tmp_path) as served:
        command = [sys.executable, str(PLAYER), served.endpoint, "raceday", served.key, "--words"]
        played = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    *told, summary = played.stdout.splitlines()
    assert summary.split(" exchanges, ")[0] == "2554", played.stderr
    found = [line.rpartition(": ")[::2] for line in told if not line.startswith("   ")]
    paths = [line.split()[1] for line in told if line.startswith("   ") and not line.startswith("    ")]
    assert len(paths) == len(found), told
    unexplained = [(name, path) for (name, n), path in zip(found, paths, strict=True)
                   if n != "1" or not reason(name, path)]  # fmt: skip
    assert unexplained == []
    assert len(found) == len(DIFFERENCES)
