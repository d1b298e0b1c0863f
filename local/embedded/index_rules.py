"""Which indexes a table takes, and which Appwrite refuses with what words."""

from collections.abc import Mapping, Sequence, Sized

from local.embedded.columns import KEY, TEXTS, ApiColumn
from local.embedded.errors import ApiRefusal, argument

SYSTEM_COLUMNS = ("$id", "$createdAt", "$updatedAt")
RESERVED = ("primary", "_created_at", "_updated_at", "_tenant_id")
MOST_INDEXES = 64
# Characters of four bytes that fit MariaDB's longest key.
MOST_CHARS = 768
ID_CHARS, FLOAT_CHARS, OTHER_CHARS = 255, 2, 1


def check_index(
    there: Mapping[str, ApiColumn], indexes: Sized, key: str, kind: str, columns: Sequence[str], stamp: str
) -> None:
    """Refuse an index that no table, or not one with these columns and indexes, can have."""
    if not KEY.fullmatch(key) or kind not in ("key", "unique", "fulltext"):
        raise argument("Invalid `key` or `type` param: expected a key and one of key, unique, fulltext")
    if bad := next((c for c in columns if not KEY.fullmatch(c) and c not in SYSTEM_COLUMNS), None):
        raise argument(f"Invalid `columns` param: {bad} is no valid key")
    if len(indexes) >= MOST_INDEXES:
        raise ApiRefusal(400, "column_index_limit_exceeded", "The maximum number of indexes has been reached.")
    for name in columns:
        if name not in SYSTEM_COLUMNS:
            _check_column(there.get(name), name, stamp)
    if wrong := _wrong(there, key, kind, columns):
        raise ApiRefusal(400, "column_index_invalid", wrong)


def _check_column(column: ApiColumn | None, name: str, stamp: str) -> None:
    if column is None:
        raise ApiRefusal(400, "column_unknown", f"The column '{name}' could not be found in the table.")
    if column.type == "relationship":
        raise ApiRefusal(400, "column_type_invalid", f"Cannot create an index for a relationship column: {name}")
    if column.status(stamp) != "available":
        raise ApiRefusal(400, "column_not_available", f"The requested column '{name}' is not yet available.")
    if column.array:
        raise ApiRefusal(400, "index_invalid", "Creating indexes on array attributes is not currently supported.")


def _wrong(there: Mapping[str, ApiColumn], key: str, kind: str, columns: Sequence[str]) -> str:
    """Say what is wrong with an index over columns that are there, "" where nothing is."""
    if not columns:
        return "No attributes provided for index"
    if len({name.lower() for name in columns}) < len(columns):
        return "Duplicate attributes provided"
    found = [there.get(name) for name in columns]
    if kind == "fulltext":
        bad = next((n for n, c in zip(columns, found, strict=True) if c is not None and c.type not in TEXTS), "")
        return f'Attribute "{bad}" cannot be part of a fulltext index, must be of type string' if bad else ""
    if sum(_chars(name, column) for name, column in zip(columns, found, strict=True)) > MOST_CHARS:
        return f"Index length is longer than the maximum: {MOST_CHARS}"
    return "Index key name is reserved" if key.lower() in RESERVED else ""


def _chars(name: str, column: ApiColumn | None) -> int:
    if column is None:
        return ID_CHARS if name == "$id" else OTHER_CHARS
    if column.type in TEXTS:
        return column.size or {"text": 16_383, "mediumtext": 4_194_303, "longtext": 2**30}.get(column.type, 0)
    return FLOAT_CHARS if column.type == "double" else OTHER_CHARS
