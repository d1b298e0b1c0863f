"""What the README promises."""

from local.cli import COMMANDS
from local.docs import README, settings_table, with_table
from local.functions import NAMES
from raceday.settings import specs


def test_the_table_of_settings_is_complete() -> None:
    """Every setting stands in the README with its meaning and default, as declared."""
    readme = README.read_text()
    assert with_table(readme) == readme
    assert all(spec.env in settings_table() for spec in specs().values())


def test_every_function_and_both_first_commands_are_named() -> None:
    """A newcomer finds the two commands before anything else, and each function in the table."""
    readme = README.read_text()
    assert readme.index("./raceday simulate") < readme.index("./raceday test") < readme.index("## ")
    assert all(f"| {name} |" in readme for name in NAMES)


def test_every_command_the_readme_shows_exists() -> None:
    """No line of the README shows a command that the command line does not know."""
    shown = [
        line.split("./raceday ")[1].split()[0] for line in README.read_text().splitlines() if "    ./raceday " in line
    ]
    assert set(shown) <= {*COMMANDS, "COMMAND"}
    assert shown
