"""Transactions: operations are staged, and replayed in one SQL transaction at the commit."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.embedded.catalog import Table
from local.embedded.errors import Refused, argument, conflict, missing
from local.embedded.instants import iso
from local.embedded.rows import Fired, Rows, check_id

MOST_OPERATIONS = 100
BULK = {"bulkCreate": "create", "bulkUpsert": "upsert", "bulkUpdate": "update", "bulkDelete": "delete"}
ACTIONS = {"create", "update", "upsert", "delete", "increment", "decrement", *BULK}
Key = tuple[str, str, str]
EVENTS = {"create": "create", "delete": "delete"}


@dataclass(slots=True)
class Transaction:
    """One transaction; `versions` are those of the rows it touches as they were then, `loose` those of bulk rows,
    which matter only where the bulk changes the row.
    """

    id: str
    created: str
    expires: datetime
    status: str = "pending"
    operations: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[Key, int | None] = field(default_factory=dict)
    loose: dict[Key, int | None] = field(default_factory=dict)
    count: int = 0

    def end(self, status: str) -> None:
        """Close the transaction and let go of what it held."""
        self.status = status
        self.operations, self.versions, self.loose = [], {}, {}

    def shown(self) -> dict[str, Any]:
        """Return the transaction as an answer has it."""
        return {
            "$id": self.id,
            "$createdAt": self.created,
            "$updatedAt": self.created,
            "status": self.status,
            "operations": self.count,
            "expiresAt": iso(self.expires),
        }


class Transactions:
    """Every transaction since the start; pending ones do not outlive the process."""

    def __init__(
        self, rows: Rows, table_of: Callable[[str, str], Table], now: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._rows, self._table_of, self._now, self._new_id = rows, table_of, now, new_id
        self.all: dict[str, Transaction] = {}

    def open(self, ttl_secs: Any) -> Transaction:
        """Begin a transaction."""
        if not isinstance(ttl_secs, int) or not 60 <= ttl_secs <= 3600:
            raise argument("Invalid `ttl` param: Value must be a valid range between 60 and 3,600")
        made = Transaction(self._new_id(), iso(self._now()), self._now() + timedelta(seconds=ttl_secs))
        self.all[made.id] = made
        return made

    def get(self, transaction_id: str) -> Transaction:
        """Return a transaction; refuses one that does not exist."""
        if transaction_id not in self.all:
            raise missing("transaction")
        return self.all[transaction_id]

    def pending(self, transaction_id: str) -> Transaction:
        """Return a transaction that is still open; refuses one that ended or whose time is up."""
        found = self.get(transaction_id)
        if found.status != "pending":
            raise Refused(400, "transaction_not_ready", "The transaction is not ready: it has ended already.")
        if self._now() > found.expires:
            found.end("failed")
            raise Refused(410, "transaction_expired", "The transaction has expired.")
        return found

    def stage(self, transaction: Transaction, operations: Any) -> None:
        """Add operations; their rows are only checked at the commit, their tables at once."""
        if not isinstance(operations, list):
            raise argument("Invalid `operations` param: Value must be a valid array")
        if transaction.count + len(operations) > MOST_OPERATIONS:
            message = f"Transaction already has the maximum of {MOST_OPERATIONS} operations"
            raise Refused(400, "transaction_limit_exceeded", message)
        # All are looked at before any is kept: a refused request stages nothing.
        tables = [self._check(op) for op in operations]
        for table, op in zip(tables, operations, strict=True):
            self._watch(transaction, table, op)
        transaction.operations += operations
        transaction.count += len(operations)

    def _check(self, op: Any) -> Table:
        if not isinstance(op, dict) or op.get("action") not in ACTIONS:
            raise argument("Invalid `operations` param: Key 'action' must be one of " + ", ".join(sorted(ACTIONS)))
        table = self._table_of(str(op.get("databaseId")), str(op.get("tableId")))
        action = op["action"]
        data: Any = op.get("data")
        if action in ("bulkCreate", "bulkUpsert"):
            self._rows.check_bulk(table, data, BULK[action], most=None)
        elif action in BULK:
            self._rows.check_bulk(table, [], BULK[action])
        if action not in ("bulkCreate", "bulkUpsert", "delete") and not isinstance(data, dict):
            raise argument("Invalid `operations` param: Key 'data' must be an object")
        if action in ("bulkUpdate", "bulkDelete") and not isinstance(data.get("queries") or [], list):
            raise argument("Invalid `operations` param: Key 'queries' must be an array")
        if action not in BULK and action != "upsert" and not isinstance(op.get("rowId"), str):
            raise argument("Invalid `operations` param: Key 'rowId' must be a valid id")
        return table

    def _watch(self, transaction: Transaction, table: Table, op: dict[str, Any]) -> None:
        into = transaction.loose if op["action"] in BULK else transaction.versions
        for row_id, version in self._rows.versions(table, self._touched(table, op)).items():
            into.setdefault((table.database, table.id, row_id), version)

    def _touched(self, table: Table, op: dict[str, Any]) -> list[str]:
        action = op["action"]
        data: Any = op.get("data")
        if action in ("bulkUpdate", "bulkDelete"):
            return [raw["_id"] for raw in self._rows.matching(table, data.get("queries") or [])]
        if action in BULK:
            return [str(row.get("$id")) for row in data] if action == "bulkUpsert" else []
        if action == "upsert":
            return [str(data["$id"])] if data.get("$id") else []
        return [op["rowId"]]

    def replay(self, transaction: Transaction) -> list[Fired]:
        """Do every operation; the caller rolls back when one is refused. Bulk operations fire no events."""
        if self._moved(transaction.versions):
            raise conflict()
        moved = self._moved(transaction.loose)
        fired: list[Fired] = []
        own: set[Key] = set()
        for op in transaction.operations:
            table = self._table_of(op["databaseId"], op["tableId"])
            try:
                if op["action"] in BULK:
                    keys = {(table.database, table.id, raw["_id"]) for raw in self._bulk(table, op)}
                    if (keys & moved) - own:
                        raise conflict()
                else:
                    raw = self._single(table, op)
                    keys = {(table.database, table.id, raw["_id"])}
                    fired.append(Fired(table, EVENTS.get(op["action"], "update"), raw, from_transaction=True))
            except Refused as error:
                raise _at_commit(error) from None
            own |= keys
        # Each event shows the row's final state.
        return [replace(f, row=self._rows.raw(f.table, f.row["_id"]) or f.row) for f in fired]

    def _moved(self, versions: dict[Key, int | None]) -> set[Key]:
        by_table: dict[tuple[str, str], list[str]] = {}
        for database, table_id, row_id in versions:
            by_table.setdefault((database, table_id), []).append(row_id)
        return {
            (*where, row_id)
            for where, ids in by_table.items()
            for row_id, version in self._rows.versions(self._table_of(*where), ids).items()
            if versions[*where, row_id] != version
        }

    def _bulk(self, table: Table, op: dict[str, Any]) -> list[dict[str, Any]]:
        action = op["action"]
        data: Any = op.get("data") or {}
        if action == "bulkCreate":
            return self._rows.bulk_create(table, data)
        if action == "bulkUpsert":
            return self._rows.bulk_upsert(table, data)
        if action == "bulkDelete":
            return self._rows.bulk_delete(table, data.get("queries") or [])
        return self._rows.bulk_update(table, data.get("queries") or [], data.get("data") or {})

    def _single(self, table: Table, op: dict[str, Any]) -> dict[str, Any]:
        action, row_id, data = op["action"], op.get("rowId") or "", op.get("data") or {}
        if action == "create":
            return self._rows.create(table, check_id(row_id), data)
        if action == "upsert":
            # The staged form does not look at `rowId`: without `$id` in the data a random id is made.
            return self._rows.upsert(table, str(data.get("$id") or self._new_id()), data)[0]
        if action == "update":
            return self._rows.patch(table, self._rows.need(table, row_id), data)[0]
        if action == "delete":
            return self._rows.delete(table, row_id)
        sign = 1 if action == "increment" else -1
        limit = data.get("max" if sign > 0 else "min")
        return self._rows.increment(table, row_id, str(data.get("column")), data.get("value", 1), limit, sign)


def _at_commit(error: Refused) -> Refused:
    if error.kind in ("row_already_exists", "row_not_found"):
        return conflict()
    if error.kind == "row_invalid_structure":
        return Refused(400, "document_invalid_structure", error.message)
    return error
