"""The platform's own target: its lock, its wheels' tags, and its staged tree where the wheels are at hand."""

import sys
from pathlib import Path

import pytest

from local.host.coldstart import STAGED, STAGED_SDK, measure, table, variants
from ops.packaging.compiled import compile_all, find_compiler
from ops.packaging.dists import host_site, platform_cached, platform_site, tag_problem
from ops.packaging.errors import DependencyError, PackagingError
from ops.packaging.lock import LOCK, Pin, read_lock
from ops.packaging.sources import SOURCES
from ops.packaging.stage import Stager
from tests.deploy.tiny import GOOD, locked_site, tiny_project, write_sources


def test_the_lock_pins_exact_versions_with_hashes() -> None:
    """Every deployed distribution is there once, with what pyproject asks for among them."""
    pins = read_lock()
    assert len({pin.name for pin in pins}) == len(pins)
    assert {"appwrite", "httpx", "pydantic", "tenacity", "python-dateutil", "tzdata", "pillow"} <= {
        p.name for p in pins
    }


@pytest.mark.parametrize("line", ["httpx>=0.28\n", "httpx==0.28.1\n", "-e .\n"])
def test_a_lock_without_versions_or_hashes_is_refused(tmp_path: Path, line: str) -> None:
    """Anything but an exact, hashed version is told with its line."""
    file = tmp_path / "deploy.txt"
    file.write_text(line)
    with pytest.raises(DependencyError, match="expected name==version --hash"):
        read_lock(file)


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("cp311-cp311-manylinux2014_x86_64", True),
        ("cp311-cp311-manylinux_2_17_x86_64", True),
        ("cp39-abi3-manylinux_2_17_x86_64", True),
        ("cp313-cp313-manylinux2014_x86_64", False),
        ("cp311-cp311-manylinux_2_34_x86_64", False),
        ("cp311-cp311-macosx_11_0_arm64", False),
        ("cp311-cp311-musllinux_1_2_x86_64", False),
    ],
)
def test_wheels_for_another_python_or_libc_are_refused(tag: str, fits: bool) -> None:
    """A wheel's own tags decide whether it is for CPython 3.11 and an old enough glibc."""
    problem = tag_problem("thing", f"Wheel-Version: 1.0\nTag: {tag}\n")
    assert (problem == "") is fits
    assert fits or problem.startswith("thing: its wheel's tags")


def test_a_missing_distribution_is_told(tmp_path: Path) -> None:
    """A locked package that is not installed here is named."""
    with pytest.raises(DependencyError, match="not-a-package"):
        host_site([Pin("not-a-package", "1.0")])


def test_without_the_platforms_python_sources_are_shipped() -> None:
    """Where nothing can compile for the platform, sources go along unchanged."""
    files = {"a.py": b"x = 1\n", "a.txt": b"data"}
    assert compile_all(files, "") == files
    assert find_compiler("2.0") == ""


def test_what_does_not_compile_is_told() -> None:
    """A syntax error in a shipped module is an error of the packaging."""
    with pytest.raises(PackagingError, match="does not compile"):
        compile_all({"a.py": b"def (\n"}, find_compiler("3.11") or sys.executable)


@pytest.mark.skipif(
    not platform_cached(LOCK, SOURCES.cache),
    reason="the platform's wheels are not in .raceday/cache: ./raceday package",
)
def test_the_platforms_wheels_are_staged(tmp_path: Path) -> None:
    """With the wheels at hand, natives for CPython 3.11 on Linux x86_64 lie on disk in the staged function."""
    source = "import pydantic\n\n\ndef main(event, context):\n    return {}\n"
    sources = write_sources(tmp_path, {"good": GOOD, "typed": source})
    project = tiny_project({"good": GOOD, "typed": source})
    site = platform_site(read_lock(), LOCK, SOURCES.cache)
    staged = Stager(project, sources, site).stage(tmp_path / "out", project.text)
    natives = [path.name for path in staged.function("typed").folder.rglob("*.so")]
    assert natives == ["_pydantic_core.cpython-311-x86_64-linux-gnu.so"]
    assert staged.compiled == bool(find_compiler("3.11"))


def test_cold_starts_are_measured_layout_by_layout(tmp_path: Path) -> None:
    """Every layout starts and answers, the SDK's is larger in memory, and the table has a row for each."""
    sources = write_sources(tmp_path / "project", {"good": GOOD})
    layouts = variants("good", tiny_project({"good": GOOD}), sources, locked_site(), tmp_path / "scratch", pip=False)
    rows = {row.layout: row for row in measure(layouts, 1)}
    assert all(row.answer_ms >= row.load_ms > 0 for row in rows.values())
    assert rows[STAGED].zip_bytes < rows[STAGED_SDK].zip_bytes
    assert rows[STAGED].memory_mb < rows[STAGED_SDK].memory_mb
    assert len(table(list(rows.values())).splitlines()) == 3
