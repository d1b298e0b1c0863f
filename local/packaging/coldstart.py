"""Cold starts, measured: a staged function against the same one with the whole SDK, and against pip's usual layout."""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.host.activation import Activation
from local.host.container import Container, Identity
from local.host.function import HostedFunction, StartPath
from local.packaging.archive import upload_zip, zip_bytes
from local.packaging.dists import Site
from local.packaging.errors import PackagingError
from local.packaging.project import Project, parse_project
from local.packaging.stage import LIBRARY, Sources, Stager

STAGED, STAGED_SDK, PIP, PIP_SDK = "staged", "staged, full SDK imported", "pip layout", "pip layout, full SDK imported"
SDK_IMPORT = "from appwrite.client import Client  # noqa\nfrom appwrite.services.tables_db import TablesDB  # noqa\n"
_VENDOR = """import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))

"""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One layout's cold start: zip size, median of extract and import, and the highest memory."""

    layout: str
    zip_bytes: int
    load_ms: float
    memory_mb: float


def variants(name: str, project: Project, sources: Sources, site: Site, scratch: Path) -> dict[str, HostedFunction]:
    """Lay one function out in four ways: staged and pip's usual way, each without and with the SDK imported."""
    entry = (sources.functions / name / "__main__.py").read_text("utf-8")
    with_sdk = _with_sdk(entry)
    folder = scratch / "functions" / name
    folder.mkdir(parents=True)
    (folder / "__main__.py").write_text(with_sdk, "utf-8")
    sdk_sources = Sources(scratch / "functions", sources.shared, sources.cache)
    archives = {
        STAGED: _staged(name, project, sources, site, scratch / "plain"),
        STAGED_SDK: _staged(name, project, sdk_sources, site, scratch / "sdk"),
        PIP: _pip_layout(entry, sources, site),
        PIP_SDK: _pip_layout(with_sdk, sources, site),
    }
    limits = project.function(name).limits
    return {layout: HostedFunction(name, archive, limits) for layout, archive in archives.items()}


def _with_sdk(entry: str) -> str:
    if "\nfrom " not in entry and "\nimport " not in entry:
        return SDK_IMPORT + entry
    index = min(i for i in (entry.find("\nfrom "), entry.find("\nimport ")) if i >= 0) + 1
    return entry[:index] + SDK_IMPORT + entry[index:]


def _staged(name: str, project: Project, sources: Sources, site: Site, out: Path) -> bytes:
    only = parse_project(project.text)
    staged = Stager(only, sources, site).stage(out, project.text, [name])
    return upload_zip(staged.function(name).folder)


def _pip_layout(entry: str, sources: Sources, site: Site) -> bytes:
    files = {"__main__.py": (_VENDOR + entry).encode()}
    for path in sorted((sources.shared / LIBRARY).rglob("*.py")):
        files[f"vendor/{path.relative_to(sources.shared).as_posix()}"] = path.read_bytes()
    for distribution in site.distributions.values():
        if distribution.name != "pillow":
            files |= {f"vendor/{path}": (distribution.root / path).read_bytes() for path in distribution.files}
    return zip_bytes(files, compressed=True)


def measure(functions: dict[str, HostedFunction], runs: int, interpreter: str = "") -> list[ColdStart]:
    """Start every layout `runs` times in turn and give the medians; raises PackagingError where one does not start."""
    return asyncio.run(_measure(functions, runs, interpreter))


async def _measure(functions: dict[str, HostedFunction], runs: int, interpreter: str) -> list[ColdStart]:
    times: dict[str, list[float]] = {layout: [] for layout in functions}
    memory: dict[str, float] = {}
    # In turn, so that a busy machine slows every layout alike.
    for _ in range(runs):
        for layout, function in functions.items():
            load_ms, memory[layout] = await _load_once(layout, function, interpreter)
            times[layout].append(load_ms)
    return [
        ColdStart(layout, len(function.archive), statistics.median(times[layout]), memory[layout])
        for layout, function in functions.items()
    ]


async def _load_once(layout: str, function: HostedFunction, interpreter: str) -> tuple[float, float]:
    activation = Activation("0" * 32, function.full_name, "fn-local", 0)
    identity = Identity("fn-local", "http://127.0.0.1")
    container = Container(function, identity, StartPath.PRELAUNCHER, interpreter)
    try:
        if not await container.start(activation):
            last = activation.logs[-1] if activation.logs else ""
            raise PackagingError(f"{function.name} ({layout}) does not start: {activation.result} {last}")
        return container.load_ms, container.peak_memory_mb
    finally:
        await container.close()


def table(rows: Sequence[ColdStart]) -> str:
    """Give the measurements as text, each with its share of the same layout with the SDK and of the last row."""
    by_layout = {row.layout: row.load_ms for row in rows}
    lines = [f"{'layout':<32}{'zip MB':>8}{'cold ms':>9}{'RSS MB':>8}{'of staged+SDK':>15}{'of pip+SDK':>12}"]
    for row in rows:
        shares = [f"{row.load_ms / by_layout[base]:.2f}" for base in (STAGED_SDK, PIP_SDK)]
        figures = f"{row.zip_bytes / 1e6:>8.2f}{row.load_ms:>9.0f}{row.memory_mb:>8.0f}"
        lines.append(f"{row.layout:<32}{figures}{shares[0]:>15}{shares[1]:>12}")
    return "\n".join(lines)
