"""The command line itself: its help, its names, and what wrong ones end with."""

import subprocess
import sys

import pytest

from local.cli import COMMANDS, VERSION, Commands, raceday
from tests.cli.kit import raceday as run


def test_every_command_of_the_table_can_be_loaded_and_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name of the overview is a command whose `--help` ends with 0 and is more than its usage."""
    assert isinstance(raceday, Commands)
    for name in COMMANDS:
        assert run(name, "--help") == 0, name
        assert len(capsys.readouterr().out.splitlines()) > 4, name


def test_help_loads_no_arrow_and_sets_no_progress_going() -> None:
    """`export --help` is the help alone: neither Arrow nor DuckDB is loaded, and no line of progress is asked for."""
    told = (
        "import sys, local.progress as p; p.told = lambda _: sys.exit('progress'); from local.cli import main; "
        "main(['export', '--help']); sys.exit(', '.join({'pyarrow', 'duckdb'} & set(sys.modules)) or 0)"
    )
    made = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert "Example: ./raceday export" in made.stdout


@pytest.mark.parametrize("command", ["explain", "replay", "asof"])
def test_help_of_a_command_that_reads_loads_what_its_work_takes_with_its_work(command: str) -> None:
    """The help of a command over tapes loads neither the replay nor the feed's models, nor a server."""
    told = (
        f"import sys; from local.cli import main; main(['{command}', '--help']);"
        " heavy = ('local.tape', 'local.feedsim', 'local.simulate.', 'local.world', 'raceday.feed.models', 'uvicorn');"
        " sys.exit(', '.join(name for name in sys.modules if name.startswith(heavy)) or 0)"
    )
    made = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert f"Example: ./raceday {command}" in made.stdout


def test_a_misspelt_command_is_told_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no command ends with 2 and names the nearest ones."""
    assert run("simulat") == 2
    assert "did you mean simulate?" in capsys.readouterr().err


def test_a_misspelt_option_is_told_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that a command does not have ends with 2 and names the nearest ones."""
    assert run("bench", "--quik") == 2
    assert "--quick" in capsys.readouterr().err


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` tells pyproject.toml's version."""
    assert run("--version") == 0
    assert VERSION in capsys.readouterr().out
