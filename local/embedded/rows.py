"""Rows: read and written with the checks and oddities that Appwrite has."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.embedded import queries
from local.embedded.catalog import SYSTEM, Catalog, SqlTable
from local.embedded.checks import check_id, given_stamp
from local.embedded.columns import TEXTS, ApiColumn
from local.embedded.errors import ApiRefusal, argument, exists, invalid, missing
from local.embedded.instants import iso, worded
from local.embedded.loose import loosely_same
from local.embedded.operators import resolved
from local.embedded.shapes import TableShape, system_fields
from local.embedded.text import is_odd
from local.embedded.values import stored

MOST_BULK = 100
MOST_TOTAL = 5000
MOST_MARKS = 500
EVENTS_OF_BULK = 100


@dataclass(frozen=True, slots=True)
class Fired:
    """An event: what happened to which row, and the row as it is told."""

    table: SqlTable
    action: str
    row: dict[str, Any]
    bulk: bool = False
    from_transaction: bool = False


class Rows:
    """Reads and writes rows of any table over one connection; the caller holds the SQL transaction."""

    def __init__(
        self, db: sqlite3.Connection, now: Callable[[], datetime], catalog: Catalog, new_id: Callable[[], str]
    ) -> None:
        self._db, self._now, self._table_of, self._tables = db, now, catalog.table, catalog.tables
        self._catalog, self._edition, self._new_id = catalog, 0, new_id
        self._shapes: dict[str, TableShape] = {}
        self._versions: dict[str, int] = {}
        # Upserts that were answered 200 and not kept, for whoever wants to know that there were none.
        self.dropped: list[str] = []

    def stamp(self) -> str:
        """Return the present instant as rows keep it."""
        return iso(self._now())

    def raw(self, table: SqlTable, row_id: str) -> dict[str, Any] | None:
        """Return a row as the file has it."""
        found = self._db.execute(f"SELECT * FROM {table.sql} WHERE _id = ?", (row_id,)).fetchone()
        return _dict(found) if found is not None else None

    def _shape(self, table: SqlTable) -> TableShape:
        if self._edition != self._catalog.edition:
            self._shapes, self._edition = {}, self._catalog.edition
        found = self._shapes.get(table.sql)
        if found is None:
            found = self._shapes[table.sql] = TableShape(table)
        return found

    def need(self, table: SqlTable, row_id: str) -> dict[str, Any]:
        """Return a row as the file has it; refuses one that does not exist."""
        found = self.raw(table, row_id)
        if found is None:
            raise missing("row")
        return found

    def made(self, table: SqlTable, raw: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new row as the answer to its creation has it: relations whole, and only those that were given."""
        row = self.show(table, raw, expand=True)
        # A number is told as it was sent; what is read back later has its first 15 digits.
        row |= {k: v for k, v in data.items() if isinstance(v, float) and row.get(k) != v and k in table.columns}
        return {k: v for k, v in row.items() if k in data or k not in {c.key for c in table.relations}}

    def show(
        self, table: SqlTable, raw: Mapping[str, Any], select: Sequence[str] = (), *, expand: bool = False
    ) -> dict[str, Any]:
        """Return a row as an answer has it; relationships are ids unless expanded or selected as `key.*`."""
        shape = self._shape(table)
        row = shape.shown(raw)
        if select and "*" not in select:
            wanted = {s.split(".")[0] for s in select}
            row = {key: value for key, value in row.items() if key in wanted}
        for column in shape.relations:
            if column.key in row and (expand or f"{column.key}.*" in select):
                row[column.key] = self._related(table, column, row[column.key])
        return {**row, **system_fields(table, raw)}

    def _related(self, table: SqlTable, column: ApiColumn, row_id: str | None) -> Any:
        if row_id is None:
            return None
        other = self._table_of(table.database, column.related)
        raw = self.raw(other, row_id)
        return None if raw is None else self.show(other, raw)

    def find(self, table: SqlTable, raw: Sequence[str], *, count: bool, expand: bool = False) -> dict[str, Any]:
        """Answer a list."""
        plan = queries.read(table, raw)
        self.check_select(table, plan)
        where, values = " AND ".join(plan.where) or "1", list(plan.values)
        total = 0
        if count:
            counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM {table.sql} WHERE {where} LIMIT {MOST_TOTAL})"
            total = self._db.execute(counted, values).fetchone()[0]
        if plan.cursor:
            cursor = self.raw(table, plan.cursor)
            if cursor is None:
                raise ApiRefusal(
                    400, "general_cursor_not_found", f"Row '{plan.cursor}' for the 'cursor' value not found."
                )
            clause, more = queries.after(plan, cursor)
            where, values = f"{where} AND {clause}", [*values, *more]
        sql = f"SELECT * FROM {table.sql} WHERE {where} ORDER BY {queries.ordering(plan)} LIMIT ? OFFSET ?"
        found = [_dict(row) for row in self._db.execute(sql, [*values, plan.limit, plan.offset])]
        rows = [self.show(table, r, plan.select, expand=expand) for r in (reversed(found) if plan.backward else found)]
        return {"total": total, "rows": rows}

    def one(self, table: SqlTable, row_id: str, raw: Sequence[str], *, expand: bool = False) -> dict[str, Any]:
        """Answer a get; of its queries only the selection counts."""
        check_id(row_id)
        plan = queries.read(table, raw)
        self.check_select(table, plan)
        return self.show(table, self.need(table, row_id), plan.select, expand=expand)

    def check_select(self, table: SqlTable, plan: queries.ListQuery) -> None:
        """Refuse a column that the table does not have; raises ApiRefusal."""
        for name in plan.select:
            head, _, tail = name.partition(".")
            column = table.columns.get(head)
            is_relation = column is not None and column.type == "relationship"
            known = head == "*" or head.startswith("$") or (column is not None and is_relation == bool(tail == "*"))
            if not known:
                raise ApiRefusal(400, "general_query_invalid", f"Invalid query: Attribute not found in schema: {name}")

    def values(self, table: SqlTable, data: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
        """Check a row's columns; `whole` wants every required one and puts defaults."""
        found: dict[str, Any] = {}
        columns = table.usable(self.stamp()) if table.ready else table.columns
        for key, value in data.items():
            if key.startswith("$"):
                continue
            column = columns.get(key)
            if column is None:
                raise invalid(f'Unknown attribute: "{key}"')
            if isinstance(value, str) and column.type == "datetime":
                value = worded(value, self._now())
            found[key] = kept = stored(column, value)
            if isinstance(kept, str) and is_odd(kept) and column.type in TEXTS and key not in table.odd:
                self._catalog.mark_odd(table, key)
        if whole:
            for column in columns.values():
                if column.required and found.get(column.key) is None:
                    raise invalid(f'Missing required attribute "{column.key}"')
        elif bad := next((k for k, v in found.items() if v is None and table.columns[k].required), None):
            raise invalid(f'Missing required attribute "{bad}"')
        return found

    def create(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Insert a row; refuses an id that is taken, and a clash with a unique index as if it were one."""
        values = self.values(table, data, whole=True)
        for key, value in self._shape(table).defaults.items():
            if values.get(key) is None:
                values[key] = value
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
        return self._written(sql, given, row_id)

    def _written(self, sql: str, given: Sequence[Any], row_id: str) -> dict[str, Any]:
        try:
            return _dict(self._db.execute(sql, given).fetchall()[0])
        except sqlite3.IntegrityError:
            raise exists("row", row_id) from None

    def _next_version(self, table: SqlTable) -> int:
        """Return a version that no row of the table has had: a row made anew under a former id is another row."""
        versions = self._versions
        if table.sql not in versions:
            versions[table.sql] = self._db.execute(f"SELECT IFNULL(MAX(_version), 0) FROM {table.sql}").fetchone()[0]
        versions[table.sql] += 1
        return versions[table.sql]

    def versions(self, table: SqlTable, ids: Sequence[str]) -> dict[str, int | None]:
        """Return the versions of rows by their ids in lower case, None for those that do not exist."""
        ids = [row_id.lower() for row_id in ids]
        found: dict[str, int | None] = dict.fromkeys(ids)
        for start in range(0, len(ids), MOST_MARKS):
            some = ids[start : start + MOST_MARKS]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT _id, _version FROM {table.sql} WHERE _id IN ({marks})"
            found.update((row[0].lower(), row[1]) for row in self._db.execute(sql, some))
        return found

    def matching(self, table: SqlTable, raw_queries: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows that a bulk update or delete means, as the file has them; all without queries."""
        plan = queries.read(table, [q if isinstance(q, str) else json.dumps(q) for q in raw_queries])
        where, limit = " AND ".join(plan.where) or "1", f" LIMIT {plan.limit}" if plan.limited else ""
        sql = f"SELECT * FROM {table.sql} WHERE {where} ORDER BY _seq{limit}"
        return [_dict(raw) for raw in self._db.execute(sql, plan.values)]

    def bulk_update(self, table: SqlTable, raw_queries: Sequence[Any], data: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Change all rows that match; gives those that changed. A clash with a unique index is masked as 500."""
        changed = []
        for raw in self.matching(table, raw_queries):
            try:
                after, moved = self.patch(table, raw, data)
            except ApiRefusal as error:
                if error.kind == "row_already_exists":
                    raise ApiRefusal(500, "general_unknown", "Server Error") from None
                raise
            if moved:
                changed.append(after)
        return changed

    def bulk_delete(self, table: SqlTable, raw_queries: Sequence[Any]) -> list[dict[str, Any]]:
        """Delete all rows that match and give them as they were."""
        return [self.delete(table, raw["_id"]) for raw in self.matching(table, raw_queries)]

    def patch(self, table: SqlTable, raw: dict[str, Any], data: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Change columns of a row; tells whether anything was other than before, else $updatedAt stays."""
        values = self.values(table, resolved(table, data, raw), whole=False)
        changed = {k: v for k, v in values.items() if raw[f"c_{k}"] != v}
        if not changed and "$permissions" not in data:
            return raw, False
        return self._set(table, raw["_id"], changed, given_stamp(data, "$updatedAt", self.stamp())), bool(changed)

    def _set(self, table: SqlTable, row_id: str, values: Mapping[str, Any], stamp: str) -> dict[str, Any]:
        parts = ", ".join(["_updated = ?", "_version = ?", *(f'"c_{k}" = ?' for k in values)])
        version = self._next_version(table)
        sql = f"UPDATE {table.sql} SET {parts} WHERE _id = ? RETURNING *"
        return self._written(sql, [stamp, version, *values.values(), row_id], row_id)

    def upsert(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> tuple[dict[str, Any] | None, bool]:
        """Create or change a row; needs every required column, and columns left out keep their values.

        What counts as equal is PHP's loose comparison: a row that only so differs is left as it is, and a new one
        whose every value counts as null is not made; None is given for it.
        """
        raw = self.raw(table, row_id)
        if raw is None:
            values = self.values(table, data, whole=True)
            if all(loosely_same(None, v) for v in values.values()) and not data.get("$permissions"):
                self.dropped.append(f"{table.id}/{row_id}")
                return None, False
            return self._create_or_overwrite(table, row_id, data), True
        values = self.values(table, resolved(table, data, raw), whole=True)
        changed = {k: v for k, v in values.items() if raw[f"c_{k}"] != v}
        if len(values) == len(table.columns) and all(loosely_same(raw[f"c_{k}"], v) for k, v in changed.items()):
            self.dropped += [f"{table.id}/{row_id}"] * bool(changed)
            return raw, False
        return self._set(table, raw["_id"], changed, given_stamp(data, "$updatedAt", self.stamp())), True

    def _create_or_overwrite(self, table: SqlTable, row_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Insert a row; where it clashes with a unique index the other row is overwritten and keeps its own id.

        The answer then has the new id and no sequence, as MariaDB's ON DUPLICATE KEY UPDATE makes it.
        """
        try:
            return self.create(table, row_id, data)
        except ApiRefusal as error:
            other = self._clashing(table, data) if error.kind == "row_already_exists" else None
            if other is None:
                raise
        after = self._set(table, other, self.values(table, data, whole=True), self.stamp())
        return {**after, "_id": row_id, "_seq": ""}

    def _clashing(self, table: SqlTable, data: Mapping[str, Any]) -> str | None:
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
                if column.related != table.id:
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
        if any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in (by, 0 if limit is None else limit)):
            raise argument("Invalid `value` param: Value must be a valid number")
        raw = self.raw(table, row_id)
        if raw is None:
            raise ApiRefusal(404, "column_not_found", "Column with the requested ID '%s' could not be found.")
        column = table.columns.get(key)
        if column is None:
            raise missing("column")
        if column.type not in ("integer", "bigint", "double"):
            raise ApiRefusal(400, "attribute_type_invalid", f'Attribute "{key}" must be an integer or float')
        value = (raw[f"c_{key}"] or 0) + sign * by
        if limit is not None and (value - limit) * sign > 0:
            bound = "maximum" if sign > 0 else "minimum"
            message = f'tablesDB "{key}" has reached the {bound} value of {limit:g}'
            raise ApiRefusal(400, "column_limit_exceeded", message)
        return {**self._set(table, row_id, {key: value}, self.stamp()), "_updated": raw["_updated"]}

    def check_bulk(
        self, table: SqlTable, rows: Any, action: str, *, most: int | None = MOST_BULK
    ) -> list[dict[str, Any]]:
        """Refuse a bulk that is no list, is too long, or is on a table with relationships."""
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise argument("Invalid `rows` param: Value must a valid array of objects")
        if most is not None and len(rows) > most:
            raise argument(
                f"Invalid `rows` param: Value must a valid array no longer than {most} items "
                "and Value must be a valid object"
            )
        if table.relations:
            message = f"Bulk {action} is not supported for tablesDB with relationship attributes"
            raise ApiRefusal(400, "general_bad_request", message)
        return rows

    def bulk_create(self, table: SqlTable, rows: list[dict[str, Any]], *, staged: bool = False) -> list[dict[str, Any]]:
        """Insert rows, all or nothing; a staged bulk does not look at their ids."""
        made = []
        for row in rows:
            row_id = row.get("$id") if staged else check_id(row.get("$id"), code="general_bad_request")
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
            raise exists("row", "multiple")
        changed = []
        for row_id, row in zip(ids, rows, strict=True):
            raw, moved = self.upsert(table, row_id, row)
            if moved and raw is not None:
                changed.append(raw)
        return changed


def _dict(row: sqlite3.Row) -> dict[str, Any]:
    # By position: a Row looks every name up from the first column on.
    return dict(zip(row.keys(), row, strict=True))
