"""The command line itself: its help, its names, and what wrong ones end with."""

import subprocess
import sys

import pytest

from local.cli import COMMANDS, VERSION, Commands, raceday
from tests.cli.kit import raceday as run

# All of a process, Python's own among them: 3.14 has six more than 3.11 there.
MOST_MODULES = 230


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


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_no_more_than_the_options_take(command: str) -> None:
    """Help needs the options alone: no command loads what does its work, nor an event loop, an HTTP client or a table.

    Of the modules that are loaded some 180 are click's, PyYAML's and Python's own; simulate once loaded 827.
    """
    told = (
        f"import sys; from local.cli import main; main(['{command}', '--help']);"
        " heavy = {'asyncio', 'httpx', 'rich', 'pydantic', 'starlette', 'jinja2', 'appwrite'};"
        " heavy |= {'local.work', 'local.world', 'local.tape', 'local.simulate.run', 'local.embedded'};"
        " found = heavy & set(sys.modules);"
        f" sys.exit(', '.join(found) or (len(sys.modules) > {MOST_MODULES} and f'{{len(sys.modules)}} modules') or 0)"
    )
    made = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert "Usage: raceday" in made.stdout


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
