"""Log lines: one JSON object each, bounded in volume, with every secret of four characters or more redacted."""

import json
from collections.abc import Callable, Mapping
from typing import Any

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
REDACTED = "[secret]"
SHORTEST_SECRET = 4


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
        # Anything shorter would blot innocent words: settings refuse a key of ours so short, a feed's short id is told.
        # The longest goes first, so that one that begins with another leaves no rest behind.
        kept = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        self._secrets = tuple(sorted(kept, key=len, reverse=True))
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
        """Return `text` with every secret of four characters or more redacted."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text

    def _scrubbed(self, value: Any) -> Any:
        """Redact each text of a value before it becomes JSON, whose escapes would hide quotes and accents."""
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, Mapping):
            return {self.scrub(str(key)): self._scrubbed(each) for key, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._scrubbed(each) for each in value]
        return value if value is None or isinstance(value, (bool, int, float)) else self.scrub(str(value))

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if LEVELS[level] < self._level:
            return
        line = json.dumps(self._scrubbed({"level": level, "event": event, **self._bound, **fields}))
        quiet = LEVELS[level] < LEVELS["warning"]
        if self.written_bytes + len(line) > (self._limit if quiet else 2 * self._limit):
            self.cut += 1
            return
        self.written_bytes += len(line) + 1
        self._sink(line)
