"""What databases, tables, columns and indexes there are: kept in memory, and in the file for the next start."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.embedded.columns import SQL_TYPES, ApiColumn, column_of
from local.embedded.errors import ApiRefusal, exists, missing
from local.embedded.index_rules import check_index
from local.embedded.instants import iso

SYSTEM = {"$id": "_id", "$createdAt": "_created", "$updatedAt": "_updated", "$sequence": "_seq"}
ROW_WIDTH = 65_535


@dataclass(slots=True)
class SqlTable:
    """One table: `sql` is its name in the file, `odd` the columns that hold accents or trailing blanks."""

    id: str
    name: str
    database: str
    sql: str
    created: str
    columns: dict[str, ApiColumn] = field(default_factory=dict)
    indexes: dict[str, dict[str, Any]] = field(default_factory=dict)
    ready: str = ""
    odd: list[str] = field(default_factory=list)

    def usable(self, stamp: str) -> dict[str, ApiColumn]:
        """Return the columns that rows may have at an instant: those still being made are unknown to them."""
        if self.ready <= stamp:
            return self.columns
        return {k: c for k, c in self.columns.items() if c.ready <= stamp}

    @property
    def relations(self) -> list[ApiColumn]:
        """Return the relationship columns."""
        return [c for c in self.columns.values() if c.type == "relationship"]

    def sql_column(self, attribute: str) -> str:
        """Return the name in the file of a column or system field; KeyError where there is none."""
        if attribute in SYSTEM:
            return SYSTEM[attribute]
        if attribute not in self.columns:
            raise KeyError(attribute)
        return f'"c_{attribute}"'

    def shown(self, stamp: str = "~") -> dict[str, Any]:
        """Return the table as an answer has it at an instant."""
        return {
            "$id": self.id,
            "$createdAt": self.created,
            "$updatedAt": self.created,
            "$permissions": [],
            "databaseId": self.database,
            "name": self.name,
            "enabled": True,
            "rowSecurity": False,
            "columns": [c.shown(stamp) for c in self.columns.values()],
            "indexes": list(self.indexes.values()),
            "bytesMax": ROW_WIDTH,
            "bytesUsed": sum(c.width() for c in self.columns.values()),
        }


class Catalog:
    """Every database and table; changes go to the file at once, columns are usable `latency_secs` later."""

    def __init__(self, db: sqlite3.Connection, now: Callable[[], datetime], latency_secs: float = 0.0) -> None:
        self._db, self._now, self._latency = db, now, timedelta(seconds=latency_secs)
        self._held = self._dirty = False
        self.edition = 0
        db.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        self.databases: dict[str, dict[str, Any]] = {}
        self.tables: dict[tuple[str, str], SqlTable] = {}
        self._read()

    def settle(self, *, kept: bool) -> None:
        """Follow the SQL transaction that ended: where it was not kept, its changes are forgotten here too."""
        if self._dirty and not kept:
            self._read()
        self._dirty = False

    def _read(self) -> None:
        self.edition += 1
        self.databases = self._load("databases", {})
        self.tables.clear()
        for raw in self._load("tables", []):
            raw["columns"] = {k: ApiColumn(**c) for k, c in raw["columns"].items()}
            self.tables[raw["database"], raw["id"]] = SqlTable(**raw)

    def _load(self, key: str, empty: Any) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else empty

    @contextmanager
    def saved_once(self) -> Iterator[None]:
        """Make many changes and write the catalog once."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.save()

    def save(self) -> None:
        """Write the catalog to the file."""
        self._dirty = True
        self.edition += 1
        if self._held:
            return
        tables = [asdict(t) for t in self.tables.values()]
        for key, value in (("databases", self.databases), ("tables", tables)):
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def database(self, database: str) -> dict[str, Any]:
        """Return a database; refuses one that does not exist."""
        if database not in self.databases:
            raise missing("database", database)
        return self.databases[database]

    def table(self, database: str, table: str) -> SqlTable:
        """Return a table; refuses a database or table that does not exist."""
        found = self.tables.get((database, table)) or self._named(database, table)
        if found is None:
            self.database(database)
            raise missing("table", table)
        return found

    def _named(self, database: str, table: str) -> SqlTable | None:
        """Find a table by its id, whose case does not matter."""
        return next((t for t in self.tables.values() if t.database == database and t.id.lower() == table.lower()), None)

    def mark_odd(self, table: SqlTable, key: str) -> None:
        """Note that a column holds text that only a folded comparison finds."""
        table.odd.append(key)
        self.save()

    def add_database(self, database: str, name: str, stamp: str) -> dict[str, Any]:
        """Make a database."""
        if database in self.databases:
            raise exists("database", database)
        shown = {
            "$id": database,
            "name": name,
            "$createdAt": stamp,
            "$updatedAt": stamp,
            "enabled": True,
            "type": "tablesdb",
        }
        self.databases[database] = shown
        self.save()
        return shown

    def add_table(self, database: str, table: str, name: str, stamp: str) -> SqlTable:
        """Make a table without columns."""
        self.database(database)
        if self._named(database, table):
            raise exists("table", table)
        numbers = [int(t.sql[2:]) for t in self.tables.values()]
        made = SqlTable(table, name, database, f"t_{max(numbers, default=0) + 1}", stamp)
        self._db.execute(
            f"CREATE TABLE {made.sql} (_seq INTEGER PRIMARY KEY AUTOINCREMENT, "
            "_id TEXT NOT NULL COLLATE NOCASE UNIQUE, _created TEXT NOT NULL, "
            "_updated TEXT NOT NULL, _version INTEGER NOT NULL DEFAULT 1, _permissions TEXT)"
        )
        self.tables[database, table] = made
        self.save()
        return made

    def rename(self, shown: dict[str, Any], name: str, stamp: str) -> dict[str, Any]:
        """Return a database another name."""
        shown |= {"name": name, "$updatedAt": stamp}
        self.save()
        return shown

    def rename_table(self, table: SqlTable, name: str) -> SqlTable:
        """Return a table another name."""
        table.name = name
        self.save()
        return table

    def change_column(self, table: SqlTable, key: str, body: Mapping[str, Any], stamp: str) -> ApiColumn:
        """Change default, size, range, elements or need of a column; its type stays."""
        column = table.columns.get(key)
        if column is None:
            raise missing("column", key)
        asked = column_of(column.type, {"size": column.size, **body, "key": key}, stamp)
        if asked.required and asked.default is not None:
            raise ApiRefusal(400, "column_default_unsupported", "Cannot set default value for required column")
        if sum(c.width() for c in table.columns.values()) - column.width() + asked.width() > ROW_WIDTH:
            raise ApiRefusal(400, "column_limit_exceeded", "The maximum row width has been reached.")
        for name in ("required", "default", "size", "min", "max", "elements"):
            if name in body:
                setattr(column, name, getattr(asked, name))
        self.save()
        return column

    @staticmethod
    def check_new(there: Mapping[str, ApiColumn], column: ApiColumn) -> None:
        """Refuse a key that is taken, whatever its case."""
        if column.key.lower() in (key.lower() for key in there):
            raise exists("column", column.key)

    def far_of(self, table: SqlTable, column: ApiColumn) -> tuple[SqlTable, ApiColumn] | None:
        """Return the other side of a two-way relationship, None for a column that has none."""
        other = self.tables.get((table.database, column.related)) if column.two_way else None
        far = other.columns.get(column.two_way_key) if other else None
        return (other, far) if other is not None and far is not None else None

    def add_column(self, table: SqlTable, column: ApiColumn, *, at_once: bool = False) -> ApiColumn:
        """Add a column; refuses a doubled key, a default beside required, and a row that grows too wide."""
        self.check_new(table.columns, column)
        if column.required and column.default is not None:
            raise ApiRefusal(400, "column_default_unsupported", "Cannot set default value for required column")
        if sum(c.width() for c in table.columns.values()) + column.width() > ROW_WIDTH:
            raise ApiRefusal(400, "column_limit_exceeded", "The maximum row width has been reached.")
        if not column.virtual:
            self._db.execute(f'ALTER TABLE {table.sql} ADD COLUMN "c_{column.key}" {SQL_TYPES[column.type]}')
        if self._latency and not at_once:
            column.ready = table.ready = iso(self._now() + self._latency)
        table.columns[column.key] = column
        self.save()
        return column

    def add_index(
        self, table: SqlTable, key: str, kind: str, columns: list[str], orders: list[str], stamp: str
    ) -> dict[str, Any]:
        """Add an index over columns or system fields."""
        check_index(table.columns, table.indexes, key, kind, columns, stamp)
        names = [table.sql_column(c) for c in columns]
        if key.lower() in (known.lower() for known in table.indexes):
            raise ApiRefusal(
                409, "column_index_already_exists", f"Index with the requested key '{key}' already exists."
            )
        unique = "UNIQUE " if kind == "unique" else ""
        # Over doubled values a unique index is said to be available and is not there: nothing is refused.
        with suppress(sqlite3.IntegrityError):
            self._db.execute(f'CREATE {unique}INDEX "{table.sql}_{key}" ON {table.sql} ({", ".join(names)})')
        table.indexes[key] = {
            "$id": key,
            "key": key,
            "type": kind,
            "status": "available",
            "error": "",
            "columns": columns,
            "lengths": [0] * len(columns),
            "orders": orders or ["ASC"] * len(columns),
            "$createdAt": stamp,
            "$updatedAt": stamp,
        }
        self.save()
        return table.indexes[key]

    def drop_table(self, table: SqlTable) -> None:
        """Delete a table with its rows and both sides of its two-way relationships."""
        for column in list(table.relations):
            if column.two_way and column.key in table.columns:
                self.drop_column(table, column.key)
        self._db.execute(f"DROP TABLE {table.sql}")
        del self.tables[table.database, table.id]
        self.save()

    def drop_column(self, table: SqlTable, key: str) -> None:
        """Delete a column with its values; its indexes and the far side of a relationship go with it."""
        if key not in table.columns:
            raise missing("column", key)
        far = self.far_of(table, table.columns[key])
        self._drop(table, key)
        if far is not None:
            self._drop(far[0], far[1].key)
        self.save()

    def _drop(self, table: SqlTable, key: str) -> None:
        for name, index in list(table.indexes.items()):
            if key in index["columns"]:
                self.drop_index(table, name)
        if not table.columns[key].virtual:
            self._db.execute(f'ALTER TABLE {table.sql} DROP COLUMN "c_{key}"')
        del table.columns[key]

    def drop_index(self, table: SqlTable, key: str) -> None:
        """Delete an index."""
        if key not in table.indexes:
            raise missing("column_index", key)
        self._db.execute(f'DROP INDEX IF EXISTS "{table.sql}_{key}"')
        del table.indexes[key]
        self.save()

    def drop_database(self, database: str) -> None:
        """Delete a database with its tables."""
        self.database(database)
        for table in [t for t in self.tables.values() if t.database == database]:
            self.drop_table(table)
        del self.databases[database]
        self.save()
