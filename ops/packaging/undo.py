"""Putting back what stood before: a tree made of what the platform itself gave, deployed, and looked at again."""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ops.packaging.doctl import Doctl, explain
from ops.packaging.errors import DeployError
from ops.packaging.project import FILE_NAME
from ops.packaging.renamed import twins
from ops.packaging.secrets import hidden
from ops.packaging.standing import FunctionThere, Standing, TriggerThere, read_standing, read_triggers

_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class FormerDeployment:
    """What stood before, with the code of each function as a file, and the functions that a deployment may touch.

    `made` names the triggers that the deployment would make, `renamed` the functions of the package's former name.
    """

    standing: Standing
    code: Mapping[str, Path]
    touched: frozenset[str]
    scratch: Path = field(repr=False)
    made: frozenset[str] = frozenset()
    renamed: frozenset[str] = frozenset()


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
    """Put back the whole of what stood before, but no trigger beside a new one that may start its function as well."""
    running = {name for name, trigger in former.standing.triggers.items() if trigger.enabled}
    problems, left = _removed(doctl, sorted(former.made - running))
    # Which function a trigger starts that could not be removed is not known here: it may be any.
    held = former.touched if left else frozenset()
    return problems + put_back(doctl, former, former.touched, held=held)


def _one_round(doctl: Doctl, former: FormerDeployment, now: Standing) -> list[str]:
    was, names = former.standing, former.touched
    mine, theirs = now.triggers_of(names), was.triggers_of(names)
    # A trigger that was not there, or was off, goes first: with the former one put back its function would be started
    # twice.
    extra = [name for name, each in mine.items() if each.enabled and not (name in theirs and theirs[name].enabled)]
    extra += [name for name in mine if name not in theirs and name not in extra]
    problems, left = _removed(doctl, extra)
    changed = {n for n in names if n in was.functions and now.functions.get(n) != was.functions[n]}
    changed |= {trigger.function for name, trigger in theirs.items() if mine.get(name) != trigger}
    held = twins({mine[name].function for name in left if mine[name].enabled}, names)
    problems += put_back(doctl, former, changed & set(was.functions), mine, held=held)
    if fresh := [name for name in names if name in now.functions and name not in was.functions]:
        problems += _step(lambda: doctl.remove_functions(sorted(fresh)))
    return problems


def _removed(doctl: Doctl, triggers: Collection[str]) -> tuple[list[str], list[str]]:
    """Remove triggers, one by one where not all went at once; returns what went wrong, and which may be there still."""
    if not triggers or not (problems := _step(lambda: doctl.remove_triggers(list(triggers)))):
        return [], []
    if len(triggers) == 1:
        gone = any(": 404 " in text for text in problems) and not _listed(doctl, *triggers)
        return ([], []) if gone else (problems, list(triggers))
    each = {name: _removed(doctl, [name]) for name in triggers}
    return [text for problems, _ in each.values() for text in problems], [name for name in each if each[name][1]]


def _listed(doctl: Doctl, trigger: str) -> bool:
    """Tell whether the platform lists a trigger of which it said that there is none; no list says nothing else."""
    try:
        return any(each.name == trigger for each in read_triggers(doctl))
    except DeployError:
        return False


def _step(action: Any) -> list[str]:
    try:
        action()
    except DeployError as error:
        return list(error.problems)
    return []


def put_back(
    doctl: Doctl,
    former: FormerDeployment,
    names: Collection[str],
    there: Mapping[str, TriggerThere] = MappingProxyType({}),
    *,
    held: Collection[str] = (),
) -> list[str]:
    """Deploy functions as they stood, with their triggers; returns what went wrong, having gone on with the rest.

    A trigger that is `there` as it was is left alone: it would be deleted before it is made again. Functions that are
    `held` get no trigger.
    """
    parts = []
    for function in (former.standing.functions[n] for n in sorted(names) if n in former.standing.functions):
        mine = {} if function.name in held else former.standing.triggers_of({function.name})
        parts.append(_FormerFunction(function, tuple(each for name, each in mine.items() if there.get(name) != each)))
    return _put(doctl, former, parts) if parts else []


@dataclass(frozen=True, slots=True)
class _FormerFunction:
    """One function as it stood, with those of its triggers that are to be made again."""

    function: FunctionThere
    triggers: tuple[TriggerThere, ...]


def _put(doctl: Doctl, former: FormerDeployment, parts: Sequence[_FormerFunction]) -> list[str]:
    """Deploy parts at once; where the deployer takes none of them for one thing in one, each goes on its own."""
    tree, problems = former.scratch / "tree", []
    shutil.rmtree(tree, ignore_errors=True)
    unpacked = []
    for part in parts:
        try:
            _unpack(former.code[part.function.name], tree / "packages" / part.function.name)
            unpacked.append(part)
        except (OSError, zipfile.BadZipFile) as error:
            shutil.rmtree(tree / "packages" / part.function.name, ignore_errors=True)
            problems.append(f"putting back {part.function.name}: its code could not be unpacked ({error})")
    return problems + (_deployed(doctl, former, tree, unpacked) if unpacked else [])


def _deployed(doctl: Doctl, former: FormerDeployment, tree: Path, parts: Sequence[_FormerFunction]) -> list[str]:
    secrets: list[str] = []
    try:
        # Secrets are in it: it is nobody else's to read from the first moment.
        (tree / FILE_NAME).touch(0o600)
        (tree / FILE_NAME).write_text(literal(_project(parts, secrets)), "utf-8")
        report = doctl.deploy(tree, secrets)
    except DeployError as error:
        return list(error.problems)
    except OSError as error:
        return [f"putting back: {error}"]
    if len(parts) > 1 and not report.functions and any(_refused_whole(text) for text in report.failures):
        return [text for part in parts for text in _put(doctl, former, [part])]
    named = f" {parts[0].function.name}" if len(parts) == 1 else ""
    problems = [
        # One that tells itself what it is about reads the same in either round, and is told once.
        explain(f"putting back{'' if failure.startswith('While deploying') else named}: {failure}", failure)
        for failure in report.failures
    ]
    if len(parts) == 1 and parts[0].triggers and any(_refused_whole(text) for text in report.failures):
        problems += _without_triggers(doctl, former, parts[0])
    return problems


def _without_triggers(doctl: Doctl, former: FormerDeployment, part: _FormerFunction) -> list[str]:
    """Put back a function that was refused with its triggers: without them, then with each that is taken."""
    problems = _put(doctl, former, [_FormerFunction(part.function, ())])
    if problems or len(part.triggers) == 1:
        return problems
    return [text for each in part.triggers for text in _put(doctl, former, [_FormerFunction(part.function, (each,))])]


def _refused_whole(failure: str) -> bool:
    """Tell whether the deployer refused a tree before it asked the platform anything."""
    return any(words in failure.lower() for words in ("invalid project configuration", "could not be resolved"))


def _project(parts: Sequence[_FormerFunction], secrets: list[str]) -> dict[str, Any]:
    packages: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        packages.setdefault(part.function.name.partition("/")[0], []).append(_clause(part, secrets))
    return {"packages": [{"name": name, "functions": clauses} for name, clauses in packages.items()]}


def literal(data: Mapping[str, Any]) -> str:
    """Write YAML in which every text arrives as it is, whatever it holds: nothing in it is substituted or left out.

    A `$` begins a substitution, and a tab or a character that is not printed makes the deployer refuse the whole text.
    """
    text = json.dumps(data, ensure_ascii=False)
    return re.sub(r"[^ -~]|\$", lambda found: _escaped(ord(found.group())), text) + "\n"


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unpack(code: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    data = code.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
    else:
        (folder / "__main__.py").write_bytes(data)


def _clause(part: _FormerFunction, secrets: list[str]) -> dict[str, Any]:
    """Return a function's clause; the values in it that nobody is to be told are added to `secrets`."""
    function = part.function
    secrets += hidden(function.environment)
    limits = {key: value for key, value in function.limits if key in ("timeout", "memory", "logs")}
    clause: dict[str, Any] = {
        "name": function.name.partition("/")[2], "runtime": function.runtime, "web": function.web, "limits": limits,
        "annotations": json.loads(function.annotations), "environment": dict(function.environment),
    }  # fmt: skip
    if function.web:
        secrets += [function.secure] if isinstance(function.secure, str) else []
        clause["webSecure"] = function.secure
    if function.main:
        clause["main"] = function.main
    if part.triggers:
        clause["triggers"] = [_trigger(trigger) for trigger in part.triggers]
    return clause


def _trigger(trigger: TriggerThere) -> dict[str, Any]:
    details = {"cron": trigger.cron, **({"body": json.loads(trigger.body)} if trigger.body != "{}" else {})}
    return {"name": trigger.name, "type": "SCHEDULED", "enabled": trigger.enabled, "scheduledDetails": details}
