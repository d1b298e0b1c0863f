"""What a fault profile did to a day: every activation with what it asked for, every fault, and every answer served."""

from collections import Counter, defaultdict
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Deed:
    """One request of an activation: `what` as method and table or feed, `about` a race where that can be told.

    `kind` is the fault that struck it, "" for none, `delay` one that made it late or old, and `done` when it was
    answered, None where it never was.
    """

    what: str
    about: str
    at: datetime
    kind: str = ""
    done: datetime | None = None
    delay: str = ""

    @property
    def fine(self) -> bool:
        """Tell whether it was answered as asked."""
        return not self.kind and self.done is not None


@dataclass(slots=True)
class ActivationRun:
    """One activation as the checker sees it.

    `died` tells by which fault or limit it was ended, "" where it was not; `dies_at` after how many requests it dies.
    """

    function: str
    event: dict[str, Any]
    began: datetime
    skew_secs: float = 0.0
    ended: datetime | None = None
    died: str = ""
    dies_at: int | None = None
    deeds: list[Deed] = field(default_factory=list)
    orders: list["Handing"] = field(default_factory=list)


@dataclass(slots=True)
class Handing:
    """One invocation that the platform took: what for, when, by whom, the fault that struck it, and what it began."""

    function: str
    event: dict[str, Any]
    at: datetime
    by: ActivationRun | None
    kind: str = ""
    runs: list[ActivationRun] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ServedEvent:
    """One event as it was answered: the instant of its content, and how the content was changed."""

    at: datetime
    content_at: datetime
    change: str = ""


@dataclass(slots=True)
class Script:
    """Everything that the faults of one day did.

    `attempts` counts what was tried per room, subject and virtual second; `transactions` has who opened each one.
    """

    runs: list[ActivationRun] = field(default_factory=list)
    handings: list[Handing] = field(default_factory=list)
    served: dict[str, list[ServedEvent]] = field(default_factory=lambda: defaultdict(list))
    lists: list[datetime] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    attempts: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    transactions: dict[str, tuple[ActivationRun, str, datetime]] = field(default_factory=dict)
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


CURRENT: ContextVar[ActivationRun | None] = ContextVar("simulated_activation", default=None)
ABOUT: ContextVar[str] = ContextVar("simulated_race", default="")
