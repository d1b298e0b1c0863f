"""The store's port in memory, with the embedded server's semantics: for port-level simulation and quick tests."""

import json
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from raceday.clock import iso
from raceday.errors import StoreConflict, StoreInvalid, StoreMissing
from raceday.store.port import Op, Row
from raceday.store.schema import BY_ID, RACE_POLLS, Column, Table

SYSTEM = ("$id", "$createdAt", "$updatedAt", "$sequence")
MAX_OPERATIONS = 100
_COLUMNS = {table.id: {c.key: c for c in table.columns} for table in BY_ID.values()}
_DEFAULTS = {table.id: {c.key: c.default for c in table.columns} for table in BY_ID.values()}
_REQUIRED = {table.id: [c.key for c in table.columns if c.required] for table in BY_ID.values()}
OnEvent = Callable[[str, str, Row], None]


class MemoryStore:
    """Tables as dicts. `on_event(table, action, row)` is told what Appwrite would deliver: no bulk of a transaction."""

    def __init__(self, now: Callable[[], datetime], on_event: OnEvent | None = None) -> None:
        self._now = now
        self._on_event = on_event
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in BY_ID}
        self._by_slot: list[tuple[str, str]] = []
        self._by_race: dict[str, dict[str, dict[str, Row]]] = {table: defaultdict(dict) for table in BY_ID}
        self.files: dict[tuple[str, str], bytes] = {}
        self._sequence = 0
        self.calls = 0

    async def aclose(self) -> None:
        """Have nothing to close."""

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Give one row, None where it does not exist."""
        self.calls += 1
        row = self._table(table).get(row_id)
        return None if row is None else _selected(row, select)

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Give the rows that match, all of them or the first `limit`, in order of creation unless ordered otherwise."""
        self.calls += 1
        rows = self._matching(table, [json.loads(q) for q in queries])
        return [_selected(row, select) for row in (rows if limit is None else rows[:limit])]

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row; StoreConflict where the id exists."""
        self.calls += 1
        self._apply([Op("create", table, row_id, data)], fires=True)
        return dict(self.tables[table][row_id])

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or overwrite one row; every required column must be there."""
        self.calls += 1
        self._apply([Op("upsert", table, row_id, data)], fires=True)
        return dict(self.tables[table][row_id])

    async def update(self, table: str, row_id: str, data: Mapping[str, Any], *, if_not_after: str = "") -> Row:
        """Patch one row; StoreConflict where it changed after the ISO instant `if_not_after`."""
        self.calls += 1
        row = self._table(table).get(row_id)
        if row is None:
            raise StoreMissing(f"{table}/{row_id}", status=404, kind="row_not_found")
        if if_not_after and datetime.fromisoformat(row["$updatedAt"]) > datetime.fromisoformat(if_not_after):
            raise StoreConflict(f"{table}/{row_id}", status=409, kind="row_update_conflict")
        self._apply([Op("update", table, row_id, data)], fires=True)
        return dict(self.tables[table][row_id])

    async def delete(self, table: str, row_id: str) -> None:
        """Delete one row; a missing one is fine."""
        self.calls += 1
        if row_id in self._table(table):
            self._apply([Op("delete", table, row_id)], fires=True)

    async def create_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Create rows in bulk: all or nothing for each hundred."""
        for at in range(0, len(rows), 100):
            self.calls += 1
            self._apply([Op("bulkCreate", table, rows=rows[at : at + 100])], fires=True)

    async def upsert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Upsert rows in bulk; gives how many changed."""
        changed = 0
        for at in range(0, len(rows), 100):
            self.calls += 1
            changed += self._apply([Op("bulkUpsert", table, rows=rows[at : at + 100])], fires=True)
        return changed

    async def delete_where(self, table: str, queries: Sequence[str]) -> int:
        """Delete the rows that match; refuses an empty list of queries."""
        self.calls += 1
        if not queries:
            raise StoreInvalid(f"{table}: a delete without queries would delete every row", kind="queries")
        rows = self._matching(table, [json.loads(q) for q in queries])
        self._apply([Op("delete", table, row["$id"]) for row in rows], fires=True)
        return len(rows)

    async def commit(self, ops: Sequence[Op]) -> None:
        """Do all of `ops`, or none; three calls of the wire."""
        self.calls += 3
        if not 1 <= len(ops) <= MAX_OPERATIONS:
            raise StoreInvalid(
                f"a transaction takes 1 to {MAX_OPERATIONS} operations, got {len(ops)}", kind="operations"
            )
        self._apply(ops, fires=False)

    async def put_file(self, bucket: str, file_id: str, name: str, content: bytes, media_type: str) -> str:
        """Store a file under its id, replacing what was there."""
        self.calls += 1
        self.files[bucket, file_id] = content
        return f"memory://{bucket}/{file_id}"

    def _table(self, table: str) -> dict[str, Row]:
        if table not in self.tables:
            raise StoreMissing(table, status=404, kind="table_not_found")
        return self.tables[table]

    def _apply(self, ops: Sequence[Op], *, fires: bool) -> int:
        """Do operations whole or not at all; gives how many rows changed."""
        staged: dict[tuple[str, str], Row | None] = {}
        events: list[tuple[str, str, str]] = []
        for op in ops:
            self._stage(op, staged, events, bulk_fires=fires)
        changed = 0
        for (table, row_id), row in staged.items():
            changed += self._put(table, row_id, row)
        if self._on_event is not None:
            for table, action, row_id in events:
                row = staged[table, row_id]
                self._on_event(table, action, dict(row) if row else {"$id": row_id})
        return changed

    def _stage(
        self,
        op: Op,
        staged: dict[tuple[str, str], Row | None],
        events: list[tuple[str, str, str]],
        *,
        bulk_fires: bool,
    ) -> None:
        rows = self._table(op.table)
        bulk = op.action in ("bulkCreate", "bulkUpsert")
        parts = [(str(r["$id"]), r) for r in op.rows] if bulk else [(op.row_id, op.data)]
        if bulk and any(c.kind == "relationship" for c in BY_ID[op.table].columns):
            raise StoreInvalid(
                f"{op.table} has a relationship and takes no bulk", status=400, kind="general_bad_request"
            )
        for row_id, data in parts:
            there = staged.get((op.table, row_id), rows.get(row_id))
            row = self._next(op, row_id, data, there)
            if bulk and there is not None and row is not None and _unchanged(there, row):
                continue
            staged[op.table, row_id] = row
            if not bulk or bulk_fires:
                events.append((op.table, _fired(op.action, bulk_fires), row_id))

    def _next(self, op: Op, row_id: str, data: Mapping[str, Any], there: Row | None) -> Row | None:
        stamp = iso(self._now())
        if op.action == "delete":
            return None
        if op.action in ("create", "bulkCreate") and there is not None:
            raise StoreConflict(f"{op.table}/{row_id} exists", status=409, kind="row_already_exists")
        if op.action == "update" and there is None:
            raise StoreMissing(f"{op.table}/{row_id}", status=404, kind="row_not_found")
        table = BY_ID[op.table]
        columns = _COLUMNS[op.table]
        values = {k: _value(columns[k], v) for k, v in data.items() if k[0] != "$"}
        if op.action != "update":
            _require(table, row_id, values)
        if there is not None:
            return {**there, **values, "$updatedAt": stamp}
        self._sequence += 1
        system = {"$id": row_id, "$createdAt": stamp, "$updatedAt": stamp, "$sequence": str(self._sequence)}
        return {**_DEFAULTS[op.table], **values, **system, "$tableId": op.table}

    def _put(self, table: str, row_id: str, row: Row | None) -> int:
        before = self.tables[table].get(row_id)
        if before is not None and before.get("raceId") is not None:
            self._by_race[table][before["raceId"]].pop(row_id, None)
        if table == RACE_POLLS:
            self._keep_slot(before, row)
        if row is None:
            return self.tables[table].pop(row_id, None) is not None
        if before is not None and _unchanged(before, row):
            row["$updatedAt"] = before["$updatedAt"]
        self.tables[table][row_id] = row
        if row.get("raceId") is not None:
            self._by_race[table][row["raceId"]][row_id] = row
        return 1

    def _keep_slot(self, before: Row | None, row: Row | None) -> None:
        if before is not None:
            self._by_slot.remove((before["slot"], before["$id"]))
        if row is not None:
            insort(self._by_slot, (row["slot"], row["$id"]))

    def _matching(self, table: str, queries: Sequence[Mapping[str, Any]]) -> list[Row]:
        rows: Iterable[Row] = self._candidates(table, queries)
        orders: list[tuple[str, bool]] = []
        limit = offset = None
        for query in queries:
            method = query["method"]
            if method in ("orderAsc", "orderDesc"):
                orders.append((query["attribute"], method == "orderDesc"))
            elif method == "limit":
                limit = int(query["values"][0])
            elif method == "offset":
                offset = int(query["values"][0])
            else:
                rows = list(filter(_test(query), rows))
        found = sorted(rows, key=lambda row: int(row["$sequence"]))
        for key, descending in reversed(orders):
            found.sort(key=lambda row: _order(row.get(key)), reverse=descending)
        return found[offset or 0 :][:limit]

    def _candidates(self, table: str, queries: Sequence[Mapping[str, Any]]) -> Iterable[Row]:
        for query in queries:
            if query["method"] == "equal" and query["attribute"] == "raceId":
                return [r for race in query["values"] for r in self._by_race[table][race].values()]
            if query["method"] == "equal" and query["attribute"] == "$id":
                return [r for i in query["values"] if (r := self._table(table).get(i)) is not None]
            if table == RACE_POLLS and query["method"] == "greaterThanEqual" and query["attribute"] == "slot":
                begin = bisect_left(self._by_slot, (_plain(query["values"][0]), ""))
                return [self.tables[table][row_id] for _, row_id in self._by_slot[begin:]]
        return list(self._table(table).values())


def _selected(row: Row, select: Sequence[str]) -> Row:
    if not select:
        return dict(row)
    return {**{k: row[k] for k in SYSTEM}, **{k: row.get(k) for k in select}}


def _unchanged(before: Row, after: Row) -> bool:
    return all(before.get(k) == v for k, v in after.items() if not k.startswith("$"))


def _fired(action: str, bulk: bool) -> str:
    if action in ("create", "bulkCreate"):
        return "create"
    if action == "delete":
        return "delete"
    return "upsert" if bulk and action in ("upsert", "bulkUpsert") else "update"


def _require(table: Table, row_id: str, values: Mapping[str, Any]) -> None:
    for key in _REQUIRED[table.id]:
        if values.get(key) is None:
            raise StoreInvalid(
                f'{table.id}/{row_id}: Missing required attribute "{key}"',
                status=400,
                kind="row_invalid_structure",
            )


_TYPES: dict[str, tuple[type, ...]] = {"integer": (int,), "float": (int, float), "boolean": (bool,)}


def _value(column: Column, value: Any) -> Any:
    """Give a value as the server would keep it; StoreInvalid for one of another type or too long."""
    if value is None:
        return None
    if column.kind == "datetime":
        try:
            at = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise _bad(column, value) from None
        return iso(at if at.tzinfo else at.replace(tzinfo=UTC))
    if not isinstance(value, _TYPES.get(column.kind, (str,))) or (isinstance(value, bool) and column.kind != "boolean"):
        raise _bad(column, value)
    if isinstance(value, str) and column.kind == "varchar" and len(value) > column.size:
        raise _bad(column, value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _bad(column: Column, value: Any) -> StoreInvalid:
    return StoreInvalid(
        f'Attribute "{column.key}" has invalid format: {value!r:.60}', status=400, kind="row_invalid_structure"
    )


def _order(value: Any) -> tuple[int, Any]:
    return (0, "") if value is None else (1, value)


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[10:11] == "T":
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return value
        return iso(found if found.tzinfo else found.replace(tzinfo=UTC))
    return value


def _test(query: Mapping[str, Any]) -> Callable[[Row], bool]:
    """Give one query as a test of rows, its values read once."""
    method, values, key = query["method"], query.get("values", []), query.get("attribute", "")
    if method in ("or", "and"):
        parts = [_test(part) for part in values]
        return lambda row: (any if method == "or" else all)(part(row) for part in parts)
    if method == "isNull":
        return lambda row: row.get(key) is None
    if method == "isNotNull":
        return lambda row: row.get(key) is not None
    wanted = [_plain(v) for v in values]
    if method == "equal":
        return lambda row: row.get(key) in wanted
    if method == "notEqual":
        return lambda row: row.get(key) is not None and row.get(key) not in wanted
    compare = _COMPARISONS[method]
    return lambda row: (stored := row.get(key)) is not None and bool(compare(stored, wanted))


_COMPARISONS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "lessThan": lambda s, v: s < v[0],
    "lessThanEqual": lambda s, v: s <= v[0],
    "greaterThan": lambda s, v: s > v[0],
    "greaterThanEqual": lambda s, v: s >= v[0],
    "between": lambda s, v: v[0] <= s <= v[1],
    "startsWith": lambda s, v: str(s).startswith(v[0]),
    "contains": lambda s, v: any(str(x) in str(s) for x in v),
}
