"""The files of third-party packages as they are shipped: compiled once, kept, and split between zip and disk."""

import os
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ops.packaging import compiled, trim
from ops.packaging.archive import content_hash
from ops.packaging.compiled import compile_all
from ops.packaging.dists import Distribution, Site


@dataclass(frozen=True, slots=True)
class Shipped:
    """One distribution ready to ship: what goes into the zip and what has to lie on disk."""

    zipped: dict[str, bytes]
    on_disk: dict[str, bytes]


def ship(distribution: Distribution, site: Site, compiler: str, cache: Path) -> Shipped:
    """Return a distribution's shipped files, compiled at most once per cache folder."""
    sources = (Path(each) for each in (trim.__file__, compiled.__file__, __file__))
    rules = content_hash({source.name: source.read_bytes() for source in sources})
    kept = cache / f"shipped-{site.key}-{rules}-{'pyc' if compiler else 'py'}-{distribution.name}"
    if kept.is_file():
        loaded: Shipped = pickle.loads(kept.read_bytes())
        return loaded
    shipped = _split(distribution, compiler)
    cache.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed, for two runs may fill the cache at the same time.
    handle, scratch = tempfile.mkstemp(dir=cache)
    with os.fdopen(handle, "wb") as file:
        pickle.dump(shipped, file)
    os.replace(scratch, kept)
    return shipped


def _split(distribution: Distribution, compiler: str) -> Shipped:
    tops: dict[str, list[str]] = {}
    for path in distribution.files:
        tops.setdefault(path.partition("/")[0], []).append(path)
    on_disk_tops = {top for top, paths in tops.items() if trim.needs_disk(paths)}
    files = {path: (distribution.root / path).read_bytes() for path in distribution.files}
    made = compile_all(files, compiler)
    return Shipped(
        {path: data for path, data in made.items() if path.partition("/")[0] not in on_disk_tops},
        {path: data for path, data in made.items() if path.partition("/")[0] in on_disk_tops},
    )


def zone_files(distribution: Distribution, zones: frozenset[str], compiler: str) -> dict[str, bytes]:
    """Return the packages and data of just these time zones, out of tzdata."""
    wanted = {"tzdata/__init__.py", "tzdata/zoneinfo/__init__.py"}
    for zone in zones:
        parts = zone.split("/")
        wanted.add(f"tzdata/zoneinfo/{zone}")
        wanted |= {"/".join(["tzdata/zoneinfo", *parts[:depth], "__init__.py"]) for depth in range(1, len(parts))}
    have = wanted & set(distribution.files)
    return compile_all({path: (distribution.root / path).read_bytes() for path in sorted(have)}, compiler)


def known_zones(distribution: Distribution) -> frozenset[str]:
    """Return the names of every zone that tzdata holds."""
    prefix = "tzdata/zoneinfo/"
    return frozenset(
        path.removeprefix(prefix) for path in distribution.files if path.startswith(prefix) and "." not in path
    )
