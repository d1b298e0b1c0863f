"""The store's port in memory, with the embedded server's semantics: for port-level simulation and quick tests."""

import json
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from local.testing.memory_rules import (
    DEFAULTS,
    PAGING,
    as_sent,
    changes,
    check_select,
    fired,
    given_data,
    greatest,
    is_relation,
    known,
    order_of,
    plain,
    predicate,
    refuse_related,
    require,
    selected,
    sequence,
    values_of,
)
from raceday.clock import iso
from raceday.errors import StoreConflict, StoreInvalid, StoreMissing
from raceday.store.checks import check_id, check_queries, check_upsert
from raceday.store.client import TRANSACTION_SECS
from raceday.store.port import Op, Row
from raceday.tables import BY_ID, RACE_POLLS

MAX_OPERATIONS = 100
EVENTS_OF_BULK = 100
BULK = ("bulkCreate", "bulkUpsert")
UPSERTS = ("upsert", "bulkUpsert")
OnEvent = Callable[[str, str, Row], None]


class MemoryStore:
    """Tables as dicts. `on_event(table, action, row)` is told what Appwrite would deliver: no bulk of a transaction."""

    def __init__(self, now: Callable[[], datetime], on_event: OnEvent | None = None) -> None:
        self._now = now
        self._on_event = on_event
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in BY_ID}
        self._by_slot: list[tuple[str, str]] = []
        self._by_race: dict[str, dict[str, dict[str, Row]]] = {table: defaultdict(dict) for table in BY_ID}
        self._true_ids: dict[str, dict[str, str]] = {table: {} for table in BY_ID}
        self.files: dict[tuple[str, str], bytes] = {}
        # Upserts that a real server would answer 200 and not keep.
        self.dropped: list[str] = []
        # Transactions that were begun and not ended, each with when it ends by itself.
        self.open: dict[str, datetime] = {}
        self.opened = 0
        self._sequence = 0
        self.calls = 0

    async def aclose(self) -> None:
        """Have nothing to close."""

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Return one row, None where it does not exist."""
        self.calls += 1
        rows = self._table(table)
        check_select(table, select)
        row = rows.get(self._true_id(table, row_id))
        return None if row is None else selected(row, select)

    def _true_id(self, table: str, row_id: str) -> str:
        """Return the id as the row has it: case does not tell ids apart."""
        return row_id if row_id in self._table(table) else self._true_ids[table].get(row_id.lower(), row_id)

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match, all or the first `limit`, in order of creation unless ordered otherwise."""
        self.calls += 1
        check_queries(table, queries)
        check_select(table, select)
        rows = self._matching(table, [json.loads(q) for q in queries], limit)
        return [selected(row, select) for row in rows]

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row; StoreConflict where the id exists."""
        self.calls += 1
        self._apply([Op("create", table, check_id(table, row_id), given_data(data))], fires=True)
        made = {**self.tables[table][row_id], **as_sent(table, data)}
        return {k: v for k, v in made.items() if k in data or not is_relation(table, k)}

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or overwrite one row; every required column must be there."""
        self.calls += 1
        self._apply([Op("upsert", table, check_id(table, row_id), data)], fires=True)
        return {**self.tables[table][self._true_id(table, row_id)], "$id": row_id}

    async def update(self, table: str, row_id: str, data: Mapping[str, Any], *, if_not_after: str = "") -> Row:
        """Patch one row; StoreConflict where it changed after the ISO instant `if_not_after`."""
        self.calls += 1
        check_id(table, row_id)
        given_data(data, "row_missing_payload")
        row = self._table(table).get(self._true_id(table, row_id))
        if row is None:
            raise StoreMissing(f"{table}/{row_id}", status=404, kind="row_not_found")
        if if_not_after and datetime.fromisoformat(row["$updatedAt"]) > datetime.fromisoformat(if_not_after):
            raise StoreConflict(f"{table}/{row_id}", status=409, kind="row_update_conflict")
        self._apply([Op("update", table, row_id, data)], fires=True)
        return dict(self.tables[table][self._true_id(table, row_id)])

    async def delete(self, table: str, row_id: str) -> None:
        """Delete one row; a missing one is fine."""
        self.calls += 1
        if self._true_id(table, check_id(table, row_id)) in self._table(table):
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
        self._table(table)
        refuse_related(table)
        rows = self._matching(table, [json.loads(q) for q in queries])
        self._apply([Op("delete", table, row["$id"]) for row in rows], fires=True)
        return len(rows)

    async def begin(self) -> str:
        """Open a transaction; it ends by itself after a minute."""
        self.calls += 1
        self.opened += 1
        begun = f"begun-{self.opened}"
        self.open[begun] = self._now() + timedelta(seconds=TRANSACTION_SECS)
        return begun

    async def drop(self, begun: str) -> None:
        """End a transaction that is not wanted."""
        self.calls += 1
        self._end(begun)

    def _end(self, begun: str) -> None:
        expires = self.open.get(begun)
        if expires is None:
            raise StoreMissing(begun, status=404, kind="transaction_not_found")
        if self._now() > expires:
            raise StoreConflict(begun, status=410, kind="transaction_expired")
        del self.open[begun]

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Do all of `ops`, or none; three calls of the wire, or two where one was begun."""
        self.calls += 3 - bool(begun)
        if begun:
            with suppress(StoreMissing, StoreConflict):
                self._end(begun)
        if not 1 <= len(ops) <= MAX_OPERATIONS:
            raise StoreInvalid(
                f"a transaction takes 1 to {MAX_OPERATIONS} operations, got {len(ops)}", kind="operations"
            )
        for op in ops:
            for row_id, data in [(r.get("$id"), r) for r in op.rows] if op.action in BULK else [(op.row_id, op.data)]:
                check_id(op.table, row_id)
                if op.action in ("upsert", "bulkUpsert"):
                    check_upsert(op.table, str(row_id), data)
        self._check_targets(ops)
        try:
            self._apply(ops, fires=False)
        except StoreConflict as error:
            if error.kind != "row_already_exists":
                raise
            raise StoreConflict(str(error), status=409, kind="transaction_conflict") from error
        except StoreInvalid as error:
            if error.kind == "row_invalid_structure":
                error.kind = "document_invalid_structure"
            raise
        except StoreMissing as error:
            error.kind = "document_not_found"
            raise

    def _check_targets(self, ops: Sequence[Op]) -> None:
        """Refuse, as staging does, a bulk on a related table, and to change a row that is neither there nor created."""
        created: set[tuple[str, str]] = set()
        for op in ops:
            self._table(op.table)
            if op.action in BULK:
                refuse_related(op.table)
                continue
            key = (op.table, self._true_id(op.table, op.row_id))
            if op.action in ("update", "delete") and key not in created and key[1] not in self.tables[op.table]:
                raise StoreMissing(f"{op.table}/{op.row_id}", status=404, kind="document_not_found")
            if op.action == "create":
                created.add(key)

    async def put_file(self, bucket: str, file_id: str, name: str, content: bytes, media_type: str) -> str:
        """Store a file under its id, replacing what was there."""
        self.calls += 1
        self.files[bucket, file_id] = content
        return f"memory://{bucket}/{file_id}"

    def forget(self, table: str, race_id: str) -> list[Row]:
        """Take one race's rows out of a table, in order of their creation, without an event."""
        rows = sorted(self._by_race[table].get(race_id, {}).values(), key=sequence)
        for row in rows:
            self._put(table, row["$id"], None)
        self._by_race[table].pop(race_id, None)
        return rows

    def restore(self, table: str, rows: Sequence[Row]) -> None:
        """Put rows back that were taken out, as they were, without an event."""
        for row in rows:
            self._put(table, row["$id"], row)

    def newest_polls(self) -> dict[str, Row]:
        """Return each race's newest row of the ledger."""
        return {
            race_id: max(rows.values(), key=lambda row: int(row["n"]))
            for race_id, rows in self._by_race[RACE_POLLS].items()
            if rows
        }

    def _table(self, table: str) -> dict[str, Row]:
        if table not in self.tables:
            raise StoreMissing(table, status=404, kind="table_not_found")
        return self.tables[table]

    def _apply(self, ops: Sequence[Op], *, fires: bool) -> int:
        """Do operations whole or not at all; gives how many rows changed."""
        staged: dict[tuple[str, str], Row | None] = {}
        events: list[tuple[str, str, Row]] = []
        for op in ops:
            self._stage(op, staged, events, bulk_fires=fires)
        for (table, row_id), row in staged.items():
            self._put(table, row_id, row)
        if self._on_event is not None:
            for table, action, row in events[:EVENTS_OF_BULK] if fires else events:
                # Each event shows the row's final state, a delete's the row as it was.
                self._on_event(table, action, dict(staged.get((table, row["$id"])) or row))
        return len(staged)

    def _stage(
        self, op: Op, staged: dict[tuple[str, str], Row | None], events: list[tuple[str, str, Row]], *, bulk_fires: bool
    ) -> None:
        rows = self._table(op.table)
        bulk = op.action in BULK
        parts = [(r.get("$id"), r) for r in op.rows] if bulk else [(op.row_id, op.data)]
        if op.action in ("upsert", "bulkUpsert"):
            for part_id, data in parts:
                check_upsert(op.table, check_id(op.table, part_id), data)
        if bulk:
            refuse_related(op.table)
        # In a transaction an upsert goes over what operations before it made of the row.
        own = set() if bulk_fires else set(staged)
        if op.action == "bulkUpsert" and len({row_id for row_id, _ in parts}) < len(parts):
            self._check_twice(op.table, parts, staged)
        for part_id, data in parts:
            row_id = self._true_id(op.table, check_id(op.table, part_id))
            there = staged.get((op.table, row_id), rows.get(row_id))
            if op.action in UPSERTS and there is not None and (op.table, row_id) in own:
                data = {**{k: v for k, v in there.items() if not k.startswith("$")}, **data}
            elif op.action in UPSERTS and there is not None and row_id != part_id:
                over = staged[op.table, row_id] = self._overwritten(op.table, row_id, data, there)
                if not bulk or bulk_fires:
                    # Told at once it has the id that was sent, after a commit the row's own.
                    told_as = {**over, "$id": part_id} if bulk_fires else over
                    events.append((op.table, fired(op.action, bulk_fires), told_as))
                continue
            row = self._next(op, row_id, data, there)
            if row is not there:
                staged[op.table, row_id] = row
            if (not bulk or (bulk_fires and row is not there)) and (told := row or there) is not None:
                events.append((op.table, fired(op.action, bulk_fires), told))

    def _check_twice(
        self, table: str, parts: Sequence[tuple[Any, Mapping[str, Any]]], staged: Mapping[tuple[str, str], Row | None]
    ) -> None:
        """Refuse an id that two rows of a bulk have; those that change nothing do not count, but all have to fit."""
        seen = []
        for row_id, data in parts:
            there = staged.get((table, row_id), self._table(table).get(row_id))
            if there is None or changes(table, there, data):
                require(table, row_id, values_of(table, data), whole=True)
                seen.append(row_id)
        if len(set(seen)) < len(seen):
            raise StoreConflict(f"{table}/multiple exists", status=409, kind="row_already_exists")

    def _overwritten(self, table: str, row_id: str, data: Mapping[str, Any], there: Row) -> Row:
        """Return a row after an upsert under an id of another case, which takes it for new: it keeps its own id."""
        values = values_of(table, data)
        require(table, row_id, values, whole=True)
        given = {k: v for k, v in values.items() if v is not None}
        kept = {k: there[k] for k in ("$id", "$createdAt", "$sequence", "$tableId")}
        return {**DEFAULTS[table], **given, **kept, "$updatedAt": iso(self._now())}

    def _next(self, op: Op, row_id: str, data: Mapping[str, Any], there: Row | None) -> Row | None:
        """Return the row as the operation leaves it: the very same where it changes nothing."""
        if op.action in ("update", "delete") and there is None:
            raise StoreMissing(f"{op.table}/{row_id}", status=404, kind="row_not_found")
        if op.action == "delete":
            return None
        if op.action in UPSERTS and there is not None and not changes(op.table, there, data):
            dropped = any(there.get(k) != v for k, v in data.items() if not k.startswith("$"))
            self.dropped += [f"{op.table}/{row_id}"] * dropped
            return there
        values = values_of(op.table, data)
        require(op.table, row_id, values, whole=op.action != "update")
        if op.action in ("create", "bulkCreate") and there is not None:
            raise StoreConflict(f"{op.table}/{row_id} exists", status=409, kind="row_already_exists")
        stamp = iso(self._now())
        if there is not None:
            after = {**there, **values}
            # A null is never kept where the column has a default.
            after |= {k: v for k, v in DEFAULTS[op.table].items() if v is not None and after.get(k) is None}
            if op.action == "update" and after == there:
                return there
            return {**after, "$updatedAt": stamp}
        self._sequence += 1
        system = {"$id": row_id, "$createdAt": stamp, "$updatedAt": stamp, "$sequence": str(self._sequence)}
        given = {k: v for k, v in values.items() if v is not None}
        return {**DEFAULTS[op.table], **given, **system, "$tableId": op.table}

    def _put(self, table: str, row_id: str, row: Row | None) -> None:
        before = self.tables[table].get(row_id)
        if row is None:
            self._true_ids[table].pop(row_id.lower(), None)
        else:
            self._true_ids[table][row_id.lower()] = row_id
        race = None if row is None else row.get("raceId")
        again = before is not None and row is not None and before["$sequence"] == row["$sequence"]
        if before is not None and before.get("raceId") is not None and not (again and before["raceId"] == race):
            self._by_race[table][before["raceId"]].pop(row_id, None)
        if table == RACE_POLLS:
            self._keep_slot(before, row)
        # A row that is written again keeps its place: a race's rows lie in the order of their creation.
        if not again:
            self.tables[table].pop(row_id, None)
        if row is None:
            return
        self.tables[table][row_id] = row
        if race is not None:
            self._by_race[table][race][row_id] = row

    def _keep_slot(self, before: Row | None, row: Row | None) -> None:
        if before is not None:
            self._by_slot.remove((before["slot"], before["$id"]))
        if row is not None:
            insort(self._by_slot, (row["slot"], row["$id"]))

    def _matching(self, table: str, queries: Sequence[Mapping[str, Any]], most: int | None = None) -> list[Row]:
        self._table(table)
        tests = [predicate(table, q) for q in queries if q["method"] not in PAGING]
        rows: Iterable[Row] = self._candidates(table, queries)
        orders: list[tuple[str, bool]] = []
        limit = offset = None
        for query in queries:
            method = query["method"]
            if method in ("orderAsc", "orderDesc"):
                orders.append((known(table, query["attribute"]), method == "orderDesc"))
            elif method == "limit":
                limit = int(query["values"][0])
            elif method == "offset":
                offset = int(query["values"][0])
        for test in tests:
            rows = filter(test, rows)
        if most == 1 and len(orders) == 1 and orders[0][1] and limit is offset is None:
            # The newest of many is what most readers ask for: no need to sort the rest.
            return greatest(list(rows), orders[0][0])
        found = sorted(rows, key=sequence)
        for key, descending in reversed(orders):
            found.sort(key=lambda row: order_of(row.get(key)), reverse=descending)
        return found[offset or 0 :][:limit][:most]

    def _candidates(self, table: str, queries: Sequence[Mapping[str, Any]]) -> Iterable[Row]:
        for query in queries:
            if query["method"] == "equal" and query["attribute"] == "raceId":
                return [r for race in dict.fromkeys(query["values"]) for r in self._by_race[table][race].values()]
            if query["method"] == "equal" and query["attribute"] == "$id":
                ids = dict.fromkeys(self._true_id(table, i) for i in query["values"])
                return [r for i in ids if (r := self._table(table).get(i)) is not None]
            if table == RACE_POLLS and query["method"] == "greaterThanEqual" and query["attribute"] == "slot":
                begin = bisect_left(self._by_slot, (plain(table, "slot", query["values"][0]), ""))
                return [self.tables[table][row_id] for _, row_id in self._by_slot[begin:]]
        return list(self._table(table).values())
