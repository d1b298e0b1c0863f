"""A class's name says which class is meant: no other class of the tree has it."""

import ast
from collections import defaultdict

from local.functions import ROOT

TREES = ("shared", "ops", "local", "functions")


def classes() -> dict[str, list[str]]:
    """Return where each class name stands, as file and line."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(p for tree in TREES for p in (ROOT / tree).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_no_two_classes_share_a_name() -> None:
    """Each class of the library, the operators' tools and the local suite has a name of its own."""
    found = classes()
    assert len(found) > 300
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
