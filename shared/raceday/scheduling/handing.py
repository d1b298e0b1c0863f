"""Starting pollers just in time: whoever waits for a slot is the small scheduler, and a poller lives about a second."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from raceday.catalogue import functions
from raceday.clock import iso, loop_secs
from raceday.container import Kept
from raceday.errors import RaceDayError
from raceday.racing.planning import Due, Key, batches, in_order, worth_starting
from raceday.racing.schedule import T5_SECS
from raceday.scheduling.tick import Tick

POLLER = functions.POLLER.name
# From an invocation to the first line of a warm poller: a fifth of a second as often as not, two at the worst. From T-5
# on little is to be late; before that, and for re-checks, a second or two does no harm, and no waiting is to be billed.
LEAD_SECS, FAR_LEAD_SECS = 1.5, 0.2
# A container of its own takes two seconds to come up, nine at the worst. A far slot may be late by the difference, so
# that less waiting is billed, but has to be polled before the next tick looks for it. An idle one is kept for five
# minutes or more.
COLD_LEAD_SECS, FAR_COLD_LEAD_SECS = 9.0, 6.0
_WARM = timedelta(minutes=4)
# When pollers were started, and how many at once.
_WARM_POLLERS: Kept[list[tuple[datetime, int]]] = Kept(list)
# What is left of the tick's time is kept for its last words.
RESERVE_SECS = 5.0
AGAIN_SECS = 5.0
AHEAD = "ahead"


class HandOut:
    """The slots of one tick: each is handed to a poller shortly before its time, all of one instant together.

    `taken` are those that the platform took, `claimed` all that were ever added. What it refuses is tried again while
    a poller could still be in time.
    """

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._pending: dict[Key, Due] = {}
        self._not_before: dict[Key, datetime] = {}
        self._closed = False
        self._changed = asyncio.Event()
        self.claimed: list[Due] = []
        self.taken: list[Due] = []

    @property
    def refused(self) -> bool:
        """Tell whether something was added that no poller has been started for."""
        return len({due.key for due in self.taken}) < len({due.key for due in self.claimed})

    def add(self, dues: Iterable[Due]) -> int:
        """Plan slots, those that were handed out already once more; gives how many."""
        new = list(dues)
        self._pending |= {due.key: due for due in new}
        self.claimed += new
        self._changed.set()
        return len(new)

    def drop(self, race_ids: Collection[str]) -> None:
        """Start no poller any more for slots of races that are over; re-checks stay."""
        left = [key for key, due in self._pending.items() if due.race_id in race_ids and due.slot.kind == "slot"]
        for key in left:
            del self._pending[key]
        self.claimed = [due for due in self.claimed if due.key not in left]
        self._changed.set()

    def close(self) -> None:
        """Let `run` end with the last slot: nothing is added any more."""
        self._closed = True
        self._changed.set()

    async def run(self) -> None:
        """Start pollers at their times until it is closed and nothing is left to start."""
        while True:
            now = self._tick.container.clock.now()
            if ready := [self._pending[key] for key, at in self._starts().items() if at <= now]:
                await self._start(ready)
            elif self._pending or not self._closed:
                await self._wait(now)
            else:
                return

    def _starts(self) -> dict[Key, datetime]:
        """Return when each pending slot is to be started."""
        found: dict[Key, datetime] = {}
        for group in self._instants():
            at = self._starts_at(group)
            found |= {due.key: max(at, self._not_before.get(due.key, at)) for due in group}
        return found

    def _instants(self) -> list[list[Due]]:
        """Return what is pending, in groups of one instant."""
        groups: dict[datetime, list[Due]] = {}
        for due in in_order(self._pending.values()):
            groups.setdefault(due.slot.at, []).append(due)
        return list(groups.values())

    def _starts_at(self, group: Sequence[Due]) -> datetime:
        """Return when to start the pollers of one instant; where the tick ends before, they are started at once."""
        clock, at = self._tick.container.clock, group[0].slot.at
        if self._tick.container.settings.hand_out == AHEAD:
            return self._tick.at
        wanted = len({due.race_id for due in group}) / self._tick.container.settings.races_per_poller
        near, far = (
            (COLD_LEAD_SECS, FAR_COLD_LEAD_SECS) if wanted > _warm(self._tick, at) else (LEAD_SECS, FAR_LEAD_SECS)
        )
        lead = near if any(_critical(due) for due in group) else far
        start = at - timedelta(seconds=lead)
        end = clock.now() + timedelta(seconds=self._tick.call.remaining_secs() - RESERVE_SECS)
        return start if start < end else self._tick.at

    async def _wait(self, now: datetime) -> None:
        """Wait for the next start, or for something to be added."""
        self._changed.clear()
        nexts = self._starts().values()
        secs = max(0.0, (min(nexts) - now).total_seconds()) if nexts else None
        with suppress(TimeoutError):
            # Not wait_for: on Python 3.11 it runs in a task of its own, and turns of the loop are part of a seed's day.
            clock = self._tick.container.clock
            async with asyncio.timeout(None if secs is None else loop_secs(clock, secs)):
                await self._changed.wait()

    async def _start(self, dues: Sequence[Due]) -> None:
        tick = self._tick
        parts = batches(in_order(dues), tick.container.settings.races_per_poller)
        refused: list[Due] = []
        for batch in parts:
            for due in batch:
                del self._pending[due.key]
            try:
                await tick.container.invoker.start(POLLER, payload(batch, tick.at))
            except RaceDayError as error:
                tick.fail(POLLER, error)
                refused += batch
            else:
                self.taken += batch
        _remember(tick, max(due.slot.at for due in dues), len(parts))
        if refused:
            again = tick.container.clock.now() + timedelta(seconds=AGAIN_SECS)
            in_time = tick.call.remaining_secs() >= AGAIN_SECS + RESERVE_SECS
            left = {due.key: due for due in refused if in_time and worth_starting(due, again)}
            self._pending |= left
            self._not_before |= dict.fromkeys(left, again)


def payload(batch: Sequence[Due], at: datetime) -> dict[str, Any]:
    """Return what a poller is started with; `at` is when the tick read the races."""
    slots = [
        {"raceId": due.race_id, "slot": iso(due.slot.at), "start": iso(due.start), "kind": due.slot.kind}
        for due in batch
    ]
    return {"slots": slots, "tick": iso(at)}


def _critical(due: Due) -> bool:
    return due.slot.kind == "slot" and due.slot.at >= due.start - timedelta(seconds=T5_SECS)


def _warm(tick: Tick, at: datetime) -> int:
    """Return how many pollers this process knows to be warm at an instant."""
    known = tick.container.cache.of(_WARM_POLLERS)
    return max((count for last, count in known if at - last < _WARM), default=0)


def _remember(tick: Tick, at: datetime, pollers: int) -> None:
    known = tick.container.cache.of(_WARM_POLLERS)
    tick.container.cache.keep(_WARM_POLLERS, [*((last, n) for last, n in known if at - last < _WARM), (at, pollers)])
