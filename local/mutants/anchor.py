"""Where a mutant's line stands: found by the name of what it is part of, in whatever file that is."""

import ast
import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parent / "catalogue"
LIBRARY = Path("shared") / "raceday"


class AnchorGone(ValueError):
    """A mutant whose symbol or text is not there, or is there more than once."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line of the library made wrong.

    `symbol` is the qualified name of a function, class or constant, `old` the text in it that becomes `new`. `tests`
    are node ids and `day` the name of a simulated day; `unseen` says why no day can tell.
    """

    name: str
    rule: str
    symbol: str
    old: str
    new: str
    day: str = ""
    tests: tuple[str, ...] = ()
    unseen: str = ""

    @property
    def digest(self) -> str:
        """Return a word for what is tried, which changes with its text, tests or day."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class MutantPlace:
    """A file of the library and its text with the mutant in it."""

    path: Path
    text: str


def read_catalogue(folder: Path = CATALOGUE) -> list[Mutant]:
    """Read every mutant, by file and in order; ValueError where a name stands twice."""
    found = [mutant_of(each) for path in sorted(folder.glob("*.toml")) for each in _entries(path)]
    names = [mutant.name for mutant in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"mutants: expected each name once, got {', '.join(twice)} again")
    return found


def _entries(path: Path) -> Sequence[dict[str, Any]]:
    entries: Sequence[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["mutant"]
    return entries


def mutant_of(each: Mapping[str, Any]) -> Mutant:
    """Read one mutant from its entry."""
    return Mutant(**{**each, "tests": tuple(each.get("tests", ()))})


def placed(mutant: Mutant, root: Path) -> MutantPlace:
    """Return where a mutant stands below `root`; AnchorGone, by name, unless there is exactly one place for it."""
    found = [place for path in sorted((root / LIBRARY).rglob("*.py")) for place in _in_file(mutant, path)]
    if len(found) != 1:
        where = f"{mutant.symbol} with {mutant.old!r}"
        raise AnchorGone(f"{mutant.name}: expected one {where}, found {len(found)}")
    ast.parse(found[0].text)
    return found[0]


def _in_file(mutant: Mutant, path: Path) -> Iterator[MutantPlace]:
    text = _text(path, path.stat().st_mtime_ns)
    if mutant.old not in text:
        return
    lines = text.splitlines(keepends=True)
    for name, begin, end in _lines_of_symbols(text):
        if name != mutant.symbol:
            continue
        part = "".join(lines[begin:end])
        if part.count(mutant.old) > 1:
            raise AnchorGone(f"{mutant.name}: {mutant.symbol} has {mutant.old!r} more than once")
        if mutant.old in part:
            yield MutantPlace(path, "".join((*lines[:begin], part.replace(mutant.old, mutant.new), *lines[end:])))


@cache
def _text(path: Path, changed_ns: int) -> str:
    return path.read_text("utf-8")


@cache
def _lines_of_symbols(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return every symbol with the lines before its first and up to its last."""
    return tuple((name, node.lineno - 1, node.end_lineno or 0) for name, node in _symbols(ast.parse(text), ""))


def _symbols(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + child.name, child
            yield from _symbols(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            for target in targets:
                for each in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(each, ast.Name):
                        yield prefix + each.id, child
