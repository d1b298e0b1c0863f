"""A plan as text for a terminal."""

from ops.packaging.plan import DeployPlan, FunctionPlan


def show(plan: DeployPlan) -> str:
    """Return a plan's table, variables, costs, warnings and refusals."""
    wide = max([12, *(len(_triggers(f)) for f in plan.functions)]) + 2
    head = f"{'function':<24}{'MB':>6}{'sec':>6}{'zip MB':>8}  {'access':<20}{'trigger':<{wide}}{'change'}"
    lines = [head, *(_row(f, wide) for f in plan.functions), "", f"library {plan.library}", "", *_variables(plan)]
    lines += _money(plan)
    lines += [f"note: {text}" for text in plan.warnings]
    lines += [f"refused: {text}" for text in plan.refusals]
    return "\n".join(lines)


def _triggers(plan: FunctionPlan) -> str:
    return ", ".join(t.cron for t in plan.spec.triggers) or "-"


def _row(plan: FunctionPlan, wide: int) -> str:
    limits = plan.spec.limits
    size = f"{plan.zip_bytes / 1e6:>8.2f}"
    return (
        f"{plan.spec.name:<24}{limits.memory_mb:>6}{limits.timeout_ms / 1000:>6.0f}{size}  "
        f"{plan.spec.access:<20}{_triggers(plan):<{wide}}{plan.change}"
    )


def _variables(plan: DeployPlan) -> list[str]:
    lines = ["environment (names only)"]
    for f in plan.functions:
        lines.append(f"  {f.spec.name}: set {', '.join(f.names.set) or '-'}")
        if f.names.missing:
            lines.append(f"  {' ' * len(f.spec.name)}  MISSING {', '.join(f.names.missing)}")
    defaulted = sorted({name for f in plan.functions for name in f.names.defaulted})
    if defaulted:
        lines.append(f"  left at their defaults: {', '.join(defaulted)}")
    return [*lines, ""]


def _money(plan: DeployPlan) -> list[str]:
    if plan.estimate is None:
        return ["cost: unknown; --simulate runs a day first, --sim-report FILE gives one", ""]
    top = sorted(plan.estimate.by_function.items(), key=lambda item: -item[1])[:3]
    parts = ", ".join(f"{name} {value:.0f}" for name, value in top)
    day, dollars = plan.estimate.day_gib_secs, plan.estimate.month_dollars
    return [
        f"cost: {day:.0f} GiB-s a race day ({parts}); ${dollars:.2f} a month of such days",
        *([f"  of {plan.estimate.source}"] if plan.estimate.source else []),
        *plan.estimate.beside,
        "",
    ]
