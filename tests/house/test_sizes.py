"""Files and functions stay short, and everything public says what it is for."""

import ast
from pathlib import Path

import pytest

from local.functions import ROOT

MOST_FILE_LINES = 400
# Most functions fit on half a screen: 95 of 100 have fewer lines than this, docstring included.
SHORT = 25
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_stub(node: ast.AST) -> bool:
    """Tell whether a member of a protocol says nothing but its signature; its class has the words."""
    return isinstance(node, Function) and [ast.unparse(n) for n in node.body] == ["..."]


def files(tree: str) -> list[Path]:
    """Return a tree's Python files in order."""
    return sorted(p for p in (ROOT / tree).rglob("*.py"))


def lines_of(node: Function) -> int:
    """Return how many lines a function has, without its decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("tree", ["functions", "shared", "ops", "local", "tests"])
def test_no_file_is_long(tree: str) -> None:
    """A file has at most 400 lines."""
    found = {p.relative_to(ROOT).as_posix() for p in files(tree) if len(p.read_text().splitlines()) > MOST_FILE_LINES}
    assert found == set()


@pytest.mark.parametrize("tree", ["shared", "ops", "local"])
def test_functions_are_short(tree: str) -> None:
    """The 95th percentile of a tree's functions has fewer than 25 lines."""
    nodes = [n for p in files(tree) for n in ast.walk(ast.parse(p.read_text())) if isinstance(n, Function)]
    sizes = sorted(map(lines_of, nodes))
    assert len(sizes) > 100
    assert sizes[len(sizes) * 95 // 100] < SHORT


@pytest.mark.parametrize("tree", ["functions", "shared", "ops", "local"])
def test_everything_public_has_a_docstring(tree: str) -> None:
    """Each module, public class, and public function or method of them begins with a docstring."""
    bare = []
    for path in files(tree):
        module = ast.parse(path.read_text())
        owners: list[ast.Module | ast.ClassDef] = [
            module, *(n for n in module.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_"))
        ]  # fmt: skip
        public = [n for o in owners for n in o.body if isinstance(n, Function) and not n.name.startswith("_")]
        bare += [f"{path.relative_to(ROOT)}:{getattr(n, 'lineno', 1)}" for n in (*owners, *public)
                 if not ast.get_docstring(n) and not is_stub(n)]  # fmt: skip
    assert bare == []
