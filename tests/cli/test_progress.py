"""Commands that take long tell that they are at it."""

import time

import pytest

from local import progress
from local.cli import COMMANDS, LONG


def _until_told(capfd: pytest.CaptureFixture[str]) -> str:
    """Wait for a whole line on standard error."""
    found, end = "", time.monotonic() + 30
    while not found.endswith("\n"):
        assert time.monotonic() < end, "nothing was told"
        found += capfd.readouterr().err
    return found


def test_what_a_command_is_at_is_told_while_it_works(capfd: pytest.CaptureFixture[str]) -> None:
    """Lines name the command and the item at work, or what a callable says by then; afterwards none comes."""
    with progress.told("score", every_secs=0.02):
        for item in progress.counted(["a", "b"], "races", 2):
            told = _until_told(capfd)
            assert told.startswith("raceday score: ")
            assert f", {1 if item == 'a' else 2} of 2 races" in told.splitlines()[-1]
            capfd.readouterr()
        progress.doing(lambda: "at the last")
        capfd.readouterr()
        assert "at the last" in _until_told(capfd)
    capfd.readouterr()
    time.sleep(0.1)
    assert capfd.readouterr().err == ""


def test_only_commands_that_are_there_are_long() -> None:
    """Each name of the long ones is a command's."""
    assert set(COMMANDS) >= LONG
