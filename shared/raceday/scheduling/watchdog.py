"""The second line of defence: another function's trigger does the scheduler's work while the scheduler does not tick.

Both at once are harmless, as two schedulers are: each slot is one ledger row, each run is claimed once.
"""

from datetime import datetime, timedelta
from typing import Any

from raceday.call import Call
from raceday.catalogue import functions
from raceday.clock import iso
from raceday.container import Container, Kept
from raceday.racing.planning import EARLY_SECS, REACH_SECS, minute_of
from raceday.scheduling import scheduler
from raceday.scheduling.health import STILL
from raceday.scheduling.state import WATCHDOG, Ticked, own_tick

# A tick keeps what it handed out once the slots on the minute have settled, nearly always by the first of these looks:
# whoever looks is billed while it waits. By the last one a slow tick has kept it too, and pollers for slots on the half
# minute start twenty seconds later.
LOOK_SECS = (3.7, 4.2, 8.0)
# The newest tick that was seen: until it is three minutes old no look can find an older one.
_SEEN: Kept[Ticked | None] = Kept(lambda: None)


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Do this minute's work where the scheduler has not ticked for three minutes, or not in one that has brief slots.

    The heartbeat is left silent, so that a watcher outside hears of the dead scheduler all the same.
    """
    call.allow("watchdog")
    minute = minute_of(container.clock.now())
    seen = container.cache.of(_SEEN)
    if seen is not None and _is_well(seen, minute, container.clock.now()):
        return {"ok": True, "lastTick": iso(seen.at), "stoodIn": False}
    ticked = await own_tick(container)
    stand_in = ticked is not None and container.clock.now() - ticked.at > STILL
    if not stand_in and (ticked is None or _is_needed(ticked, minute)):
        ticked = await _wait_for_tick(container, minute, ticked)
        stand_in = not _is_of(ticked, minute)
    container.cache.keep(_SEEN, ticked)
    told = {"ok": True, "lastTick": iso(ticked.at) if ticked else None}
    if not stand_in:
        return {**told, "stoodIn": False}
    call.log.warning("watchdog.stands_in", last=told["lastTick"])
    # The function that carries the watchdog may run longer than the scheduler: the next minute is another one's.
    until = min(call.deadline, container.clock.now().timestamp() + functions.SCHEDULER.timeout_secs)
    report = await scheduler.work(container, call._replace(deadline=until), WATCHDOG)
    return {**told, **report, "stoodIn": True}


async def _wait_for_tick(container: Container, minute: datetime, ticked: Ticked | None) -> Ticked | None:
    """Look until this minute's tick is kept or the last look is over; gives the tick that was seen last."""
    for secs in LOOK_SECS:
        wait = (minute + timedelta(seconds=secs) - container.clock.now()).total_seconds()
        if _is_of(ticked, minute) or (wait <= 0 and secs < LOOK_SECS[-1]):
            continue
        await container.clock.sleep(wait)
        ticked = await own_tick(container)
    return ticked


def _is_well(seen: Ticked, minute: datetime, now: datetime) -> bool:
    """Tell whether a tick that was seen before says enough of this minute: it is young, and knew of no brief slots."""
    return timedelta(0) <= now - seen.at < STILL and not _is_needed(seen, minute)


def _is_of(ticked: Ticked | None, minute: datetime) -> bool:
    """Tell whether a tick belongs to a minute."""
    return ticked is not None and ticked.at >= minute - timedelta(seconds=EARLY_SECS)


def _is_needed(ticked: Ticked, minute: datetime) -> bool:
    """Tell whether slots are due that are lost where this minute has no tick."""
    after, until = (minute + timedelta(seconds=secs) for secs in (REACH_SECS - 60, REACH_SECS))
    return ticked.brief is not None and ticked.brief[0] < until and after <= ticked.brief[1]
