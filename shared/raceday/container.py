"""What one process holds: settings, clock, chance, log, and the clients made from them on first use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from raceday.clock import Clock
from raceday.feed.port import Feed
from raceday.ids import RandomSource
from raceday.log import Log
from raceday.settings import Settings
from raceday.store.port import Store

T = TypeVar("T")


class Kept(Generic[T]):
    """A place of the process's cache, declared by the module that owns it; `make` gives what stands there first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.make = make


class Cache:
    """What one process remembers, each thing at its own typed place; all of it may be lost at any time without harm."""

    def __init__(self) -> None:
        self._kept: dict[Kept[Any], Any] = {}

    def of(self, place: Kept[T]) -> T:
        """Return what stands at a place, made where nothing does yet."""
        if place not in self._kept:
            self._kept[place] = place.make()
        found: T = self._kept[place]
        return found

    def keep(self, place: Kept[T], value: T) -> None:
        """Let a value stand at a place, instead of what stood there."""
        self._kept[place] = value

    def clear(self) -> None:
        """Forget everything, as a new process has."""
        self._kept.clear()


class Invoker(Protocol):
    """Starts another function without waiting for it."""

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Return the new activation's id; raises RaceDayError where the platform refuses."""
        ...


class Alarm(Protocol):
    """Tells an operator of trouble."""

    async def send(self, message: dict[str, Any]) -> bool:
        """Send a message; tells whether it got through, and raises nothing."""
        ...


class NoAlarm:
    """Tells nobody."""

    async def send(self, message: dict[str, Any]) -> bool:
        """Say that it did not get through."""
        return False


class Heartbeat(Protocol):
    """Tells a watcher outside that a tick did its work, so that silence is noticed."""

    async def beat(self, done: bool, summary: str) -> bool:
        """Report one tick; tells whether the watcher took it, and raises nothing."""
        ...


class NoHeartbeat:
    """Tells nobody, as nobody listens."""

    async def beat(self, done: bool, summary: str) -> bool:
        """Leave it untold."""
        return True


@dataclass(slots=True)
class Container:
    """Everything a stage works with; one per process, many in a simulated day.

    `cache` lives as long as the process.
    `checks_schema` has the process look once whether the tables are of a version that it can use.
    """

    settings: Settings
    clock: Clock
    chance: RandomSource
    log: Log
    feed: Feed
    store: Store
    invoker: Invoker
    closers: list[Callable[[], Any]] = field(default_factory=list)
    cache: Cache = field(default_factory=Cache)
    alarm: Alarm = field(default_factory=NoAlarm)
    heartbeat: Heartbeat = field(default_factory=NoHeartbeat)
    checks_schema: bool = False


def forget_oldest(kept: dict[Any, Any], most: int) -> None:
    """Leave the `most` newest entries of what a cache keeps."""
    while len(kept) > most:
        kept.pop(next(iter(kept)))
