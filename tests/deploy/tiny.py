"""Tiny projects of fixture functions, for packaging and hosting without the real ones."""

import functools
from collections.abc import Mapping
from pathlib import Path

from ops.packaging.dists import Site, host_site
from ops.packaging.lock import read_lock
from ops.packaging.project import ProjectFile, parse_project
from ops.packaging.stage import Sources, Staged, Stager

GOOD = '''"""A function that answers with what it was given."""

from typing import Any

from raceday.greeting import greet


def main(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"said": greet(event), "module": __name__, "left": context.get_remaining_time_in_millis() > 0}
'''
PLAIN_LIBRARY = {
    "raceday/__init__.py": "",
    "raceday/greeting.py": "def greet(event):\n    return 'hello ' + str(event.get('name', 'nobody'))\n",
}


def clause(name: str, extra: str = "", *, memory: int = 256, timeout: int = 10_000, web: str = "false") -> str:
    """Return one function's clause of a project.yml."""
    text = f"      - name: {name}\n        runtime: python:3.11\n        web: {web}\n"
    text += f"        limits: {{timeout: {timeout}, memory: {memory}, logs: 256}}\n"
    return text + "".join(f"        {line}\n" for line in extra.splitlines())


def project_text(*clauses: str) -> str:
    """Return a project.yml of these clauses."""
    return "packages:\n  - name: raceday\n    functions:\n" + "".join(clauses)


def write_sources(root: Path, functions: Mapping[str, str], library: Mapping[str, str] | None = None) -> Sources:
    """Write entrypoints and a library below `root`."""
    for name, source in functions.items():
        folder = root / "functions" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__main__.py").write_text(source, "utf-8")
    for path, source in (PLAIN_LIBRARY if library is None else library).items():
        file = root / "shared" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, "utf-8")
    return Sources(root / "functions", root / "shared", root / "cache")


def tiny_project(functions: Mapping[str, str], **options: int) -> ProjectFile:
    """Return a project that declares these functions with the same limits."""
    return parse_project(project_text(*(clause(name, **options) for name in functions)))  # type: ignore[arg-type]


def stage_tiny(
    root: Path, functions: Mapping[str, str], library: Mapping[str, str] | None = None, **options: int
) -> tuple[ProjectFile, Staged]:
    """Stage fixture functions for the running interpreter."""
    project = tiny_project(functions, **options)
    stager = Stager(project, write_sources(root, functions, library), locked_site())
    return project, stager.stage(root / "out", project.text)


@functools.cache
def locked_site() -> Site:
    """Return the locked distributions as they are installed here, read once a run."""
    return host_site(read_lock())
