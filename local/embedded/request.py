"""Requests, answers and routes of the embedded server."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local.embedded.catalog import SqlTable
from local.embedded.checks import check_place
from local.embedded.errors import ApiRefusal, argument, bad_query
from local.embedded.project import EmbeddedProject
from local.embedded.query_rules import parsed
from local.embedded.rows import Fired
from local.embedded.scopes import scopes_of
from local.embedded.transactions import Transaction

_QUERY = re.compile(r"queries\[[^\]]*\]")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as bytes."""

    status: int
    headers: dict[str, str]
    body: bytes


# What a path without a route answers.
NO_PAGE = Response(
    404,
    {"content-type": "text/html; charset=UTF-8"},
    b"<!DOCTYPE html><html><body><h1>404</h1><p>Page not found</p></body></html>",
)


class Request:
    """One request; `parts` are the path's variables, `fired` the events it causes.

    `committed` are the transactions that hold once the file has taken what the request wrote.
    """

    def __init__(
        self,
        server: EmbeddedProject,
        method: str,
        parts: Mapping[str, str],
        query: Sequence[tuple[str, str]],
        headers: Mapping[str, str],
        raw: bytes,
    ) -> None:
        self.server, self.method, self.parts, self.query, self.headers, self.raw = (
            server,
            method,
            parts,
            query,
            headers,
            raw,
        )
        self.fired: list[Fired] = []
        self.committed: list[Transaction] = []
        self.status = 0

    @cached_property
    def body(self) -> dict[str, Any]:
        """Return the JSON body; one that cannot be read counts as empty, as Appwrite has it."""
        try:
            found = json.loads(self.raw, parse_constant=_no_constant) if self.raw else {}
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) and not self._is_broken(found) else {}

    def _is_broken(self, found: Any) -> bool:
        # Half of a surrogate pair is no text, and PHP reads nothing of a body that has one.
        if b"\\ud" not in self.raw.lower():
            return False
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return True
        return False

    @property
    def queries(self) -> list[str]:
        """Return the list queries of the URL."""
        if any(key == "queries" for key, _ in self.query):
            raise argument("Invalid `queries` param: Value must a valid array")
        return [value for key, value in self.query if _QUERY.fullmatch(key)]

    def flag(self, name: str, default: bool) -> bool:
        """Return a flag of the URL; refuses what is none."""
        value = next((v for k, v in self.query if k == name), None)
        if value is not None and value not in _FLAGS:
            raise argument(f"Invalid `{name}` param: Value must be a valid boolean")
        return default if value is None else _FLAGS[value]

    def whole_number(self, name: str, default: int, most: int) -> int:
        """Return a number of the URL between 0 and `most`."""
        value = next((v for k, v in self.query if k == name), str(default))
        if not value.isdecimal() or int(value) > most:
            raise argument(f"Invalid `{name}` param: Value must be a valid range between 0 and {most:,}")
        return int(value)

    def table(self) -> SqlTable:
        """Return the table that the path names; refuses one that does not exist."""
        return self.server.catalog.table(
            check_place(self.parts["db"], "databaseId"), check_place(self.parts["table"], "tableId")
        )

    def stamp(self) -> str:
        """Return the present instant as rows keep it."""
        return self.server.rows.stamp()

    def data(self) -> dict[str, Any]:
        """Return the row that the body carries; refuses a missing or empty one."""
        data = self.body.get("data")
        if isinstance(data, str):
            try:
                data = json.loads(data, parse_constant=_no_constant)
            except ValueError:
                raise argument("Invalid `data` param: Value must be a valid JSON string") from None
        elif data is not None and not isinstance(data, (dict, list)):
            raise argument("Invalid `data` param: Value must be a valid JSON string")
        if isinstance(data, list):
            # A list's places are its keys to PHP, and no column is called so.
            data = {str(place): one for place, one in enumerate(data)}
        if not isinstance(data, dict) or not data:
            raise ApiRefusal(400, "row_missing_data", "The row data is missing. Try again with row data populated.")
        return data

    def page(self, found: list[dict[str, Any]], name: str, limit: int = 25) -> dict[str, Any]:
        """Answer with a page of a list that is no table's; only `limit` and `offset` are understood there."""
        offset = 0
        for text in self.queries:
            query = parsed(text)
            if query["method"] in ("limit", "offset"):
                value = query["values"][0] if query["values"] else None
                if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                    raise bad_query(f"Invalid query: Invalid {query['method']}")
                limit, offset = (value, offset) if query["method"] == "limit" else (limit, value)
        return {"total": len(found), name: found[offset : offset + limit]}

    def need(self, name: str) -> Any:
        """Return a member of the body; refuses a missing one."""
        if name not in self.body:
            raise argument(f'Param "{name}" is not optional.')
        return self.body[name]


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class Route:
    """One route: `status` answers success, `public` ones need no key, others one of the `scopes`."""

    name: str
    pattern: re.Pattern[str]
    run: Callable[[Request], Any]
    status: int
    public: bool
    scopes: tuple[str, ...]


@dataclass(slots=True)
class Routes:
    """A table of routes by method and depth of the path."""

    by_method: dict[str, list[Route]] = field(default_factory=dict)

    def add(
        self, method: str, path: str, status: int = 200, *, public: bool = False, scopes: tuple[str, ...] = ()
    ) -> Callable[..., Any]:
        """Register a handler; `{name}` in the path is a variable."""
        asked = scopes or scopes_of(method, path)
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?")

        def register(run: Callable[[Request], Any]) -> Callable[[Request], Any]:
            routes = self.by_method.setdefault(f"{method} {path.count('/')}", [])
            routes.append(Route(f"{method} {path}", pattern, run, status, public, asked))
            return run

        return register

    def join(self, other: "Routes") -> None:
        """Take in another table's routes behind one's own, which are matched first."""
        for key, routes in other.by_method.items():
            self.by_method.setdefault(key, []).extend(routes)

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Find the route of a path, None where there is none."""
        depth = path.rstrip("/").count("/")
        for route in self.by_method.get(f"{method} {depth}", ()):
            if found := route.pattern.fullmatch(path):
                return route, found.groupdict()
        return None
