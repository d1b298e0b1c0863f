"""What a simulated day awaits takes as many turns of the loop on every Python: a wire day once differed by version."""

import ast
from collections.abc import Iterator

from local.functions import ROOT

# Python 3.11 runs what it waits for in a task of its own, later ones do not: asyncio.timeout does the same on all.
DIFFERS = "wait_for"
SIMULATED = ("shared/raceday", "local/simulate", "local/feedsim", "local/embedded", "local/testing")


def named(text: str) -> bool:
    """Tell whether a file names asyncio's wait_for, as a member or by import."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == DIFFERS)
        or (isinstance(node, ast.ImportFrom) and any(alias.name == DIFFERS for alias in node.names))
        for node in ast.walk(ast.parse(text))
    )


def _files() -> Iterator[tuple[str, str]]:
    for folder in SIMULATED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_nothing_simulated_waits_in_a_way_that_differs_by_python() -> None:
    """No part of a simulated day uses asyncio.wait_for, and one that did would be seen."""
    files = dict(_files())
    assert len(files) > 100
    assert [name for name, text in files.items() if named(text)] == []
    assert named("import asyncio\nasync def f(): await asyncio.wait_for(g(), 1)")
    assert named("from asyncio import wait_for")
