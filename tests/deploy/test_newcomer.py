"""Whoever types docs/deploying.md word for word where nothing is deployed ends with a suite that stands."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions import ROOT
from ops.packaging.dists import platform_site
from ops.packaging.errors import DependencyError
from ops.packaging.lock import LOCK, read_lock
from ops.packaging.sources import SOURCES
from raceday.catalogue.functions import NAMES
from tests.deploy.newcomer import NAMESPACE, Guide, Machine

PAGE = ROOT / "docs" / "deploying.md"
# From this step on everything that was noted in `.env` is used.
PACKAGE = 5
# Without its lines no step after the fourth has a namespace and a key.
LOGIN = "doctl "


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The page, and the platform's wheels at hand as `package` would download them."""
    try:
        platform_site(read_lock(), LOCK, SOURCES.cache)
    except DependencyError as error:
        pytest.skip(f"the platform's wheels can be had neither from the cache nor the registry: {error}")
    return Guide(PAGE.read_text("utf-8"))


@pytest.fixture
def machine(guide: Guide, tmp_path: Path) -> Iterator[Machine]:
    """A machine on which nothing was done yet."""
    with Machine(tmp_path, guide.scopes) as machine:
        yield machine


def known_at_first(machine: Machine) -> dict[str, str]:
    """Return what the operator brings: the feed's partner headers, Appwrite's project and keys, secrets of his own."""
    appwrite = machine.appwrite
    return {
        "NZTAB_FROM": "newcomer@raceday.local",
        "NZTAB_PARTNER": "RaceDay",
        "NZTAB_PARTNER_ID": "newcomer",
        "APPWRITE_ENDPOINT": f"{machine.url}/v1",
        "APPWRITE_PROJECT_ID": appwrite.project_id,
        "APPWRITE_API_KEY": appwrite.api_key,
        "APPWRITE_ADMIN_KEY": appwrite.api_key,
        "RACEDAY_WEB_SECRET": secrets.token_hex(24),
        "RACEDAY_WEBHOOK_SECRET": secrets.token_hex(24),
    }


def write_env(machine: Machine, guide: Guide, values: dict[str, str]) -> None:
    """Write a line for each variable that the page names and a value is known of."""
    lines = [f"{name}={values[name]}" for name in guide.variables if name in values]
    (machine.home / ".env").write_text("\n".join(lines) + "\n")


def play(machine: Machine, guide: Guide, *, only: tuple[str, ...] = ("",)) -> None:
    """Type every step's lines that begin with one of `only`; raises AssertionError at the first line that fails."""
    values = known_at_first(machine)
    words: dict[str, str] = {}
    for step in guide.steps:
        if step == PACKAGE:
            assert set(guide.variables) == set(values), "a variable is told that has no value, or one is left out"
            assert machine.doctl.key == values["RACEDAY_NAMESPACE_KEY"], "doctl is not connected with the key"
        for line in guide.commands(step):
            if not line.startswith(only):
                continue
            said = machine.type(" ".join(words.get(word, word) for word in line.split(" ")))
            if "namespaces list" in line:
                words["NAMESPACE"] = next(cell for cell in said.split() if cell.startswith("fn-"))
                values |= {"RACEDAY_API_HOST": machine.url, "RACEDAY_NAMESPACE": words["NAMESPACE"]}
            if "key create" in line:
                words["KEY"] = values["RACEDAY_NAMESPACE_KEY"] = next(w for w in said.split() if w.startswith("dof_v1"))
                for name in (name for name in guide.variables if name.startswith("RACEDAY_URL_")):
                    function = name.removeprefix("RACEDAY_URL_").lower().replace("_", "-")
                    values[name] = guide.url(machine.url, words["NAMESPACE"], function)
                    # So the platform serves a web function; anywhere else deliveries would find nobody.
                    assert values[name] == f"{machine.url}/api/v1/web/{NAMESPACE}/raceday/{function}"
        write_env(machine, guide, values)


def test_the_page_leads_from_nothing_to_a_suite_that_stands(machine: Machine, guide: Guide) -> None:
    """All twelve functions, one scheduler, the tables and webhooks are there; doctor finds nothing failing but time."""
    play(machine, guide)
    assert sorted(machine.doctl.host.functions) == sorted(f"raceday/{name}" for name in NAMES)
    assert {t["function"] for t in machine.doctl.host.triggers.values()} >= {"raceday/master-race-scheduler"}
    assert machine.doctl.stored_namespace == NAMESPACE
    assert machine.type("./raceday schema plan").count("+") == 0


@pytest.mark.parametrize(
    ("told", "instead", "said", "typed"),
    [
        ("./raceday schema apply", "./raceday schema aply", "aply", "./raceday schema aply"),
        ("`columns.*`", "`column.*`", "columns.write", "./raceday schema apply"),
        ("doctl serverless install\n", "\n", "not installed", LOGIN),
        ("--name raceday --namespace NAMESPACE", "--name raceday", "not connected", LOGIN),
        (" --access-key KEY", "", "doctl is not connected with the key", LOGIN),
        ("<namespace>/raceday/<function>", "<namespace>/<function>", "money-flow-tracker", LOGIN),
        ("APPWRITE_API_KEY  APPWRITE_ADMIN_KEY", "APPWRITE_ADMIN_KEY", "APPWRITE_API_KEY", LOGIN),
        ("./raceday deploy\n", "./raceday deploi\n", "deploi", "./raceday deploi"),
    ],
)
def test_a_page_edited_into_nonsense_is_noticed(
    guide: Guide, tmp_path: Path, told: str, instead: str, said: str, typed: str
) -> None:
    """One command, option, variable, scope or URL that is wrong fails whoever types it, and the failure names it.

    Beside the login only the lines are typed that the wrong word makes fail.
    """
    assert told in guide.text, told
    wrong = Guide(guide.text.replace(told, instead))
    with Machine(tmp_path, wrong.scopes) as machine, pytest.raises(AssertionError, match=re.escape(said)):
        play(machine, wrong, only=(LOGIN, typed))
