"""Putting back what stood before: a tree made of what the platform itself gave, deployed, and looked at again."""

import io
import json
import shutil
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ops.packaging.doctl import Doctl
from ops.packaging.errors import DeployError
from ops.packaging.project import FILE_NAME
from ops.packaging.render import dump
from ops.packaging.standing import FunctionThere, Standing, TriggerThere, read_standing

_ROUNDS = 2
_PREFIX = "RACEDAY_UNDO_"


@dataclass(frozen=True, slots=True)
class FormerDeployment:
    """What stood before, with the code of each function as a file, and the functions that a deployment may touch.

    `made` names the triggers that the deployment would make.
    """

    standing: Standing
    code: Mapping[str, Path]
    touched: frozenset[str]
    scratch: Path = field(repr=False)
    made: frozenset[str] = frozenset()


def undo(doctl: Doctl, former: FormerDeployment) -> tuple[Standing | None, list[str]]:
    """Bring the platform back; returns what stands now, None where it cannot be read, and what went wrong."""
    problems: list[str] = []
    now: Standing | None = None
    for _ in range(_ROUNDS):
        try:
            now = read_standing(doctl, former.touched)
        except DeployError as error:
            problems += error.problems
            problems += _blind_round(doctl, former)
            continue
        if not now.differences(former.standing, former.touched):
            return now, []
        problems += _one_round(doctl, former, now)
    try:
        return read_standing(doctl, former.touched), problems
    except DeployError as error:
        return None, [*problems, *error.problems]


def _blind_round(doctl: Doctl, former: FormerDeployment) -> list[str]:
    """Put back the whole of what stood before, unless a new trigger may then start a function a second time."""
    running = {name for name, trigger in former.standing.triggers.items() if trigger.enabled}
    extra = sorted(former.made - running)
    if extra and (problems := _step(lambda: doctl.remove_triggers(extra))):
        return problems
    return _step(lambda: restore(doctl, former, former.touched))


def _one_round(doctl: Doctl, former: FormerDeployment, now: Standing) -> list[str]:
    was, names = former.standing, former.touched
    mine, theirs = now.triggers_of(names), was.triggers_of(names)
    # A trigger that was not there, or was off, goes first: with the former one put back its function would be started
    # twice.
    extra = [name for name, each in mine.items() if each.enabled and not (name in theirs and theirs[name].enabled)]
    extra += [name for name in mine if name not in theirs and name not in extra]
    if extra and (problems := _step(lambda: doctl.remove_triggers(extra))):
        return problems
    problems = []
    changed = {n for n in names if n in was.functions and now.functions.get(n) != was.functions[n]}
    changed |= {trigger.function for name, trigger in theirs.items() if mine.get(name) != trigger}
    if changed & set(was.functions):
        problems += _step(lambda: restore(doctl, former, changed & set(was.functions), mine))
    if fresh := [name for name in names if name in now.functions and name not in was.functions]:
        problems += _step(lambda: doctl.remove_functions(sorted(fresh)))
    return problems


def _step(action: Any) -> list[str]:
    try:
        action()
    except DeployError as error:
        return list(error.problems)
    return []


def restore(
    doctl: Doctl,
    former: FormerDeployment,
    names: Collection[str],
    there: Mapping[str, TriggerThere] = MappingProxyType({}),
) -> None:
    """Deploy functions as they stood, with their triggers; raises DeployError.

    A trigger that is `there` as it was is left alone: it would be deleted before it is made again.
    """
    wanted = [former.standing.functions[name] for name in sorted(names) if name in former.standing.functions]
    if not wanted:
        return
    tree = former.scratch / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    env: dict[str, str] = {}
    packages: dict[str, list[dict[str, Any]]] = {}
    for function in wanted:
        package, _, short = function.name.partition("/")
        _unpack(former.code[function.name], tree / "packages" / package / short)
        former_triggers = former.standing.triggers_of({function.name})
        triggers = [each for name, each in former_triggers.items() if there.get(name) != each]
        packages.setdefault(package, []).append(_clause(function, triggers, env))
    text = dump({"packages": [{"name": name, "functions": clauses} for name, clauses in packages.items()]})
    (tree / FILE_NAME).write_text(text, "utf-8")
    report = doctl.deploy(tree, env)
    if report.failures:
        raise DeployError([f"putting back: {failure}" for failure in report.failures])


def _unpack(code: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    data = code.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
    else:
        (folder / "__main__.py").write_bytes(data)


def _clause(function: FunctionThere, triggers: Collection[TriggerThere], env: dict[str, str]) -> dict[str, Any]:
    def variable(value: str) -> str:
        env[f"{_PREFIX}{len(env)}"] = value
        return "${" + f"{_PREFIX}{len(env) - 1}" + "}"

    limits = {key: value for key, value in function.limits if key in ("timeout", "memory", "logs")}
    clause: dict[str, Any] = {
        "name": function.name.partition("/")[2], "runtime": function.runtime, "web": function.web, "limits": limits,
        "annotations": json.loads(function.annotations),
        "environment": {name: variable(value) for name, value in function.environment},
    }  # fmt: skip
    if function.web:
        clause["webSecure"] = variable(function.secure) if isinstance(function.secure, str) else function.secure
    if function.main:
        clause["main"] = function.main
    if triggers:
        clause["triggers"] = [_trigger(trigger) for trigger in triggers]
    return clause


def _trigger(trigger: TriggerThere) -> dict[str, Any]:
    details = {"cron": trigger.cron, **({"body": json.loads(trigger.body)} if trigger.body != "{}" else {})}
    return {"name": trigger.name, "type": "SCHEDULED", "enabled": trigger.enabled, "scheduledDetails": details}
