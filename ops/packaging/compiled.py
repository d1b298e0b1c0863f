"""Compiled modules that stay valid wherever they are unpacked.

The platform's unzip does not keep file times, which makes ordinary compiled files stale at every cold start; these
carry no time and no source check, and lie beside no source at all. Docstrings and asserts are left out: a tenth of a
cold start is reading them. So are the tables of columns, an eighth of the upload: they mark a place in a source line,
and a traceback has no source to show there; its line numbers stay.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ops.packaging.errors import PackagingError


def find_compiler(python: str) -> str:
    """Return an interpreter of this version (`3.11`), the running one if it is; empty where there is none."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == python:
        return sys.executable
    found = shutil.which(f"python{python}")
    if found and _version(found) == python:
        return found
    return ""


def _version(executable: str) -> str:
    code = "import sys; print(f'{sys.version_info.major}.{sys.version_info.minor}')"
    done = subprocess.run([executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def compile_all(files: Mapping[str, bytes], compiler: str) -> dict[str, bytes]:
    """Replace every `.py` by its sourceless `.pyc`; raises PackagingError naming what does not compile."""
    sources = {name: data for name, data in files.items() if name.endswith(".py")}
    if not sources or not compiler:
        return dict(files)
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in sources.items():
            path = Path(scratch, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        command = [
            compiler,
            "-s",
            "-P",
            "-X",
            "no_debug_ranges",
            "-m",
            "compileall",
            "-q",
            "-b",
            "-o",
            "2",
            "--invalidation-mode",
            "unchecked-hash",
        ]
        # A fixed hash seed: the order of a compiled set of constants would differ from run to run without it.
        env = {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")}
        done = subprocess.run([*command, "-s", scratch, scratch], capture_output=True, text=True, check=False, env=env)
        if done.returncode:
            raise PackagingError(f"does not compile for the platform's Python: {done.stdout.strip()[-600:]}")
        compiled = {f"{name}c": Path(scratch, f"{name}c").read_bytes() for name in sources}
    return {**{name: data for name, data in files.items() if name not in sources}, **compiled}
