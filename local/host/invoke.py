"""One staged function, booted in a clean interpreter and invoked once."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.host.activation import Activation
from local.host.function import HostedFunction
from local.host.namespace import Namespace
from local.host.suite import hosted_functions
from ops.packaging.errors import PackagingError


def invoke_staged(
    name: str, event: dict[str, Any], timeout_secs: float | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return a function's result and log lines, with the process's variables as its environment."""
    return asyncio.run(run_staged(name, event, os.environ, timeout_secs))


async def run_staged(
    name: str, event: dict[str, Any], env: Mapping[str, str], timeout_secs: float | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return a function's result and log lines, with its environment picked from `env`.

    What the platform would not run is told as `{"error": {"kind": "platform", "message": ...}}`.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch:
            (function,) = hosted_functions(env, staged=True, names=[name], out=Path(scratch, "tree"))
    except PackagingError as error:
        return _platform_error(str(error)), []
    if timeout_secs is not None:
        function = replace(function, limits=replace(function.limits, timeout_ms=max(1, round(timeout_secs * 1000))))
    activation = await _once(function, event)
    lines = [line.partition(": ")[2] for line in activation.logs]
    result = activation.result
    if activation.status == Activation.DEVELOPER_ERROR:
        return _platform_error(f"{name}: {result['error']}"), lines
    return dict(result), lines


async def _once(function: HostedFunction, event: dict[str, Any]) -> Activation:
    namespace = Namespace([function])
    try:
        return await namespace.invoke(function.full_name, event)
    finally:
        await namespace.close()


def _platform_error(message: str) -> dict[str, Any]:
    return {"error": {"kind": "platform", "message": message}}
