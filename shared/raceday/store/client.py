"""The store's port over Appwrite's TablesDB routes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from appwrite.query import Query

from raceday.clock import Clock
from raceday.errors import StoreConflict, StoreError, StoreInvalid, StoreMissing, StoreUnavailable
from raceday.ids import Chance
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.port import Op, Row
from raceday.store.wire import Params, Wire

BULK = 100
PAGE = 500
TRANSACTION_SECS = 60
MAX_OPERATIONS = 100


class StoreClient:
    """Rows, transactions and files of one database."""

    def __init__(self, settings: Settings, wire: Wire, log: Log) -> None:
        self._wire, self._log = wire, log
        self._db = settings.store_database
        self._root = f"/tablesdb/{self._db}/tables"
        self._settings = settings

    @property
    def calls(self) -> int:
        """Give the number of requests sent so far."""
        return self._wire.calls

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    def _rows(self, table: str) -> str:
        return f"{self._root}/{table}/rows"

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Give one row, None where it does not exist."""
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
        """Give the rows that match, all of them or the first `limit`, by pages with a cursor."""
        found: list[Row] = []
        base = [*queries, *([Query.select(list(select))] if select else [])]
        while limit is None or len(found) < limit:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            page_queries = [*base, Query.limit(size)]
            if found:
                page_queries.append(Query.cursor_after(found[-1]["$id"]))
            params: Params = [(f"queries[{i}]", q) for i, q in enumerate(page_queries)]
            page = (await self._wire.send("GET", self._rows(table), params=[*params, ("total", "false")]))["rows"]
            found += page
            if len(page) < size:
                break
        return found

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row; StoreConflict where the id exists. An unknown fate is resolved by reading the row back."""
        body = {"rowId": row_id, "data": dict(data)}
        try:
            row: Row = await self._wire.send("POST", self._rows(table), body=body, repeat=False)
        except StoreUnavailable as lost:
            row = await self._resolve_create(table, row_id, body, lost)
        return row

    async def _resolve_create(self, table: str, row_id: str, body: dict[str, Any], lost: StoreUnavailable) -> Row:
        """Find out whether a create whose answer was lost took effect, and make it if it did not."""
        there = await self.get(table, row_id)
        if there is None:
            row: Row = await self._wire.send("POST", self._rows(table), body=body, repeat=False)
            return row
        if _agrees(there, body["data"]):
            return there
        raise StoreConflict(
            f"{table}/{row_id} exists with other values", status=409, kind="row_already_exists"
        ) from lost

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or overwrite one row; every required column must be there."""
        row: Row = await self._wire.send("PUT", f"{self._rows(table)}/{row_id}", body={"data": dict(data)})
        return row

    async def update(self, table: str, row_id: str, data: Mapping[str, Any], *, if_not_after: str = "") -> Row:
        """Patch one row; StoreConflict where it changed after the ISO instant `if_not_after`."""
        headers = {"x-appwrite-timestamp": if_not_after} if if_not_after else None
        row: Row = await self._wire.send(
            "PATCH", f"{self._rows(table)}/{row_id}", body={"data": dict(data)}, headers=headers,
            repeat=not if_not_after,
        )  # fmt: skip
        return row

    async def delete(self, table: str, row_id: str) -> None:
        """Delete one row; a missing one is fine."""
        try:
            await self._wire.send("DELETE", f"{self._rows(table)}/{row_id}")
        except StoreMissing as missing:
            if missing.kind != "row_not_found":
                raise

    async def create_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Create rows in bulk: all or nothing for each hundred, StoreConflict where one exists."""
        for chunk in _chunks(rows):
            body = {"rows": [dict(row) for row in chunk]}
            try:
                await self._wire.send("POST", self._rows(table), body=body, repeat=False)
            except StoreUnavailable:
                # Bulk is all or nothing, so that the first row tells the fate of the rest.
                if await self.get(table, chunk[0]["$id"]) is None:
                    await self._wire.send("POST", self._rows(table), body=body, repeat=False)

    async def upsert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Upsert rows in bulk; gives how many changed."""
        changed = 0
        for chunk in _chunks(rows):
            body = {"rows": [dict(row) for row in chunk]}
            changed += int((await self._wire.send("PUT", self._rows(table), body=body))["total"])
        return changed

    async def delete_where(self, table: str, queries: Sequence[str]) -> int:
        """Delete the rows that match; an empty list of queries would delete every row and is refused."""
        if not queries:
            raise StoreInvalid(f"{table}: a delete without queries would delete every row", kind="queries")
        answer = await self._wire.send("DELETE", self._rows(table), body={"queries": list(queries)})
        return int((answer or {}).get("total", 0))

    async def commit(self, ops: Sequence[Op]) -> None:
        """Do all of `ops` in one transaction of three calls, or none.

        Raises StoreConflict where a row exists or changed meanwhile, and StoreUnavailable where the fate is unknown.
        """
        if not 1 <= len(ops) <= MAX_OPERATIONS:
            raise StoreInvalid(
                f"a transaction takes 1 to {MAX_OPERATIONS} operations, got {len(ops)}", kind="operations"
            )
        created = await self._wire.send("POST", "/tablesdb/transactions", body={"ttl": TRANSACTION_SECS})
        path = f"/tablesdb/transactions/{created['$id']}"
        try:
            staged = {"operations": [self._staged(op) for op in ops]}
            await self._wire.send("POST", f"{path}/operations", body=staged, repeat=False)
            await self._wire.send("PATCH", path, body={"commit": True}, repeat=False)
        except StoreError as error:
            if not await self._committed_all_the_same(path, error):
                raise

    async def _committed_all_the_same(self, path: str, error: StoreError) -> bool:
        """After an error find out what became of a transaction, and end one that is still open."""
        if isinstance(error, StoreConflict):
            return False
        try:
            status = (await self._wire.send("GET", path))["status"]
            if status == "pending":
                await self._wire.send("PATCH", path, body={"rollback": True}, repeat=False)
        except StoreError as second:
            self._log.warning("store.transaction_unresolved", path=path, error=str(second))
            return False
        return bool(status == "committed")

    def _staged(self, op: Op) -> dict[str, Any]:
        base = {"action": op.action, "databaseId": self._db, "tableId": op.table}
        if op.action in ("bulkCreate", "bulkUpsert"):
            return {**base, "data": [dict(row) for row in op.rows]}
        data = dict(op.data)
        if op.action == "upsert":
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
        try:
            await self._wire.send_raw("POST", path, request.read(), headers)
        except StoreConflict:
            await self._wire.send("DELETE", f"{path}/{file_id}")
            await self._wire.send_raw("POST", path, request.read(), headers)
        s = self._settings
        return f"{s.store_endpoint}{path}/{file_id}/view?project={s.store_project}"


def _chunks(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for at in range(0, len(rows), BULK):
        yield rows[at : at + BULK]


def _agrees(there: Row, data: Mapping[str, Any]) -> bool:
    return all(_same(there.get(key), value) for key, value in data.items())


def _same(stored: Any, sent: Any) -> bool:
    if isinstance(stored, str) and isinstance(sent, str) and stored[10:11] == "T":
        return stored[:23] == sent[:23]
    return bool(stored == sent)


def make_store(
    settings: Settings, clock: Clock, chance: Chance, log: Log, transport: httpx.AsyncBaseTransport | None = None
) -> StoreClient:
    """Make the client of the configured project."""
    return StoreClient(settings, Wire(settings, clock, chance, transport), log)
