"""Where a local activation came from, and what it asked of feed and store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(slots=True)
class Calls:
    """Requests of one activation to feed and store, and how long their answers took together, in milliseconds."""

    feed_calls: int = 0
    feed_ms: float = 0.0
    store_calls: int = 0
    store_ms: float = 0.0


class Origin(NamedTuple):
    """An activation's event, and the activation that started it, empty for a trigger's.

    `calls` is None where the function ran elsewhere and nobody counted.
    """

    event: Mapping[str, Any]
    parent: str = ""
    calls: Calls | None = None
