"""project.yml as a typed model."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.packaging.errors import ProjectError
from ops.packaging.rules import project_problems
from ops.packaging.yaml_strict import load_strict, substitution_problems

FILE_NAME = "project.yml"
_REFERENCE = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform holds a function to: time (start included), memory, and log volume of an activation."""

    timeout_ms: int
    memory_mb: int
    logs_kb: int


@dataclass(frozen=True, slots=True)
class Trigger:
    """One scheduled trigger; `cron` is in UTC."""

    name: str
    cron: str
    enabled: bool = True
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function of project.yml; `environment` maps a name to the variable that it is taken from."""

    name: str
    package: str
    runtime: str
    web: bool | str
    web_secure: bool | str
    limits: Limits
    environment: dict[str, str]
    annotations: dict[str, Any] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()

    @property
    def full_name(self) -> str:
        """Return `package/function`, as the platform names it."""
        return f"{self.package}/{self.name}"

    @property
    def schedule(self) -> str:
        """Return the declared cron expression, empty for a function without one."""
        return str(self.annotations.get("schedule", ""))

    @property
    def legacy(self) -> bool:
        """Tell whether its schedule is off unless asked for."""
        return bool(self.annotations.get("legacy", False))

    @property
    def access(self) -> str:
        """Say in a word or two who can call it."""
        if self.web is False:
            return "namespace key only"
        return "web, with secret" if self.web_secure is not False else "web, public"

    @property
    def secret_variable(self) -> str:
        """Return the variable of its webSecure secret, empty where it has none."""
        match = _REFERENCE.match(self.web_secure) if isinstance(self.web_secure, str) else None
        return match.group(1) if match else ""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A whole project.yml: the text and what it declares."""

    text: str
    functions: tuple[FunctionSpec, ...]

    def function(self, name: str) -> FunctionSpec:
        """Return one function; raises KeyError."""
        for spec in self.functions:
            if spec.name == name:
                return spec
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the functions' names in order."""
        return tuple(spec.name for spec in self.functions)


def read_project(path: Path, functions_dir: Path | None = None) -> ProjectFile:
    """Read and check a project.yml, and that it matches the folders of `functions_dir`; raises ProjectError."""
    if not path.is_file():
        raise ProjectError(f"{path} is missing; the deployer would then publish every function to everybody")
    if path.with_suffix(".yaml").exists():
        raise ProjectError(f"{path.with_suffix('.yaml').name} stands beside {path.name}; remove it")
    return parse_project(path.read_text("utf-8"), functions_dir)


def parse_project(text: str, functions_dir: Path | None = None) -> ProjectFile:
    """Check the text of a project.yml and give its model; raises ProjectError with every problem at once."""
    data = load_strict(text, FILE_NAME)
    problems = substitution_problems(text, FILE_NAME) + project_problems(data)
    if functions_dir is not None:
        problems += _folder_problems(data, functions_dir)
    if problems:
        raise ProjectError(problems)
    return ProjectFile(text, tuple(_function(f, p["name"]) for p in data["packages"] for f in p["functions"]))


def _function(data: dict[str, Any], package: str) -> FunctionSpec:
    limits = data["limits"]
    return FunctionSpec(
        name=data["name"],
        package=package,
        runtime=data["runtime"],
        web=data["web"],
        web_secure=data.get("webSecure", False),
        limits=Limits(limits["timeout"], limits["memory"], limits["logs"]),
        environment={k: _reference(v) for k, v in data.get("environment", {}).items()},
        annotations=dict(data.get("annotations", {})),
        triggers=tuple(
            Trigger(t["name"], (d := t["scheduledDetails"])["cron"], t.get("enabled", True), d.get("body", {}))
            for t in data.get("triggers", [])
        ),
    )


def _reference(value: str) -> str:
    match = _REFERENCE.match(value)
    return match.group(1) if match else ""


def _folder_problems(data: dict[str, Any], functions_dir: Path) -> list[str]:
    declared = {
        f.get("name")
        for p in data.get("packages") or []
        if isinstance(p, dict)
        for f in p.get("functions") or []
        if isinstance(f, dict)
    }
    found = {p.name for p in functions_dir.iterdir() if p.is_dir() and p.name != "__pycache__"}
    problems = [
        f"{name}: declared in project.yml but {functions_dir.name}/{name}/ is missing"
        for name in sorted(str(n) for n in declared - found)
    ]
    problems += [
        f"{name}: stands in {functions_dir.name}/ but not in project.yml; the deployer would publish it to everybody"
        for name in sorted(found - declared)
    ]
    return problems
