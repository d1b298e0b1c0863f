"""Deploying: planned, refused, verified and put back, against a stand-in for doctl."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.packaging.deploy import Deployer, Home, key_problem
from ops.packaging.doctl import Doctl, read_deployment
from ops.packaging.environment import environment_problems, names, read_env_file, unset_defaults
from ops.packaging.errors import DeployError, PackagingError
from ops.packaging.money import estimate
from ops.packaging.plan import Plan, make_plan
from ops.packaging.project import Project, parse_project, read_project
from ops.packaging.record import read_record
from ops.packaging.render import NATIVE, render
from ops.packaging.show import show
from ops.packaging.stage import Staged, Stager
from tests.deploy.tiny import GOOD, clause, locked_site, project_text, write_sources

SECRET = "s3cret-value-of-a-key"
TRIGGER = "triggers:\n  - {name: raceday-minute, type: SCHEDULED, scheduledDetails: {cron: '* * * * *'}}"
STORE_ENV = {
    "APPWRITE_ENDPOINT": "https://appwrite.example/v1",
    "APPWRITE_PROJECT_ID": "project",
    "APPWRITE_API_KEY": SECRET,
}
VARIABLES = "environment:\n" + "".join(f"  {name}: '${{{name}}}'\n" for name in [*STORE_ENV, "APPWRITE_DATABASE_ID"])


class Bench:
    """One project, its staged tree, a fake doctl and a home for what was deployed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources = write_sources(root, {"one": GOOD, "two": GOOD})
        self.home = Home(root / "home")
        self.state_file = root / "state.json"
        self.said: list[str] = []
        (root / "bin").mkdir()
        script = root / "bin" / "doctl"
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake_doctl.py")} "$@"\n')
        script.chmod(0o755)
        self.env = {"PATH": f"{root / 'bin'}:/usr/bin:/bin", "FAKE_DOCTL_STATE": str(self.state_file), **STORE_ENV}
        self.set_state()

    def set_state(self, **changes: Any) -> None:
        """Change what the platform has and how it fails."""
        blank: dict[str, Any] = {"calls": [], "errors": {}, "failing": {}, "vanishing": [], "there": {}, "triggers": {}}
        blank |= {"other_limits": {}, "keeps_triggers": True}
        old = json.loads(self.state_file.read_text()) if self.state_file.exists() else blank
        self.state_file.write_text(json.dumps({**old, **changes}))

    @property
    def state(self) -> dict[str, Any]:
        """Return what the platform has."""
        return dict(json.loads(self.state_file.read_text()))

    def stage(self, text: str = "", only: list[str] | None = None, **options: Any) -> tuple[Project, Project, Staged]:
        """Stage a project of the functions one and two."""
        project = parse_project(text or project_text(clause("one", f"{TRIGGER}\n{VARIABLES}"), clause("two")))
        wanted = only or list(project.names)
        chosen = [spec for spec in project.functions if spec.name in wanted]
        rendered = render(project, names=wanted, unset=unset_defaults(chosen, self.env), **options)
        staged = Stager(project, self.sources, locked_site()).stage(self.root / "out", rendered, wanted)
        return project, read_project(staged.root / "project.yml"), staged

    def plan(self, text: str = "", **options: Any) -> Plan:
        """Plan a deployment."""
        project, rendered, staged = self.stage(text, **options)
        last = read_record(self.home.record)
        return make_plan(project, rendered, staged, self.env, last, triggers=options.get("triggers", "single"))

    def deploy(self, text: str = "", **options: Any) -> None:
        """Deploy."""
        _, rendered, staged = self.stage(text, **options)
        Deployer(Doctl(self.env, secrets=(SECRET,)), self.home, self.said.append).deploy(staged, rendered)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A project to deploy."""
    return Bench(tmp_path)


def test_a_deployment_is_verified_and_remembered(bench: Bench) -> None:
    """Functions and trigger are there afterwards, and the next plan finds nothing to change."""
    assert {f.change.kind for f in bench.plan().functions} == {"new"}
    bench.deploy()
    assert set(bench.state["there"]) == {"raceday/one", "raceday/two"}
    assert set(bench.state["triggers"]) == {"raceday-minute"}
    assert {f.change.kind for f in bench.plan().functions} == {"unchanged"}


def test_a_plan_tells_what_would_change(bench: Bench) -> None:
    """Code, limits and functions that are gone are told, each by name."""
    bench.deploy()
    (bench.sources.functions / "two" / "__main__.py").write_text(GOOD.replace("said", "told"))
    changed = bench.plan(project_text(clause("one", f"{TRIGGER}\n{VARIABLES}", memory=512), clause("two")))
    told = {f.spec.name: str(f.change) for f in changed.functions}
    assert told == {"one": "changed: limits", "two": "changed: code"}
    fewer = bench.plan(project_text(clause("two")))
    assert fewer.gone == ("one",)
    assert any("doctl serverless undeploy raceday/one" in text for text in fewer.warnings)


def test_a_plan_shows_names_and_never_values(bench: Bench) -> None:
    """Set, defaulted and missing variables are named; no secret appears in text or JSON."""
    del bench.env["APPWRITE_PROJECT_ID"]
    plan = bench.plan()
    text = show(plan) + json.dumps(plan.to_json())
    assert "APPWRITE_API_KEY" in text
    assert "MISSING APPWRITE_PROJECT_ID" in text
    assert "left at their defaults: APPWRITE_DATABASE_ID" in text
    assert "APPWRITE_PROJECT_ID is not set: Appwrite project; needed by one" in plan.refusals
    assert SECRET not in text


def test_wrong_settings_are_refused_before_anything_happens(bench: Bench) -> None:
    """A value that a function or the deployer's substitution would choke on is refused, secrets untold."""
    bench.env |= {"APPWRITE_ENDPOINT": "appwrite.example", "APPWRITE_API_KEY": "it's"}
    refusals = bench.plan().refusals
    assert any(text.startswith("APPWRITE_ENDPOINT: expected an http or https URL") for text in refusals)
    assert (
        "APPWRITE_API_KEY: holds a single quote or a line break, which breaks the deployer's substitution" in refusals
    )
    assert "it's" not in "".join(refusals)


def test_more_triggers_than_the_platform_has_are_refused(bench: Bench) -> None:
    """Four triggers are refused, unless native triggers were asked for."""
    lines = "".join(
        f"  - {{name: raceday-{n}, type: SCHEDULED, scheduledDetails: {{cron: '0 {n} * * *'}}}}\n" for n in range(4)
    )
    refusals = bench.plan(project_text(clause("one", f"triggers:\n{lines}"), clause("two"))).refusals
    assert any("4 triggers; the platform documents 3" in text for text in refusals)


FAILURES = {
    "failing": ({"failing": {"two": "Internal error"}}, "deploying: raceday/two: Internal error"),
    "quota": ({"failing": {"two": "quota of functions exceeded"}}, "a quota of the platform is exceeded"),
    "vanishing": ({"vanishing": ["two"]}, "raceday/two: not in the namespace after the deployment"),
    "lost trigger": ({"keeps_triggers": False}, "trigger raceday-minute is missing after the deployment"),
    "other limits": ({"other_limits": {"one": {"memory": 128}}}, "raceday/one: memory is 128 there, 256 was deployed"),
}


@pytest.mark.parametrize(("state", "told"), FAILURES.values(), ids=FAILURES.keys())
def test_a_first_deployment_that_fails_leaves_nothing(bench: Bench, state: dict[str, Any], told: str) -> None:
    """The deployer ends with 0 all the same; what is missing is told, and what was new is removed again."""
    bench.set_state(**state)
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert told in str(caught.value)
    assert bench.state["there"] == {}
    assert not bench.home.record.exists()


def test_a_failed_deployment_puts_back_the_one_before(bench: Bench) -> None:
    """The functions of the last good deployment are deployed again."""
    bench.deploy()
    before = bench.state["there"]
    (bench.sources.shared / "raceday" / "greeting.py").write_text("def greet(event):\n    return 'new'\n")
    bench.set_state(failing={"two": "Internal error"})
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert "could not be put back" in str(caught.value)
    bench.set_state(failing={}, vanishing=[], other_limits={"one": {"timeout": 1}}, there=before)
    with pytest.raises(DeployError, match="put back the deployment before this one"):
        bench.deploy()
    assert [call[2] for call in bench.state["calls"] if call[1] == "deploy"][-1] == str(bench.home.tree("fn-test"))


REFUSED = {
    "expired token": ("status", "Unable to authenticate you", "run `doctl auth init`"),
    "not connected": ("status", "Use `doctl serverless connect`.", "run `doctl serverless connect <namespace>`"),
    "no plugin": ("status", "serverless support is not installed", "run `doctl serverless install`"),
    "old plugin": ("status", "needs to be upgraded", "run `doctl serverless upgrade`"),
    "quota": ("deploy", "Namespace quota exceeded", "a quota of the platform is exceeded"),
    "scopes": ("deploy", "403 You are not authorized", "scopes function:read"),
}


@pytest.mark.parametrize(("command", "error", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_doctl_refuses_is_told_with_what_to_do(bench: Bench, command: str, error: str, told: str) -> None:
    """Expired keys, missing support, quotas and scopes each get their own advice, and nothing is deployed."""
    bench.set_state(errors={command: error})
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert told in str(caught.value)
    assert bench.state["there"] == {}


def test_a_missing_doctl_is_told_with_how_to_install_it(bench: Bench) -> None:
    """Without doctl on the path the steps from nothing are told."""
    shutil.rmtree(bench.root / "bin")
    bench.env["PATH"] = str(bench.root)
    with pytest.raises(DeployError, match="doctl is not installed"):
        bench.deploy()


def test_another_namespace_than_the_settings_say_is_refused(bench: Bench) -> None:
    """doctl connected elsewhere would deploy to the wrong place."""
    _, rendered, staged = bench.stage()
    deployer = Deployer(Doctl(bench.env), bench.home, bench.said.append)
    with pytest.raises(DeployError, match="doctl is connected to fn-test but RACEDAY_NAMESPACE is fn-other"):
        deployer.deploy(staged, rendered, "fn-other")


def test_triggers_of_an_earlier_way_are_removed(bench: Bench) -> None:
    """Going back from native triggers to one leaves none that would start a function twice."""
    scheduled = clause("one", f"{TRIGGER}\nannotations: {{schedule: '* * * * *'}}\n{VARIABLES}")
    text = project_text(scheduled, clause("two", "annotations: {schedule: '0 17 * * *'}"))
    bench.deploy(text, triggers=NATIVE)
    assert set(bench.state["triggers"]) == {"raceday-one", "raceday-two"}
    bench.deploy(text)
    assert set(bench.state["triggers"]) == {"raceday-minute"}


def test_some_functions_can_be_deployed_alone(bench: Bench) -> None:
    """With `--only`, the others stay as they are, in the namespace and in the record."""
    bench.deploy()
    bench.deploy(only=["two"])
    assert set(read_record(bench.home.record)["functions"]) == {"one", "two"}
    assert set(bench.state["triggers"]) == {"raceday-minute"}
    kept = read_project(bench.home.tree("fn-test") / "project.yml")
    assert set(kept.names) == {"one", "two"}
    assert (bench.home.tree("fn-test") / "packages" / "raceday" / "one" / "lib.zip").is_file()


def test_json_reports_of_the_deployer_are_read_too() -> None:
    """The plugin's own JSON outcome and doctl's error list give the same facts as the transcript."""
    report = {"outcome": {"successes": [{"name": "raceday/one", "kind": "action"}], "failures": [{"message": "bad"}]}}
    found = read_deployment(json.dumps(report))
    assert (found.functions, found.failures) == (("raceday/one",), ("bad",))
    assert read_deployment('{"errors": [{"detail": "no"}]}').failures == ("no",)


def test_secrets_in_the_deployers_words_are_blotted_out(bench: Bench) -> None:
    """A value that the platform repeats in an error does not reach the terminal."""
    bench.set_state(failing={"two": f"bad value {SECRET}"})
    with pytest.raises(DeployError) as caught:
        bench.deploy()
    assert SECRET not in str(caught.value)
    assert "[secret]" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "told"), [(200, ""), (401, "expired or revoked"), (403, "does not open fn-x"), (500, "answered 500")]
)
def test_the_schedulers_key_is_tried_before_deploying(status: int, told: str) -> None:
    """A namespace key that the platform refuses would stop every poll, so it is told before."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=[]))
    problem = key_problem("https://faas.example", "fn-x", f"dof_v1_a:{SECRET}", transport)
    assert told in problem
    assert bool(problem) == bool(told)
    assert SECRET not in problem


def test_the_web_secret_and_the_namespace_key_have_a_form() -> None:
    """A short web secret, a key of another form and another package name are refused."""
    variables = ["RACEDAY_API_HOST", "RACEDAY_NAMESPACE", "RACEDAY_NAMESPACE_KEY", "RACEDAY_PACKAGE"]
    lines = "webSecure: '${RACEDAY_WEB_SECRET}'\nenvironment:\n" + "".join(f"  {n}: '${{{n}}}'\n" for n in variables)
    project = parse_project(project_text(clause("one", lines, web="raw")))
    env = {"RACEDAY_WEB_SECRET": "short", "RACEDAY_NAMESPACE_KEY": "plain", "RACEDAY_PACKAGE": "other"}
    env |= {"RACEDAY_API_HOST": "https://faas.example", "RACEDAY_NAMESPACE": "fn-x"}
    problems = "\n".join(environment_problems(project.functions, env))
    for name in ("RACEDAY_WEB_SECRET: expected at least 16", "RACEDAY_NAMESPACE_KEY: expected", "RACEDAY_PACKAGE:"):
        assert name in problems
    assert names(project.function("one"), {}).missing == (*variables[:3], "RACEDAY_WEB_SECRET")


def test_the_cost_is_estimated_from_a_simulated_day() -> None:
    """GiB-seconds are memory times time with 100 ms at least a call, and a month's free allowance is taken off."""
    report = {"functions": {"one": {"activations": 1000, "secs": 10.0}, "two": {"activations": 100, "secs": 10_000.0}}}
    found = estimate(report, {"one": 512, "two": 1024})
    assert found.by_function == {"one": pytest.approx(50.0), "two": pytest.approx(10_000.0)}
    assert found.month_dollars == pytest.approx((10_050 * 30 - 90_000) * 0.0000185)
    assert estimate({"functions": {"one": {"gib_secs": 7.5}}}, {}).day_gib_secs == 7.5
    assert estimate({"functions": {}}, {}).month_dollars == 0
    crowded = {"functions": {"one": {"activations": 1, "secs": 1, "peak_concurrent": 130}}}
    assert "130 activations at once" in estimate(crowded, {}).warnings[0]
    with pytest.raises(PackagingError, match="no mapping `functions`"):
        estimate({}, {})


def test_env_files_are_read_line_by_line(tmp_path: Path) -> None:
    """Comments, quotes and `export` are understood; a line of another form is told by its number."""
    file = tmp_path / "env"
    file.write_text("# note\nA=1\nexport B='two words'\n\nC=\n")
    assert read_env_file(file) == {"A": "1", "B": "two words", "C": ""}
    file.write_text("A=1\nnonsense\n")
    with pytest.raises(PackagingError, match="line 2"):
        read_env_file(file)


def test_the_fake_is_an_executable_stand_in(bench: Bench) -> None:
    """The stand-in is found by the path alone, as doctl would be."""
    assert shutil.which("doctl", path=bench.env["PATH"]) == str(bench.root / "bin" / "doctl")
    assert os.access(bench.root / "bin" / "doctl", os.X_OK)
