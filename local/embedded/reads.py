"""Rows as they are read: one, some by queries, and as an answer shows them."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from local.embedded import queries
from local.embedded.catalog import Catalog, SqlTable
from local.embedded.checks import check_place
from local.embedded.columns import ApiColumn
from local.embedded.errors import ApiRefusal, bad_query, missing
from local.embedded.instants import iso
from local.embedded.query_rules import parsed
from local.embedded.shapes import TableShape, system_fields

MOST_TOTAL = 5000
MOST_MARKS = 500


class RowReader:
    """Reads rows of any table over one connection."""

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
        return as_dict(found) if found is not None else None

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
            raise missing("row", row_id)
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
            if not (expand or f"{column.key}.*" in select):
                continue
            if column.virtual:
                row[column.key] = self._pointing(table, column, raw["_id"])
            elif column.key in row:
                row[column.key] = self._related(table, column, row[column.key])
        return {**row, **system_fields(table, raw)}

    def _pointing(self, table: SqlTable, column: ApiColumn, row_id: str) -> list[dict[str, Any]]:
        """Return the rows that point at one, each without its link back."""
        other, back = self._table_of(table.database, column.related), column.two_way_key
        found = self._db.execute(f'SELECT * FROM {other.sql} WHERE "c_{back}" = ? ORDER BY _seq', (row_id,))
        shown = [self.show(other, as_dict(raw)) for raw in found.fetchall()]
        return [{key: value for key, value in row.items() if key != back} for row in shown]

    def _related(self, table: SqlTable, column: ApiColumn, row_id: str | None) -> Any:
        if row_id is None:
            return None
        other = self._table_of(table.database, column.related)
        raw = self.raw(other, row_id)
        return None if raw is None else self.show(other, raw)

    def find(self, table: SqlTable, raw: Sequence[str], *, count: bool, expand: bool = False) -> dict[str, Any]:
        """Answer a list."""
        plan = queries.read(table, raw, stands=lambda row_id: self._cursor(table, row_id))
        where, values = " AND ".join(plan.where) or "1", list(plan.values)
        total = 0
        if count:
            counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM {table.sql} WHERE {where} LIMIT {MOST_TOTAL})"
            total = self._db.execute(counted, values).fetchone()[0]
        if plan.cursor:
            clause, more = queries.after(plan, self._cursor(table, plan.cursor))
            where, values = f"{where} AND {clause}", [*values, *more]
        sql = f"SELECT * FROM {table.sql} WHERE {where} ORDER BY {queries.ordering(plan)} LIMIT ? OFFSET ?"
        found = [as_dict(row) for row in self._db.execute(sql, [*values, plan.limit, plan.offset])]
        rows = [self.show(table, r, plan.select, expand=expand) for r in (reversed(found) if plan.backward else found)]
        return {"total": total, "rows": rows}

    def _cursor(self, table: SqlTable, row_id: str) -> dict[str, Any]:
        found = self.raw(table, row_id)
        if found is None:
            raise ApiRefusal(400, "general_cursor_not_found", f"Row '{row_id}' for the 'cursor' value not found.")
        return found

    def one(self, table: SqlTable, row_id: str, raw: Sequence[str], *, expand: bool = False) -> dict[str, Any]:
        """Answer a get, which takes no query but a selection."""
        check_place(row_id, "rowId")
        for text in raw:
            if (method := parsed(text)["method"]) != "select":
                raise bad_query(f"Invalid query method: {method}")
        return self.show(table, self.need(table, row_id), queries.read(table, raw).select, expand=expand)

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
        if plan.cursor:
            # Appwrite asks a cursor's row of what is but an id here, and masks the fault.
            raise ApiRefusal(500, "general_unknown", "Server Error")
        where, limit = " AND ".join(plan.where) or "1", plan.limit if plan.limited else -1
        sql = f"SELECT * FROM {table.sql} WHERE {where} ORDER BY {queries.ordering(plan)}"
        sql += f" LIMIT {limit} OFFSET {plan.offset}"
        return [as_dict(raw) for raw in self._db.execute(sql, plan.values)]


def as_dict(row: sqlite3.Row) -> dict[str, Any]:
    """Return a row of the file by its columns' names."""
    # By position: a Row looks every name up from the first column on.
    return dict(zip(row.keys(), row, strict=True))
