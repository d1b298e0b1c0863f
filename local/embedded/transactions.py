"""Transactions: operations are staged, and replayed in one SQL transaction at the commit."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.errors import ApiRefusal, argument, conflict, missing
from local.embedded.former import former_error
from local.embedded.instants import iso
from local.embedded.operations import BULK, check_operation
from local.embedded.rows import Fired, Rows

MOST_OPERATIONS = 100
Key = tuple[str, str, str]
NOT_PENDING = "Invalid or non\u2011pending transaction"
UNFORESEEN = ("attribute_type_invalid", "general_argument_invalid", "relationship_value_invalid")
EVENTS = {"create": "create", "delete": "delete"}


@dataclass(slots=True)
class Transaction:
    """One transaction; `versions` are those of the rows it touches as they were then, `loose` those of bulk rows,
    which matter only where the bulk changes the row; `made` are the rows it makes (true) and deletes (false).
    """

    id: str
    created: str
    expires: datetime
    status: str = "pending"
    operations: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[Key, int | None] = field(default_factory=dict)
    loose: dict[Key, int | None] = field(default_factory=dict)
    made: dict[Key, bool] = field(default_factory=dict)
    count: int = 0

    def end(self, status: str) -> None:
        """Close the transaction and let go of what it held."""
        self.status = status
        self.operations, self.versions, self.loose, self.made = [], {}, {}, {}

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
        self,
        rows: Rows,
        table_of: Callable[[str, str], SqlTable],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._rows, self._table_of, self._now, self._new_id = rows, table_of, now, new_id
        self.all: dict[str, Transaction] = {}

    def open(self, ttl_secs: Any) -> Transaction:
        """Begin a transaction."""
        if isinstance(ttl_secs, str) and ttl_secs.isdecimal():
            ttl_secs = int(ttl_secs)
        if isinstance(ttl_secs, bool) or not isinstance(ttl_secs, int) or not 60 <= ttl_secs <= 3600:
            raise argument("Invalid `ttl` param: Value must be a valid range between 60 and 3,600")
        made = Transaction(self._new_id(), iso(self._now()), self._now() + timedelta(seconds=ttl_secs))
        self.all[made.id] = made
        return made

    def get(self, transaction_id: str) -> Transaction:
        """Return a transaction; refuses one that does not exist."""
        if transaction_id not in self.all:
            raise missing("transaction", transaction_id)
        return self.all[transaction_id]

    def pending(self, transaction_id: str) -> Transaction:
        """Return a transaction that is still open; refuses one that ended or whose time is up."""
        found = self.get(transaction_id)
        if found.status != "pending":
            raise ApiRefusal(400, "transaction_not_ready", "The transaction is not ready yet. Please try again later.")
        if self._now() > found.expires:
            found.end("failed")
            raise ApiRefusal(410, "transaction_expired", "The transaction has expired.")
        return found

    def stage(self, transaction: Transaction, operations: Any, *, seen: bool = True) -> None:
        """Add operations; tables and rows that are to change must be there, the rest shows at the commit.

        Rows of operations that are not `seen` need not be.
        """
        if not isinstance(operations, list):
            raise argument("Invalid `operations` param: Value must a valid array")
        if not operations:
            raise ApiRefusal(400, "general_bad_request", "Operations array cannot be empty")
        for op in operations:
            check_operation(op)
        self._check_open(transaction)
        if transaction.count + len(operations) > MOST_OPERATIONS:
            message = (
                f"Transaction already has {transaction.count} operations, adding {len(operations)} would exceed the "
                f"maximum of {MOST_OPERATIONS}"
            )
            raise ApiRefusal(400, "transaction_limit_exceeded", message)
        # All are looked at before any is kept: a refused request stages nothing.
        # Within one request only a creation shows to those after it.
        made: dict[Key, bool] = {}
        created = set() if seen else {_key_of(op) for op in operations}
        tables = [self._check_target(op, transaction.made, made, created) for op in operations]
        for table, op in zip(tables, operations, strict=True):
            self._watch(transaction, table, op)
        transaction.made |= made
        transaction.operations += operations
        transaction.count += len(operations)

    def bulk_pending(self, transaction_id: str) -> Transaction:
        """Return a transaction that a bulk or a number's change names; one that is unknown is a bad request there."""
        found = self.all.get(transaction_id)
        if found is None or found.status != "pending":
            raise ApiRefusal(400, "general_bad_request", NOT_PENDING)
        return found

    def _check_open(self, transaction: Transaction) -> None:
        if transaction.status != "pending":
            raise ApiRefusal(400, "general_bad_request", NOT_PENDING)
        if self._now() > transaction.expires:
            raise ApiRefusal(410, "transaction_expired", "The transaction has expired.")

    def _check_target(
        self, op: dict[str, Any], before: dict[Key, bool], made: dict[Key, bool], created: set[Key]
    ) -> SqlTable:
        """Return an operation's table; `before` tells what the transaction had made and deleted, `made` what it does
        now, `created` what it creates.
        """
        try:
            table = self._table_of(op["databaseId"], op["tableId"])
        except ApiRefusal as error:
            raise former_error(error) from None
        action, data = op["action"], op.get("data")
        if action in BULK:
            self._rows.check_bulk(table, data if isinstance(data, list) else [], BULK[action], most=None)
            for row in data if isinstance(data, list) else []:
                made[_key(table, str(row.get("$id")))] = True
            return table
        key = _key(table, op["rowId"])
        if action not in ("create", "upsert") and key not in created and not self._there(table, key, before):
            raise missing("document", op["rowId"])
        made[key] = action != "delete"
        if action == "create":
            created.add(key)
        return table

    def _there(self, table: SqlTable, key: Key, before: dict[Key, bool]) -> bool:
        return before.get(key, self._rows.raw(table, key[2]) is not None)

    def _watch(self, transaction: Transaction, table: SqlTable, op: dict[str, Any]) -> None:
        into = transaction.loose if op["action"] in BULK else transaction.versions
        for row_id, version in self._rows.versions(table, self._touched(table, op)).items():
            into.setdefault(_key(table, row_id), version)

    def _touched(self, table: SqlTable, op: dict[str, Any]) -> list[str]:
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
                    keys = {_key(table, raw["_id"]) for raw in self._bulk(table, op, own)}
                    if (keys & moved) - own:
                        raise conflict()
                else:
                    raw = self._single(table, op, own)
                    keys = set() if raw is None else {_key(table, raw["_id"])}
                    if raw is not None:
                        fired.append(Fired(table, EVENTS.get(op["action"], "update"), raw, from_transaction=True))
            except ApiRefusal as error:
                raise _at_commit(error, str(op.get("rowId") or "")) from None
            own = own - keys if op["action"] in ("delete", "bulkDelete") else own | keys
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
            # One that is gone is no conflict: an update misses it, an upsert makes it anew.
            if version is not None and versions[*where, row_id] != version
        }

    def _bulk(self, table: SqlTable, op: dict[str, Any], own: set[Key]) -> list[dict[str, Any]]:
        action = op["action"]
        data: Any = op.get("data") or {}
        if action == "bulkCreate":
            return self._rows.bulk_create(table, data, staged=True)
        if action == "bulkUpsert":
            # Staged rows without an id are lost.
            return self._rows.bulk_upsert(table, [self._merged(table, row, own) for row in data if row.get("$id")])
        if action == "bulkDelete":
            return self._rows.bulk_delete(table, data.get("queries") or [])
        return self._rows.bulk_update(table, data.get("queries") or [], data.get("data") or {})

    def _merged(self, table: SqlTable, row: dict[str, Any], own: set[Key]) -> dict[str, Any]:
        """Return a row over what the transaction itself made of it: such an upsert needs no required column."""
        if _key(table, str(row["$id"])) not in own or (raw := self._rows.raw(table, str(row["$id"]))) is None:
            return row
        return {**{k: v for k, v in self._rows.show(table, raw).items() if not k.startswith("$")}, **row}

    def _single(self, table: SqlTable, op: dict[str, Any], own: set[Key]) -> dict[str, Any] | None:
        action, row_id, data = op["action"], op.get("rowId") or "", op.get("data") or {}
        if action == "create":
            # An id in the data goes before the operation's own.
            return self._rows.create(table, str(data.get("$id") or row_id), data)
        if action == "upsert":
            if _key(table, row_id) in own:
                return self._rows.upsert(table, row_id, self._merged(table, {**data, "$id": row_id}, own))[0]
            # The staged form does not look at `rowId`: without `$id` in the data a random id is made.
            return self._rows.upsert(table, str(data.get("$id") or self._new_id()), data)[0]
        if self._rows.raw(table, row_id) is None:
            if action == "delete" and _key(table, row_id) in own:
                return None
            raise missing("row", row_id)
        if action == "update":
            return self._rows.patch(table, self._rows.need(table, row_id), data)[0]
        if action == "delete":
            return self._rows.delete(table, row_id)
        sign = 1 if action == "increment" else -1
        limit = data.get("max" if sign > 0 else "min")
        return self._rows.increment(table, row_id, str(data.get("column")), data.get("value", 1), limit, sign)


def _key_of(op: dict[str, Any]) -> Key:
    return (op["databaseId"], op["tableId"], op.get("rowId", "").lower())


def _key(table: SqlTable, row_id: str) -> Key:
    return (table.database, table.id, row_id.lower())


def _at_commit(error: ApiRefusal, row_id: str) -> ApiRefusal:
    if error.kind == "row_already_exists":
        return conflict()
    if error.kind == "row_invalid_structure":
        return ApiRefusal(400, "document_invalid_structure", error.message)
    if error.kind in ("row_not_found", "column_not_found"):
        return missing("document", row_id)
    if error.kind == "column_limit_exceeded":
        return ApiRefusal(400, "attribute_limit_exceeded", error.message)
    # What a commit does not foresee is masked.
    return ApiRefusal(500, "general_unknown", "Server Error") if error.kind in UNFORESEEN else error
