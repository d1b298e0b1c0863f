"""What a fault profile did to a day: every activation, every fault with whom it hit, and every answer served."""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """One fault: its kind, when it struck, and the race that it was about, where that can be told."""

    kind: str
    at: datetime
    race_id: str = ""


@dataclass(slots=True)
class Run:
    """One activation as the checker sees it; `parent` is the one that started it."""

    function: str
    event: dict[str, Any]
    began: datetime
    skew_secs: float = 0.0
    parent: "Run | None" = None
    ended: datetime | None = None
    doomed: bool = False
    hits: list[Hit] = field(default_factory=list)
    orders: list["Handing"] = field(default_factory=list)

    def hit_between(self, begin: datetime, end: datetime, race_id: str = "") -> bool:
        """Tell whether a fault struck within a span that may have cost a race its poll."""
        return any(begin <= h.at <= end and (not h.race_id or not race_id or h.race_id == race_id) for h in self.hits)


@dataclass(slots=True)
class Handing:
    """One invocation that the platform took: what for, when, by whom, and the activations that it made."""

    function: str
    event: dict[str, Any]
    at: datetime
    by: Run | None
    hit: bool = False
    runs: list[Run] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Served:
    """One event as it was answered: the instant of its content, and how the content was changed."""

    at: datetime
    content_at: datetime
    change: str = ""


@dataclass(slots=True)
class Script:
    """Everything that the faults of one day did."""

    runs: list[Run] = field(default_factory=list)
    handings: list[Handing] = field(default_factory=list)
    served: dict[str, list[Served]] = field(default_factory=lambda: defaultdict(list))
    injected: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    ticks_missed: list[datetime] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return the faults by kind, in total, and as a share of the operations."""
        total, operations = sum(self.injected.values()), sum(self.operations.values())
        return {
            "total": total,
            "operations": operations,
            "share": round(total / operations, 4) if operations else 0.0,
            "by_kind": dict(sorted(self.injected.items())),
        }


CURRENT: ContextVar[Run | None] = ContextVar("simulated_activation", default=None)
Kill = Callable[[], None]
