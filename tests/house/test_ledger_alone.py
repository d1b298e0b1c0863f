"""Nobody but the ledger's log touches the ledger's table, however the table is named."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions import ROOT
from raceday.tables import RACE_POLLS

LOG = "shared/raceday/ledger/log.py"
# Who may name the table without touching it, and what for.
MAY_NAME = {
    LOG: "the one that reads and appends",
    "shared/raceday/ledger/codec.py": "its columns",
    "shared/raceday/tables/__init__.py": "its declaration",
    "shared/raceday/tables/race_polls.py": "its declaration",
    "shared/raceday/projections/closing_prices.py": "which table a webhook tells of",
    "shared/raceday/projections/reading.py": "which table a webhook tells of",
    "shared/raceday/scheduling/retention.py": "how long it is kept",
    "ops/webhooks.py": "the event that webhooks listen to",
}
# At home rows are appended by the simulator's wrong pollers, on purpose, and by a tape's replay.
MAY_WRITE_AT_HOME = {"local/simulate/variants.py", "local/tape/replay.py"}
WRITES = {"create", "upsert", "update", "delete", "delete_where", "upsert_rows", "Op"}
NAMES = {"RACE_POLLS", "race_polls"}


def aliases(tree: ast.AST) -> set[str]:
    """Return the names by which a file knows the table: imported ones, whatever it calls them, and its own."""
    found = set(NAMES)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            of_table = isinstance(node, ast.ImportFrom) and (node.module or "").endswith("race_polls")
            for alias in node.names:
                if of_table or alias.name.split(".")[-1] in NAMES:
                    found.add(alias.asname or alias.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and is_table(node.value, found):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def is_table(node: ast.AST, known: set[str]) -> bool:
    """Tell whether an expression is the ledger's table: a literal id, a name of it, or `race_polls.TABLE.id`."""
    if isinstance(node, ast.Constant):
        return node.value == RACE_POLLS
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Attribute):
        return node.attr in NAMES or is_table(node.value, known)
    return isinstance(node, ast.Subscript) and (is_table(node.slice, known) or is_table(node.value, known))


def names_table(tree: ast.AST) -> bool:
    """Tell whether a file names the table anywhere, an import of its name included."""
    known = aliases(tree)
    return known > NAMES or any(
        is_table(node, known)
        or (isinstance(node, (ast.Import, ast.ImportFrom)) and any(a.name.split(".")[-1] in NAMES for a in node.names))
        for node in ast.walk(tree)
    )


def touches(tree: ast.AST) -> Iterator[str]:
    """Yield what is called with the table as an argument: a store's methods and `Op`."""
    known = aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if called != "Table" and any(is_table(each, known) for each in given):
                yield called


def files(*tops: str) -> dict[str, ast.AST]:
    """Return the syntax of every file below some folders, by its path in the repository."""
    paths: list[Path] = [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}


def test_only_the_ledger_names_its_table() -> None:
    """In what is deployed and what acts on production, the table is named by the ledger and a few that say why."""
    naming = {path for path, tree in files("shared", "ops", "functions").items() if names_table(tree)}
    assert naming == set(MAY_NAME), "name race-polls in ledger/log.py, or say in MAY_NAME what else needs its name"


def test_only_the_ledger_asks_the_store_for_its_table() -> None:
    """Of those that name the table the log alone hands it to a store, by literal, by constant or by `TABLE.id`."""
    touching = {path for path, tree in files("shared", "ops", "functions").items() if list(touches(tree))}
    assert touching == {LOG}


def test_at_home_only_wrong_pollers_and_a_replay_write_it() -> None:
    """Commands, console and tape read the ledger; who writes it there is known by name."""
    writing = {path for path, tree in files("local").items() if WRITES & set(touches(tree))}
    assert writing == MAY_WRITE_AT_HOME


@pytest.mark.parametrize("text", [
    'await store.get("race-polls", key)',
    "from raceday.tables import race_polls\nawait store.get(race_polls.TABLE.id, key)",
    "from raceday.tables import race_polls as rows\nawait store.get(rows.ID, key)",
    "from raceday.tables.race_polls import ID\nawait store.find(ID, [])",
    "from raceday.tables import RACE_POLLS as L\nops = [Op('create', L, key, data)]",
    "from raceday import tables\nawait store.find(table=tables.RACE_POLLS)",
    "LEDGER = 'race-polls'\nawait store.find(LEDGER, [])",
    "from raceday.tables import BY_ID\nawait store.find(BY_ID['race-polls'].id, [])",
])  # fmt: skip
def test_every_way_to_reach_the_table_would_be_seen(text: str) -> None:
    """A literal, an alias, the table's own id and a keyword are all seen."""
    tree = ast.parse(text)
    assert names_table(tree)
    assert list(touches(tree))
