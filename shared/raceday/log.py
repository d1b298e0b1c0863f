"""Log lines: one JSON object each, bounded in volume, with every secret blotted out."""

import json
from collections.abc import Callable
from typing import Any

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
REDACTED = "[secret]"


class Log:
    """Writes records to `sink`; after `limit_bytes` only warnings and errors pass, and the rest is counted."""

    def __init__(
        self,
        sink: Callable[[str], None],
        *,
        level: str = "info",
        secrets: tuple[str, ...] = (),
        limit_bytes: int = 100_000,
        bound: dict[str, Any] | None = None,
    ) -> None:
        self._sink = sink
        self._level = LEVELS.get(level, 20)
        self._secrets = secrets
        self._limit = limit_bytes
        self._bound = bound or {}
        self.written_bytes = 0
        self.cut = 0

    def bind(self, **fields: Any) -> "Log":
        """Return a log with these fields on every record and a volume count of its own."""
        child = Log(self._sink, secrets=self._secrets, limit_bytes=self._limit, bound={**self._bound, **fields})
        child._level = self._level
        return child

    def debug(self, event: str, **fields: Any) -> None:
        """Write a record for a developer."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Write a record of what was done."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Write a record of something an operator may want to know."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Write a record of something an operator must know."""
        self._write("error", event, fields)

    def scrub(self, text: str) -> str:
        """Blot out every secret in `text`."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if LEVELS[level] < self._level:
            return
        line = self.scrub(json.dumps({"level": level, "event": event, **self._bound, **fields}, default=str))
        quiet = LEVELS[level] < LEVELS["warning"]
        if self.written_bytes + len(line) > (self._limit if quiet else 2 * self._limit):
            self.cut += 1
            return
        self.written_bytes += len(line) + 1
        self._sink(line)
