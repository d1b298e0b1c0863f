"""What was deployed last, kept in `.raceday/deployed.json`, and how a new tree differs from it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.packaging.project import FunctionSpec, ProjectFile
from ops.packaging.stage import Staged


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """One function's difference to the last deployment; `parts` names what differs."""

    function: str
    kind: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind}: {', '.join(self.parts)}" if self.parts else self.kind


def snapshot(staged: Staged, project: ProjectFile) -> dict[str, Any]:
    """Return what is remembered of a deployment; names and hashes, no values."""
    return {
        "library": staged.library,
        "functions": {f.name: _facts(project.function(f.name), f.sha256) for f in staged.functions},
    }


def _facts(spec: FunctionSpec, sha256: str) -> dict[str, Any]:
    limits = spec.limits
    return {
        "code": sha256,
        "limits": [limits.timeout_ms, limits.memory_mb, limits.logs_kb],
        "access": spec.access,
        "environment": sorted(spec.environment),
        "triggers": [[t.name, t.cron, t.enabled] for t in spec.triggers],
    }


def read_record(path: Path) -> dict[str, Any]:
    """Read the last deployment, empty where there was none or it cannot be read."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Keep a deployment, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
    scratch.replace(path)


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the record after a deployment of some functions beside those that were there."""
    return {**new, "functions": {**old.get("functions", {}), **new["functions"]}}


def changes(old: dict[str, Any], new: dict[str, Any], *, partial: bool = False) -> list[FunctionChange]:
    """Tell for each function what would change; functions that are gone are told unless only some are deployed."""
    before, found = old.get("functions", {}), []
    for name, facts in new["functions"].items():
        if name not in before:
            found.append(FunctionChange(name, "new"))
            continue
        parts = tuple(part for part in facts if facts[part] != before[name].get(part))
        found.append(FunctionChange(name, "changed" if parts else "unchanged", parts))
    if not partial:
        found += [FunctionChange(name, "no longer declared") for name in before if name not in new["functions"]]
    return found
