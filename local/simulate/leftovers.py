"""What a finished day has left that should have ended, each with whoever left it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from local.simulate.faults.script import ActivationRun, Script
from local.simulate.world import SimWorld

# A transaction and what its poll asked for before it lie within one slot's time.
BEFORE = timedelta(seconds=90)


def left(world: SimWorld, transactions: Mapping[str, int], expired: Iterable[str], script: Script) -> dict[str, int]:
    """Count what should have ended; a transaction may only expire where a fault kept its own opener from ending it."""
    return {
        "in_flight": world.platform.in_flight,
        "webhooks_waiting": world.backend.waiting,
        "writes_dropped": len(world.backend.dropped),
        "transactions_open": transactions.get("open", 0),
        "transactions_unexplained": sum(not _explained(name, script) for name in expired),
    }


def _explained(transaction: str, script: Script) -> bool:
    """Tell whether the activation that opened a transaction died, or was struck in what it did for the same race."""
    opened = script.transactions.get(transaction)
    if opened is None:
        return False
    run, about, at = opened
    return bool(run.died) or _struck(run, about, at)


def _struck(run: ActivationRun, about: str, at: datetime) -> bool:
    alike = {about, *(f"{method} transactions" for method in ("GET", "POST", "PATCH") if about == "POST transactions")}
    return any((d.kind or d.delay) and d.about in alike and d.at >= at - BEFORE for d in run.deeds)
