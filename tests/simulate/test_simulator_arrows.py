"""How the simulator's modules hang together: no circle of imports, and an oracle of its own."""

import ast
from pathlib import Path

import pytest

from local.functions import ROOT

SIMULATE = ROOT / "local" / "simulate"
RULES = ("racing", "ledger", "polling", "projections", "importing", "scheduling", "silks", "feed")


def modules() -> dict[str, Path]:
    """Return the simulator's modules by dotted name."""
    names = {}
    for path in sorted(SIMULATE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(path: Path, every: dict[str, Path]) -> set[str]:
    """Return every module that a file imports, wherever in it, names of packages' modules included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # What a package is asked for is one of its modules, or else the package's own.
            found |= names if names <= every.keys() else names | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_no_module_of_the_simulator_imports_itself_through_others() -> None:
    """Following imports in the simulator never lead back to where one began."""
    every = modules()
    below = {name: sorted(imports(path, every) & every.keys() - {name}) for name, path in every.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for each in below[name]:
                visit(each, (*trail, name))
            done.add(name)

    for name in every:
        visit(name, ())


@pytest.mark.parametrize("name", [n for n in modules() if n.startswith("local.simulate.oracle")])
def test_the_oracle_knows_nothing_of_the_rules_it_judges(name: str) -> None:
    """The oracle imports none of the library's rooms that hold rules: an error there would agree with itself."""
    every = modules()
    used = imports(every[name], every)
    assert not [each for each in used for room in RULES if f"{each}.".startswith(f"raceday.{room}.")]
