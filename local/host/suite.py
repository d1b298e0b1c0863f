"""The suite's own functions as hosted ones: staged for the running interpreter, or straight from their sources."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from local.host.function import HostedFunction, source_function, staged_function
from ops.packaging.dists import host_site
from ops.packaging.lock import ROOT, read_lock
from ops.packaging.project import FILE_NAME, read_project
from ops.packaging.render import render
from ops.packaging.stage import Sources, Stager

HOME = ROOT / ".raceday"


def hosted_functions(
    env: Mapping[str, str], *, staged: bool, names: Iterable[str] | None = None, out: Path = HOME / "hosted"
) -> list[HostedFunction]:
    """Return these functions (all by default) with their variables picked from `env`; raises PackagingError.

    `staged` ones are laid out as they would be deployed, in the folder `out`, which is replaced whole.
    """
    sources = Sources(ROOT / "functions", ROOT / "shared", HOME / "cache")
    project = read_project(ROOT / FILE_NAME, sources.functions)
    wanted = list(project.names if names is None else names)
    if not staged:
        return [source_function(sources.functions / n / "__main__.py", project.function(n), env) for n in wanted]
    tree = Stager(project, sources, host_site(read_lock())).stage(out, render(project, names=wanted), wanted)
    return [staged_function(tree.function(name).archive, project.function(name), env) for name in wanted]
