"""An embedded server that synchronous commands talk to, and command lines run in this process."""

import dataclasses
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx

from local.cli import main
from local.embedded import Embedded
from raceday.settings import Settings
from tests.suite_kit import SETTINGS


class Site:
    """One empty Appwrite with its settings and transport; `seen` holds (method, path) of every request."""

    def __init__(self) -> None:
        self.server = Embedded(now=lambda: datetime.now(UTC))
        self.settings: Settings = dataclasses.replace(
            SETTINGS, store_project=self.server.project_id, store_key=self.server.api_key
        )
        self.seen: list[tuple[str, str]] = []
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path))
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        found = self.server.answer(request.method, request.url.path, query, dict(request.headers), request.content)
        return httpx.Response(found.status, headers=found.headers, content=found.body)

    @property
    def written(self) -> list[tuple[str, str]]:
        """Return the requests that were no reads."""
        return [seen for seen in self.seen if seen[0] != "GET"]


def raceday(*words: str) -> int:
    """Run a command line and give its exit code, wrong usage included."""
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)
