"""What README and docs/ promise."""

import re
from pathlib import Path

import pytest

from local.cli import COMMANDS
from local.docs.pages import DOCS, pages
from local.docs.settings import BESIDE, settings_table
from local.functions import ROOT
from raceday.catalogue.functions import NAMES
from raceday.settings import specs

README = ROOT / "README.md"
OPERATIONS = (DOCS / "operations.md").read_text()


@pytest.mark.parametrize("path", pages(), ids=lambda p: p.name)
def test_a_generated_page_is_as_declared(path: Path) -> None:
    """Settings, functions, tables and the OpenAPI file are what `./raceday docs` would write now."""
    assert path.read_text() == pages()[path], "run: ./raceday docs"


def test_every_setting_has_its_row() -> None:
    """Each setting stands in the table with its variable."""
    assert all(f"| `{spec.env}` |" in settings_table() for spec in specs().values())


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    """README fits on two screens, and each page that README or docs/ links to is there."""
    assert len(README.read_text().splitlines()) <= 120
    for page in (README, *DOCS.rglob("*.md"), ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_function_and_both_first_commands_are_named() -> None:
    """A newcomer finds the two commands before anything else, and each function in the table."""
    readme = README.read_text()
    assert readme.index("./raceday simulate") < readme.index("./raceday test") < readme.index("## ")
    assert all(f"| {name} |" in readme for name in NAMES)


def test_every_command_that_is_shown_exists() -> None:
    """No line of README or docs shows a command that the command line does not know."""
    shown = [
        line.split("./raceday ")[1].split()[0]
        for page in (README, *DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md")
        for line in page.read_text().splitlines()
        if "    ./raceday " in line
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
    page = OPERATIONS
    sources = [path.read_text() for path in (ROOT / "shared" / "raceday").rglob("*.py")]
    logged = {found for text in sources for found in re.findall(r'\.(?:warning|error)\(\s*"([a-z_.]+)"', text)}
    assert {event for event in logged if f"`{event}`" not in page} == set()


def test_every_command_is_documented() -> None:
    """Each command of the command line is shown somewhere in README or docs."""
    text = "".join(page.read_text() for page in (README, *DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md"))
    assert [name for name in COMMANDS if f"./raceday {name}" not in text] == []


def test_every_kind_of_alarm_is_explained() -> None:
    """Each kind of trouble that the health row can hold has its row on the operator's page."""
    source = (ROOT / "shared" / "raceday" / "scheduling" / "health.py").read_text()
    kinds = set(re.findall(r'Trouble\(\s*f?"([a-z]+)', source))
    assert kinds
    assert {kind for kind in kinds if not re.search(rf"\| `{kind}[:`]", OPERATIONS)} == set()
