"""What the store's calls come to as Appwrite's cloud counts them: rows read and rows written, by function."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from raceday.store.port import Op


@dataclass(slots=True)
class Meter:
    """Rows that came back, rows that were sent to be written whatever they changed, and reads that found nothing."""

    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    written: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    empty: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_table: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _staged: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def note_read(self, function: str, rows: int) -> None:
        """Count one answer's rows."""
        self.read[function] += rows
        self.empty[function] += rows == 0

    def note_written(self, function: str, table: str, rows: int = 1) -> None:
        """Count rows written to a table."""
        self.written[function] += rows
        self.by_table[table] += rows

    def note_ops(self, function: str, ops: Sequence[Op]) -> None:
        """Count a commit."""
        for op in ops:
            self.note_written(function, op.table, len(op.rows) if op.rows else 1)

    def note_http(self, function: str, request: httpx.Request, response: httpx.Response) -> None:
        """Count what one answered request read or wrote; what a transaction stages counts at its commit."""
        path = request.url.path.split("/v1", 1)[-1].strip("/").split("/")
        if request.method == "GET" and "rows" in path:
            found = _json(response.content) if response.status_code == 200 else {}
            self.note_read(function, len(found["rows"]) if "rows" in found else int("$id" in found))
        elif response.status_code >= 300:
            return
        elif path[0] == "tablesdb" and path[1] == "transactions":
            self._transaction(function, request, path)
        elif "rows" in path:
            self._plain(function, request, response, path[path.index("rows") - 1])

    def _transaction(self, function: str, request: httpx.Request, path: Sequence[str]) -> None:
        body = _json(request.content)
        if path[-1] == "operations":
            ops = body.get("operations", ())
            counts = [(op["tableId"], len(op["data"]) if isinstance(op.get("data"), list) else 1) for op in ops]
            self._staged.setdefault(path[2], []).extend(counts)
        elif request.method == "PATCH" and body.get("commit"):
            for table, rows in self._staged.pop(path[2], ()):
                self.note_written(function, table, rows)

    def _plain(self, function: str, request: httpx.Request, response: httpx.Response, table: str) -> None:
        if request.method == "DELETE":
            self.note_written(function, table, int(_json(response.content).get("total", 1)))
        else:
            self.note_written(function, table, len(_json(request.content).get("rows") or (1,)))


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
