"""The second line of defence: another function's trigger does the scheduler's work while the scheduler does not tick.

Both at once are harmless, as two schedulers are: each slot is one ledger row, each run is claimed once.
"""

from typing import Any

from raceday.call import Call
from raceday.catalogue import functions
from raceday.clock import iso
from raceday.container import Container
from raceday.scheduling import scheduler
from raceday.scheduling.health import STILL
from raceday.scheduling.state import WATCHDOG, own_tick


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Look when the scheduler last ticked itself; where that is over three minutes ago, do this minute's work.

    The heartbeat is left silent, so that a watcher outside hears of the dead scheduler all the same.
    """
    call.allow("watchdog")
    now, last = container.clock.now(), await own_tick(container)
    told = {"ok": True, "lastTick": iso(last) if last else None}
    if last is not None and now - last <= STILL:
        return {**told, "stoodIn": False}
    call.log.warning("watchdog.stands_in", last=told["lastTick"])
    # The function that carries the watchdog may run longer than the scheduler: the next minute is another one's.
    until = min(call.deadline, now.timestamp() + functions.SCHEDULER.timeout_secs)
    report = await scheduler.work(container, call._replace(deadline=until), WATCHDOG)
    return {**told, **report, "stoodIn": True}
