"""Rows: written with the checks and oddities that Appwrite has."""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local.embedded.catalog import SYSTEM, SqlTable
from local.embedded.checks import check_id, check_permissions, given_stamp
from local.embedded.columns import TEXTS
from local.embedded.errors import ApiRefusal, argument, exists, invalid
from local.embedded.instants import worded
from local.embedded.links import check_links, point
from local.embedded.loose import loosely_same
from local.embedded.operators import has_operator, resolved
from local.embedded.reads import RowReader, as_dict
from local.embedded.text import is_odd
from local.embedded.values import stored

MOST_BULK = 100
EVENTS_OF_BULK = 100
# What a row's data may carry beside its columns.
HELD = ("$permissions", "$databaseId", "$tableId", "$collection", "$collectionId")
NUMBERS = ("integer", "bigint", "double")


@dataclass(frozen=True, slots=True)
class Fired:
    """An event: what happened to which row, and the row as it is told."""

    table: SqlTable
    action: str
    row: dict[str, Any]
    bulk: bool = False
    from_transaction: bool = False


class Rows(RowReader):
    """Reads and writes rows of any table; the caller holds the SQL transaction."""

    def values(self, table: SqlTable, data: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
        """Check a row's columns; `whole` wants every required one and puts defaults.

        As Appwrite does, what is missing comes before what is unknown, and that before what does not fit.
        """
        found: dict[str, Any] = {}
        columns = table.usable(self.stamp()) if table.ready else table.columns
        needed = (key for key, column in columns.items() if column.required and (whole or key in data))
        if lacking := next((key for key in needed if data.get(key) is None), None):
            raise invalid(f'Missing required attribute "{lacking}"')
        given = [key for key in data if key not in HELD and key not in SYSTEM]
        if unknown := next((key for key in given if key not in columns), None):
            raise invalid(f'Unknown attribute: "{unknown}"')
        for key in given:
            column, value = columns[key], data[key]
            if column.virtual:
                continue
            if isinstance(value, str) and column.type == "datetime":
                value = worded(value, self._now())
            found[key] = kept = stored(column, value)
            if isinstance(kept, str) and is_odd(kept) and column.type in TEXTS and key not in table.odd:
                self._catalog.mark_odd(table, key)
        return found

    def create(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Insert a row; refuses an id that is taken, and a clash with a unique index as if it were one."""
        values, links = self._with_defaults(table, self.values(table, data, whole=True)), check_links(table, data)
        stamp = self.stamp()
        columns = ["_version", "_id", "_created", "_updated", "_permissions", *(f'"c_{k}"' for k in values)]
        given = [
            self._next_version(table),
            row_id,
            given_stamp(data, "$createdAt", stamp),
            given_stamp(data, "$updatedAt", stamp),
            json.dumps(data.get("$permissions") or []),
            *values.values(),
        ]
        sql = f"INSERT INTO {table.sql} ({', '.join(columns)}) VALUES ({', '.join('?' * len(given))}) RETURNING *"
        made = self._written(sql, given, row_id)
        point(self._db, self._catalog, table, row_id, links)
        return made

    def _written(self, sql: str, given: Sequence[Any], row_id: str) -> dict[str, Any]:
        try:
            return as_dict(self._db.execute(sql, given).fetchall()[0])
        except sqlite3.IntegrityError:
            raise exists("row", row_id) from None

    def _next_version(self, table: SqlTable) -> int:
        """Return a version that no row of the table has had: a row made anew under a former id is another row."""
        versions = self._versions
        if table.sql not in versions:
            versions[table.sql] = self._db.execute(f"SELECT IFNULL(MAX(_version), 0) FROM {table.sql}").fetchone()[0]
        versions[table.sql] += 1
        return versions[table.sql]

    def bulk_update(self, table: SqlTable, raw_queries: Sequence[Any], data: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Change all rows that match, those too that are so already; a clash with a unique index is masked as 500."""
        changed = []
        found = self.matching(table, raw_queries)
        # Looked at even where no row matches; what a number grows by is looked at with each row.
        self.values(table, {k: v for k, v in data.items() if not has_operator(table, {k: v})}, whole=False)
        for raw in found:
            try:
                after, _ = self.patch(table, raw, data, many=True)
            except ApiRefusal as error:
                if error.kind == "row_already_exists":
                    raise ApiRefusal(500, "general_unknown", "Server Error") from None
                raise
            changed.append(after)
        return changed

    def bulk_delete(self, table: SqlTable, raw_queries: Sequence[Any]) -> list[dict[str, Any]]:
        """Delete all rows that match and give them as they were."""
        return [self.delete(table, raw["_id"]) for raw in self.matching(table, raw_queries)]

    def patch(
        self, table: SqlTable, raw: dict[str, Any], data: Mapping[str, Any], *, many: bool = False
    ) -> tuple[dict[str, Any], bool]:
        """Change columns of a row; tells whether anything was other than before, else $updatedAt stays.

        As one of `many` only what is sent has to fit, else the whole row, whose nulls get their defaults.
        """
        values = self.values(table, resolved(table, data, raw), whole=False)
        if not many:
            values = self._with_defaults(table, values, raw)
            needed = (column.key for column in table.columns.values() if column.required)
            if bad := next((key for key in needed if key not in values and raw[f"c_{key}"] is None), None):
                raise invalid(f'Missing required attribute "{bad}"')
        changed = {k: v for k, v in values.items() if raw[f"c_{k}"] != v}
        moved = point(self._db, self._catalog, table, raw["_id"], check_links(table, data)) or bool(changed)
        rights = data.get("$permissions")
        stays = rights is None or sorted(rights) == sorted(json.loads(raw["_permissions"] or "[]"))
        if not (moved or many) and stays:
            return raw, False
        if not stays:
            self._db.execute(f"UPDATE {table.sql} SET _permissions = ? WHERE _id = ?", (json.dumps(rights), raw["_id"]))
        return self._set(table, raw["_id"], changed, given_stamp(data, "$updatedAt", self.stamp())), moved

    def _with_defaults(
        self, table: SqlTable, values: dict[str, Any], raw: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the values with a default for each column that would be null in the end: a null is never kept."""
        found = dict(values)
        for key, default in self._shape(table).defaults.items():
            if found.get(key, None if raw is None else raw[f"c_{key}"]) is None:
                found[key] = default
        return found

    def _set(self, table: SqlTable, row_id: str, values: Mapping[str, Any], stamp: str) -> dict[str, Any]:
        parts = ", ".join(["_updated = ?", "_version = ?", *(f'"c_{k}" = ?' for k in values)])
        version = self._next_version(table)
        sql = f"UPDATE {table.sql} SET {parts} WHERE _id = ? RETURNING *"
        return self._written(sql, [stamp, version, *values.values(), row_id], row_id)

    def upsert(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> tuple[dict[str, Any] | None, bool]:
        """Create or change a row; needs every required column, and columns left out keep their values.

        Whether a row changes at all is decided first, by PHP's loose comparison of what is sent with what is shown: a
        row that does not is left as it is and not even checked, and a new one whose every value counts as null is not
        made; None is given for it.
        """
        raw = self._same_case(table, row_id)
        if not self._changes(table, raw, data):
            self._note_dropped(table, row_id, raw, data)
            return raw, False
        if raw is None:
            return self._create_or_overwrite(table, row_id, data), True
        values = self._with_defaults(table, self.values(table, resolved(table, data, raw), whole=True), raw)
        changed = {k: v for k, v in values.items() if raw[f"c_{k}"] != v}
        point(self._db, self._catalog, table, raw["_id"], check_links(table, data))
        return self._set(table, raw["_id"], changed, given_stamp(data, "$updatedAt", self.stamp())), True

    def _same_case(self, table: SqlTable, row_id: str) -> dict[str, Any] | None:
        """Return the row that an upsert changes: under an id of another case it takes the row for a new one."""
        raw = self.raw(table, row_id)
        return raw if raw is not None and raw["_id"] == row_id else None

    def _changes(self, table: SqlTable, raw: dict[str, Any] | None, data: Mapping[str, Any]) -> bool:
        sent = {k: v for k, v in data.items() if not k.startswith("$")}
        old = self._shape(table).shown(raw) if raw is not None else {}
        if not old.keys() <= sent.keys() or has_operator(table, sent):
            return True
        had = json.loads(raw["_permissions"] or "[]") if raw is not None else []
        if data.get("$permissions") is not None and sorted(data["$permissions"]) != sorted(had):
            return True
        # A link is read as the whole related row, which equals no id.
        relations = self._shape(table).relations
        links = {column.key for column in relations if old.get(column.key) is not None}
        if raw is not None:
            far = [column for column in relations if column.virtual and column.key in sent]
            links |= {column.key for column in far if self._pointing(table, column, raw["_id"])}
        return any(k in links or not loosely_same(old.get(k), v) for k, v in sent.items())

    def _note_dropped(self, table: SqlTable, row_id: str, raw: dict[str, Any] | None, data: Mapping[str, Any]) -> None:
        old = self._shape(table).shown(raw) if raw is not None else {}
        if raw is None or any(old.get(k) != v for k, v in data.items() if not k.startswith("$")):
            self.dropped.append(f"{table.id}/{row_id}")

    def _create_or_overwrite(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Insert a row; where it clashes with a unique index the other row is overwritten and keeps its own id.

        The answer then has the new id and no sequence, as MariaDB's ON DUPLICATE KEY UPDATE makes it.
        """
        try:
            return self.create(table, row_id, data)
        except ApiRefusal as error:
            other = self._clashing(table, row_id, data) if error.kind == "row_already_exists" else None
            if other is None:
                raise
        held = [key for key, column in table.columns.items() if not column.virtual]
        values = {**dict.fromkeys(held), **self.values(table, data, whole=True)}
        after = self._set(table, other, self._with_defaults(table, values), self.stamp())
        return {**after, "_id": row_id, "_seq": ""}

    def _clashing(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> str | None:
        if there := self.raw(table, row_id):
            return str(there["_id"])
        values = self.values(table, data, whole=True)
        for index in table.indexes.values():
            keys = index["columns"]
            if index["type"] != "unique" or any(k in SYSTEM or values.get(k) is None for k in keys):
                continue
            where = " AND ".join(f"{table.sql_column(k)} = ?" for k in keys)
            sql = f"SELECT _id FROM {table.sql} WHERE {where}"
            if found := self._db.execute(sql, [values[k] for k in keys]).fetchone():
                return str(found[0])
        return None

    def delete(self, table: SqlTable, row_id: str) -> dict[str, Any]:
        """Delete a row and give it as it was; rows that point at it lose their link."""
        raw = self.need(table, row_id)
        self._unlink(table, row_id)
        self._db.execute(f"DELETE FROM {table.sql} WHERE _id = ?", (row_id,))
        return raw

    def _unlink(self, table: SqlTable, row_id: str) -> None:
        for other in self._tables.values():
            for column in other.relations if other.database == table.database else ():
                if column.related != table.id or column.virtual:
                    continue
                name, marked = f'"c_{column.key}"', (row_id,)
                if column.on_delete == "setNull":
                    self._db.execute(f"UPDATE {other.sql} SET {name} = NULL WHERE {name} = ?", marked)
                elif column.on_delete == "cascade":
                    for found in self._db.execute(f"SELECT _id FROM {other.sql} WHERE {name} = ?", marked).fetchall():
                        self.delete(other, found[0])
                elif self._db.execute(f"SELECT 1 FROM {other.sql} WHERE {name} = ?", marked).fetchone():
                    message = "Row cannot be deleted because it is referenced by another row."
                    raise ApiRefusal(403, "row_delete_restricted", message)

    def increment(self, table: SqlTable, row_id: str, key: str, by: Any, limit: Any, sign: int) -> dict[str, Any]:
        """Add to a number; the answer shows the former $updatedAt."""
        by, limit = _number(by), None if limit is None else _number(limit)
        if by <= 0:
            raise argument("Value must be numeric and greater than 0")
        column = table.columns.get(key)
        raw = self.raw(table, row_id)
        if column is None or (raw is None and column.type in NUMBERS):
            raise ApiRefusal(404, "column_not_found", "Column with the requested key '%s' could not be found.")
        if column.type not in NUMBERS or column.array or raw is None:
            raise ApiRefusal(400, "attribute_type_invalid", f'tablesDB "{key}" is not a number')
        kept, value = raw[f"c_{key}"], (raw[f"c_{key}"] or 0) + sign * by
        if limit is not None and (value - limit) * sign > 0:
            bound = "maximum" if sign > 0 else "minimum"
            message = f'tablesDB "{key}" has reached the {bound} value of {limit:g}'
            raise ApiRefusal(400, "column_limit_exceeded", message)
        # A null grows to no number, and a whole number to a whole one; the answer tells the sum all the same.
        grown = value if column.type == "double" else math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)
        after = self._set(table, raw["_id"], {key: None if kept is None else grown}, self.stamp())
        return {**after, f"c_{key}": value, "_updated": raw["_updated"]}

    def check_bulk(
        self, table: SqlTable, rows: Any, action: str, *, most: int | None = MOST_BULK
    ) -> list[dict[str, Any]]:
        """Refuse a bulk that is no list, is too long, or is on a table with relationships."""
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise argument("Invalid `rows` param: Value must a valid array of objects")
        if most is not None and len(rows) > most:
            raise argument(
                f"Invalid `rows` param: Value must a valid array no longer than {most} items "
                "and Value must be a valid JSON string"
            )
        if table.relations:
            # The word differs by the route that it stands in.
            columns = "columns" if action == "create" else "attributes"
            message = f"Bulk {action} is not supported for tablesDB with relationship {columns}"
            raise ApiRefusal(400, "general_bad_request", message)
        return rows

    def bulk_create(self, table: SqlTable, rows: list[dict[str, Any]], *, staged: bool = False) -> list[dict[str, Any]]:
        """Insert rows, all or nothing; a staged bulk does not look at their ids."""
        made = []
        for row in rows:
            row_id = row.get("$id")
            if row_id is not None and row_id != "unique()" and not staged:
                check_id(row_id, code="general_bad_request")
                check_permissions(row.get("$permissions"), "general_bad_request")
            elif not staged:
                row_id = None
            try:
                made.append(self.create(table, str(row_id or self._new_id()), row))
            except ApiRefusal as error:
                if error.kind == "row_already_exists":
                    raise exists("row") from None
                raise
        return made

    def bulk_upsert(self, table: SqlTable, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Upsert rows, all or nothing, each without an id under a random one; gives those that changed."""
        ids = [str(row.get("$id") or self._new_id()) for row in rows]
        if len(set(ids)) < len(ids):
            self._check_twice(table, ids, rows)
        changed = []
        for row_id, row in zip(ids, rows, strict=True):
            raw, moved = self.upsert(table, row_id, row)
            if moved and raw is not None:
                changed.append(raw)
        return changed

    def _check_twice(self, table: SqlTable, ids: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        """Refuse an id that two rows of a bulk have; those that change nothing do not count, but all have to fit."""
        seen = []
        for row_id, row in zip(ids, rows, strict=True):
            if self._changes(table, raw := self._same_case(table, row_id), row):
                self.values(table, resolved(table, row, raw) if raw else row, whole=True)
                seen.append(row_id)
        if len(set(seen)) < len(seen):
            raise exists("row", "multiple")


def _number(value: Any) -> int | float:
    """Read a number, which may be the text of one."""
    if isinstance(value, str):
        for kind in (int, float):
            with suppress(ValueError):
                return kind(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise argument("Invalid `value` param: Value must be a valid number")
    return value
