"""The real half: where DOCTL names a doctl, it is held to the same table of exchanges as the stand-in."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ops.packaging.doctl import Process
from tests.deploy.test_fake_doctl import TABLE

HERE, ELSEWHERE = (
    [row for row in TABLE if bool(set(row["given"]) & {"no_token", "not_installed"}) is alone]
    for alone in (True, False)
)
# `../shared/facts/do-functions.md` 1: the plugin is not to be had elsewhere; its 7 ran with one built from source.
NEEDS_PLUGIN = (
    "real half not run here: the rest needs doctl's plugin, which it fetches from an address that is built in, and a "
    "platform that listens on a port, which the stand-in's does not"
)


@pytest.fixture(scope="session")
def real() -> str:
    """Return the executable that DOCTL names; skips where there is none."""
    named = os.environ.get("DOCTL", "")
    if not named:
        pytest.skip("real half not run here: DOCTL names no doctl")
    found = shutil.which(named)
    assert found, f"DOCTL names {named}, which cannot be run"
    return found


@pytest.mark.parametrize("row", HERE, ids=[row["name"] for row in HERE])
def test_the_real_doctl_ends_an_exchange_as_the_table_says(real: str, row: dict[str, Any], tmp_path: Path) -> None:
    """In a fresh home without plugin, exit code and words are those that the stand-in is held to."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "DOCTL": real}
    if "no_token" not in row["given"]:
        env["DIGITALOCEAN_ACCESS_TOKEN"] = "dop_v1_" + "0" * 64
    ended = Process()(row["words"], env)
    assert [ended.returncode, *map(_told, (ended.stdout, ended.stderr))] == [
        row["rc"],
        *(_told(row.get(key, "")) for key in ("stdout", "stderr")),
    ]


def test_exchanges_with_a_platform_are_not_run_against_the_real_doctl(real: str) -> None:
    """The rest of the table needs the plugin, and is played by the stand-in alone."""
    pytest.skip(f"{NEEDS_PLUGIN} ({len(ELSEWHERE)} of {len(TABLE)} exchanges)")


def _told(text: str) -> Any:
    """Return JSON as data, since its line breaks are doctl's own business, and other words without their margin."""
    return json.loads(text) if text.lstrip().startswith("{") else text.strip()
