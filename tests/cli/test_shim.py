"""The `./raceday` shim: it is plain sh, and says what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.functions import ROOT

SHIM = ROOT / "raceday"


def _run(folder: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [folder / "raceday", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], **env},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder that holds nothing but the shim."""
    shutil.copy(SHIM, tmp_path / "raceday")
    return tmp_path


def test_it_is_executable_sh() -> None:
    """The shim is executable, and a POSIX shell reads it without complaint."""
    assert os.access(SHIM, os.X_OK)
    read = subprocess.run(["sh", "-n", SHIM], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_a_missing_lock_is_told_and_leaves_no_install_behind(checkout: Path) -> None:
    """Without its lock the shim exits with 2, names the file, and the next run is not kept waiting."""
    for _ in range(2):
        ended = _run(checkout, "test")
        assert ended.returncode == 2
        assert "local/locks/dev.txt is missing" in ended.stderr
    assert not (checkout / ".raceday" / "installing").exists()


def test_a_link_to_it_is_followed_to_its_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Begun by a link in another folder, or by a link to that link, it works in the folder where it stands itself."""
    others = tmp_path_factory.mktemp("others")
    (others / "first").symlink_to(checkout / "raceday")
    (others / "raceday").symlink_to("first")
    ended = _run(others, "test")
    assert f"{checkout}/local/locks/dev.txt is missing" in ended.stderr
    assert not (others / ".raceday").exists()


def test_a_python_without_venv_is_told_what_to_install(checkout: Path) -> None:
    """A Python that has no venv module ends with 2 and the package to install."""
    lock = checkout / "local" / "locks" / "dev.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    fake = checkout / "fake-python"
    # Answers that its version will do, and fails to import venv.
    fake.write_text('#!/bin/sh\ncase "$2" in *version_info*) exit 0 ;; *) exit 1 ;; esac\n')
    fake.chmod(0o755)
    ended = _run(checkout, "test", RACEDAY_PYTHON=str(fake))
    assert ended.returncode == 2
    assert "python3-venv" in ended.stderr


def _installed(checkout: Path) -> Path:
    """Make a lock without packages, and the environment of this very Python; gives its folder."""
    lock = checkout / "local" / "locks" / "dev.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    venv = checkout / ".raceday" / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    summed = subprocess.run(["cksum"], input=b"", capture_output=True, check=True)
    (venv / ".lock-sum").write_bytes(summed.stdout)
    (checkout / "local" / "cli.py").write_text("print('at work')")
    return venv


def test_a_python_that_was_asked_for_counts_when_the_environment_is_there_too(checkout: Path) -> None:
    """The one it was made with goes on; for another it is made anew, which is said; too old or missing is one line."""
    venv = _installed(checkout)
    for env in ({}, {"RACEDAY_PYTHON": sys.executable}):
        assert _run(checkout, "status", **env).stdout == "at work\n"
    old = checkout / "old-python"
    old.write_text('#!/bin/sh\ncase "$*" in *--version*) echo Python 3.9.1 ;; *) exit 1 ;; esac\n')
    old.chmod(0o755)
    for wanted, said in ((old, "is no Python 3.11 or later: Python 3.9.1"), (checkout / "none", "is not there")):
        ended = _run(checkout, "status", RACEDAY_PYTHON=str(wanted))
        assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
        assert said in ended.stderr
    other = checkout / "other-python"
    # Another Python by its own account; to make an environment takes long, and that it would is enough.
    asked = 'case "$*" in *base_prefix*) echo another ;; "-m venv --clear "*) exit 1 ;; *) exec'
    other.write_text(f'#!/bin/sh\n{asked} {sys.executable} "$@" ;; esac\n')
    other.chmod(0o755)
    ended = _run(checkout, "status", RACEDAY_PYTHON=str(other))
    assert ended.returncode == 2
    assert "is not what .raceday/venv was made with: making .raceday/venv" in ended.stderr
    assert f"could not make {venv}" in ended.stderr


def test_a_folder_with_spaces_is_no_trouble(tmp_path: Path) -> None:
    """The shim finds its own folder whatever it is called."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    shutil.copy(SHIM, folder / "raceday")
    assert f"{folder}/local/locks/dev.txt is missing" in _run(folder, "test").stderr


@pytest.mark.parametrize("fails", [False, True])
def test_pip_is_heard_only_where_it_fails(checkout: Path, *, fails: bool) -> None:
    """A first command tells what is made and nothing of pip's warnings; where pip fails all that it said is told."""
    lock = checkout / "local" / "locks" / "dev.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    venv = checkout / "venv-python"
    pip = f"echo WARNING: something about root >&2; echo noise; exit {int(fails)}"
    venv.write_text(f'#!/bin/sh\ncase "$*" in "-m pip install"*) {pip} ;; *local.cli*) echo at work ;; esac\n')
    base = checkout / "base-python"
    made = f'mkdir -p "$4/bin"; cp {venv} "$4/bin/python"'
    base.write_text(f'#!/bin/sh\ncase "$*" in "-m venv --clear "*) {made} ;; esac\n')
    for script in (venv, base):
        script.chmod(0o755)
    ended = _run(checkout, "status", RACEDAY_PYTHON=str(base))
    said = ended.stderr.splitlines()
    assert "making .raceday/venv" in said[0]
    if fails:
        assert ended.returncode == 2
        assert said[1:3] == ["WARNING: something about root", "noise"]
        assert "pip could not install" in said[3]
    else:
        assert (ended.returncode, ended.stdout, len(said)) == (0, "at work\n", 1)
    assert (checkout / ".raceday" / "pip.log").exists() == fails
