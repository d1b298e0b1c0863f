"""What the platform's way of calling `main` demands of an entrypoint, read from its source."""

import ast
from pathlib import Path


def entry_problems(name: str, path: Path) -> list[str]:
    """List why the platform could not call the `main` of this entrypoint as `main(event, context)`."""
    if not path.is_file():
        return [f"{name}: {path.name} is missing"]
    try:
        tree = ast.parse(path.read_text("utf-8"), filename=str(path))
    except SyntaxError as error:
        return [f"{name}: {path.name} line {error.lineno}: {error.msg}"]
    mains = [node for node in tree.body if _names_main(node)]
    if not mains:
        return [f"{name}: there is no function `main` at the top of {path.name}"]
    return [f"{name}: {problem}" for problem in _main_problems(mains[-1])] + _relative_problems(name, tree)


def _names_main(node: ast.stmt) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name == "main"
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "main" for target in node.targets)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any((alias.asname or alias.name) == "main" for alias in node.names)
    return False


def _main_problems(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.AsyncFunctionDef):
        return ["`async def main` ends the process: the platform calls main and writes its coroutine as JSON"]
    if not isinstance(node, ast.FunctionDef):
        return ["`main` has to be a plain `def main(event, context)`: its code object decides how it is called"]
    problems = []
    if node.decorator_list:
        problems.append("a decorated `main` is called by its wrapper's arguments; keep it plain")
    if node.args.vararg or node.args.kwarg:
        problems.append("`*args` in `main` count as no arguments, so it would be called without event and context")
    if node.args.kwonlyargs:
        problems.append("a keyword-only argument of `main` is never passed")
    if len(node.args.posonlyargs) + len(node.args.args) != 2:
        problems.append("`main` has to take two arguments, event and context")
    return problems


def _relative_problems(name: str, tree: ast.Module) -> list[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            return [f"{name}: a relative import in an entrypoint; the platform imports it as a single module"]
    return []
