"""The rooms of the library and which way the arrows between them run."""

import ast
from pathlib import Path

import pytest

from local.functions import ROOT, function, load_entrypoint
from raceday.catalogue.functions import NAMES

LIBRARY = ROOT / "shared" / "raceday"
FLOOR = {"clock", "ids", "settings", "errors", "log", "call", "connections", "patience", "tls"}
BELOW_FLOWS = frozenset({"ledger", "store", "tables", "racing", "catalogue", "container"})
MAY_IMPORT = {
    "catalogue": {"catalogue"},
    "racing": {"racing", "catalogue"},
    "tables": {"tables", "racing", "catalogue"},
    "feed": {"feed", "racing", "catalogue"},
    "store": {"store", "tables", "racing", "catalogue"},
    "container": {"feed", "store", "racing"},
    "ledger": BELOW_FLOWS,
    "importing": {"importing", "feed", *BELOW_FLOWS},
    "polling": {"polling", "importing", "feed", *BELOW_FLOWS},
    "projections": {"projections", *BELOW_FLOWS},
    "silks": {"silks", "importing", *BELOW_FLOWS},
    "scheduling": {"scheduling", "polling", "projections", *BELOW_FLOWS},
    "runtime": {"runtime", "feed", "store", "racing", "container", "catalogue"},
}
# The SDK's client and models cost half a second of cold start.
SDK_ALLOWED = {"appwrite.query", "appwrite.id", "appwrite.permission", "appwrite.role", "appwrite.exception"}


def imported(text: str) -> set[str]:
    """Return every module that a file imports, wherever in it; `?` is a relative import or one by a made name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names.add("?" if node.level else node.module or "?")
            if node.module and not node.level and "." not in node.module:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            first = node.args[0] if node.args else None
            names.add(first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "?")
    return names


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def room(module: str) -> str:
    """Return the room of a module of the library."""
    return module.split(".")[1] if module.count(".") else ""


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda p: str(p.relative_to(LIBRARY)))
def test_arrows_run_downward(path: Path) -> None:
    """A room imports only the rooms below it, and the floor imports no room at all."""
    home = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
    if home == "__init__":
        return
    allowed = MAY_IMPORT.get(home, set()) | FLOOR
    names = imported(path.read_text())
    assert "?" not in names, "import by the module's whole name, so that its arrow is seen"
    ours = {room(name) for name in names if name.startswith("raceday.")}
    assert ours <= allowed, f"{home} may not import {sorted(ours - allowed)}"


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda p: str(p.relative_to(LIBRARY)))
def test_the_library_imports_no_sdk_client_and_nothing_local(path: Path) -> None:
    """Deployed code takes only the SDK's words, and never what stays at home."""
    names = imported(path.read_text())
    assert {n for n in names if n.split(".")[0] == "appwrite"} <= SDK_ALLOWED
    assert not {n for n in names if n.split(".")[0] in ("local", "ops", "tests")}


@pytest.mark.parametrize("name", NAMES)
def test_an_entrypoint_is_plain(name: str) -> None:
    """Every function has a folder with one short file whose `main` takes exactly event and context."""
    folder = ROOT / "functions" / name
    assert [p.name for p in folder.iterdir() if p.suffix != ".pyc" and p.name != "__pycache__"] == ["__main__.py"]
    assert len((folder / "__main__.py").read_text().splitlines()) < 40
    assert load_entrypoint(name).main.__code__.co_argcount == 2
    assert function(name).name == name


@pytest.mark.parametrize("text", [
    'importlib.import_module("raceday.feed.port")',
    'import_module("raceday.feed.port")',
    '__import__("raceday.feed.port")',
    "from raceday import feed",
    "def f():\n    import raceday.feed.port as p",
])  # fmt: skip
def test_every_way_to_import_a_room_would_be_seen(text: str) -> None:
    """An import by a call, of a room from the package, or inside a function is an arrow too."""
    assert "feed" in {room(name) for name in imported(text)}
    assert imported("from ..feed import port") == imported("import_module(name)") == {"?"}
