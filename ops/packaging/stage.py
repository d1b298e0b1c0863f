"""A staged deploy tree: project.yml and one folder per function, holding only what that function reaches.

A function's folder has `__main__.py` (a few lines that put the rest on the path), `lib.zip` (the entrypoint, our
library and pure packages, compiled) and `lib/` for packages with natives or data, where it uses any.
"""

import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.packaging import trim
from ops.packaging.archive import content_hash, shipping_problems, upload_zip, write_files, zip_bytes
from ops.packaging.compiled import compile_all, find_compiler
from ops.packaging.dists import Site
from ops.packaging.entry import entry_problems
from ops.packaging.errors import PackagingError
from ops.packaging.imports import Reach, Traced, reach
from ops.packaging.library import known_zones, ship, zone_files
from ops.packaging.project import FILE_NAME, ProjectFile
from ops.packaging.render import dump, stamped
from ops.packaging.yaml_strict import load_strict

LIBRARY = "raceday"
ENTRY_MODULE = "raceday_entrypoint"
ALWAYS_ZONES = frozenset({"Pacific/Auckland"})
MAX_ZIP_BYTES = 48 * 1024 * 1024

# `__file__` may be relative on one of the platform's two start paths, and the folder is last on the path on the other.
BOOTSTRAP = f"""import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(_HERE, "lib.zip"), os.path.join(_HERE, "lib")]

from {ENTRY_MODULE} import main  # noqa: E402, F401
"""


@dataclass(frozen=True, slots=True)
class StagedFunction:
    """One staged function: its folder, the zip as it would be uploaded, and the hash of its contents."""

    name: str
    folder: Path
    archive: bytes = field(repr=False)
    sha256: str
    packages: tuple[str, ...]

    @property
    def zip_bytes(self) -> int:
        """Return the size of the upload."""
        return len(self.archive)


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged tree; `library` is the hash of our library's sources."""

    root: Path
    target: str
    compiled: bool
    library: str
    functions: tuple[StagedFunction, ...]

    def function(self, name: str) -> StagedFunction:
        """Return one function; raises KeyError."""
        for staged in self.functions:
            if staged.name == name:
                return staged
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a project's parts lie."""

    functions: Path
    shared: Path
    cache: Path


class Stager:
    """Stages functions of one project for one site."""

    def __init__(self, project: ProjectFile, sources: Sources, site: Site) -> None:
        self._project = project
        self._sources = sources
        self._site = site
        self._compiler = find_compiler(site.python)
        self._tops = site.by_top()
        self._traced = {LIBRARY: sources.shared / LIBRARY}
        for top in trim.TRACED:
            if top in self._tops:
                self._traced[top] = self._tops[top].root / top
        self._compiled: dict[str, bytes] = {}
        self._zoned: dict[frozenset[str], dict[str, bytes]] = {}

    def stage(self, out: Path, project_text: str, names: Iterable[str] | None = None) -> Staged:
        """Write the tree to `out`, which is replaced whole; raises PackagingError naming functions, writing nothing."""
        _refuse_to_replace(out)
        wanted = list(self._project.names if names is None else names)
        reaches = self._reach_all(wanted)
        self._compile(reaches)
        plans = {name: self._files(name, reached) for name, reached in reaches.items()}
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            tree = Path(scratch, "tree")
            hashes = {name: self._write(tree, name, files) for name, (files, _) in plans.items()}
            write_files(tree, {FILE_NAME: stamped(project_text, hashes, self.library_hash).encode()})
            archives = {name: upload_zip(self._folder(tree, name)) for name in plans}
            self._check(tree, archives)
            if out.exists():
                shutil.rmtree(out)
            shutil.move(tree, out)
        functions = [
            StagedFunction(name, self._folder(out, name), archives[name], hashes[name], plans[name][1])
            for name in plans
        ]
        return Staged(out, self._site.target, bool(self._compiler), self.library_hash, tuple(functions))

    def _reach_all(self, names: Iterable[str]) -> dict[str, Reach]:
        reaches: dict[str, Reach] = {}
        problems: list[str] = []
        traced = Traced(self._traced)
        for name in names:
            try:
                reaches[name] = self._reach(name, traced)
            except PackagingError as error:
                problems += error.problems
        if problems:
            raise PackagingError(problems)
        return reaches

    @property
    def library_hash(self) -> str:
        """Return the hash of our library's sources."""
        return library_hash(self._sources.shared)

    def _reach(self, name: str, traced: Traced) -> Reach:
        entry = self._entry(name)
        if problems := entry_problems(name, entry):
            raise PackagingError(problems)
        reached = reach(entry, traced, self._tops)
        if reached.missing:
            missing = sorted(reached.missing.items())
            raise PackagingError(
                [
                    f"{name}: {asker} imports {module}, which is not in shared/ nor in the lock"
                    for module, asker in missing
                ]
            )
        return reached

    def _entry(self, name: str) -> Path:
        return self._sources.functions / name / "__main__.py"

    def _source_name(self, module: str, path: Path) -> str:
        return path.relative_to(self._traced[module.partition(".")[0]].parent).as_posix()

    def _compile(self, reaches: Mapping[str, Reach]) -> None:
        """Compile the entrypoints and every followed module that one of them reaches, all in one run."""
        sources = {self._source_name(m, p): p for reached in reaches.values() for m, p in reached.modules.items()}
        sources |= {f"{name}/{ENTRY_MODULE}.py": self._entry(name) for name in reaches}
        self._compiled = compile_all({s: sources[s].read_bytes() for s in sorted(sources)}, self._compiler)

    def _files(self, name: str, reached: Reach) -> tuple[dict[str, bytes], tuple[str, ...]]:
        zipped = self._own_files(name, reached)
        on_disk: dict[str, bytes] = {}
        distributions = self._site.closure(self._tops[top].name for top in reached.packages)
        for distribution in distributions:
            # Zones are picked one by one below; the whole of tzdata would be most of the zip.
            if distribution.name != "tzdata":
                shipped = ship(distribution, self._site, self._compiler, self._sources.cache)
                zipped.update(shipped.zipped)
                on_disk.update(shipped.on_disk)
        zipped.update(self._zones(reached))
        files = {"__main__.py": BOOTSTRAP.encode(), "lib.zip": zip_bytes(zipped, compressed=False)}
        files |= {f"lib/{path}": data for path, data in on_disk.items()}
        return files, tuple(f"{d.name}=={d.version}" for d in distributions)

    def _own_files(self, name: str, reached: Reach) -> dict[str, bytes]:
        ending = "c" if self._compiler else ""
        own = {f"{ENTRY_MODULE}.py{ending}": self._compiled[f"{name}/{ENTRY_MODULE}.py{ending}"]}
        for module, path in reached.modules.items():
            shipped = self._source_name(module, path) + ending
            own[shipped] = self._compiled[shipped]
        return own

    def _zones(self, reached: Reach) -> dict[str, bytes]:
        if not reached.uses_zones or "tzdata" not in self._site.distributions:
            return {}
        tzdata = self._site.distributions["tzdata"]
        zones = ALWAYS_ZONES | (reached.texts & known_zones(tzdata))
        if zones not in self._zoned:
            self._zoned[zones] = zone_files(tzdata, zones, self._compiler)
        return self._zoned[zones]

    def _folder(self, tree: Path, name: str) -> Path:
        return tree / "packages" / self._project.function(name).package / name

    def _write(self, tree: Path, name: str, files: Mapping[str, bytes]) -> str:
        write_files(self._folder(tree, name), files)
        return content_hash(files)

    def _check(self, tree: Path, archives: Mapping[str, bytes]) -> None:
        problems = [p for name in archives for p in shipping_problems(name, self._folder(tree, name))]
        problems += [
            f"{name}: {len(archive)} bytes zipped; the platform takes {MAX_ZIP_BYTES}"
            for name, archive in archives.items()
            if len(archive) > MAX_ZIP_BYTES
        ]
        if problems:
            raise PackagingError(problems)


def library_hash(shared: Path) -> str:
    """Return the hash of our library's sources, as deployments and their annotations carry it."""
    sources = sorted((shared / LIBRARY).rglob("*.py"))
    return content_hash({path.relative_to(shared).as_posix(): path.read_bytes() for path in sources})


def part_of(tree: Path, out: Path, names: Collection[str] | None = None, *, without: Collection[str]) -> Path:
    """Copy these functions of a staged tree, or all, `without` triggers of these names; returns `out`."""
    data = load_strict((tree / FILE_NAME).read_text("utf-8"), FILE_NAME)
    for package in data["packages"]:
        prefix = f"{package['name']}/"
        package["functions"] = [f for f in package["functions"] if names is None or prefix + f["name"] in names]
        for function in package["functions"]:
            kept = [trigger for trigger in function.pop("triggers", []) if trigger["name"] not in without]
            function.update({"triggers": kept} if kept else {})
            folder = Path("packages", package["name"], function["name"])
            shutil.copytree(tree / folder, out / folder)
    data["packages"] = [package for package in data["packages"] if package["functions"]]
    (out / FILE_NAME).write_text(dump(data), "utf-8")
    return out


def _refuse_to_replace(out: Path) -> None:
    """Raise PackagingError for a folder that is not ours to remove."""
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / "packages").is_dir())):
        raise PackagingError(f"{out} exists and is no staged tree; it would be replaced whole, so give another --out")
    if (out / "shared").exists() or (out / ".git").exists():
        raise PackagingError(f"{out} is a source tree; give another --out")
