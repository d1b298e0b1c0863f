"""An operator's switch on a simulated day: pollers paused from one instant to another."""

import asyncio
from datetime import datetime, timedelta

from local.simulate.world import SimWorld
from raceday.clock import iso
from raceday.ids import row_key
from raceday.store.port import Store
from raceday.tables import SUITE_STATE

POLLER = "enhanced-race-poller"
# A tick that had read the switches may still start pollers, and has handed out slots up to so long after its minute.
OBEYED = timedelta(seconds=60)
REACHED = timedelta(seconds=150)
Span = tuple[datetime, datetime]


async def pause(world: SimWorld, store: Store, span: Span) -> None:
    """Pause the pollers at the first instant and let them start again at the second, watching what is started."""
    since, until = span
    world.paused = (since + OBEYED, until)
    for at, status in ((since, "paused"), (until, "running")):
        await asyncio.sleep((at - world.loop.now()).total_seconds())
        row = {"kind": "pause", "name": POLLER, "status": status, "at": iso(at), "data": "{}"}
        await store.upsert(SUITE_STATE, row_key("pause", POLLER), row)


def is_paused(span: Span | None, at: datetime) -> bool:
    """Tell whether a slot may go without a poll because of the pause."""
    return span is not None and span[0] - OBEYED <= at <= span[1] + REACHED
