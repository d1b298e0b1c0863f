"""The project.yml that is staged: what is chosen, with unset defaults left out and hashes written in."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import yaml

from ops.packaging.errors import ProjectError
from ops.packaging.project import FILE_NAME, ProjectFile
from ops.packaging.yaml_strict import load_strict
from raceday.catalogue.functions import BY_NAME

SINGLE, NATIVE = "single", "native"
_NEEDS_A_BODY = "batch-race-poller"


# The deployer reads YAML 1.2: a hash of digits with one `e` would come back as 1.23e+57. PyYAML would leave it plain.
_NUMBER_LIKE = re.compile(r"^[-+.]?\d[\d_.eE+:xob-]*$")


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
    project: ProjectFile,
    *,
    names: Iterable[str] | None = None,
    unset: Collection[str] = (),
    triggers: str = SINGLE,
    legacy: bool = False,
    sizes: str = "seed",
) -> str:
    """Return the project.yml to stage: these functions without `unset` variables, its triggers or one per schedule.

    Legacy schedules get native triggers only where `legacy` says so; the sizes `lean` replace every memory. Raises
    ProjectError for an unknown name.
    """
    data = load_strict(project.text, FILE_NAME)
    wanted = set(project.names if names is None else names)
    if unknown := sorted(wanted - set(project.names)):
        raise ProjectError(f"project.yml declares no function {', '.join(unknown)}; it has {', '.join(project.names)}")
    for package in data["packages"]:
        package["functions"] = [f for f in package["functions"] if f["name"] in wanted]
        for function in package["functions"]:
            _leave_out(function, unset)
            if sizes != "seed":
                function["limits"]["memory"] = BY_NAME[function["name"]].memory(sizes)
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


def dump(data: dict[str, Any]) -> str:
    """Write a project as YAML text with every variable, and every text that looks like a number, in single quotes."""
    text: str = yaml.dump(_quote(data), Dumper=_Dumper, sort_keys=False, width=200)
    return text


def _quote(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _quote(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quote(item) for item in value]
    if isinstance(value, str) and (value.startswith("${") or _NUMBER_LIKE.match(value)):
        return _Quoted(value)
    return value


def _leave_out(function: dict[str, Any], unset: Collection[str]) -> None:
    environment = function.get("environment", {})
    function["environment"] = {key: value for key, value in environment.items() if key not in unset}


def _native(function: dict[str, Any], legacy: bool) -> None:
    """Give a function with a schedule a trigger of its own; one that it has keeps its name, so that it is never two.

    A trigger with a body is no schedule's: it stays beside it, as the watchdog's does.

    batch-race-poller stays with the scheduler: it is called with races, which a trigger's fixed body cannot name.
    """
    notes = function.get("annotations", {})
    schedule = notes.get("schedule")
    declared = function.pop("triggers", [])
    beside = [trigger for trigger in declared if trigger["scheduledDetails"].get("body")]
    before = [trigger for trigger in declared if trigger not in beside]
    if beside:
        function["triggers"] = beside
    if not schedule or function["name"] == _NEEDS_A_BODY or (notes.get("legacy") and not legacy):
        return
    name = before[0]["name"] if before else f"raceday-{function['name']}"
    details: dict[str, Any] = {"cron": schedule}
    own = {"name": name, "type": "SCHEDULED", "enabled": True, "scheduledDetails": details}
    function["triggers"] = [own, *beside]
