"""What a stage may ask of the store; the Appwrite client and the in-memory store both answer it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

Row = dict[str, Any]
Action = Literal["create", "update", "upsert", "delete", "bulkCreate", "bulkUpsert"]
_NONE: Mapping[str, Any] = MappingProxyType({})


class Op(NamedTuple):
    """One staged operation of a transaction; bulk actions carry their rows, each with its `$id`."""

    action: Action
    table: str
    row_id: str = ""
    data: Mapping[str, Any] = _NONE
    rows: Sequence[Mapping[str, Any]] = ()


class Store(Protocol):
    """Rows, transactions and files. Every call may raise StoreError and its kinds; see raceday.errors.

    Queries are strings made by `appwrite.query.Query`. `find` pages by cursor past any server default.
    """

    async def get(self, table: str, row_id: str, *, select: Sequence[str] = ()) -> Row | None:
        """Return one row, None where it does not exist."""
        ...

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that match, all of them or the first `limit`."""
        ...

    async def create(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create one row; StoreConflict where the id exists."""
        ...

    async def upsert(self, table: str, row_id: str, data: Mapping[str, Any]) -> Row:
        """Create or overwrite one row; every required column must be there."""
        ...

    async def update(self, table: str, row_id: str, data: Mapping[str, Any], *, if_not_after: str = "") -> Row:
        """Patch one row; StoreConflict where it changed after the ISO instant `if_not_after`."""
        ...

    async def delete(self, table: str, row_id: str) -> None:
        """Delete one row; a missing one is fine."""
        ...

    async def create_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Create rows in bulk, each with its `$id`: all or nothing for up to 100, StoreConflict where one exists."""
        ...

    async def upsert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Upsert rows in bulk, each with its `$id`; gives how many changed."""
        ...

    async def delete_where(self, table: str, queries: Sequence[str]) -> int:
        """Delete the rows that match; refuses an empty list of queries."""
        ...

    async def begin(self) -> str:
        """Open a transaction for a commit to come: it ends by that, by `drop`, or by itself after a minute."""
        ...

    async def drop(self, begun: str) -> None:
        """End a transaction that is not wanted."""
        ...

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Do all of `ops` in one transaction, or none; StoreConflict where a row exists or changed meanwhile.

        `begun` is a transaction that stands open for it; where that is of no use any more, another is opened.
        """
        ...

    async def put_file(self, bucket: str, file_id: str, name: str, content: bytes, media_type: str) -> str:
        """Store a file under its id, replacing what was there; gives the URL to view it."""
        ...
