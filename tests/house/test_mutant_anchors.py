"""Each line that a mutant breaks, and each test that notices, is where the catalogue says: who moves it learns it."""

import ast
from functools import cache

from local.functions import ROOT
from local.mutants.anchor import placed, read_catalogue


def test_every_mutant_has_one_place() -> None:
    """Every mutant's text stands once in the library, and what takes its place is something else."""
    for mutant in read_catalogue():
        place = placed(mutant, ROOT)
        assert place.text != place.path.read_text("utf-8"), mutant.name


def test_every_test_that_a_mutant_names_is_there() -> None:
    """The file and the function of each node id are there."""
    for mutant in read_catalogue():
        for node in mutant.tests:
            path, *names = node.split("[")[0].split("::")
            assert names, node
            assert set(names) <= _defined(path), f"{mutant.name}: {node}"


@cache
def _defined(path: str) -> set[str]:
    if not (ROOT / path).is_file():
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {each.name for each in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))) if isinstance(each, kinds)}
