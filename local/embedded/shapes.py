"""How a table's rows look, worked out once for each state of its columns: rows are shown far more often."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.columns import ApiColumn
from local.embedded.values import shown, stored

_PLAIN = ("string", "varchar", "text", "mediumtext", "longtext", "datetime", "relationship", "integer", "bigint")


class TableShape:
    """A table's columns, sorted by what has to be done with their values."""

    def __init__(self, table: SqlTable) -> None:
        columns = [c for c in table.columns.values() if not c.virtual]
        self.plain = [(c.key, f"c_{c.key}") for c in columns if _is_plain(c)]
        self.turned = [(c.key, f"c_{c.key}", _turner(c)) for c in columns if not _is_plain(c)]
        self.defaults = {c.key: stored(c, c.default) for c in columns if c.default is not None}
        self.relations = table.relations

    def shown(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns of a row as an answer has them."""
        row = {key: raw[name] for key, name in self.plain}
        for key, name, turn in self.turned:
            value = raw[name]
            row[key] = None if value is None else turn(value)
        return row


def _is_plain(column: ApiColumn) -> bool:
    return column.type in _PLAIN and not column.array


def _turner(column: ApiColumn) -> Callable[[Any], Any]:
    return bool if column.type == "boolean" and not column.array else lambda value: shown(column, value)


def system_fields(table: SqlTable, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every row has beside its columns."""
    permissions = raw["_permissions"]
    return {
        "$id": raw["_id"],
        "$sequence": str(raw["_seq"]),
        "$createdAt": raw["_created"],
        "$updatedAt": raw["_updated"],
        "$permissions": [] if permissions in (None, "[]") else json.loads(permissions),
        "$databaseId": table.database,
        "$tableId": table.id,
    }
