"""The lock of what is deployed: exact versions with hashes, for the platform's Python and libc.

`python -m ops.packaging.lock` writes `local/locks/deploy.txt` anew from pyproject.toml.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ops.packaging.errors import DependencyError

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "local" / "locks" / "deploy.txt"
_LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked distribution, its name in canonical form."""

    name: str
    version: str


def canonical(name: str) -> str:
    """Return a distribution's name the way the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path = LOCK) -> list[Pin]:
    """Read the pins of a lock file; raises DependencyError for a line that is not an exact, hashed version."""
    if not path.is_file():
        raise DependencyError(f"{path} is missing; write it with: python -m ops.packaging.lock")
    text = path.read_text("utf-8").replace("\\\n", " ")
    pins = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None or "--hash=sha256:" not in line:
            raise DependencyError(f"{path.name}: expected name==version --hash=sha256:..., found {line[:80]!r}")
        pins.append(Pin(canonical(match.group(1)), match.group(2)))
    return pins


def write_lock(path: Path = LOCK) -> list[Pin]:
    """Resolve pyproject's deployed dependencies with pip for the platform and write the lock; needs the index."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["silks"]]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        command += ["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", f"--target={scratch}/none"]
        command += ["--platform=manylinux2014_x86_64", "--platform=manylinux_2_17_x86_64", f"--report={report}"]
        done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
        if done.returncode:
            raise DependencyError(f"pip could not resolve the deployed dependencies: {done.stderr.strip()[-400:]}")
        items = json.loads(report.read_text("utf-8"))["install"]
    lines = ["# Written by `python -m ops.packaging.lock`: wheels for CPython 3.11, manylinux2014 x86_64.\n"]
    for item in sorted(items, key=lambda item: canonical(item["metadata"]["name"])):
        meta, digest = item["metadata"], item["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{canonical(meta['name'])}=={meta['version']} \\\n    --hash=sha256:{digest}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), "utf-8")
    return read_lock(path)


if __name__ == "__main__":
    print(f"{LOCK}: {len(write_lock())} distributions locked")
