"""The plan of a deployment: what each function would be, what would change, what it costs, and what is refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ops.packaging.environment import Names, environment_problems, names
from ops.packaging.money import Estimate
from ops.packaging.project import FunctionSpec, ProjectFile
from ops.packaging.record import FunctionChange, changes, snapshot
from ops.packaging.stage import Staged
from raceday.catalogue.platform import MAX_TRIGGERS


@dataclass(frozen=True, slots=True)
class FunctionPlan:
    """One function as it would be deployed."""

    spec: FunctionSpec
    zip_bytes: int
    sha256: str
    names: Names
    change: FunctionChange


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """A whole deployment; one with `refusals` is not carried out."""

    functions: tuple[FunctionPlan, ...]
    gone: tuple[str, ...]
    library: str
    compiled: bool
    estimate: Estimate | None
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Tell whether deploying would change anything."""
        return any(f.change.kind != "unchanged" for f in self.functions)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON-native data."""
        return {
            "library": self.library,
            "functions": [_function_json(f) for f in self.functions],
            "no_longer_declared": list(self.gone),
            "estimate": _estimate_json(self.estimate),
            "refusals": list(self.refusals),
            "warnings": list(self.warnings),
        }


def make_plan(
    project: ProjectFile,
    rendered: ProjectFile,
    staged: Staged,
    env: Mapping[str, str],
    last: dict[str, Any],
    *,
    cost: Estimate | None = None,
    triggers_limit: int = MAX_TRIGGERS,
) -> DeployPlan:
    """Plan the deployment of a staged tree; `rendered` is its project.yml, `project` has the unset defaults as well."""
    specs = [_as_deployed(project.function(f.name), rendered.function(f.name)) for f in staged.functions]
    partial = len(staged.functions) < len(project.functions)
    found = {c.function: c for c in changes(last, snapshot(staged, rendered), partial=partial)}
    functions = tuple(
        FunctionPlan(spec, f.zip_bytes, f.sha256, names(spec, env), found[f.name])
        for spec, f in zip(specs, staged.functions, strict=True)
    )
    gone = tuple(name for name, change in found.items() if change.kind == "no longer declared")
    refusals = (*environment_problems(specs, env), *_trigger_refusals(specs, triggers_limit))
    return DeployPlan(
        functions, gone, staged.library, staged.compiled, cost, refusals, _warnings(staged, specs, gone, cost)
    )


def _as_deployed(declared: FunctionSpec, rendered: FunctionSpec) -> FunctionSpec:
    """Return a function with the limits and triggers that are deployed, and all variables that it may be given."""
    return replace(declared, limits=rendered.limits, triggers=rendered.triggers)


def _trigger_refusals(specs: Iterable[FunctionSpec], limit: int) -> list[str]:
    count = sum(len(spec.triggers) for spec in specs)
    if count <= limit:
        return []
    known = f"the platform documents {limit}" if limit == MAX_TRIGGERS else f"the limit is {limit}"
    return [
        f"{count} triggers; {known}. Let master-race-scheduler start the others (`--triggers single`), or say "
        "with --triggers-limit N that the account has more"
    ]


def _warnings(
    staged: Staged, specs: Sequence[FunctionSpec], gone: tuple[str, ...], cost: Estimate | None
) -> tuple[str, ...]:
    warnings = []
    if not staged.compiled:
        warnings.append("no Python 3.11 here to compile with: sources are shipped, cold starts are about twice as slow")
    if gone:
        told = " ".join(f"{specs[0].package}/{name}" for name in gone)
        warnings.append(f"no longer declared, removed once the deployment is verified (`--keep` leaves it): {told}")
    return (*warnings, *(cost.warnings if cost else ()))


def _function_json(plan: FunctionPlan) -> dict[str, Any]:
    limits = plan.spec.limits
    return {
        "name": plan.spec.name,
        "zip_bytes": plan.zip_bytes,
        "sha256": plan.sha256,
        "memory_mb": limits.memory_mb,
        "timeout_ms": limits.timeout_ms,
        "logs_kb": limits.logs_kb,
        "access": plan.spec.access,
        "schedule": plan.spec.schedule,
        "triggers": [{"name": t.name, "cron": t.cron} for t in plan.spec.triggers],
        "environment": {"set": plan.names.set, "default": plan.names.defaulted, "missing": plan.names.missing},
        "change": plan.change.kind,
        "changed": list(plan.change.parts),
    }


def _estimate_json(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "day_gib_secs": round(estimate.day_gib_secs, 1),
        "month_dollars": round(estimate.month_dollars, 2),
        "source": estimate.source,
        "beside": list(estimate.beside),
        "by_function": {name: round(value, 1) for name, value in estimate.by_function.items()},
    }
