"""No circle of imports stands anywhere in the tree, between files or between rooms, and arrows run only downward."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from local.functions import ROOT

TREES = ("shared", "ops", "local", "functions")
# What each tree may import beside itself.
BELOW = {"shared": set(), "ops": {"shared"}, "local": {"shared", "ops"}, "functions": {"shared"}}


def modules() -> dict[str, Path]:
    """Return every module outside tests by its dotted name; entrypoints by their folder."""
    found = {}
    for tree in TREES:
        for path in sorted((ROOT / tree).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            parts = parts[1:] if tree == "shared" else parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, wherever in it; of a package's names the modules alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= inside if len(inside) == len(node.names) else {node.module, *inside}
    return found & MODULES.keys()


ARROWS = {name: imports(path) - {name} for name, path in MODULES.items()}


def unit(module: str) -> str:
    """Return the room of a module: its folder, or itself where that folder holds other rooms."""
    path = MODULES[module]
    has_rooms = any(p.is_dir() and any(p.glob("*.py")) for p in path.parent.iterdir())
    return module if has_rooms else path.parent.relative_to(ROOT).as_posix()


def first_circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the members of one circle, none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_two_files_import_each_other_in_a_circle() -> None:
    """Files form no circle, imports inside functions and for types alone included."""
    assert first_circle(ARROWS) == []


def test_no_two_rooms_import_each_other_in_a_circle() -> None:
    """Folders form no circle either."""
    rooms: dict[str, set[str]] = {}
    for module, wanted in ARROWS.items():
        rooms.setdefault(unit(module), set()).update(unit(other) for other in wanted)
    assert first_circle({room: wanted - {room} for room, wanted in rooms.items()}) == []


@pytest.mark.parametrize("tree", TREES)
def test_a_tree_imports_only_trees_below_it(tree: str) -> None:
    """Deployed code knows nothing of what stays at home, and what acts on production nothing of the local suite."""
    above = {}
    for module, path in MODULES.items():
        if path.relative_to(ROOT).parts[0] == tree:
            wanted = {MODULES[other].relative_to(ROOT).parts[0] for other in ARROWS[module]}
            if wanted - {tree, *BELOW[tree]}:
                above[module] = wanted
    assert above == {}


def test_a_circle_would_be_seen() -> None:
    """The search finds a circle where there is one."""
    assert first_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert first_circle({"a": {"b"}, "b": set()}) == []
