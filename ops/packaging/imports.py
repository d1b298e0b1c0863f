"""Which modules a function can reach, found by reading its sources instead of running them."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

STDLIB = frozenset(sys.stdlib_module_names)


@dataclass(slots=True)
class Reach:
    """What an entrypoint reaches: module files by name, whole top-level packages, texts that may be zone names."""

    modules: dict[str, Path] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)
    uses_zones: bool = False


@dataclass(frozen=True, slots=True)
class _Import:
    module: str
    names: tuple[str, ...] = ()
    guarded: bool = False


class Traced:
    """The packages whose modules are followed, top-level name to folder; each module is looked for once."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)
        self._files: dict[str, Path | None] = {}

    def __contains__(self, top: str) -> bool:
        return top in self._folders

    def file(self, name: str) -> Path | None:
        """Return a module's file, None where there is none."""
        if name not in self._files:
            self._files[name] = _module_file(self._folders[name.partition(".")[0]], name)
        return self._files[name]


def reach(entry: Path, traced: Traced, whole: Iterable[str]) -> Reach:
    """Follow the imports of `entry` through `traced`, noting `whole` packages.

    A module that is in neither, nor in the standard library, lands in `missing` with the module that asks for it.
    """
    result, todo, whole_names = Reach(), [("__main__", entry)], frozenset(whole)
    while todo:
        name, path = todo.pop()
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        imports, texts = _scan(path, package, path.stat().st_mtime_ns)
        result.texts |= texts
        for wanted in imports:
            todo += _follow(wanted, name, traced, whole_names, result)
    return result


@lru_cache(maxsize=4096)
def _scan(path: Path, package: str, _changed: int) -> tuple[tuple["_Import", ...], frozenset[str]]:
    """Read one source once, however many functions reach it."""
    tree = ast.parse(path.read_text("utf-8"), filename=str(path))
    return tuple(_imports(tree, package)), frozenset(_texts(tree))


def _follow(
    wanted: _Import, asker: str, traced: Traced, whole: frozenset[str], result: Reach
) -> Iterator[tuple[str, Path]]:
    top = wanted.module.partition(".")[0]
    result.uses_zones |= top == "zoneinfo"
    if top in traced:
        yield from _trace(wanted, asker, traced, result)
    elif top in whole:
        result.packages.add(top)
    elif top not in STDLIB and not wanted.guarded:
        result.missing.setdefault(wanted.module, asker)


def _trace(wanted: _Import, asker: str, traced: Traced, result: Reach) -> Iterator[tuple[str, Path]]:
    parts = wanted.module.split(".")
    candidates = [".".join(parts[: i + 1]) for i in range(len(parts))]
    candidates += [f"{wanted.module}.{name}" for name in wanted.names]
    for index, name in enumerate(candidates):
        path = traced.file(name)
        if path is None:
            # A name imported from a module may be no module itself; a module named in full has to be there.
            if not wanted.guarded and (index < len(parts) or not _may_hold(traced, *name.rsplit(".", 1))):
                result.missing.setdefault(name, asker)
            continue
        if name not in result.modules:
            result.modules[name] = path
            yield name, path


def _may_hold(traced: Traced, module: str, name: str) -> bool:
    """Tell whether a name imported from a package is bound in its `__init__`; plain modules are taken at their word."""
    path = traced.file(module)
    if path is None or path.name != "__init__.py" or name == "*":
        return True
    return name in _bound(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _bound(path: Path, _changed: int) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"), filename=str(path))
    names = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    names |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    aliases = [a for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names]
    return frozenset(names | {(a.asname or a.name).partition(".")[0] for a in aliases})


def _module_file(folder: Path, name: str) -> Path | None:
    inside = folder.parent.joinpath(*name.split("."))
    for path in (inside / "__init__.py", inside.with_name(f"{inside.name}.py")):
        if path.is_file():
            return path
    return None


def _texts(tree: ast.AST) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 3 < len(node.value) < 40
    }


def _imports(tree: ast.AST, package: str) -> Iterator[_Import]:
    todo: list[tuple[ast.AST, bool]] = [(tree, False)]
    while todo:
        node, guarded = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += [(child, guarded) for child in node.orelse]
            continue
        if isinstance(node, ast.Import):
            yield from (_Import(alias.name, (), guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield _Import(base, tuple(alias.name for alias in node.names), guarded)
        inside = guarded or (isinstance(node, ast.Try) and _catches_import_error(node))
        todo += [(child, inside) for child in ast.iter_child_nodes(node)]


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _catches_import_error(node: ast.Try) -> bool:
    return any(h.type is not None and "Import" in ast.unparse(h.type) for h in node.handlers) or any(
        h.type is not None and "ModuleNotFound" in ast.unparse(h.type) for h in node.handlers
    )
