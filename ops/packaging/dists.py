"""Third-party distributions to ship: from the running environment, or downloaded for the platform."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ops.packaging import trim
from ops.packaging.errors import DependencyError
from ops.packaging.lock import Pin, canonical

PLATFORM_TAGS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64")
PLATFORM_PYTHON = "3.11"
HOST = "host"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed or unpacked distribution; `files` are relative to `root` and already trimmed."""

    name: str
    version: str
    root: Path
    files: tuple[str, ...]
    requires: tuple[str, ...]

    @property
    def tops(self) -> tuple[str, ...]:
        """Return the top-level names that it puts on the path."""
        return tuple(sorted({path.partition("/")[0].removesuffix(".py") for path in self.files}))


@dataclass(frozen=True, slots=True)
class Site:
    """A set of distributions for one interpreter; `key` changes with anything in it."""

    target: str
    python: str
    key: str
    distributions: dict[str, Distribution]

    def by_top(self) -> dict[str, Distribution]:
        """Return the distributions by the top-level names that they provide."""
        return {top: d for d in self.distributions.values() for top in d.tops}

    def closure(self, names: Iterable[str]) -> list[Distribution]:
        """Return these distributions and what they require, by name; raises DependencyError for a missing one."""
        found: dict[str, Distribution] = {}
        todo = sorted(names)
        while todo:
            name = todo.pop()
            if name in found:
                continue
            if name not in self.distributions:
                raise DependencyError(f"{name} is required but not in local/locks/deploy.txt; lock it")
            found[name] = self.distributions[name]
            todo += [r for r in found[name].requires if r not in found and r in self.distributions]
        return [found[name] for name in sorted(found)]


def host_site(pins: Iterable[Pin]) -> Site:
    """Take the locked distributions from the running interpreter's environment; raises DependencyError."""
    found, missing = {}, []
    for pin in pins:
        try:
            distribution = metadata.distribution(pin.name)
        except metadata.PackageNotFoundError:
            missing.append(pin.name)
            continue
        found[pin.name] = _read(pin.name, distribution)
    if missing:
        raise DependencyError(f"not installed in {sys.prefix}: {', '.join(missing)}; run ./raceday once to install")
    return _site(HOST, f"{sys.version_info.major}.{sys.version_info.minor}", found)


def platform_site(pins: Iterable[Pin], lock: Path, cache: Path) -> Site:
    """Download (once) and unpack the locked wheels for the platform's Python and libc; raises DependencyError."""
    folder = cache / f"wheels-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.is_dir():
        _download(lock, folder)
    found = {}
    for pin in pins:
        infos = [p for p in folder.glob("*/*.dist-info") if canonical(p.name.split("-")[0]) == pin.name]
        if not infos:
            raise DependencyError(f"{pin.name} is missing in {folder}; remove the folder and run the command again")
        distribution = metadata.Distribution.at(infos[0])
        if problem := tag_problem(pin.name, distribution.read_text("WHEEL") or ""):
            raise DependencyError(problem)
        found[pin.name] = _read(pin.name, distribution)
    return _site("platform", PLATFORM_PYTHON, found)


def tag_problem(name: str, wheel: str) -> str:
    """Say why a wheel with this WHEEL text does not run on the platform; empty where one of its tags fits."""
    tags = [line.partition(":")[2].strip() for line in wheel.splitlines() if line.startswith("Tag:")]
    if any(_tag_fits(*tag.split("-", 2)) for tag in tags if tag.count("-") >= 2):
        return ""
    told = ", ".join(tags) or "none"
    return f"{name}: its wheel's tags ({told}) do not fit CPython {PLATFORM_PYTHON} on manylinux2014 x86_64"


def _tag_fits(python: str, abi: str, platform: str) -> bool:
    right_python = python in ("py3", "cp311") or (abi == "abi3" and python.startswith("cp3") and int(python[3:]) <= 11)
    right_abi = abi in ("none", "abi3", "cp311")
    old_enough = platform in ("any", "manylinux1_x86_64", "manylinux2010_x86_64", *PLATFORM_TAGS)
    numbered = re.fullmatch(r"manylinux_2_(\d+)_x86_64", platform)
    # The platform's image has glibc 2.31, but only up to 2.17 is promised to stay.
    return right_python and right_abi and (old_enough or (numbered is not None and int(numbered.group(1)) <= 17))


def platform_cached(lock: Path, cache: Path) -> bool:
    """Tell whether the platform's wheels are at hand without a download."""
    return (cache / f"wheels-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}").is_dir()


def _site(target: str, python: str, found: dict[str, Distribution]) -> Site:
    # Counts of files stand in for their contents: a wheel of one version does not change.
    words = [target, python, *(f"{d.name}=={d.version}:{d.root}:{len(d.files)}" for _, d in sorted(found.items()))]
    return Site(target, python, hashlib.sha256("\n".join(words).encode()).hexdigest()[:16], found)


def _read(name: str, distribution: metadata.Distribution) -> Distribution:
    root = Path(str(distribution.locate_file("")))
    files = sorted(str(path) for path in distribution.files or [] if trim.wanted(str(path)))
    requires = [re.split(r"[^A-Za-z0-9._-]", r)[0] for r in distribution.requires or [] if "extra" not in r]
    return Distribution(name, distribution.version, root, tuple(files), tuple(canonical(r) for r in requires))


def _download(lock: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheels, unpacked = Path(scratch, "wheels"), Path(scratch, "unpacked")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += [
            "--require-hashes",
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={PLATFORM_PYTHON}",
        ]
        command += [f"--platform={tag}" for tag in PLATFORM_TAGS] + ["-r", str(lock), "-d", str(wheels)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DependencyError(_download_problem(done.stderr))
        for wheel in sorted(wheels.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(unpacked / wheel.name.split("-")[0])
        shutil.move(unpacked, folder)


def _download_problem(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.strip().splitlines()[-1:]
    return (
        f"the platform's wheels (Python {PLATFORM_PYTHON}, {PLATFORM_TAGS[0]}) could not be downloaded: "
        f"{' '.join(lines) or 'pip gave no reason'}. Check the connection to the package index, then run it again"
    )
