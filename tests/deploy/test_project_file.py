"""project.yml: what is declared, and what is refused before the platform would refuse or change it."""

import re
from pathlib import Path

import pytest

from local.functions import ROOT, function
from ops.packaging.environment import names
from ops.packaging.errors import ProjectError
from ops.packaging.imports import Traced, reach
from ops.packaging.project import ProjectFile, parse_project, read_project
from raceday.catalogue.functions import BY_NAME, EVENT_FUNCTIONS
from raceday.catalogue.platform import MAX_TRIGGERS
from raceday.catalogue.schedules import SCHEDULES
from raceday.settings import FEED, PLATFORM, STORE, WEBHOOKS, specs
from tests.deploy.tiny import clause, project_text

# The sizes that the owner gave for the first twelve; a function added since has its own in the catalogue alone.
SEED_SIZES = {
    "daily-meetings": "s-1vcpu-512mb",
    "daily-races": "s-1vcpu-512mb",
    "daily-entrants": "s-1vcpu-1gb",
    "enhanced-race-poller": "s-2vcpu-2gb",
    "master-race-scheduler": "s-1vcpu-512mb",
    "race-data-poller": "s-2vcpu-2gb",
    "single-race-poller": "s-1vcpu-1gb",
    "batch-race-poller": "s-1vcpu-2gb",
    "alert-evaluator": "s-1vcpu-512mb",
    "money-flow-tracker": "s-1vcpu-1gb",
    "race-pools-aggregator": "s-1vcpu-512mb",
    "jockey-silks-enricher": "s-1vcpu-512mb",
}
CATALOGUE = "shared/raceday/catalogue/functions.py"


@pytest.fixture(scope="module")
def project() -> ProjectFile:
    """The real project.yml."""
    return read_project(ROOT / "project.yml", ROOT / "functions")


def test_the_sizes_are_those_that_the_owner_gave(project: ProjectFile) -> None:
    """Each of the first twelve functions has the size that its owner gave for it."""
    given = {spec.name: spec.annotations["seed-size"] for spec in project.functions if spec.name in SEED_SIZES}
    assert given == SEED_SIZES, (
        f"project.yml or {CATALOGUE}: another size than the owner's, SEED_SIZES in tests/deploy/test_project_file.py; "
        "CONTRIBUTING tells what a new function needs, and no row of this table is among it"
    )


def test_a_function_has_the_memory_of_its_size(project: ProjectFile) -> None:
    """Every function's memory is what its seed size says, at most the platform's 1024 MB."""
    for spec in project.functions:
        seed_mb = {"512mb": 512, "1gb": 1024, "2gb": 2048}[spec.annotations["seed-size"].rpartition("-")[2]]
        assert spec.limits.memory_mb == min(seed_mb, 1024), f"{spec.name}: project.yml and {CATALOGUE}"
        assert spec.runtime == "python:3.11", spec.name


def test_timeouts_leave_room_over_the_seeds_durations(project: ProjectFile) -> None:
    """A daily function's limit is longer than the seed's duration plus a cold start of a few seconds."""
    for name, secs in {"daily-meetings": 60, "daily-races": 90, "daily-entrants": 300}.items():
        assert secs + 10 < project.function(name).limits.timeout_ms / 1000 <= 900


def test_daily_schedules_are_the_seeds(project: ProjectFile) -> None:
    """Daily functions stand at 17:00, 17:10 and 17:20 UTC; two triggers a minute start the scheduler and watch it."""
    schedules = {spec.name: spec.schedule for spec in project.functions if spec.schedule}
    assert schedules["daily-meetings"] == "0 17 * * *"
    assert schedules["daily-races"] == "10 17 * * *"
    assert schedules["daily-entrants"] == "20 17 * * *"
    triggers = [(spec.name, trigger.cron, trigger.body) for spec in project.functions for trigger in spec.triggers]
    assert triggers == [
        ("daily-meetings", "* * * * *", {"watchdog": True}),
        ("master-race-scheduler", "* * * * *", {}),
    ]
    assert len(triggers) <= MAX_TRIGGERS


def test_the_schedulers_table_and_the_project_file_agree(project: ProjectFile) -> None:
    """A function's own schedule is the one of its name that the scheduler follows, with the same legacy mark."""
    declared = {
        (spec.name, spec.schedule, spec.legacy)
        for spec in project.functions
        if spec.schedule and spec.name != "master-race-scheduler"
    }
    assert declared == {(s.name, s.cron, s.legacy) for s in SCHEDULES if s.name in project.names}


def test_access_is_closed_but_for_signed_webhooks(project: ProjectFile) -> None:
    """HTTP functions need the web secret, event functions are public, all others are closed."""
    for spec in project.functions:
        facts, where = BY_NAME[spec.name], f"{spec.name}: web and webSecure of project.yml, kind in {CATALOGUE}"
        if facts.kind == "event":
            assert (spec.web, spec.web_secure) == ("raw", False), where
        elif "HTTP" in facts.started_by:
            assert (spec.web, spec.secret_variable) == ("raw", "RACEDAY_WEB_SECRET"), where
        else:
            assert spec.web is False, where


def test_secrets_reach_only_the_functions_that_need_them(project: ProjectFile) -> None:
    """The namespace key goes to scheduler and watchdog; webhook secrets and feed headers to those that use them."""
    groups = {group: {s.env for s in specs().values() if s.needed_by == group} for group in (FEED, PLATFORM, WEBHOOKS)}
    for spec in project.functions:
        needs = {*BY_NAME[spec.name].needs, *([PLATFORM] if function(spec.name).watchdog else [])}
        given = {group for group, variables in groups.items() if variables & set(spec.environment)}
        told = f"{spec.name}: environment in project.yml, `needs` in {CATALOGUE}"
        assert given == needs & groups.keys(), told


def test_an_event_function_knows_its_public_url(project: ProjectFile) -> None:
    """A webhook's signature covers its URL, so each event function is given its own and refuses all without it."""
    for name in EVENT_FUNCTIONS:
        wanted = specs()[function(name).facts.url_setting].env
        given = {key for key in project.function(name).environment if key.startswith("RACEDAY_URL_")}
        assert given == {wanted}, name
        assert wanted in names(project.function(name), {}).missing


def test_each_function_gets_every_required_setting_of_its_groups(project: ProjectFile) -> None:
    """What an entrypoint says it needs stands in its environment, each variable under its own name."""
    from local.functions import function

    for spec in project.functions:
        needs = function(spec.name).needs if _loadable(spec.name) else frozenset({STORE})
        wanted = {s.env for s in specs().values() if s.needed_by in needs}
        assert wanted <= set(spec.environment), spec.name
        assert all(key == variable for key, variable in spec.environment.items())


def test_each_function_gets_the_settings_that_its_stages_read(project: ProjectFile) -> None:
    """A setting that a reachable stage, feed or store module reads is given to the function, so that it has effect."""
    for spec in project.functions:
        given = set(spec.environment) | NOT_ITS_OWN.get(spec.name, set())
        assert settings_read(spec.name, feed="NZTAB_URL" in given) <= given, spec.name


# Modules shared by several legacy functions read these for another one of them.
NOT_ITS_OWN = {"race-data-poller": {"RACEDAY_BATCH_LIMIT"}, "single-race-poller": {"RACEDAY_BATCH_LIMIT"}}


def settings_read(name: str, *, feed: bool) -> set[str]:
    """Return the variables whose settings are read as `settings.<field>` in what a function reaches."""
    fields = {field: {s.env} for field, s in specs().items()}
    fields["all_codes"] = fields["codes"] | fields["greyhounds"]
    rooms = (
        "raceday.importing",
        "raceday.polling",
        "raceday.scheduling",
        "raceday.projections",
        "raceday.silks",
        "raceday.store",
        *(("raceday.feed",) if feed else ()),
    )
    reached = reach(ROOT / "functions" / name / "__main__.py", Traced({"raceday": ROOT / "shared" / "raceday"}), ())
    found: set[str] = set()
    for module, path in reached.modules.items():
        if module.startswith(rooms):
            for match in re.finditer(r"settings\.([a-z_]+)", path.read_text("utf-8")):
                found |= fields.get(match.group(1), set())
    return found


def _loadable(name: str) -> bool:
    from local.functions import load_entrypoint

    try:
        load_entrypoint(name)
    except ImportError:
        return False
    return True


def test_every_declared_variable_is_a_setting(project: ProjectFile) -> None:
    """No function is given a variable that the settings do not know."""
    known = {s.env for s in specs().values()}
    assert {key for spec in project.functions for key in spec.environment} <= known


REFUSED = {
    "unknown key": (clause("f", "colour: red"), "f: the deployer does not know the key 'colour'"),
    "limit out of range": (clause("f", memory=2048), "f: limits.memory is 2048; the platform takes 128 to 1024 MB"),
    "timeout too long": (clause("f", timeout=900_001), "f: limits.timeout is 900001"),
    "web true": (clause("f", web="true"), "f: web has to be false or raw"),
    "raw without secret": (clause("f", web="raw"), "f: webSecure has to be written"),
    "literal web secret": (clause("f", "webSecure: hunter2", web="raw"), "f: webSecure has to be written"),
    "value instead of variable": (
        clause("f", "environment:\n  A: abc"),
        "f: environment A has to be a quoted variable",
    ),
    "number in environment": (clause("f", "environment:\n  A: 1"), "f: environment A has to be a text, found int"),
    "unquoted variable": (clause("f", "environment:\n  A: ${A}"), "${A} has to stand in single quotes"),
    "variable in a comment": (clause("f", "# uses '${A}'"), "in a comment is substituted too"),
    "parameters": (clause("f", "parameters: {}"), "f: 'parameters' is not used"),
    "remote build": (clause("f", "remoteBuild: true"), "a remote build loses the function's triggers"),
    "seconds in cron": (
        clause("f", "triggers:\n  - {name: t, type: SCHEDULED, scheduledDetails: {cron: '0 0 17 * * *'}}"),
        "expected five fields",
    ),
    "weekday names in cron": (
        clause("f", "triggers:\n  - {name: t, type: SCHEDULED, scheduledDetails: {cron: '0 17 * * SUN'}}"),
        "day of week 'SUN'",
    ),
    "Sunday as 7": (clause("f", "annotations: {schedule: '0 17 * * 7'}"), "day of week '7': expected 0 to 6"),
    "uneven step": (clause("f", "annotations: {schedule: '*/7 * * * *'}"), "a step has to divide"),
    "time zone": (
        clause("f", "triggers:\n  - {name: t, type: SCHEDULED, timezone: UTC, scheduledDetails: {cron: '0 0 * * *'}}"),
        "does not know the key 'timezone'",
    ),
    "twice": (clause("f") + clause("f"), "f: declared 2 times"),
    "platform's annotation": (clause("f", "annotations: {web-export: true}"), "f: the annotation web-export"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_deployer_refuses_or_changes_is_refused_by_name(text: str, told: str) -> None:
    """Each mistake is told with the function and the key that it stands at."""
    with pytest.raises(ProjectError) as caught:
        parse_project(project_text(text))
    assert told in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    """One run names all mistakes, not the first alone."""
    with pytest.raises(ProjectError) as caught:
        parse_project(project_text(clause("f", memory=1), clause("g", "colour: red")))
    assert len(caught.value.problems) == 2


def test_missing_access_is_refused_as_the_deployer_would_publish() -> None:
    """A function without `web` would be public, so it is refused."""
    with pytest.raises(ProjectError, match="publish the function to everybody"):
        parse_project(project_text(clause("f").replace("        web: false\n", "")))


@pytest.mark.parametrize("text", ["packages:\n\t- name: x\n", "packages: []\npackages: []\n", "- a\n", "packages: {"])
def test_broken_yaml_is_refused_with_its_place(text: str) -> None:
    """Tabs, repeated keys and broken YAML are refused."""
    with pytest.raises(ProjectError, match=r"project\.yml"):
        parse_project(text)


def test_folders_and_declarations_have_to_match(tmp_path: Path) -> None:
    """A declared function without a folder, and a folder without a declaration, are both refused."""
    (tmp_path / "stray").mkdir()
    with pytest.raises(ProjectError) as caught:
        parse_project(project_text(clause("f")), tmp_path)
    assert "f: declared" in str(caught.value)
    assert "stray: stands in" in str(caught.value)


def test_a_missing_project_file_is_refused(tmp_path: Path) -> None:
    """Without project.yml, or with a project.yaml beside it, nothing goes on."""
    with pytest.raises(ProjectError, match="missing"):
        read_project(tmp_path / "project.yml")
    (tmp_path / "project.yml").write_text(project_text(clause("f")))
    (tmp_path / "project.yaml").write_text("")
    with pytest.raises(ProjectError, match="remove it"):
        read_project(tmp_path / "project.yml")
