"""This checkout's own folders and distributions, as packaging takes them."""

from ops.packaging.dists import Site, host_site, platform_site
from ops.packaging.lock import LOCK, ROOT, read_lock
from ops.packaging.stage import Sources

HOME = ROOT / ".raceday"
SOURCES = Sources(ROOT / "functions", ROOT / "shared", HOME / "cache")


def site(target: str) -> Site:
    """Return the distributions for the platform, or for the running interpreter; raises DependencyError."""
    return host_site(read_lock()) if target == "host" else platform_site(read_lock(), LOCK, SOURCES.cache)
