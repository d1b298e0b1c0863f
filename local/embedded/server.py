"""The embedded server: a request in, an answer out; one SQL transaction each."""

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.embedded.errors import ApiRefusal
from local.embedded.former import former_body, former_error
from local.embedded.project import EmbeddedProject
from local.embedded.request import NO_PAGE, Request, Response, Route
from local.embedded.routes import ROUTES
from local.embedded.rows import EVENTS_OF_BULK, Fired
from local.embedded.scopes import ALL_SCOPES, GUESTS
from local.store_file import unwritable

VERSION = "1.9.6"
_LOG = logging.getLogger(__name__)
_ENCODER = json.JSONEncoder(separators=(",", ":"))
MOST_BODY_BYTES = 12 * 1024 * 1024


class Embedded(EmbeddedProject):
    """One project on one file, or in memory; `now` gives the instant that rows are stamped with.

    The key has `scopes`; with `loopback_hooks` webhooks may go to this machine, which a real server refuses.
    """

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seed: int = 0,
        api_key: str = "embedded-key",
        project_id: str = "raceday",
        column_latency_secs: float = 0.0,
        scopes: frozenset[str] = ALL_SCOPES,
        loopback_hooks: bool = False,
    ) -> None:
        super().__init__(path, now, seed, project_id, column_latency_secs, loopback_hooks=loopback_hooks)
        self.api_key, self._scopes = api_key, scopes
        self.requests: Counter[str] = Counter()
        self.on_unwritable: Callable[[sqlite3.OperationalError], None] | None = None
        self._told_trouble = ""

    async def handle(
        self, method: str, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request; header names are in lower case."""
        answer = self.answer(method, path, query, headers, body)
        return answer.status, answer.headers, answer.body

    def answer(
        self, method: str, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Answer one request at once."""
        if len(body) > MOST_BODY_BYTES:
            return Response(413, {}, b"")
        trimmed = path.split("/v1", 1)[1] if "/v1" in path else path
        found = ROUTES.match(method, trimmed)
        if found is None:
            return NO_PAGE
        route, parts = found
        self.requests[route.name] += 1
        request = Request(self, method, parts, query, headers, body)
        former = trimmed.startswith("/databases/")
        try:
            self._authorise(route, headers)
            if method == "GET":
                result = route.run(request)
            else:
                result = self._written(route, request)
        except ApiRefusal as error:
            return _refusal(former_error(error) if former else error)
        except sqlite3.OperationalError as error:
            # The disk's fault, as a full one: a line tells it, and no second one until something else is wrong.
            if self.on_unwritable is not None and unwritable(error):
                self.on_unwritable(error)
            elif str(error) != self._told_trouble:
                _LOG.error("%s: the store's file: %s", route.name, error)
                self._told_trouble = str(error)
            return _refusal(ApiRefusal(500, "general_unknown", "Server Error"))
        except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError, OverflowError):
            # Appwrite masks what it did not foresee; the log of this process says what it was.
            _LOG.exception("%s", route.name)
            return _refusal(ApiRefusal(500, "general_unknown", "Server Error"))
        self._fire(request.fired)
        if isinstance(result, Response):
            return result
        return _json(request.status or route.status, former_body(result) if former else result)

    def _written(self, route: Route, request: Request) -> Any:
        """Do what writes, wholly or not at all; a transaction that the file did not take has failed."""
        try:
            with self.whole():
                return route.run(request)
        except BaseException:
            for transaction in request.committed:
                transaction.end("failed")
            raise

    def _authorise(self, route: Route, headers: Mapping[str, str]) -> None:
        if route.public or (route.scopes == GUESTS and "x-appwrite-key" not in headers):
            return
        if headers.get("x-appwrite-project", "") != self.project_id:
            raise ApiRefusal(404, "project_not_found", "Project with the requested ID could not be found.")
        if headers.get("x-appwrite-key", "") != self.api_key:
            raise ApiRefusal(
                401, "user_unauthorized", "The current user is not authorized to perform the requested action."
            )
        if self._scopes.isdisjoint(route.scopes):
            message = f"app.{self.project_id}@service (role: applications) missing scopes ({json.dumps(route.scopes)})"
            raise ApiRefusal(401, "general_unauthorized_scope", message)

    def _fire(self, fired: Sequence[Fired]) -> None:
        if fired and self.hooks.hooks:
            self.hooks.enqueue((f, self._told(f)) for f in fired[:EVENTS_OF_BULK])

    def _told(self, event: Fired) -> dict[str, Any]:
        if not event.row:
            return {"$databaseId": event.table.database, "$tableId": event.table.id}
        return self.rows.show(event.table, event.row)


def _json(status: int, body: Any) -> Response:
    if body is None:
        return Response(204, {"content-type": "text/html; charset=UTF-8"}, b"")
    headers = {"content-type": "application/json; charset=UTF-8", "server": "Appwrite"}
    return Response(status, headers, _ENCODER.encode(body).encode())


def _refusal(error: ApiRefusal) -> Response:
    body = {"message": error.message, "code": error.status, "type": error.kind, "version": VERSION}
    return _json(error.status, body)
