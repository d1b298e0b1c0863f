"""Handing out the looks at finished races' results: one small query each six minutes, whatever there is to look at."""

from appwrite.query import Query

from raceday.clock import instant, iso
from raceday.errors import RaceDayError
from raceday.racing.schedule import request_slot
from raceday.scheduling.tick import Tick
from raceday.tables import RACE_RESULTS

POLLER = "enhanced-race-poller"
# Out of step with the health row, which is written each fifth minute.
EVERY_MINUTES, MOST = 6, 20
_MARK = "results-watch"


async def hand_out(tick: Tick) -> None:
    """Start one poller for the looks that are due, oldest first; what fails is due again six minutes later."""
    last = tick.state.marks.get(_MARK)
    if tick.state.paused(POLLER) or (last and (tick.at - instant(last)).total_seconds() < EVERY_MINUTES * 60 - 30):
        return
    try:
        due = await _due(tick)
        if due:
            slot = iso(request_slot(tick.at))
            slots = [{"raceId": race_id, "slot": slot, "kind": "watch"} for race_id in due]
            await tick.container.invoker.start(POLLER, {"slots": slots, "tick": iso(tick.at)})
            tick.report["looks"] = len(due)
    except RaceDayError as error:
        tick.fail(_MARK, error)
        return
    tick.state.marks[_MARK] = iso(tick.at)


async def _due(tick: Tick) -> list[str]:
    rows = await tick.container.store.find(
        RACE_RESULTS,
        [Query.less_than_equal("nextLookAt", iso(tick.at)), Query.order_asc("nextLookAt")],
        limit=MOST,
        select=("$id", "raceId"),
    )
    return [row["$id"] for row in rows]
