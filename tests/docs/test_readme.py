"""What the README promises."""

import re

from local.cli import COMMANDS
from local.docs import BESIDE, README, settings_table, with_table
from local.functions import ROOT
from raceday.catalogue.functions import NAMES
from raceday.settings import specs

CAUSES = (
    *("no_attempt", "expired", "deadline", "feed_timeout", "feed_unavailable", "feed_refused", "feed_not_found"),
    *("payload", "store", "stale", "start_moved", "given_up"),
)


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


def test_every_variable_of_the_deployment_stands_in_the_table() -> None:
    """Each variable that project.yml or the deploying workflow names has its row."""
    table = settings_table()
    named = set(re.findall(r"\$\{([A-Z0-9_]+)\}", (ROOT / "project.yml").read_text()))
    workflow = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    named |= set(re.findall(r"^  ([A-Z][A-Z0-9_]+): ", workflow, re.MULTILINE))
    assert named
    assert {name for name in named if f"| `{name}` |" not in table} == set()


def test_variables_beside_the_settings_are_used_somewhere() -> None:
    """No variable is described that neither a command, project.yml nor the shim reads."""
    places = [ROOT / "project.yml", ROOT / "raceday", *(ROOT / "local" / "commands").glob("*.py")]
    text = "".join(place.read_text() for place in places)
    assert [name for name in BESIDE if name not in text] == []


def test_every_event_of_the_log_is_explained() -> None:
    """Each warning and error that the library logs has its row on the operator's page."""
    page = README.read_text().split("## On a race day")[1]
    sources = [path.read_text() for path in (ROOT / "shared" / "raceday").rglob("*.py")]
    logged = {found for text in sources for found in re.findall(r'\.(?:warning|error)\(\s*"([a-z_.]+)"', text)}
    assert {event for event in logged if f"`{event}`" not in page} == set()


def test_every_cause_of_a_gap_is_explained() -> None:
    """Each cause word that a gap can carry has its row on the operator's page."""
    page = README.read_text().split("## On a race day")[1]
    assert {cause for cause in CAUSES if f"`{cause}`" not in page} == set()
