"""A deployment that is whole or not at all: read before, checked, carried, verified, and undone if it failed."""

import json
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from ops.packaging import told
from ops.packaging.doctl import Deployed, Doctl, explain, key_advice
from ops.packaging.errors import DeployError, NotBegun, PackagingError
from ops.packaging.leftovers import PREFIX, clear, former_leftovers, leftovers
from ops.packaging.project import FunctionSpec, ProjectFile
from ops.packaging.record import merged, read_record, snapshot, write_record
from ops.packaging.renamed import former_functions, other_schedulers, still_called, strangers_triggers, twins
from ops.packaging.stage import Staged, part_of
from ops.packaging.standing import SCHEDULER, FunctionThere, Standing, as_there, read_standing, save_code
from ops.packaging.stops import Stops
from ops.packaging.told import counted
from ops.packaging.undo import FormerDeployment, put_back, undo


@dataclass(frozen=True, slots=True)
class Home:
    """Where deployments are remembered, and where those of earlier releases kept their scratch files."""

    folder: Path
    former: Path | None = None

    @property
    def record(self) -> Path:
        """Return the file of the last deployment's facts."""
        return self.folder / "deployed.json"


class Deployer:
    """Carries one staged tree to the platform."""

    def __init__(
        self,
        doctl: Doctl,
        home: Home,
        say: Callable[[str], None],
        *,
        declared: tuple[str, ...] = (),
        keep: bool = False,
        renamed_from: str = "",
        stops: Stops | None = None,
    ) -> None:
        self._doctl = doctl
        self._home = home
        self._say = say
        self._stops = stops or Stops(say)
        self._declared = declared
        self._keep = keep
        self._renamed_from = renamed_from

    def deploy(self, staged: Staged, project: ProjectFile, expected_namespace: str = "") -> dict[str, Any]:
        """Deploy and verify; raises NotBegun, or DeployError after putting back what was there before."""
        left = leftovers(self._home.folder)
        with self._stops as stops, self._scratch() as scratch:
            namespace = expected_namespace
            try:
                namespace, host = self._connected(expected_namespace)
                former = self._before(project, Path(scratch))
            except NotBegun as error:
                raise NotBegun(told.addressed(error.problems[:-1], namespace)) from None
            except KeyboardInterrupt:
                raise NotBegun(stops.told) from None
            clear(left, former.standing, former.touched, self._say)
            for line in former_leftovers(self._home.former):
                self._say(line)
            if problems := strangers_triggers(project, former.standing, former.touched):
                raise NotBegun(problems)
            for line in other_schedulers(project, former.standing, former.touched):
                self._say(line)
            goal = mended(project, former)
            self._say(f"deploying {counted(len(staged.functions), 'function')} to {namespace} on {host}")
            try:
                self._mend_scheduler(former, goal)
                self._carry(staged, project, goal, Path(scratch))
                there = self._verify(project, former.renamed)
                stops.shield()
            except (PackagingError, OSError, KeyboardInterrupt) as error:
                stops.shield()
                found = list(error.problems) if isinstance(error, PackagingError) else [str(error) or stops.told]
                told_all = [*found, *self._take_back(project, former, goal)]
                raise DeployError(told.addressed(told_all, namespace)) from None
            self._drop_leftovers(project, there, former.renamed, namespace)
            return self._remember(staged, project, namespace)

    def _scratch(self) -> tempfile.TemporaryDirectory[str]:
        """Return a folder for what an undo needs: under the lock of this home, so that the next one finds it."""
        try:
            self._home.folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(prefix=PREFIX, dir=self._home.folder, ignore_cleanup_errors=True)
        except OSError as error:
            raise NotBegun(str(error)) from None

    def _connected(self, expected: str) -> tuple[str, str]:
        try:
            namespace, host = self._doctl.connected()
        except DeployError as error:
            raise NotBegun(error.problems) from None
        if expected and namespace != expected:
            raise NotBegun(
                f"doctl is connected to {namespace} but RACEDAY_NAMESPACE is {expected}; {key_advice(expected)}"
            )
        return namespace, host

    def _before(self, project: ProjectFile, scratch: Path) -> FormerDeployment:
        names = frozenset(spec.full_name for spec in project.functions)
        try:
            standing = read_standing(self._doctl, names)
            old = (
                former_functions(project, self._declared, package, standing) if (package := self._renamed_from) else []
            )
            code = save_code(self._doctl, standing, sorted({*names, *old}), scratch / "code")
        except NotBegun:
            raise
        except (DeployError, OSError) as error:
            found = error.problems if isinstance(error, DeployError) else [str(error)]
            raise NotBegun([*found, "what stands could not be read, so that it could not be put back"]) from None
        made = frozenset(trigger.name for spec in project.functions for trigger in spec.triggers)
        return FormerDeployment(standing, code, names.union(old), scratch, made, frozenset(old))

    def _mend_scheduler(self, former: FormerDeployment, goal: FormerDeployment) -> None:
        """Bring the scheduler to the one trigger that it is to have whatever comes of the rest."""
        was, now = former.standing.triggers, goal.standing.triggers
        if extra := sorted(set(was) - set(now)):
            self._say(f"the scheduler was started by {len(extra) + 1} triggers; removing {', '.join(extra)} first")
            self._doctl.remove_triggers(extra)
        for trigger in (each for name, each in now.items() if was.get(name) != each):
            self._say(f"the scheduler has no trigger that is on and stands still; giving it {trigger.name} first")
            if problems := put_back(self._doctl, goal, {trigger.function}):
                raise DeployError(problems)

    def _carry(self, staged: Staged, project: ProjectFile, goal: FormerDeployment, scratch: Path) -> None:
        """Deploy; where triggers of an earlier deployment have to go, the functions are to stand first.

        A trigger comes back with a PUT of its function alone: a platform that takes no PUT is asked to remove none.
        Left over, they would start their functions a second time beside the new ones. One that stands as it is meant
        to is left alone, for the deployer deletes before it makes anew, and a refused POST would leave none.
        """
        meant = {t.name: as_there(spec, t) for spec in project.functions for t in spec.triggers}
        names, triggers = {spec.full_name for spec in project.functions}, goal.standing.triggers
        # One of the package's former name is in the way, even where the new one is called the same.
        stale = sorted({*goal.standing.triggers_of(names)} - {*meant} | {*goal.standing.triggers_of(goal.renamed)})
        settled = {name for name, each in meant.items() if triggers.get(name) == each}
        first = set(meant) if stale else settled
        self._deploy(part_of(staged.root, scratch / "first", without=first) if first else staged.root, project)
        if stale:
            self._say(f"removing triggers of an earlier deployment: {', '.join(stale)}")
            self._doctl.remove_triggers(stale)
        if started := [s for s in project.functions if stale and any(t.name not in settled for t in s.triggers)]:
            tree = part_of(staged.root, scratch / "then", [spec.full_name for spec in started], without=settled)
            self._deploy(tree, replace(project, functions=tuple(started)))

    def _deploy(self, tree: Path, project: ProjectFile) -> None:
        report = self._doctl.deploy(tree)
        missing = sorted({spec.full_name for spec in project.functions} - set(_named(report, project)))
        problems = [explain(f"deploying: {failure}", failure) for failure in report.failures]
        problems += [f"{name}: the deployer did not report it as deployed" for name in missing if not report.failures]
        if problems:
            raise DeployError(problems)

    def _verify(self, project: ProjectFile, renamed: Collection[str]) -> Standing:
        there = read_standing(self._doctl, {spec.full_name for spec in project.functions})
        problems = [f"trigger {name}: still there, it {each}" for name, each in there.triggers_of(renamed).items()]
        for spec in project.functions:
            found = there.functions.get(spec.full_name)
            if found is None:
                problems.append(f"{spec.full_name}: not in the namespace after the deployment")
            else:
                problems += function_problems(spec, found, self._doctl.env)
            problems += trigger_problems(spec, there)
        if problems:
            raise DeployError(problems)
        return there

    def _take_back(self, project: ProjectFile, former: FormerDeployment, goal: FormerDeployment) -> list[str]:
        """Undo, and say what stands now as the platform tells it, against what stood before anything was mended."""
        now, problems = undo(self._doctl, goal)
        wrong = [f"undoing: {problem}" for problem in dict.fromkeys(problems)]
        if now is None:
            return [*wrong, *told.unknown(project, former)]
        if not now.differences(goal.standing, former.touched):
            # An undo may have failed halfway and the next one not: only what stands at last counts.
            return [told.as_before(now, former), *told.mending(now, former), *told.standstill(now, former)]
        return [*wrong, *told.state(now, former)]

    def _drop_leftovers(self, project: ProjectFile, there: Standing, renamed: Collection[str], namespace: str) -> None:
        packages = {spec.package for spec in project.functions}
        called = still_called(renamed)
        gone = sorted(
            name
            for name, function in there.functions.items()
            if function.ours and name.partition("/")[0] in packages and name.partition("/")[2] not in self._declared
        )
        gone = [*gone, *(name for name in sorted(renamed) if name not in called)] if self._declared else []
        if called:
            self._say(f"left there, for webhooks go to them still: {', '.join(called)}; run `./raceday webhooks apply` "
                      f"and then `doctl serverless undeploy {' '.join(called)}`")  # fmt: skip
        if not gone:
            return
        if self._keep:
            starting = [f"the trigger {each.name} {each}" for each in there.triggers_of(gone).values() if each.enabled]
            beside = f", and still at work: {', '.join(starting)}" if starting else ""
            self._say(f"left there, though no longer declared: {', '.join(gone)}{beside}")
            return
        try:
            self._doctl.remove_functions(gone)
        except DeployError as error:
            found = "; ".join(told.addressed(error.problems, namespace))
            self._say(f"{found}; remove what is no longer declared with: "
                      f"doctl serverless undeploy {' '.join(gone)}")  # fmt: skip
        else:
            self._say(f"removed what is no longer declared: {', '.join(gone)}")

    def _remember(self, staged: Staged, project: ProjectFile, namespace: str) -> dict[str, Any]:
        facts = snapshot(staged, project)
        for each in facts["functions"].values():
            each["namespace"] = namespace
        record = merged(read_record(self._home.record), facts)
        try:
            write_record(self._home.record, record)
        except OSError as error:
            self._say(f"it stands, but the next plan cannot tell what changed since: {error}")
        return record


def _named(report: Deployed, project: ProjectFile) -> list[str]:
    packages = {spec.name: spec.full_name for spec in project.functions}
    return [name if "/" in name else packages.get(name, name) for name in report.functions]


def mended(project: ProjectFile, former: FormerDeployment) -> FormerDeployment:
    """Return what to put back if need be: what stands, with one trigger that is on for a scheduler of none or several.

    A trigger that is switched off starts nothing and counts for none.
    """
    spec = next((s for s in project.functions if s.name == SCHEDULER and s.triggers), None)
    if spec is None or not spec.triggers[0].enabled:
        return former
    schedulers = sorted(twins([spec.full_name], former.touched & {*former.standing.functions}))
    if not schedulers:
        return former
    declared, triggers = spec.triggers[0], dict(former.standing.triggers)
    running = [name for name, each in former.standing.triggers_of(schedulers).items() if each.enabled]
    if not running:
        # Of a package whose name changed it may be the former one that stands.
        there = spec.full_name if spec.full_name in schedulers else schedulers[0]
        triggers[declared.name] = replace(as_there(spec, declared), function=there)
    for extra in sorted(running, key=lambda name: (name != declared.name, name))[1:]:
        del triggers[extra]
    return replace(former, standing=replace(former.standing, triggers=triggers))


def function_problems(
    spec: FunctionSpec,
    there: FunctionThere,
    env: Mapping[str, str],
    *,
    meant_by: str = "was deployed",
    unlike: str = "not as sent there",
) -> list[str]:
    """Compare a function that stands with what was meant: limits, hashes, access and each variable, values untold."""
    limits, notes = dict(there.limits), json.loads(there.annotations)
    meant = (("timeout", spec.limits.timeout_ms), ("memory", spec.limits.memory_mb), ("logs", spec.limits.logs_kb))
    problems = [
        f"{spec.full_name}: {key} is {limits[key]} there, {value} {meant_by}"
        for key, value in meant
        if limits.get(key, value) != value
    ]
    for key in ("content-hash", "library-hash"):
        if key in spec.annotations and notes.get(key) != spec.annotations[key]:
            found = notes.get(key)
            problems.append(f"{spec.full_name}: {key} is {found} there, {spec.annotations[key]} {meant_by}")
    if there.web != spec.web or (spec.web and bool(there.secure) != (spec.web_secure is not False)):
        problems.append(f"{spec.full_name}: access there is not {spec.access}")
    elif isinstance(there.secure, str) and there.secure != env.get(spec.secret_variable):
        problems.append(f"{spec.full_name}: {unlike}: {spec.secret_variable or 'the web secret'}")
    if there.runtime != spec.runtime:
        problems.append(f"{spec.full_name}: its runtime there is {there.runtime or 'unknown'}, not {spec.runtime}")
    values = dict(there.environment)
    wrong = sorted(name for name, variable in spec.environment.items() if values.get(name) != env.get(variable))
    if wrong:
        problems.append(f"{spec.full_name}: {unlike}: {', '.join(wrong)}")
    return problems


def trigger_problems(spec: FunctionSpec, there: Standing) -> list[str]:
    """Compare a function's triggers with those that were meant; one too many counts."""
    found = there.triggers_of({spec.full_name})
    problems = []
    for trigger in spec.triggers:
        meant, known = as_there(spec, trigger), found.pop(trigger.name, None)
        if known is None:
            problems.append(
                f"{spec.full_name}: trigger {trigger.name} is missing after the deployment; its schedule would not run"
            )
        elif known != meant:
            problems.append(f"trigger {trigger.name}: there it {known}; what was deployed {meant}")
    return problems + [f"trigger {name}: still there, it {trigger}" for name, trigger in found.items()]


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
        return f"RACEDAY_NAMESPACE_KEY: refused as expired or revoked; {key_advice(namespace)}"
    if status in (403, 404):
        return f"RACEDAY_NAMESPACE: the key does not open {namespace} on {host}"
    return "" if status < 400 else f"RACEDAY_API_HOST: {host} answered {status}"
