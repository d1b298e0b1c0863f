"""A deployment that is whole or not at all: checked before, read while it runs, verified after, undone if it failed."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ops.packaging.doctl import Deployed, Doctl, explain
from ops.packaging.errors import DeployError
from ops.packaging.project import FILE_NAME, FunctionSpec, Project
from ops.packaging.record import merged, read_record, snapshot, write_record
from ops.packaging.render import beside
from ops.packaging.stage import Staged

OUR_TRIGGERS = "raceday-"


@dataclass(frozen=True, slots=True)
class Home:
    """Where deployments are remembered: the record, and for each namespace what was last deployed there well."""

    folder: Path

    @property
    def record(self) -> Path:
        """Return the file of the last deployment's facts."""
        return self.folder / "deployed.json"

    def tree(self, namespace: str) -> Path:
        """Return the folder of what was last deployed to a namespace and verified."""
        return self.folder / f"deployed-{namespace}"


class Deployer:
    """Carries one staged tree to the platform."""

    def __init__(self, doctl: Doctl, home: Home, say: Callable[[str], None]) -> None:
        self._doctl = doctl
        self._home = home
        self._say = say

    def deploy(self, staged: Staged, project: Project, expected_namespace: str = "") -> dict[str, Any]:
        """Deploy and verify; raises DeployError after putting back what was there before."""
        namespace, host = self._doctl.connected()
        if expected_namespace and namespace != expected_namespace:
            raise DeployError(
                f"doctl is connected to {namespace} but RACEDAY_NAMESPACE is {expected_namespace}; "
                f"run `doctl serverless connect {expected_namespace}`"
            )
        before = self._doctl.functions()
        self._say(f"deploying {len(staged.functions)} functions to {namespace} on {host}")
        try:
            self._carry(staged, project)
            self._drop_stale_triggers(project)
            self._verify(project)
        except DeployError as error:
            raise DeployError([*error.problems, self._undo(project, before, self._home.tree(namespace))]) from None
        return self._remember(staged, project, namespace)

    def _carry(self, staged: Staged, project: Project) -> None:
        report = self._doctl.deploy(staged.root)
        missing = sorted({spec.full_name for spec in project.functions} - set(_named(report, project)))
        problems = [explain(f"deploying: {failure}", failure) for failure in report.failures]
        problems += [f"{name}: the deployer did not report it as deployed" for name in missing if not report.failures]
        if problems:
            raise DeployError(problems)

    def _drop_stale_triggers(self, project: Project) -> None:
        wanted = {trigger.name for spec in project.functions for trigger in spec.triggers}
        ours = {spec.name for spec in project.functions}
        stale = [
            t["name"]
            for t in self._doctl.triggers()
            if str(t.get("name", "")).startswith(OUR_TRIGGERS)
            and t["name"] not in wanted
            and _short(t.get("function", "")) in ours
        ]
        if stale:
            # The deployer never removes a trigger, and one left over would start its function a second time.
            self._say(f"removing triggers of an earlier deployment: {', '.join(stale)}")
            self._doctl.remove_triggers(stale)

    def _verify(self, project: Project) -> None:
        there = set(self._doctl.functions())
        problems = [
            f"{s.full_name}: not in the namespace after the deployment" for s in project.functions
            if s.full_name not in there
        ]  # fmt: skip
        for spec in project.functions:
            if spec.full_name in there:
                problems += metadata_problems(spec, self._doctl.function(spec.full_name))
        triggers = {t.get("name"): t for t in self._doctl.triggers()}
        for spec in project.functions:
            for trigger in spec.triggers:
                problems += _trigger_problems(spec, trigger.name, trigger.cron, triggers.get(trigger.name))
        if problems:
            raise DeployError(problems)

    def _undo(self, project: Project, before: list[str], tree: Path) -> str:
        names = [spec.full_name for spec in project.functions]
        try:
            if tree.is_dir():
                report = self._doctl.deploy(tree)
                if not report.failures:
                    return "put back the deployment before this one"
                return f"the deployment before this one could not be put back either: {'; '.join(report.failures)}"
            fresh = [name for name in self._doctl.functions() if name in names and name not in before]
            if fresh:
                self._doctl.remove_functions(fresh)
                return f"removed again what was new: {', '.join(fresh)}"
        except DeployError as error:
            return f"undoing failed too: {'; '.join(error.problems)}; look at `doctl serverless functions list`"
        return "nothing was deployed"

    def _remember(self, staged: Staged, project: Project, namespace: str) -> dict[str, Any]:
        facts = snapshot(staged, project)
        for each in facts["functions"].values():
            each["namespace"] = namespace
        record = merged(read_record(self._home.record), facts)
        keep_tree(self._home.tree(namespace), staged)
        write_record(self._home.record, record)
        return record


def keep_tree(kept: Path, staged: Staged) -> None:
    """Put a deployed tree into the kept one of its namespace, beside the functions that were not deployed this time."""
    text = (staged.root / FILE_NAME).read_text("utf-8")
    if (kept / FILE_NAME).is_file():
        text = beside((kept / FILE_NAME).read_text("utf-8"), text)
    for function in staged.functions:
        there = kept / function.folder.relative_to(staged.root)
        shutil.rmtree(there, ignore_errors=True)
        # The deployer leaves its own zip in the folder.
        shutil.copytree(function.folder, there, ignore=shutil.ignore_patterns("__deployer__.zip"))
    (kept / FILE_NAME).write_text(text, "utf-8")


def _named(report: Deployed, project: Project) -> list[str]:
    packages = {spec.name: spec.full_name for spec in project.functions}
    return [name if "/" in name else packages.get(name, name) for name in report.functions]


def _short(name: Any) -> str:
    return str(name).rpartition("/")[2]


def metadata_problems(spec: FunctionSpec, data: Mapping[str, Any]) -> list[str]:
    """Compare a deployed function's metadata with what was meant; what the platform does not tell is passed over."""
    notes = _annotations(data.get("annotations"))
    limits = data.get("limits") if isinstance(data.get("limits"), dict) else {}
    problems = []
    for key, meant in (("timeout", spec.limits.timeout_ms), ("memory", spec.limits.memory_mb)):
        found = (limits or {}).get(key)
        if found is not None and found != meant:
            problems.append(f"{spec.full_name}: {key} is {found} there, {meant} was deployed")
    for key in ("content-hash", "library-hash"):
        if key in notes and key in spec.annotations and notes[key] != spec.annotations[key]:
            problems.append(f"{spec.full_name}: {key} is {notes[key]} there, {spec.annotations[key]} was deployed")
    if "web-export" in notes and bool(notes["web-export"]) != (spec.web is not False):
        problems.append(f"{spec.full_name}: access there is not {spec.access}")
    return problems


def _annotations(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {str(item.get("key")): item.get("value") for item in value if isinstance(item, dict)}
    return dict(value) if isinstance(value, dict) else {}


def _trigger_problems(spec: FunctionSpec, name: str, cron: str, found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return [f"{spec.full_name}: trigger {name} is missing after the deployment; its schedule would not run"]
    there = _cron(found)
    problems = [f"trigger {name}: cron is {there!r} there, {cron!r} was deployed"] if there not in ("", cron) else []
    if found.get("is_enabled", found.get("enabled", True)) is False:
        problems.append(f"trigger {name}: it is switched off there")
    return problems


def _cron(trigger: Mapping[str, Any]) -> str:
    details = trigger.get("scheduled_details") or trigger.get("scheduledDetails") or trigger
    return str(details.get("cron") or "")


def key_problem(host: str, namespace: str, key: str, transport: httpx.BaseTransport | None = None) -> str:
    """Say why the scheduler could not start functions with this namespace key; empty where it can."""
    user, _, secret = key.partition(":")
    url = f"{host}/api/v1/namespaces/{namespace}/actions"
    try:
        with httpx.Client(transport=transport, timeout=10.0) as client:
            status = client.get(url, params={"limit": "1"}, auth=(user, secret)).status_code
    except httpx.HTTPError as error:
        return f"RACEDAY_API_HOST: no answer from {host} ({type(error).__name__})"
    if status == 401:
        make = "doctl serverless key create --name raceday --expiration 90d"
        return f"RACEDAY_NAMESPACE_KEY: refused as expired or revoked; make a new one with `{make}`"
    if status in (403, 404):
        return f"RACEDAY_NAMESPACE: the key does not open {namespace} on {host}"
    return "" if status < 400 else f"RACEDAY_API_HOST: {host} answered {status}"
