"""Writing the exported tables race by race: one file per table and day, the same rows giving the same bytes."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from appwrite.query import Query

from local.tape.export_tables import TABLES, ExportTable, RaceData, race_data
from local.tape.spill import Finds
from raceday.tables import (
    CLOSING_PRICES,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_RESULTS,
    RACES,
)

DATABASE = "raceday.duckdb"
# What is written together; until then rows wait as Arrow's columns, a tenth of what they take as dicts.
ROWS_PER_GROUP = 20_000
# Most that DuckDB may hold while it makes its file; what is over goes to disk.
DUCKDB_MEMORY = "256MB"
_ARROW = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(),
          "instant": pa.timestamp("ms", tz="UTC")}  # fmt: skip
_OF_A_RACE = (MONEY_FLOW, ODDS_HISTORY, RACE_RESULTS, CLOSING_PRICES, NOTIFICATIONS)


class TableFile(Protocol):
    """One table of one day being written."""

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None: ...

    def close(self) -> None: ...


def schema_of(table: ExportTable) -> pa.Schema:
    """Return a table's typed columns; each carries its sentence."""
    return pa.schema([pa.field(f.name, _ARROW[f.kind], metadata={"comment": f.doc}) for f in table.fields])


class ParquetFile:
    """One Parquet file, zstd-compressed, in groups of rows."""

    def __init__(self, path: Path, table: ExportTable) -> None:
        self._schema = schema_of(table)
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd", version="2.6", store_schema=True)
        self._waiting = self._schema.empty_table()

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take rows, and write a group where enough have come."""
        self._waiting = pa.concat_tables([self._waiting, pa.Table.from_pylist(list(rows), schema=self._schema)])
        while self._waiting.num_rows >= ROWS_PER_GROUP:
            self._file.write_table(self._waiting.slice(0, ROWS_PER_GROUP).combine_chunks())
            # A copy, so that what was written is let go.
            self._waiting = pa.concat_tables([self._waiting.slice(ROWS_PER_GROUP)]).combine_chunks()

    def close(self) -> None:
        """Write what is left."""
        if self._waiting.num_rows:
            self._file.write_table(self._waiting.combine_chunks())
        self._file.close()


class _Lines:
    """Ends each line that csv writes with a line feed alone."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> int:
        return self._file.write(line.removesuffix("\r\n") + "\n")


class CsvFile:
    """One CSV file with a line of names; instants are ISO in UTC, null is empty."""

    def __init__(self, path: Path, table: ExportTable) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        # Of its lines' ends csv quotes what stands in a value, so that a lone carriage return is quoted too.
        self._writer = csv.writer(_Lines(self._file), lineterminator="\r\n")
        self._names = [field.name for field in table.fields]
        self._writer.writerow(self._names)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows."""
        self._writer.writerows([[_plain(row[name]) for name in self._names] for row in rows])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


async def races_of_day(store: Finds, day: date) -> AsyncIterator[RaceData]:
    """Return a day's races one by one, in order of their starts, each with all of its rows."""
    races = await store.find(RACES, [Query.equal("raceDateNz", [day.isoformat()])])
    for race in sorted(races, key=lambda r: (r["startTime"], r["$id"])):
        of_race = [Query.equal("raceId", [race["$id"]])]
        polls = await store.find(RACE_POLLS, of_race)
        stored = {table: await store.find(table, of_race) for table in _OF_A_RACE}
        yield race_data(race, polls, stored)


async def export_day(store: Finds, day: date, folder: Path, kind: str) -> dict[str, int]:
    """Write one day's tables and return how many rows each has; `kind` is parquet or csv.

    Files are DIR/TABLE/day=YYYY-MM-DD/TABLE.KIND, which readers take for partitions; each takes its place whole. Those
    of a day whose polls are no longer stored stay as they were made before.
    """
    made = {table.name: _new_file(folder, table, day, kind) for table in TABLES}
    counts = dict.fromkeys(made, 0)
    try:
        async for race in races_of_day(store, day):
            for table in TABLES:
                rows = list(table.rows(race))
                made[table.name].add(rows)
                counts[table.name] += len(rows)
    finally:
        for file in made.values():
            file.close()
    stays = not counts["polls"] and has_polls(folder, day, kind)
    for table in TABLES:
        path = path_of(folder, table.name, day, kind)
        new = path.with_suffix(".new")
        if stays:
            new.unlink()
        else:
            new.replace(path)
    return counts


def has_polls(folder: Path, day: date, kind: str) -> bool:
    """Tell whether a day's polls were exported before, and there were any."""
    path = path_of(folder, "polls", day, kind)
    if not path.exists():
        return False
    if kind == "parquet":
        return bool(pq.read_metadata(path).num_rows)
    with path.open(encoding="utf-8") as lines:
        return sum(1 for _ in zip(lines, range(2), strict=False)) > 1


def path_of(folder: Path, table: str, day: date, kind: str) -> Path:
    """Return where one table of one day lies."""
    return folder / table / f"day={day.isoformat()}" / f"{table}.{kind}"


def _new_file(folder: Path, table: ExportTable, day: date, kind: str) -> TableFile:
    path = path_of(folder, table.name, day, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    return ParquetFile(new, table) if kind == "parquet" else CsvFile(new, table)


def open_days(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with a view of each table over every exported day of a folder."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        place = (folder / table.name).as_posix().replace("'", "''")
        connection.execute(
            f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet('{place}/*/*.parquet', hive_partitioning = true)"
        )
    return connection


def make_database(folder: Path) -> Path:
    """Make one DuckDB file of every exported day of a folder, each column with its sentence; replaces a former one."""
    target, new = folder / DATABASE, folder / f"{DATABASE}.new"
    new.unlink(missing_ok=True)
    with duckdb.connect(str(new)) as connection:
        connection.execute(f"SET memory_limit = '{DUCKDB_MEMORY}'")
        for table in TABLES:
            place = (folder / table.name).as_posix().replace("'", "''")
            connection.execute(
                f"CREATE TABLE {table.name} AS SELECT * FROM "
                f"read_parquet('{place}/*/*.parquet', hive_partitioning = true)"
            )
            for field in table.fields:
                text = field.doc.replace("'", "''")
                connection.execute(f"COMMENT ON COLUMN {table.name}.{field.name} IS '{text}'")
    new.replace(target)
    return target


def documented(tables: Iterable[ExportTable] = TABLES) -> str:
    """Return the tables as a page of documentation."""
    out = io.StringIO()
    for table in tables:
        out.write(f"### {table.name}\n\n{table.doc}\n\n| column | type | what it is |\n|---|---|---|\n")
        out.writelines(f"| {f.name} | {f.kind} | {f.doc} |\n" for f in table.fields)
        out.write("\n")
    return out.getvalue()
