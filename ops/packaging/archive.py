"""Zips whose bytes depend on their contents alone, and the zip that the deployer would upload for a folder."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)
EPOCH = 315_532_800
# The deployer leaves files with such names out without a word.
_SILENTLY_DROPPED = (".nimbella", ".deployed", "_tmp_", ".#")
_DROPPED_PATTERNS = ("*~", "*.swp", "*.swx", ".ignore", "build.sh", "build.cmd", "__deployer__.zip", ".gitignore")


def zip_bytes(files: Mapping[str, bytes], *, compressed: bool) -> bytes:
    """Zip files by path; the same files give the same bytes wherever and whenever it runs."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method, compresslevel=6 if compressed else None) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, _DATE)
            info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, method
            archive.writestr(info, files[path])
    return buffer.getvalue()


def folder_files(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder, by its path with slashes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def upload_zip(folder: Path) -> bytes:
    """Return the zip that the deployer makes of a function's folder."""
    return zip_bytes(folder_files(folder), compressed=True)


def content_hash(files: Mapping[str, bytes]) -> str:
    """Hash paths and contents, 16 hex digits; packing and file times do not matter."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()[:16]


def shipping_problems(name: str, folder: Path) -> list[str]:
    """List files of a staged function that the deployer would drop, break, or should never ship."""
    problems = []
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder).as_posix()
        if path.is_symlink():
            problems.append(f"{name}: {shown} is a symbolic link; the platform writes its target's name as text")
        elif any(word in path.name for word in _SILENTLY_DROPPED) or any(
            fnmatch(path.name, pattern) for pattern in _DROPPED_PATTERNS
        ):
            problems.append(f"{name}: the deployer leaves {shown} out because of its name")
        elif path.name == ".env" or path.name.startswith(".env."):
            problems.append(f"{name}: {shown} would be shipped with its secrets")
        elif path.name in {"requirements.txt", "package.json"}:
            problems.append(f"{name}: {shown} makes the platform install packages at every cold start")
        elif path.name == "__pycache__":
            problems.append(f"{name}: {shown} would be shipped though the platform never uses it")
    return problems


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder with one fixed time, so that the deployer's zip does not change either."""
    for name, data in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (EPOCH, EPOCH))
