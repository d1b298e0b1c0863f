"""The log lines of `up` and `invoke`, kept beside the store with their instants, and read again."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from raceday.log import LEVELS

MOST_BYTES = 20_000_000
# Who switches tells it in a line of its own.
SWITCHED = ("cli.switched", "console.switched")


class LineFilter(NamedTuple):
    """Which lines to show; an empty text wants all."""

    function: str = ""
    race: str = ""
    level: str = "info"

    def has(self, line: dict[str, Any]) -> bool:
        """Tell whether a line is wanted; a race's are those that name it anywhere, and the acts on switches."""
        if LEVELS.get(str(line.get("level")), 20) < LEVELS[self.level]:
            return False
        if self.function and line.get("function") != self.function:
            return False
        return not self.race or line.get("event") in SWITCHED or self.race in json.dumps(line)


def path_beside(store: str) -> Path:
    """Return the file of a store's log."""
    return Path(f"{store}-log")


def keeping(store: str, now: Callable[[], datetime], shown: Callable[[str], None]) -> Callable[[str], None]:
    """Return a sink that keeps each line with its instant and hands it on to `shown`.

    A full file makes way: one earlier one is kept beside it.
    """
    path = path_beside(store)

    def sink(line: str) -> None:
        shown(line)
        try:
            kept = json.dumps({"at": now().isoformat(timespec="milliseconds"), **json.loads(line)})
        except ValueError:
            return
        # Where the disk has no room the function goes on, and its line was shown.
        with contextlib.suppress(OSError):
            _append(path, kept)

    return sink


def _append(path: Path, kept: str) -> None:
    if path.exists() and path.stat().st_size > MOST_BYTES:
        path.replace(f"{path}.1")
    path.parent.mkdir(exist_ok=True)
    # Lines may quote what a function was given: for the owner's eyes only.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        file.write(kept + "\n")


def read(path: Path, begin: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each whole line from an offset on, with the offset after it."""
    with path.open("rb") as file:
        file.seek(begin)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            begin += len(raw)
            try:
                found = json.loads(raw)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found, begin


def having(path: Path, begin: int, *words: str) -> tuple[list[dict[str, Any]], int]:
    """Return the whole lines from an offset on that have one of the words anywhere, and the offset after the last.

    Only those lines are read as JSON: a day's log has a hundred times as many others.
    """
    wanted = [word.encode() for word in words]
    with path.open("rb") as file:
        file.seek(begin)
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    found = []
    for raw in whole.splitlines():
        if any(word in raw for word in wanted):
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                found.append(line)
    return found, begin + len(whole)


def written(line: dict[str, Any]) -> str:
    """Write a line for people: time in UTC, level, function, event and the rest as name=value."""
    rest = {k: v for k, v in line.items() if k not in ("at", "level", "event", "function")}
    values = " ".join(f"{name}={_short(value)}" for name, value in rest.items())
    at = str(line.get("at", ""))[:23].replace("T", " ")
    return f"{at} {line.get('level', ''):<7} {line.get('function', ''):<22} {line.get('event', '')} {values}".rstrip()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 120 else text[:119] + "…"
