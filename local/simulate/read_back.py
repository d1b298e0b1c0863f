"""Writes that were answered well, read back now and then: a store that drops one silently is found out."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from local.embedded import Embedded
from raceday.store.checks import agrees, with_defaults

SHARE = 0.05
MOST_KEPT = 20
BULK = {"bulkCreate": "create", "bulkUpsert": "upsert"}
Write = tuple[str, str, str, Mapping[str, Any]]


class ReadBack:
    """Reads some of the rows that a request wrote; `lost` are those that are not there as they were sent.

    It looks at the server behind the network, in the moment that a write was answered, so that no other comes between.
    """

    def __init__(self, server: Embedded, database: str, share: Callable[..., float]) -> None:
        self._server, self._database, self._share = server, database, share
        self._staged: dict[str, list[Write]] = {}
        self.writes = self.read = 0
        self.lost: list[str] = []

    def after(self, request: httpx.Request, status: int) -> None:
        """Look at what one answered request wrote; a transaction's rows once it is committed."""
        if request.method == "GET" or status >= 300:
            return
        path = request.url.path.split("/v1/", 1)[-1].split("/")
        body = json.loads(request.content or b"{}")
        if path[1] != "transactions":
            for write in _written(request.method, path, body):
                self._look(request, write)
        elif path[-1] == "operations":
            self._staged.setdefault(path[2], []).extend(w for op in body["operations"] for w in _staged(op))
        elif body.get("commit"):
            for write in self._staged.pop(path[2], []):
                self._look(request, write)

    def _look(self, request: httpx.Request, write: Write) -> None:
        self.writes += 1
        action, table, row_id, data = write
        if self._share("read-back", table, row_id, self.writes) >= SHARE or len(self.lost) >= MOST_KEPT:
            return
        self.read += 1
        path = f"/v1/tablesdb/{self._database}/tables/{table}/rows/{row_id}"
        found = self._server.answer("GET", path, [], dict(request.headers), b"")
        sent = with_defaults(table, data) if action == "create" else data
        if found.status != 200 or not agrees(json.loads(found.body), sent):
            self.lost.append(f"{table}/{row_id}")


def _written(method: str, path: list[str], body: Mapping[str, Any]) -> list[Write]:
    """Return the rows of a request outside of transactions; deletions and what is no row are nobody's to read."""
    if "rows" not in path or method == "DELETE":
        return []
    table, action = path[3], {"POST": "create", "PUT": "upsert", "PATCH": "update"}[method]
    if rows := body.get("rows"):
        return [(action, table, row["$id"], row) for row in rows]
    row_id = path[5] if len(path) > 5 else body.get("rowId")
    return [(action, table, row_id, body["data"])] if row_id and "data" in body else []


def _staged(op: Mapping[str, Any]) -> list[Write]:
    table = op["tableId"]
    if action := BULK.get(op["action"]):
        return [(action, table, row["$id"], row) for row in op["data"]]
    return [(op["action"], table, op["rowId"], op["data"])] if op["action"] in ("create", "upsert", "update") else []
