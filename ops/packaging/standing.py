"""What stands on the platform: functions with code and settings, triggers; read whole, compared, told."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.packaging.doctl import Doctl
from ops.packaging.project import FunctionSpec, Trigger

SCHEDULER = "master-race-scheduler"
CONTENT, LIBRARY = "content-hash", "library-hash"
# What the deployer writes beside our own annotations.
_ITS_OWN = {"deployer", "final", "web-export", "raw-http", "require-whisk-auth", "provide-api-key", "exec"}


@dataclass(frozen=True, slots=True)
class TriggerThere:
    """One scheduled trigger as the platform has it."""

    name: str
    function: str
    cron: str
    enabled: bool = True
    body: str = "{}"

    def __str__(self) -> str:
        """Say what it starts and when."""
        state = "" if self.enabled else ", switched off"
        return f"starts {self.function} at {self.cron}{state}" + (f" with {self.body}" if self.body != "{}" else "")


@dataclass(frozen=True, slots=True)
class FunctionThere:
    """One function as the platform has it; `environment` holds values and is never shown."""

    name: str
    runtime: str
    web: bool | str
    secure: bool | str = field(repr=False)
    limits: tuple[tuple[str, int], ...]
    annotations: str
    environment: tuple[tuple[str, str], ...] = field(repr=False)
    main: str = ""
    # Of each variable the type of its value: the undo can give texts alone.
    forms: tuple[tuple[str, str], ...] = ()
    version: str = field(default="", compare=False)
    # Whether its code is a zip, and not one source.
    binary: bool = field(default=False, compare=False)

    def unlike(self, other: "FunctionThere") -> list[str]:
        """Return what the hash of the code does not show and differs, by name; never a value."""
        named = (("its main is", self.main, other.main), ("its runtime is", self.runtime, other.runtime),
                 ("its access is", str(self.web), str(other.web)))  # fmt: skip
        found = [f"{what} {mine or 'unset'}, was {theirs or 'unset'}" for what, mine, theirs in named if mine != theirs]
        now, then = dict(self.environment), dict(other.environment)
        forms, formerly = dict(self.forms), dict(other.forms)
        for name in sorted({*now, *then}):
            if forms.get(name) != formerly.get(name):
                found.append(f"{name} is {forms.get(name, 'unset')}, was {formerly.get(name, 'unset')}")
            elif now.get(name) != then.get(name):
                found.append(f"{name} has another value")
        return found

    @property
    def code(self) -> str:
        """Return the hash of its contents, its version where it carries none."""
        return str(json.loads(self.annotations).get(CONTENT) or f"version {self.version}")

    @property
    def ours(self) -> bool:
        """Tell whether a deployment of this project put it there."""
        return CONTENT in json.loads(self.annotations)

    def __str__(self) -> str:
        """Say which code and settings it has, without a value."""
        values = json.dumps([self.environment, str(self.secure)])
        limits = ", ".join(f"{key} {value}" for key, value in self.limits if key != "concurrency")
        return f"code {self.code}, {limits}, settings {hashlib.sha256(values.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Functions by full name, triggers by name."""

    functions: Mapping[str, FunctionThere]
    triggers: Mapping[str, TriggerThere]

    def triggers_of(self, names: Collection[str]) -> dict[str, TriggerThere]:
        """Return the triggers that start one of these functions."""
        return {name: trigger for name, trigger in self.triggers.items() if trigger.function in names}

    def differences(self, other: "Standing", names: Collection[str]) -> list[str]:
        """Return what differs in these functions and their triggers, each as `name: here, there`."""
        mine, theirs = self.triggers_of(names), other.triggers_of(names)
        return [
            *_differing("", _chosen(self.functions, names), _chosen(other.functions, names)),
            *_differing("trigger ", mine, theirs),
        ]


def _chosen(functions: Mapping[str, FunctionThere], names: Collection[str]) -> dict[str, FunctionThere]:
    return {name: function for name, function in functions.items() if name in names}


def _differing(kind: str, now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterable[str]:
    for name in sorted({*now, *then}):
        if now.get(name) != then.get(name):
            yield f"{kind}{name}: now: {now.get(name, 'none')}; before: {then.get(name, 'none')}"


def read_standing(doctl: Doctl, interesting: Collection[str] = ()) -> Standing:
    """Read what stands, `interesting` functions and ours with their variables; raises DeployError."""
    rows = doctl.function_rows()
    functions = {}
    for name, row in rows.items():
        known = function_there(name, row)
        if name in interesting or known.ours:
            known = function_there(name, doctl.function(name))
        functions[name] = known
    return Standing(functions, {trigger.name: trigger for trigger in read_triggers(doctl)})


def read_triggers(doctl: Doctl) -> list[TriggerThere]:
    """Read the namespace's triggers; raises DeployError."""
    return [_trigger(row) for row in doctl.triggers()]


def as_there(spec: FunctionSpec, trigger: Trigger) -> TriggerThere:
    """Return a declared trigger as the platform is to have it."""
    body = json.dumps(trigger.body, sort_keys=True)
    return TriggerThere(trigger.name, spec.full_name, trigger.cron, trigger.enabled, body)


def function_there(name: str, row: Mapping[str, Any]) -> FunctionThere:
    """Read one function from its row or its whole metadata; rows of a list have no variables."""
    notes = annotations_of(row)
    web = bool(notes.get("web-export")) and ("raw" if notes.get("raw-http") else True)
    kept = {key: value for key, value in notes.items() if key not in _ITS_OWN}
    limits = row.get("limits")
    return FunctionThere(
        name=name,
        runtime=str((row.get("exec") or {}).get("kind") or notes.get("exec") or ""),
        web=web,
        secure=notes.get("require-whisk-auth", False),
        limits=tuple(sorted(limits.items())) if isinstance(limits, dict) else (),
        annotations=json.dumps(kept, sort_keys=True),
        environment=tuple(sorted((str(p["key"]), _text(p)) for p in row.get("parameters") or [])),
        main=str((row.get("exec") or {}).get("main") or ""),
        forms=tuple(sorted((str(p["key"]), _form(p)) for p in row.get("parameters") or [])),
        version=str(row.get("version", "")),
        binary=(row.get("exec") or {}).get("binary") is True,
    )


def _text(parameter: Mapping[str, Any]) -> str:
    """Return a value as the function sees it in its environment, where what is no text stands as JSON."""
    value = parameter.get("value")
    return value if isinstance(value, str) else json.dumps(value)


def _form(parameter: Mapping[str, Any]) -> str:
    value = parameter.get("value")
    known = ((str, "text"), (bool, "true or false"), ((int, float), "number"), (list, "list"), (dict, "mapping"))
    return next((told for kind, told in known if isinstance(value, kind)), "nothing")


def annotations_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's annotations, in whichever of the platform's two forms they come."""
    value = row.get("annotations")
    if isinstance(value, list):
        return {str(item.get("key")): item.get("value") for item in value if isinstance(item, dict)}
    return dict(value) if isinstance(value, dict) else {}


def _trigger(row: Mapping[str, Any]) -> TriggerThere:
    details = row.get("scheduled_details") or row.get("scheduledDetails") or {}
    return TriggerThere(
        name=str(row.get("name", "")),
        function=str(row.get("function", "")),
        cron=str(details.get("cron") or ""),
        enabled=row.get("is_enabled", row.get("enabled", True)) is not False,
        body=json.dumps(details.get("body") or {}, sort_keys=True),
    )


def save_code(doctl: Doctl, standing: Standing, names: Iterable[str], folder: Path) -> dict[str, Path]:
    """Fetch the code of functions as the platform has it, one file each; raises DeployError."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = {}
    for name in names:
        if name in standing.functions:
            saved[name] = folder / f"{name.replace('/', '--')}.code"
            doctl.save_code(name, saved[name], binary=standing.functions[name].binary)
    return saved
