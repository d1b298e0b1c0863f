"""Cold starts, measured: a staged function beside the same one with the whole SDK, and beside pip's usual layout."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.host.activation import Activation
from local.host.container import HostContainer, Identity
from local.host.function import HostedFunction, StartPath
from ops.packaging.archive import zip_bytes
from ops.packaging.dists import Site
from ops.packaging.errors import PackagingError
from ops.packaging.project import ProjectFile
from ops.packaging.render import render
from ops.packaging.stage import LIBRARY, Sources, Stager

STAGED, STAGED_SDK, PIP, PIP_SDK = "staged", "staged, full SDK imported", "pip layout", "pip layout, full SDK imported"
_VENDOR = """import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))

"""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One layout's cold start, medians: extract and import, then until its first answer, and the highest memory."""

    layout: str
    zip_bytes: int
    load_ms: float
    answer_ms: float
    memory_mb: float


def variants(
    name: str, project: ProjectFile, sources: Sources, site: Site, scratch: Path, *, pip: bool = True
) -> dict[str, HostedFunction]:
    """Lay one function out staged and, if `pip`, pip's usual way, each without and with the SDK imported."""
    entry = (sources.functions / name / "__main__.py").read_text("utf-8")
    with_sdk = _with_sdk(entry, site)
    folder = scratch / "functions" / name
    folder.mkdir(parents=True)
    (folder / "__main__.py").write_text(with_sdk, "utf-8")
    sdk_sources = Sources(scratch / "functions", sources.shared, sources.cache)
    archives = {
        STAGED: _staged(name, project, sources, site, scratch / "plain"),
        STAGED_SDK: _staged(name, project, sdk_sources, site, scratch / "sdk"),
    }
    if pip:
        archives |= {PIP: _pip_layout(entry, sources, site), PIP_SDK: _pip_layout(with_sdk, sources, site)}
    limits = project.function(name).limits
    return {layout: HostedFunction(name, archive, limits) for layout, archive in archives.items()}


def _with_sdk(entry: str, site: Site) -> str:
    """Put an import of the SDK's client and every one of its services before the entrypoint's own imports."""
    services = [
        path.removesuffix(".py").replace("/", ".")
        for path in site.distributions["appwrite"].files
        if path.startswith("appwrite/services/") and not path.endswith("__init__.py")
    ]
    lines = "".join(f"import {module}  # noqa\n" for module in ["appwrite.client", *services])
    places = [at + 1 for word in ("\nfrom ", "\nimport ") if (at := entry.find(word)) >= 0]
    at = min(places, default=0)
    return entry[:at] + lines + entry[at:]


def _staged(name: str, project: ProjectFile, sources: Sources, site: Site, out: Path) -> bytes:
    staged = Stager(project, sources, site).stage(out, render(project, names=[name]), [name])
    return staged.function(name).archive


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
    found: dict[str, list[_Start]] = {layout: [] for layout in functions}
    # In turn, so that a busy machine slows every layout alike.
    for _ in range(runs):
        for layout, function in functions.items():
            found[layout].append(await _start_once(layout, function, interpreter))
    return [
        ColdStart(
            layout,
            len(functions[layout].archive),
            statistics.median(start.load_ms for start in starts),
            statistics.median(start.answer_ms for start in starts),
            max(start.memory_mb for start in starts),
        )
        for layout, starts in found.items()
    ]


@dataclass(frozen=True, slots=True)
class _Start:
    load_ms: float
    answer_ms: float
    memory_mb: float


async def _start_once(layout: str, function: HostedFunction, interpreter: str) -> _Start:
    """Start a function and call it without any setting: it imports everything, finds that out, and answers."""
    limits = function.limits
    activation = Activation("0" * 32, function.full_name, "fn-local", int(time.time() * 1000))
    activation.timeout_ms, activation.memory_mb = limits.timeout_ms, limits.memory_mb
    identity = Identity("fn-local", "http://127.0.0.1")
    container = HostContainer(function, identity, StartPath.PRELAUNCHER, interpreter)
    try:
        if await container.start(activation):
            began = time.monotonic()
            await container.run({}, activation)
            if activation.status != Activation.DEVELOPER_ERROR:
                called_ms = (time.monotonic() - began) * 1000
                return _Start(container.load_ms, container.load_ms + called_ms, container.peak_memory_mb)
        last = activation.logs[-1] if activation.logs else ""
        raise PackagingError(f"{function.name} ({layout}) does not start: {activation.result} {last}")
    finally:
        await container.close()


def table(rows: Sequence[ColdStart]) -> str:
    """Return the measurements as text; the shares are of the same layout with the SDK, and of pip's layout with it."""
    by_layout = {row.layout: row for row in rows}
    base = by_layout[STAGED_SDK]
    pip = by_layout.get(PIP_SDK, base)
    head = f"{'layout':<32}{'zip MB':>8}{'RSS MB':>8}{'start ms':>10}{'share':>7}{'of pip':>8}"
    lines = [f"{head}{'answer ms':>11}{'share':>7}"]
    for row in rows:
        start = f"{row.load_ms:>10.0f}{row.load_ms / base.load_ms:>7.2f}{row.load_ms / pip.load_ms:>8.2f}"
        answer = f"{row.answer_ms:>11.0f}{row.answer_ms / base.answer_ms:>7.2f}"
        lines.append(f"{row.layout:<32}{row.zip_bytes / 1e6:>8.2f}{row.memory_mb:>8.0f}{start}{answer}")
    return "\n".join(lines)
