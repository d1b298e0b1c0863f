"""The store's port over Appwrite's TablesDB routes."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import httpx
from appwrite.query import Query

from raceday.clock import Clock
from raceday.connections import Transports
from raceday.errors import StoreConflict, StoreError, StoreInvalid, StoreMissing, StoreUnavailable
from raceday.ids import RandomSource, is_id
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.checks import agrees, check_id, check_queries, check_upsert, with_defaults
from raceday.store.port import Op, Row
from raceday.store.wire import Params, Wire, member

T = TypeVar("T")

BULK = 100
PAGE = 500
TRANSACTION_SECS = 60
MAX_OPERATIONS = 100
TRANSACTIONS = "/tablesdb/transactions"
# What the store says of a transaction that can commit nothing any more.
OVER = ("transaction_expired", "transaction_not_found")
FATE_READS = 5
FAILED = "not_committed"
FILE_TRIES = 4


class StoreClient:
    """Rows, transactions and files of one database."""

    def __init__(self, settings: Settings, wire: Wire, log: Log) -> None:
        self._wire, self._log = wire, log
        self._db = settings.store_database
        self._root = f"/tablesdb/{self._db}/tables"
        self._settings = settings

    @property
    def calls(self) -> int:
        """Return the number of requests sent so far."""
        return self._wire.calls

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    def _rows(self, table: str) -> str:
        return f"{self._root}/{table}/rows"

    def _row(self, table: str, row_id: str) -> str:
        return f"{self._root}/{table}/rows/{check_id(table, row_id)}"

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Return one row, None where it does not exist."""
        if not is_id(row_id):
            return None
        params: Params | None = [("queries[0]", Query.select(list(select)))] if select else None
        try:
            row: Row = await self._wire.send("GET", f"{self._rows(table)}/{row_id}", params=params)
        except StoreMissing as missing:
            if missing.kind == "row_not_found":
                return None
            raise
        return row

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match, all of them or the first `limit`, by pages with a cursor."""
        check_queries(table, queries)
        found: list[Row] = []
        base = [*queries, *([Query.select(list(select))] if select else [])]
        while limit is None or len(found) < limit:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            page_queries = [*base, Query.limit(size)]
            if found:
                page_queries.append(Query.cursor_after(found[-1]["$id"]))
            params: Params = [(f"queries[{i}]", q) for i, q in enumerate(page_queries)]
            answer = await self._wire.send("GET", self._rows(table), params=[*params, ("total", "false")])
            page: list[Row] = member(answer, "rows")
            found += page
            if len(page) < size:
                break
        return found

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row; StoreConflict where the id exists. An unknown fate is resolved by reading the row back."""
        body = {"rowId": check_id(table, row_id), "data": dict(data)}

        async def write() -> Row:
            made: Row = await self._wire.send("POST", self._rows(table), body=body, repeat=False)
            return made

        async def found() -> Row | None:
            there = await self.get(table, row_id)
            if there is None or agrees(there, with_defaults(table, data)):
                return there
            raise StoreConflict(f"{table}/{row_id} exists with other values", status=409, kind="row_already_exists")

        return await self._once_for_all(write, found)

    async def _once_for_all(self, write: Callable[[], Awaitable[T]], found: Callable[[], Awaitable[T | None]]) -> T:
        """Write what must not be written twice; after a lost answer `found` reads what became of it.

        A try that was taken for lost may arrive after that reading, so a conflict of a later one is read too.
        """
        tried = False

        async def once() -> T:
            nonlocal tried
            if tried and (there := await found()) is not None:
                return there
            first, tried = not tried, True
            try:
                return await write()
            except StoreConflict:
                if first or (there := await found()) is None:
                    raise
                return there

        return await self._wire.keep_trying(once)

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or overwrite one row; every required column must be there."""
        path = self._row(table, row_id)
        check_upsert(table, row_id, data)
        row: Row = await self._wire.send("PUT", path, body={"data": dict(data)})
        return row

    async def update(self, table: str, row_id: str, data: Mapping[str, Any], *, if_not_after: str = "") -> Row:
        """Patch one row; StoreConflict where it changed after the ISO instant `if_not_after`."""
        path, body = self._row(table, row_id), {"data": dict(data)}
        if not if_not_after:
            row: Row = await self._wire.send("PATCH", path, body=body)
            return row

        async def write() -> Row:
            headers = {"x-appwrite-timestamp": if_not_after}
            patched: Row = await self._wire.send("PATCH", path, body=body, headers=headers, repeat=False)
            return patched

        async def found() -> Row | None:
            there = await self.get(table, row_id)
            return there if there is not None and agrees(there, data) else None

        return await self._once_for_all(write, found)

    async def delete(self, table: str, row_id: str) -> None:
        """Delete one row; a missing one is fine."""
        try:
            await self._wire.send("DELETE", self._row(table, row_id))
        except StoreMissing as missing:
            if missing.kind != "row_not_found":
                raise

    async def create_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Create rows in bulk: all or nothing for each hundred, StoreConflict where one exists."""
        for chunk in _chunks(rows):
            await self._create_chunk(table, chunk)

    async def _create_chunk(self, table: str, chunk: Sequence[Mapping[str, Any]]) -> None:
        body = {"rows": _bulk(table, chunk)}

        async def write() -> bool:
            await self._wire.send("POST", self._rows(table), body=body, repeat=False)
            return True

        async def found() -> bool | None:
            sent = {row["$id"]: row for row in chunk}
            there = await self.find(table, [Query.equal("$id", list(sent))])
            if not there:
                return None
            if len(there) == len(sent) and all(agrees(r, with_defaults(table, sent[r["$id"]])) for r in there):
                return True
            raise StoreConflict(f"{table}: rows of the bulk exist already", status=409, kind="row_already_exists")

        await self._once_for_all(write, found)

    async def upsert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Upsert rows in bulk; gives how many changed."""
        changed = 0
        for chunk in _chunks(rows):
            body = {"rows": _upserts(table, chunk)}
            changed += int(member(await self._wire.send("PUT", self._rows(table), body=body), "total"))
        return changed

    async def delete_where(self, table: str, queries: Sequence[str]) -> int:
        """Delete the rows that match; an empty list of queries would delete every row and is refused."""
        if not queries:
            raise StoreInvalid(f"{table}: a delete without queries would delete every row", kind="queries")
        answer = await self._wire.send("DELETE", self._rows(table), body={"queries": list(queries)})
        return int((answer or {}).get("total", 0))

    async def begin(self) -> str:
        """Open a transaction for a commit to come: it ends by that, by `drop`, or by itself after a minute."""
        created = await self._wire.send("POST", TRANSACTIONS, body={"ttl": TRANSACTION_SECS})
        return str(member(created, "$id"))

    async def drop(self, begun: str) -> None:
        """End a transaction that is not wanted."""
        await self._wire.send("PATCH", f"{TRANSACTIONS}/{begun}", body={"rollback": True}, repeat=False)

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Do all of `ops` in one transaction of three calls, or none; of two where one was `begun`.

        Raises StoreConflict where a row exists or changed meanwhile, and StoreUnavailable where the answer was lost:
        of kind `not_committed` where nothing was written, of another where the fate is unknown.
        """
        if not 1 <= len(ops) <= MAX_OPERATIONS:
            raise StoreInvalid(
                f"a transaction takes 1 to {MAX_OPERATIONS} operations, got {len(ops)}", kind="operations"
            )
        staged = {"operations": [self._staged(op) for op in ops]}
        first = [begun] if begun else []
        await self._wire.keep_trying(lambda: self._commit_once(staged, first.pop() if first else ""), FAILED)

    async def _commit_once(self, staged: Mapping[str, Any], begun: str) -> None:
        path = f"{TRANSACTIONS}/{begun or await self.begin()}"
        try:
            await self._wire.send("POST", f"{path}/operations", body=staged, repeat=False)
            await self._wire.send("PATCH", path, body={"commit": True}, repeat=False)
        except StoreConflict as error:
            if error.kind not in OVER:
                raise
            # Its time was over before anything of it was done.
            raise StoreUnavailable(f"{error}; nothing was written", status=error.status, kind=FAILED) from error
        except StoreError as error:
            fate = await self._resolve_transaction(path)
            if fate == "committed":
                return
            # One that was begun before may itself be what is refused: a new one tells.
            if fate == "failed" and (begun or isinstance(error, StoreUnavailable)):
                raise StoreUnavailable(f"{error}; nothing was written", status=error.status, kind=FAILED) from error
            raise

    async def _resolve_transaction(self, path: str) -> str:
        """Find out what became of a transaction, ending one that is still open; empty where nobody can tell."""
        status = ""
        for _ in range(FATE_READS):
            try:
                status = str(member(await self._wire.send("GET", path), "status"))
                if status in ("committed", "failed"):
                    return status
                if status == "pending":
                    await self._wire.send("PATCH", path, body={"rollback": True}, repeat=False)
                    return "failed"
            except StoreError as error:
                if error.kind in OVER:
                    return "failed"
                status = str(error)
                # The commit may have arrived before the rollback: the next reading tells.
                if not isinstance(error, (StoreInvalid, StoreConflict, StoreUnavailable)):
                    break
            await self._wire.patience.pause()
        self._log.warning("store.transaction_unresolved", path=path, error=status)
        return ""

    def _staged(self, op: Op) -> dict[str, Any]:
        base = {"action": op.action, "databaseId": self._db, "tableId": op.table}
        if op.action == "bulkCreate":
            return {**base, "data": _bulk(op.table, op.rows)}
        if op.action == "bulkUpsert":
            return {**base, "data": _upserts(op.table, op.rows)}
        check_id(op.table, op.row_id)
        data = dict(op.data)
        if op.action == "upsert":
            check_upsert(op.table, op.row_id, data)
            # An upsert staged this way ignores `rowId` and would be stored under a random id.
            data["$id"] = op.row_id
        return {**base, "rowId": op.row_id, "data": data}

    async def put_file(self, bucket: str, file_id: str, name: str, content: bytes, media_type: str) -> str:
        """Store a file under its id, replacing what was there; gives the URL to view it."""
        path = f"/storage/buckets/{bucket}/files"
        request = httpx.Request(
            "POST", "http://form", data={"fileId": file_id}, files={"file": (name, content, media_type)}
        )
        headers = {"content-type": request.headers["content-type"]}
        await self._put_file(path, check_id(bucket, file_id), request.read(), headers)
        s = self._settings
        return f"{s.store_endpoint}{path}/{file_id}/view?project={s.store_project}"

    async def _put_file(self, path: str, file_id: str, content: bytes, headers: dict[str, str]) -> None:
        """Create a file; what is there already, this one by a try that seemed lost or a former one, makes room."""
        for left in reversed(range(FILE_TRIES)):
            try:
                await self._wire.send_raw("POST", path, content, headers)
                return
            except StoreUnavailable:
                if not left:
                    raise
                await self._wire.patience.pause()
            except StoreConflict:
                if not left:
                    raise
                with suppress(StoreMissing):
                    await self._wire.send("DELETE", f"{path}/{file_id}")


def _chunks(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for at in range(0, len(rows), BULK):
        yield rows[at : at + BULK]


def _upserts(table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        check_upsert(table, check_id(table, row.get("$id")), row)
    return _bulk(table, rows)


def _bulk(table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        check_id(table, row.get("$id"))
    return [dict(row) for row in rows]


def make_store(
    settings: Settings,
    clock: Clock,
    chance: RandomSource,
    log: Log,
    transport: httpx.AsyncBaseTransport | Transports | None = None,
) -> StoreClient:
    """Make the client of the configured project."""
    return StoreClient(settings, Wire(settings, clock, chance, log, transport), log)
