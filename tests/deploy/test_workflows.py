"""The workflows: what runs when, and every secret by its name."""

import re
from typing import Any

import pytest
import yaml

from local.functions import ROOT
from ops.packaging.project import read_project
from raceday.settings import specs

WORKFLOWS = ROOT / ".github" / "workflows"


def workflow(name: str) -> dict[Any, Any]:
    """Read a workflow; YAML takes its key `on` for the truth value."""
    return dict(yaml.safe_load((WORKFLOWS / name).read_text("utf-8")))


def test_a_pull_request_is_planned_and_a_tag_deployed() -> None:
    """The plan runs on pull requests of this repository alone, the deployment on version tags."""
    deploy = workflow("deploy.yml")
    assert deploy[True]["push"] == {"tags": ["v*"]}
    assert "pull_request" in deploy[True]
    runs = {job: [step.get("run", "") for step in body["steps"]] for job, body in deploy["jobs"].items()}
    assert any("./raceday deploy --plan" in run for run in runs["plan"])
    assert runs["deploy"][-1] == "./raceday deploy"
    assert "head.repo.full_name == github.repository" in deploy["jobs"]["plan"]["if"]


def test_every_required_variable_comes_from_a_secret_of_its_name() -> None:
    """What a deployment cannot do without is handed over by name, and no value stands in a workflow."""
    given = workflow("deploy.yml")["env"]
    project = read_project(ROOT / "project.yml")
    required = {s.env for s in specs().values() if s.required} | {f.secret_variable for f in project.functions} - {""}
    assert required <= set(given)
    assert all(value == f"${{{{ secrets.{name} }}}}" for name, value in given.items())


@pytest.mark.parametrize("name", ["ci.yml", "deploy.yml"])
def test_workflows_ask_for_no_more_than_reading(name: str) -> None:
    """The token may read, jobs have a time limit, and actions are pinned to a version."""
    found = workflow(name)
    assert found["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 30 for job in found["jobs"].values())
    uses = [step["uses"] for job in found["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", use) for use in uses)


def test_ci_runs_what_everybody_runs() -> None:
    """CI has one script, and packages twice to compare the bytes."""
    text = (WORKFLOWS / "ci.yml").read_text("utf-8")
    assert "bash .ci/run" in text
    assert "diff -r one two" in text
