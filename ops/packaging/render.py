"""The project.yml that is staged: what is chosen, with unset defaults left out and hashes written in."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import yaml

from ops.packaging.errors import ProjectError
from ops.packaging.project import FILE_NAME, Project
from ops.packaging.yaml_strict import load_strict

SINGLE, NATIVE = "single", "native"


class _Quoted(str):
    """A text that is written in single quotes, as the deployer's substitution needs."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes variables quoted and lists indented."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out: no anchors."""
        return True


_Dumper.add_representer(_Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'"))


def render(
    project: Project,
    *,
    names: Iterable[str] | None = None,
    unset: Collection[str] = (),
    triggers: str = SINGLE,
    legacy: bool = False,
) -> str:
    """Return the project.yml to stage: these functions, without `unset` variables, one trigger or one per schedule.

    Legacy schedules get native triggers only where `legacy` says so; raises ProjectError for an unknown name.
    """
    data = load_strict(project.text, FILE_NAME)
    wanted = set(project.names if names is None else names)
    if unknown := sorted(wanted - set(project.names)):
        raise ProjectError(f"project.yml declares no function {', '.join(unknown)}; it has {', '.join(project.names)}")
    for package in data["packages"]:
        package["functions"] = [f for f in package["functions"] if f["name"] in wanted]
        for function in package["functions"]:
            _leave_out(function, unset)
            if triggers == NATIVE:
                _native(function, legacy)
    data["packages"] = [package for package in data["packages"] if package["functions"]]
    return dump(data)


def stamped(text: str, hashes: Mapping[str, str], library: str) -> str:
    """Write content hashes into the annotations of a rendered project.yml."""
    data = load_strict(text, FILE_NAME)
    for package in data["packages"]:
        for function in package["functions"]:
            notes = function.setdefault("annotations", {})
            notes["content-hash"], notes["library-hash"] = hashes[function["name"]], library
    return dump(data)


def beside(old: str, new: str) -> str:
    """Return a rendered project.yml with the functions of `new` in the place of those of `old` with the same names."""
    data, newer = load_strict(old, FILE_NAME), load_strict(new, FILE_NAME)
    packages = {package["name"]: package for package in data["packages"]}
    for package in newer["packages"]:
        into = packages.setdefault(package["name"], {**package, "functions": []})
        replaced = {function["name"] for function in package["functions"]}
        into["functions"] = [f for f in into["functions"] if f["name"] not in replaced] + package["functions"]
    return dump({"packages": list(packages.values())})


def dump(data: dict[str, Any]) -> str:
    """Write a project as YAML text with every variable in single quotes."""
    text: str = yaml.dump(_quote(data), Dumper=_Dumper, sort_keys=False, width=200)
    return text


def _quote(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _quote(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quote(item) for item in value]
    return _Quoted(value) if isinstance(value, str) and value.startswith("${") else value


def _leave_out(function: dict[str, Any], unset: Collection[str]) -> None:
    environment = function.get("environment", {})
    function["environment"] = {key: value for key, value in environment.items() if key not in unset}


def _native(function: dict[str, Any], legacy: bool) -> None:
    notes = function.get("annotations", {})
    schedule = notes.get("schedule")
    function.pop("triggers", None)
    if schedule and (legacy or not notes.get("legacy")):
        # The scheduler is told that the others have triggers of their own, so that it does not start them as well.
        details: dict[str, Any] = {"cron": schedule}
        if function["name"] == "master-race-scheduler":
            details["body"] = {"schedules": NATIVE}
        trigger = {"name": f"raceday-{function['name']}", "type": "SCHEDULED", "enabled": True}
        function["triggers"] = [{**trigger, "scheduledDetails": details}]
