"""What a running `up` tells other commands in the lock of its store: its clock, intervals, feed and ports."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from local import stores
from local.testing.pace import PacedClock
from raceday.clock import Clock
from raceday.settings import Settings

_TOLD = "told "


@dataclass(frozen=True, slots=True)
class Running:
    """One `up` at work: its clock, the intervals that it polls by, and what its feed was made of."""

    clock: PacedClock
    near_interval_secs: int
    last_interval_secs: int
    feed: str = "generated"
    seed: int = 1
    races: int = 24
    first_race_minutes: int | None = None

    def polls_by(self, settings: Settings) -> Settings:
        """Return settings with the intervals that slots have while it runs."""
        return replace(settings, near_interval_secs=self.near_interval_secs, last_interval_secs=self.last_interval_secs)


def note(place: str, running: Running) -> None:
    """Tell in the lock that this process holds what it runs by."""
    clock = running.clock
    facts = {each.name: getattr(running, each.name) for each in fields(running) if each.name != "clock"}
    told = {"speed": clock.speed, "origin": clock.origin.isoformat(), "began": clock.began}
    _append(place, {**facts, "clock": told})


def note_port(place: str, port: int) -> None:
    """Tell in the lock that this process holds where it serves the functions."""
    _append(place, {"functions_port": port})


def tell_late(place: str, clock: Clock, late_secs: float, sink: Callable[[str], None]) -> None:
    """Keep how late a tick began; the log is told once that the machine does not keep up, and others by the lock."""
    if not isinstance(clock, PacedClock):
        return
    known = clock.behind()
    # The lock is told of what is notably worse, not of each tick.
    if late_secs <= clock.late_secs * (1.5 if known else 1):
        return
    clock.late_secs = late_secs
    if text := clock.behind():
        _append(place, {"late_secs": late_secs})
        if not known:
            told = {"level": "warning", "event": "up.behind", "function": "up", "speed": clock.speed}
            sink(json.dumps({**told, "lateSecs": round(late_secs, 1), "message": text}))


def noted_port(place: str) -> int | None:
    """Return the port of the functions that a running `up` serves on a store, None where none does."""
    port = _facts(place).get("functions_port")
    return int(port) if port is not None else None


def running_on(place: str) -> Running | None:
    """Return what the `up` at work on a store runs by, None where none is."""
    facts = _facts(place)
    told = facts.pop("clock", None)
    if told is None:
        return None
    facts.pop("functions_port", None)
    # Every process of a machine counts the same monotonic seconds, so that both clocks are one.
    clock = PacedClock(told["speed"], datetime.fromisoformat(told["origin"]), began=told["began"])
    clock.late_secs = facts.pop("late_secs", 0.0)
    return Running(clock, **facts)


def _append(place: str, facts: dict[str, Any]) -> None:
    if place not in (stores.ENV, stores.MEMORY):
        with Path(f"{place}-lock").open("a", encoding="utf-8") as lock:
            lock.write(f"{_TOLD}{json.dumps(facts)}\n")


def _facts(place: str) -> dict[str, Any]:
    if place in (stores.ENV, stores.MEMORY):
        return {}
    found: dict[str, Any] = {}
    for line in stores.holder(Path(place)).splitlines():
        if line.startswith(_TOLD):
            found |= json.loads(line.removeprefix(_TOLD))
    return found
