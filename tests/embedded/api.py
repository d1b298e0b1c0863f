"""A small client for the contract: the embedded server, or a real Appwrite named in the environment."""

import json
import os
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from local.embedded import Embedded

REAL = ("APPWRITE_ENDPOINT", "APPWRITE_PROJECT_ID", "APPWRITE_API_KEY")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and parsed body of an answer."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def kind(self) -> str:
        """Return Appwrite's error type."""
        return str(self.body.get("type", "")) if isinstance(self.body, dict) else ""


class Api:
    """Sends requests with key and project; `server` is set where the embedded one answers."""

    def __init__(self, server: Embedded | None = None, *, response_format: str = "1.9.6") -> None:
        self.server = server
        self.format = response_format
        self._http = None if server else httpx.Client(base_url=os.environ["APPWRITE_ENDPOINT"], timeout=30)
        self._project = server.project_id if server else os.environ["APPWRITE_PROJECT_ID"]
        self._key = server.api_key if server else os.environ["APPWRITE_API_KEY"]

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        queries: list[str] | None = None,
        asked: tuple[str, str] | None = None,
        **headers: str | None,
    ) -> Answer:
        """Send one request, with one more pair `asked` in its URL; a header that is None is left out."""
        pairs = [*([asked] if asked else []), *((f"queries[{i}]", q) for i, q in enumerate(queries or []))]
        own = {
            "x-appwrite-project": self._project,
            "x-appwrite-key": self._key,
            "x-appwrite-response-format": self.format,
            "content-type": "application/json",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        sent = {name: value for name, value in own.items() if value is not None}
        raw = b"" if body is None else json.dumps(body).encode()
        if self.server is not None:
            query = parse_qsl(urlencode(pairs), keep_blank_values=True)
            found = self.server.answer(method, f"/v1{path}", query, sent, raw)
            return _answer(found.status, found.headers, found.body)
        assert self._http is not None
        got = self._http.request(method, path, params=httpx.QueryParams(tuple(pairs)), content=raw, headers=sent)
        return _answer(got.status_code, dict(got.headers), got.content)

    def close(self) -> None:
        """Close what was opened: the connections to a real server, or the embedded one."""
        if self._http is not None:
            self._http.close()
        if self.server is not None:
            self.server.close()

    def make(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create a column or index and wait until it is available."""
        made: dict[str, Any] = self("POST", path, body).body
        end = time.monotonic() + 20
        where = f"{path.rsplit('/', 1)[0]}" if "/columns/" in path else path
        while time.monotonic() < end:
            if self("GET", f"{where}/{body['key']}").body.get("status") == "available":
                return made
            time.sleep(0.1)
        raise AssertionError(f"{path} {body['key']} is not available")


def _answer(status: int, headers: dict[str, str], raw: bytes) -> Answer:
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = raw
    return Answer(status, body, {k.lower(): v for k, v in headers.items()})


def real_is_named() -> bool:
    """Tell whether the environment names a real Appwrite."""
    return all(os.environ.get(name) for name in REAL)
