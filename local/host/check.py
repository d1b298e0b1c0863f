"""Booting staged functions on both start paths and telling by name which of them the platform could not run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.host.activation import Activation
from local.host.container import HostContainer, Identity
from local.host.function import HostedFunction, StartPath
from local.host.namespace import Namespace


@dataclass(frozen=True, slots=True)
class BootResult:
    """How one function booted and answered on one start path; `problem` is empty where it did both."""

    function: str
    path: StartPath
    activation: Activation
    problem: str


async def boot_all(
    functions: Iterable[HostedFunction],
    events: Mapping[str, dict[str, Any]] | None = None,
    paths: Iterable[StartPath] = tuple(StartPath),
    interpreter: str = "",
) -> list[BootResult]:
    """Boot and invoke every function once on each path, with its event of `events` or an empty one."""
    wanted, results = list(functions), []
    for path in paths:
        namespace = Namespace(wanted, path=path, interpreter=interpreter)
        try:
            for function in wanted:
                event = (events or {}).get(function.name, {})
                activation = await namespace.invoke(function.full_name, event)
                results.append(BootResult(function.name, path, activation, _problem(function.name, path, activation)))
        finally:
            await namespace.close()
    return results


async def load_all(functions: Iterable[HostedFunction], interpreter: str = "") -> list[BootResult]:
    """Unpack and import every function once on each path, without calling its `main`."""
    results = []
    for path in StartPath:
        for function in functions:
            activation = Activation("0" * 32, function.full_name, "fn-local", 0)
            container = HostContainer(function, Identity("fn-local", "http://127.0.0.1"), path, interpreter)
            try:
                await container.start(activation)
            finally:
                await container.close()
            results.append(BootResult(function.name, path, activation, _problem(function.name, path, activation)))
    return results


def boot_problems(results: Iterable[BootResult]) -> list[str]:
    """Return what went wrong, each problem naming its function."""
    return [result.problem for result in results if result.problem]


def _problem(name: str, path: StartPath, activation: Activation) -> str:
    if activation.status != Activation.DEVELOPER_ERROR:
        return _uncalled(name, path, activation)
    told = activation.result.get("error") if isinstance(activation.result, dict) else activation.result
    causes = [line.partition("stderr: ")[2] for line in activation.logs if " stderr: " in line]
    invalid = next((line for line in causes if line.startswith("Invalid function")), "")
    last = next((line for line in reversed(causes) if line.strip()), "")
    cause = invalid or last
    return f"{name} ({path}): {told}" + (f" [{cause}]" if cause else "")


def _uncalled(name: str, path: StartPath, activation: Activation) -> str:
    """Tell a `main` that the platform called with the wrong number of arguments."""
    error = activation.result.get("error") if isinstance(activation.result, dict) else None
    if isinstance(error, str) and ("positional argument" in error or "'__code__'" in error):
        return f"{name} ({path}): the platform cannot call its main as main(event, context): {error}"
    return ""
