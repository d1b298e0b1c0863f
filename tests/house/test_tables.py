"""The declared tables fit the limits of Appwrite and of the database under it."""

import pytest

from raceday.ids import is_id, row_key
from raceday.tables import BY_ID, TABLES
from raceday.tables.base import Column, Table

ROW_BYTES = 65_535
INDEX_BYTES = 3_072
SYSTEM_BYTES = 4 * (255 + 255) + 2 * 8 + 8 + 20
SYSTEM = {"$id": 4 * 36, "$createdAt": 8, "$updatedAt": 8}


def width_bytes(column: Column) -> int:
    """Return what a column takes of a row in utf8mb4: four bytes a character, a pointer for longer texts."""
    if column.kind in ("varchar", "relationship"):
        return 4 * (column.size or 255) + 2
    return 20 if column.kind in ("text", "mediumtext", "longtext") else 8


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_a_row_fits_its_table(table: Table) -> None:
    """The columns of a table, with Appwrite's own, take less than MariaDB's 65,535 bytes of a row."""
    assert SYSTEM_BYTES + sum(width_bytes(column) for column in table.columns) < ROW_BYTES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_names_are_ones_that_appwrite_takes(table: Table) -> None:
    """Ids of tables, columns and indexes have at most 36 plain characters, and none comes twice."""
    for keys in ([c.key for c in table.columns], [i.key for i in table.indexes]):
        assert all(is_id(key) for key in [table.id, *keys])
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_columns_are_ones_that_appwrite_takes(table: Table) -> None:
    """Texts have a size that a varchar can have on MySQL, the narrowest, and no required column has a default."""
    for column in table.columns:
        assert (column.kind == "varchar") == (0 < column.size <= 16_381)
        assert not (column.required and column.default is not None)
        assert (column.kind == "relationship") == (column.to in BY_ID)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_indexes_stand_on_what_there_is(table: Table) -> None:
    """An index names existing columns, no long text, stays within the key length, and is never unique.

    A unique index on an upserted table would let an upsert overwrite another row on MariaDB.
    """
    for index in table.indexes:
        columns = [table.column(key) for key in index.columns if key not in SYSTEM]
        assert all(column.kind not in ("text", "mediumtext", "longtext") for column in columns)
        size = sum(width_bytes(column) for column in columns) + sum(SYSTEM.get(key, 0) for key in index.columns)
        assert size <= INDEX_BYTES
        assert not index.unique


def test_only_races_have_a_relationship() -> None:
    """One relationship, to meetings: a table with one takes no bulk at all."""
    related = [(table.id, column.key, column.to) for table in TABLES for column in table.columns if column.to]
    assert related == [("races", "meeting", "meetings")]


def test_row_keys_are_ids_that_rows_can_have() -> None:
    """A composite key is a row id, and depends on each part's kind as well as its text."""
    assert is_id(row_key("bucket", "r", "e", -30))
    assert row_key("live", "r", 1) != row_key("live", "r", "1")


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.id)
def test_every_column_says_what_it_holds(table: Table) -> None:
    """A table and each of its columns carry a sentence, from which the documentation is made."""
    assert table.about.endswith(".")
    assert [c.key for c in table.columns if not c.about.endswith(".")] == []
