"""The real half: where DOCTL names a doctl, it is held to the same table of exchanges as the stand-in.

Its serverless support is looked for where OVERRIDE_SANDBOX_DIR, doctl's own variable, or the user's own configuration
has it; without it only what needs none is run. It asks a fake platform on loopback, and never DigitalOcean.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.fake.real import RealDoctl
from tests.deploy.fake.recorded import plain
from tests.deploy.fake.scene import make_host, play_on
from tests.deploy.fake.serving import serving
from tests.deploy.test_fake_doctl import TABLE

WITHOUT_PLUGIN = {"no_token", "not_installed"}
# It stores the host with its last part made `.co`, which an address on loopback does not bear.
NOT_ON_LOOPBACK = {"connect without a key"}


@pytest.fixture(scope="session")
def real() -> str:
    """Return the executable that DOCTL names; skips where there is none."""
    named = os.environ.get("DOCTL", "")
    if not named:
        pytest.skip("real half not run here: DOCTL names no doctl")
    found = shutil.which(named)
    assert found, f"DOCTL names {named}, which cannot be run"
    return found


def plugin_folder() -> Path:
    """Return where doctl's serverless support is installed, if it is."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path(os.environ.get("OVERRIDE_SANDBOX_DIR") or config / "doctl" / "sandbox")


PLAYED = [row for row in TABLE if row["name"] not in NOT_ON_LOOPBACK]


@pytest.mark.parametrize("row", PLAYED, ids=[row["name"] for row in PLAYED])
def test_the_real_doctl_ends_an_exchange_as_the_table_says(
    real: str, row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fresh home, exit code, words and what is left on the platform are those that the stand-in is held to."""
    plugin = plugin_folder()
    if not set(row["given"]) & WITHOUT_PLUGIN and not (plugin / "sandbox.js").is_file():
        pytest.skip(f"real half not run here: {plugin} has no serverless support")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    with serving(make_host(row["given"])) as served:
        doctl = RealDoctl(real, plugin, served, tmp_path / "home")
        outcome = play_on(served.host, doctl, row["given"], row["words"], work)
    ended = outcome.finished
    left, triggers = row["left"], len(outcome.triggers)
    # Triggers are made side by side: which one is beyond the limit changes.
    assert (ended.returncode, outcome.functions, triggers) == (row["rc"], left["functions"], len(left["triggers"])), (
        ended
    )
    assert [plain(ended.stdout), plain(ended.stderr)] == [plain(row.get("stdout", "")), plain(row.get("stderr", ""))]
