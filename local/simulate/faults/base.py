"""What every seam of a fault profile shares: the choice of what strikes, and the record of it."""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from local.simulate.faults.fates import Fate, Fates
from local.simulate.faults.rates import Rates
from local.simulate.faults.script import ABOUT, CURRENT, Deed, Script
from local.simulate.faults.windows import Windows
from local.simulate.seams import FaultHooks
from local.simulate.world import SimWorld

PLANNERS = ("master-race-scheduler", "daily-meetings", "daily-races", "daily-entrants")
LEDGER = "race-polls"
# What leaves an answer there, late or old.
DELAYS = ("feed.slow", "feed.stale", "store.slow", "store.stale_read")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TryMoment:
    """The virtual second of an attempt, and the how-manieth it is in it."""

    second: int
    attempt: int


class Chooser(FaultHooks):
    """One day's faults at given rates, between `since` and `until`; `script` is the record of all of them."""

    def __init__(
        self, world: SimWorld, rates: Rates, since: datetime | None = None, until: datetime | None = None
    ) -> None:
        self.world = world
        self.rates = rates
        self.script = Script()
        start = world.loop.start
        self.since = since or start
        self.until = self._limit = until or datetime.max.replace(tzinfo=start.tzinfo)
        self.windows = Windows(start, f"{world.seed}/outages", rates)
        self.fates = Fates(f"{world.seed}/faults", rates)

    def strikes(self, at: datetime) -> bool:
        """Tell whether faults strike at an instant."""
        return self.since <= at < self.until

    def out(self, kind: str) -> bool:
        """Tell whether something is out altogether now."""
        now = self.world.loop.now()
        return self.strikes(now) and self.windows.out(kind, now)

    def moment(self, room: str, about: str) -> TryMoment:
        """Count an attempt and return when it is made."""
        second = int(self.world.loop.time())
        key = (room, about, second)
        attempt = self.script.attempts[key]
        self.script.attempts[key] += 1
        return TryMoment(second, attempt)

    def choose(self, room: str, about: str, *, at: TryMoment | None = None, without: Container[str] = ()) -> Fate:
        """Return what strikes an attempt; an answer's is of the moment of its request."""
        if at is None:
            at = self.moment(room, about)
            self.script.operations[room] += 1
        if not self.strikes(self.world.loop.now()):
            return Fate("", 0)
        return self.fates.of(room, about, at.second, at.attempt, without)

    def struck(self, kind: str, deed: Deed | None = None) -> None:
        """Keep that a fault struck, and whom."""
        self.script.injected[kind] += 1
        if deed is not None and kind in DELAYS:
            deed.delay = kind
        elif deed is not None:
            deed.kind = kind

    def deed(self, what: str, about: str) -> Deed:
        """Keep a request of the activation under way."""
        deed = Deed(what, about, self.world.loop.now())
        run = CURRENT.get()
        if run is not None:
            run.deeds.append(deed)
        return deed


def subject(method: str, table: str, text: str) -> str:
    """Return whom a store call is about: a poller's or an event function's race, else the call itself.

    A poller reads the race's ledger first: what its task asks for from then on is about that race.
    """
    run = CURRENT.get()
    if run is None or run.function in PLANNERS:
        return f"{method} {table}"
    found = UUID.search(text) if method == "GET" or not ABOUT.get() else None
    if found is not None and (table == LEDGER or not ABOUT.get()):
        ABOUT.set(found.group())
    return ABOUT.get() or f"{method} {table}"
