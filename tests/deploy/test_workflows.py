"""The workflows: what runs when, and every secret by its name."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import settings

from local.bench.report import KEYS
from local.commands.deploy import deploy as deploy_command
from local.functions import ROOT
from ops.packaging.doctl import TESTED_VERSION
from ops.packaging.project import read_project
from raceday.settings import specs
from tests.embedded.api import REAL
from tests.embedded.appwrite.provision import SCOPES, provision

WORKFLOWS = ROOT / ".github" / "workflows"


DEPLOY = (
    './raceday deploy --sizes "$DEPLOY_SIZES" --triggers "$DEPLOY_TRIGGERS" --triggers-limit "$DEPLOY_TRIGGERS_LIMIT"'
)


def workflow(name: str) -> dict[Any, Any]:
    """Read a workflow; YAML takes its key `on` for the truth value."""
    return dict(yaml.safe_load((WORKFLOWS / name).read_text("utf-8")))


def test_a_pull_request_is_planned_and_a_tag_deployed() -> None:
    """The plan runs on pull requests of this repository alone, the deployment on version tags."""
    deploy = workflow("deploy.yml")
    assert deploy[True]["push"] == {"tags": ["v*"]}
    assert "pull_request" in deploy[True]
    runs = {job: [step.get("run", "") for step in body["steps"]] for job, body in deploy["jobs"].items()}
    assert any(run.startswith(f"{DEPLOY} --plan") for run in runs["plan"])
    assert runs["deploy"][-1] == DEPLOY
    assert "head.repo.full_name == github.repository" in deploy["jobs"]["plan"]["if"]


def test_every_variable_of_the_deployment_is_handed_over_by_its_name() -> None:
    """Secrets come from secrets, optional settings from variables, and no value stands here: a tag resets none."""
    found = workflow("deploy.yml")
    steps = {step.get("name"): step for job in found["jobs"].values() for step in job["steps"]}
    given = steps["Plan"]["env"]
    assert given == steps["Deploy and verify"]["env"]
    project = read_project(ROOT / "project.yml")
    declared = {name for f in project.functions for name in [*f.environment.values(), f.secret_variable] if name}
    options = {name: value for name, value in given.items() if name.startswith("DEPLOY_")}
    given = {name: value for name, value in given.items() if name not in options}
    assert set(given) == declared | {spec.env for spec in specs().values()} | {"RACEDAY_WEB_SECRET"}
    secret = {s.env for s in specs().values() if s.secret or s.required} | {"RACEDAY_WEB_SECRET"}
    for name, value in given.items():
        assert value in (f"${{{{ secrets.{name} }}}}", f"${{{{ vars.{name} }}}}")
        assert name not in secret or "secrets." in value


def test_the_page_names_the_optional_settings_that_are_secrets() -> None:
    """Who puts one among the variables, where the page has the others, deploys without it and is not told."""
    given = next(step for step in workflow("deploy.yml")["jobs"]["plan"]["steps"] if step.get("name") == "Plan")["env"]
    optional = {s.env for s in specs().values() if s.secret and not s.required and "secrets." in given.get(s.env, "")}
    page = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    told = page.partition("Optional settings are\nvariables of the same names, but ")[2].partition("are secrets")[0]
    assert set(re.findall(r"`([A-Z_]+)`", told)) == optional


def test_the_options_of_a_deployment_are_variables_too() -> None:
    """What a deployment by hand was given as options a tag does not reset: unset, each is the option's own default."""
    steps = {step.get("name"): step for job in workflow("deploy.yml")["jobs"].values() for step in job["steps"]}
    given = {k: v for k, v in steps["Deploy and verify"]["env"].items() if k.startswith("DEPLOY_")}
    defaults = {param.name: param.default for param in deploy_command.params}
    for name, value in given.items():
        option = name.removeprefix("DEPLOY_").lower()
        assert value == f"${{{{ vars.{name} || '{defaults[option]}' }}}}"
        assert f'--{option.replace("_", "-")} "${name}"' in DEPLOY
    chosen = {"sizes", "triggers", "triggers_limit"}
    assert {name.removeprefix("DEPLOY_").lower() for name in given} == chosen
    # The others say how a machine works and not what is deployed, or are for one deployment alone.
    assert set(defaults) - chosen - {"env_file"} == {
        "out", "only", "target", "plan", "json", "home", "simulate", "sim_report", "keep", "renamed_from",
    }  # fmt: skip


def test_a_tag_is_deployed_only_when_the_tests_pass() -> None:
    """The deployment waits for the whole suite on the tagged commit."""
    jobs = workflow("deploy.yml")["jobs"]
    assert jobs["deploy"]["needs"] == "test"
    assert jobs["test"]["steps"][-1]["run"] == "bash .ci/run"
    assert jobs["test"]["if"] == jobs["deploy"]["if"]
    assert "secrets" not in str(jobs["test"])


def campaign_of(day: int) -> list[str]:
    """Ask the campaign's own shell lines for its seed and sizes, on a day since 1970."""
    run = next(s["run"] for s in workflow("nightly.yml")["jobs"]["campaign"]["steps"] if "seed=" in s.get("run", ""))
    lines = "\n".join(line for line in run.splitlines() if line.startswith(("seed=", "sizes=")))
    script = f'date() {{ [ "$*" = "-u +%s" ] && echo {day * 86400 + 51420} || command date -d @{day * 86400} "$@"; }}'
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{lines}\necho $seed $sizes"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_no_two_nights_share_a_day() -> None:
    """A campaign counts on from its seed, the next night beyond the last day of this one and at the other sizes."""
    run = next(s["run"] for s in workflow("nightly.yml")["jobs"]["campaign"]["steps"] if "seed=" in s.get("run", ""))
    days = int(re.search(r"--days (\d+)", run).group(1))  # type: ignore[union-attr]
    (first, sizes), (second, others) = campaign_of(20_700), campaign_of(20_701)
    assert int(second) - int(first) >= days
    assert {sizes, others} == {"seed", "lean"}
    assert '--sizes "$sizes"' in run


@pytest.mark.parametrize("job", ["campaign", "properties", "mutants", "cost"])
@pytest.mark.parametrize("open_issue", ["", "41"])
def test_a_night_that_fails_again_says_so_in_the_open_issue(job: str, open_issue: str, tmp_path: Path) -> None:
    """One issue stands for one trouble: it is opened once and each further night is a comment to it."""
    (step,) = [s for s in workflow("nightly.yml")["jobs"][job]["steps"] if s.get("name") == "Open an issue"]
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\n[ "$2" = list ] && echo "{open_issue}" || echo "$1 $2 $3 $4" >>said\n')
    gh.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=tmp_path, env=env, check=True)
    (said,) = (tmp_path / "said").read_text().splitlines()
    assert said.startswith("issue comment 41 --body" if open_issue else "issue create --title")
    assert not any(char.isdigit() for char in said.partition("--title")[2])


def test_secrets_are_seen_by_the_steps_that_need_them_alone() -> None:
    """Neither the workflow nor a job hands them to every step, and an action gets no more than its own token."""
    for file in WORKFLOWS.glob("*.yml"):
        found = workflow(file.name)
        assert "secrets." not in str([found.get("env"), *(job.get("env") for job in found["jobs"].values())])
        for step in (step for job in found["jobs"].values() for step in job["steps"] if "uses" in step):
            assert "env" not in step
            secret = [value for value in step.get("with", {}).values() if "secrets." in str(value)]
            assert secret in ([], ["${{ secrets.DIGITALOCEAN_ACCESS_TOKEN }}"])


@pytest.mark.parametrize("file", sorted(WORKFLOWS.glob("*.yml")), ids=lambda file: file.name)
def test_a_workflow_holds_together(file: Path) -> None:
    """Expressions close and name a known context, jobs waited for are there, and pipes fail with their first."""
    text = file.read_text("utf-8")
    inside = re.findall(r"\$\{\{(.*?)\}\}", text)
    assert text.count("${{") == text.count("}}") == len(inside)
    assert {e.strip().split(".")[0] for e in inside} <= {"github", "matrix", "secrets", "vars"}
    found = workflow(file.name)
    assert set(found) <= {"name", True, "permissions", "concurrency", "jobs"}
    for name, job in found["jobs"].items():
        needed = job.get("needs", [])
        assert set([needed] if isinstance(needed, str) else needed) <= set(found["jobs"]), name
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), (name, step)
            # What comes of the first command of a pipe is lost but where the shell is named, which sets pipefail.
            assert " | " not in step.get("run", "") or step.get("shell") == "bash" or "gh " in step["run"], (name, step)


@pytest.mark.parametrize("name", ["ci.yml", "deploy.yml", "nightly.yml"])
def test_workflows_ask_for_no_more_than_they_need(name: str) -> None:
    """The token may read, jobs have a time limit, and actions are pinned to a commit with its version beside it."""
    found = workflow(name)
    assert found["permissions"] == {"contents": "read"}
    most = 120 if name == "nightly.yml" else 30
    assert all(job["timeout-minutes"] <= most for job in found["jobs"].values())
    uses = re.findall(r"uses: (.+)", (WORKFLOWS / name).read_text("utf-8"))
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


def test_doctl_is_pinned_and_connects_with_an_access_key() -> None:
    """The version is the one that was tried, and the connection is made with the key that works."""
    steps = workflow("deploy.yml")["jobs"]["deploy"]["steps"]
    (installed,) = [step["with"] for step in steps if "action-doctl" in step.get("uses", "")]
    assert str(installed["version"]) == TESTED_VERSION
    (connect,) = [step["run"] for step in steps if "serverless connect" in step.get("run", "")]
    assert '--access-key "$RACEDAY_NAMESPACE_KEY"' in connect


def test_every_night_breaks_days_of_a_new_seed() -> None:
    """The report is kept whatever comes of it, and a failure opens an issue."""
    job = workflow("nightly.yml")["jobs"]["campaign"]
    runs = [step.get("run", "") for step in job["steps"]]
    assert any("--faults all" in run and "date -u" in run for run in runs)
    assert [step["if"] for step in job["steps"] if "if" in step] == ["always()", "failure()"]
    assert job["permissions"]["issues"] == "write"


def test_every_night_prices_a_day() -> None:
    """Dollars, lateness, rows and calls are measured anew, and a goal that is missed opens an issue."""
    job = workflow("nightly.yml")["jobs"]["cost"]
    (run,) = [step["run"].split() for step in job["steps"] if "raceday bench" in step.get("run", "")]
    keys = run[run.index("--only") + 1].split(",")
    assert set(keys) == {"day_cost", "rows_read"} <= set(KEYS)
    assert "--quick" not in run, "a quick run tells kept figures of slow keys"
    assert [step["if"] for step in job["steps"] if "if" in step] == ["always()", "failure()"]
    assert job["permissions"]["issues"] == "write"


def test_every_night_tries_every_mutant() -> None:
    """The whole catalogue is tried, the table is kept whatever comes of it, and a survivor opens an issue."""
    job = workflow("nightly.yml")["jobs"]["mutants"]
    run, table = [step["run"] for step in job["steps"] if "raceday mutants" in step.get("run", "")]
    assert table.split()[2:4] == ["--table", run.split()[run.split().index("--json") + 1]]
    assert not {"--only", "--sample"} & set(run.split())
    assert [step["if"] for step in job["steps"] if "if" in step] == ["always()", "always()", "failure()"]
    assert job["permissions"]["issues"] == "write"


def test_every_night_looks_further_into_every_property() -> None:
    """The whole suite runs under the profile of many examples, and a failure opens an issue."""
    job = workflow("nightly.yml")["jobs"]["properties"]
    asked = settings.get_profile(job["env"]["HYPOTHESIS_PROFILE"])
    assert asked.max_examples > 10 * settings.get_profile("ci").max_examples
    assert not asked.derandomize
    assert any(step.get("run", "").startswith("./raceday test --only-tests |") for step in job["steps"])
    assert [step["if"] for step in job["steps"] if "if" in step] == ["always()", "failure()"]
    assert job["permissions"]["issues"] == "write"


def test_ci_holds_the_contract_to_a_real_appwrite() -> None:
    """Each push starts the pinned containers, makes a key, and runs the contract with what the key's maker printed."""
    job = workflow("ci.yml")["jobs"]["appwrite"]
    compose = ROOT / job["env"]["COMPOSE_FILE"]
    runs = [step["run"] for step in job["steps"] if "run" in step]
    order = ["docker compose up --detach --wait", "provision.py http://127.0.0.1:8090/v1", "tests/embedded/contract"]
    assert [next(i for i, run in enumerate(runs) if part in run) for part in order] == [0, 1, 2]
    assert 'provision.py http://127.0.0.1:8090/v1 >>"$GITHUB_ENV"' in runs[1]
    services = yaml.safe_load(compose.read_text())["services"]
    # What no worker does is never done: columns, deletions and deliveries are work of theirs.
    assert {"appwrite", "worker-databases", "worker-deletes", "worker-webhooks"} <= set(services)
    assert services["appwrite"]["ports"] == ["127.0.0.1:8090:80"]
    for name, service in services.items():
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", service["image"]), name
        for other in service.get("depends_on", ()):
            assert "healthcheck" in services[other]


def test_a_key_is_made_as_the_consoles_first_account() -> None:
    """Account, session, team, project and key are made in this order, and the three lines are what the tests read."""
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200 if asked else 503, json={"version": "1.9.6"})
        asked.append((request.url.path, request.headers["x-appwrite-project"]))
        return httpx.Response(201, json={"secret": "standard_made"})

    def waited(secs: float) -> None:
        asked.append(("waited", ""))

    with httpx.Client(base_url="http://appwrite.test/v1", transport=httpx.MockTransport(answer)) as http:
        made = provision(http, "http://appwrite.test/v1", waited)
    posts = ["/v1/account", "/v1/account/sessions/email", "/v1/teams", "/v1/projects"]
    assert asked == [("waited", ""), *((path, "console") for path in posts), ("/v1/project/keys", "raceday-contract")]
    assert tuple(made) == REAL
    assert made["APPWRITE_API_KEY"] == "standard_made"
    assert "rows.write" in SCOPES
    assert "health.write" not in SCOPES


def test_ci_runs_what_everybody_runs() -> None:
    """CI has one script, and packages twice to compare the bytes."""
    text = (WORKFLOWS / "ci.yml").read_text("utf-8")
    assert "bash .ci/run" in text
    assert "diff -r one two" in text
