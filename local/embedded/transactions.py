"""Transactions: operations are staged, and replayed in one SQL transaction at the commit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.embedded.catalog import Table
from local.embedded.errors import Refused, argument, conflict, missing
from local.embedded.rows import Fired, Rows, check_id
from local.embedded.values import iso

MOST_OPERATIONS = 100
ACTIONS = {"create", "update", "upsert", "delete", "increment", "decrement", "bulkCreate", "bulkUpsert"}


@dataclass(slots=True)
class Transaction:
    """One transaction; `versions` are those of the rows it touches, as they were when it did."""

    id: str
    created: str
    expires: datetime
    status: str = "pending"
    operations: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[tuple[str, str, str], int | None] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Give the transaction as an answer has it."""
        return {
            "$id": self.id,
            "$createdAt": self.created,
            "$updatedAt": self.created,
            "status": self.status,
            "operations": len(self.operations),
            "expiresAt": iso(self.expires),
        }


class Transactions:
    """Every transaction since the start; pending ones do not outlive the process."""

    def __init__(
        self, rows: Rows, table_of: Callable[[str, str], Table], now: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._rows, self._table_of, self._now, self._new_id = rows, table_of, now, new_id
        self.all: dict[str, Transaction] = {}

    def open(self, ttl_secs: int) -> Transaction:
        """Begin a transaction."""
        if not 60 <= ttl_secs <= 3600:
            raise argument("Invalid `ttl` param: Value must be a valid range between 60 and 3,600")
        made = Transaction(self._new_id(), iso(self._now()), self._now() + timedelta(seconds=ttl_secs))
        self.all[made.id] = made
        return made

    def get(self, transaction_id: str) -> Transaction:
        """Give a transaction; refuses one that does not exist."""
        if transaction_id not in self.all:
            raise missing("transaction")
        return self.all[transaction_id]

    def pending(self, transaction_id: str) -> Transaction:
        """Give a transaction that is still open; refuses one that ended or whose time is up."""
        found = self.get(transaction_id)
        if found.status != "pending":
            raise Refused(400, "transaction_not_ready", "The transaction is not ready: it has ended already.")
        if self._now() > found.expires:
            found.status = "failed"
            raise Refused(410, "transaction_expired", "The transaction has expired.")
        return found

    def stage(self, transaction: Transaction, operations: list[dict[str, Any]]) -> None:
        """Add operations; their rows are only checked at the commit, their tables at once."""
        if len(transaction.operations) + len(operations) > MOST_OPERATIONS:
            raise Refused(
                400,
                "transaction_limit_exceeded",
                f"Transaction already has the maximum of {MOST_OPERATIONS} operations",
            )
        for op in operations:
            if not isinstance(op, dict) or op.get("action") not in ACTIONS:
                raise argument("Invalid `operations` param: Key 'action' must be one of " + ", ".join(sorted(ACTIONS)))
            table = self._table_of(str(op.get("databaseId")), str(op.get("tableId")))
            if op["action"] in ("bulkCreate", "bulkUpsert"):
                self._rows.check_bulk(table, op.get("data"), op["action"].removeprefix("bulk").lower(), most=None)
            self._watch(transaction, table, op)
            transaction.operations.append(op)

    def _watch(self, transaction: Transaction, table: Table, op: dict[str, Any]) -> None:
        for row_id in _touched(op):
            key = (table.database, table.id, row_id)
            if key not in transaction.versions:
                raw = self._rows.raw(table, row_id)
                transaction.versions[key] = raw["_version"] if raw else None

    def replay(self, transaction: Transaction) -> list[Fired]:
        """Do every operation; the caller rolls back when one is refused. Bulk operations fire no events."""
        for (database, table_id, row_id), version in transaction.versions.items():
            raw = self._rows.raw(self._table_of(database, table_id), row_id)
            if (raw["_version"] if raw else None) != version:
                raise conflict()
        fired: list[Fired] = []
        for op in transaction.operations:
            fired += self._one(op)
        # Each event shows the row's final state.
        return [Fired(f.table, f.action, self._final(f), from_transaction=True) for f in fired]

    def _final(self, fired: Fired) -> dict[str, Any]:
        return self._rows.raw(fired.table, fired.row["_id"]) or fired.row

    def _one(self, op: dict[str, Any]) -> list[Fired]:
        table, action = self._table_of(op["databaseId"], op["tableId"]), op["action"]
        bulk: list[dict[str, Any]] = op["data"] if action.startswith("bulk") else []
        if action == "bulkCreate":
            try:
                self._rows.bulk_create(table, bulk)
            except Refused as error:
                raise _at_commit(error) from None
            return []
        if action == "bulkUpsert":
            self._rows.bulk_upsert(table, bulk)
            return []
        try:
            return [
                Fired(
                    table,
                    "create" if action == "create" else "delete" if action == "delete" else "update",
                    self._single(table, op),
                )
            ]
        except Refused as error:
            raise _at_commit(error) from None

    def _single(self, table: Table, op: dict[str, Any]) -> dict[str, Any]:
        action, row_id, data = op["action"], str(op.get("rowId") or ""), op.get("data") or {}
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
        return self._rows.increment(table, row_id, str(data.get("column")), float(data.get("value", 1)), limit, sign)


def _touched(op: dict[str, Any]) -> list[str]:
    if op["action"] in ("bulkCreate", "bulkUpsert"):
        return [str(row.get("$id")) for row in op["data"]] if op["action"] == "bulkCreate" else []
    if op["action"] == "upsert":
        return [str(op["data"]["$id"])] if (op.get("data") or {}).get("$id") else []
    return [str(op.get("rowId") or "")]


def _at_commit(error: Refused) -> Refused:
    if error.kind in ("row_already_exists", "row_not_found"):
        return conflict()
    if error.kind == "row_invalid_structure":
        return Refused(400, "document_invalid_structure", error.message)
    return error
