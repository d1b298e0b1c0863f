"""The table of docs/uses.md: each command's good, bad, hostile and odd uses end as it says, never in a traceback."""

import re
from pathlib import Path

import pytest

from local.cli import COMMANDS
from tests.cli.uses import HEAD, PAGE, USES, Use, fill, outcome, row

ROWS = PAGE.read_text(encoding="utf-8").removeprefix(HEAD).strip().splitlines()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that every use gets a copy of."""
    folder = tmp_path_factory.mktemp("uses")
    fill(folder)
    return folder


def test_the_table_has_every_use_and_every_command_of_each_kind() -> None:
    """The page's rows are those of the list, and no command lacks a good, a bad or a hostile use."""
    assert PAGE.read_text(encoding="utf-8").startswith(HEAD)
    assert [line.split(" | ")[1] for line in ROWS] == [f"`{use.line}`" for use in USES]
    kinds = {(use.kind, use.line.split()[0]) for use in USES}
    assert {(kind, name) for kind in ("good", "bad", "hostile") for name in COMMANDS} - kinds == set()


PAIRS = [pytest.param(use, said, id=f"{use.kind} {use.line}") for use, said in zip(USES, ROWS, strict=False)]


@pytest.mark.parametrize(("use", "expected"), PAIRS)
def test_a_use_ends_as_the_table_says(use: Use, expected: str, template: Path) -> None:
    """Exit code and line are the table's; nobody's file is written to, and there is no traceback."""
    code, says, written = outcome(use.line, template)
    assert "Traceback" not in written
    assert row(use, code, says) == expected
    assert code in ((0, 1) if use.kind in ("good", "odd") else (2, 3))
    if use.kind in ("bad", "hostile"):
        assert not re.search(r"\.py|object at 0x|line \d+, in", says)
