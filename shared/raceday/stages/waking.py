"""Waking the event functions for races whose projections are behind their ledger: webhooks come at most once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appwrite.query import Query

from raceday.errors import RaceDayError
from raceday.racing.planning import Seen, finishes, lagging
from raceday.racing.schedule import rechecks
from raceday.store.schema import RACE_POOLS

if TYPE_CHECKING:
    from raceday.stages.scheduler import Tick

EVENT_FUNCTIONS = ("money-flow-tracker", "race-pools-aggregator", "alert-evaluator")
# A webhook is sent, signed and served well within this.
DELIVERY = timedelta(seconds=20)
_UP_TO_DATE = "projections_up_to_date"
_FINISHED = "finished_races_woken"
_FINAL_WAKES = 2
_FINAL_WAKE_UNTIL = timedelta(minutes=3)


async def wake_lagging(tick: "Tick", rows: Sequence[Seen], now: datetime) -> None:
    """Start the event functions for each race whose pool totals are behind its ledger."""
    newest: dict[str, int] = {}
    for row in rows:
        if row.has_pools and row.slot <= now - DELIVERY:
            newest[row.race_id] = max(row.n, newest.get(row.race_id, 0))
    done: dict[str, int] = tick.container.cache.setdefault(_UP_TO_DATE, {})
    newest = {race_id: n for race_id, n in newest.items() if done.get(race_id, 0) < n}
    if not newest:
        return
    stored = await tick.container.store.find(
        RACE_POOLS, [Query.equal("raceId", sorted(newest)[:100])], select=("$id", "raceId", "n")
    )
    behind = lagging(newest, {row["raceId"]: int(row.get("n") or 0) for row in stored})
    done |= {race_id: n for race_id, n in newest.items() if race_id not in behind}
    tick.report["woken"] = len(behind)
    tick.compared, tick.behind = len(newest), len(behind)
    for race_id in behind:
        await wake(tick, race_id)


async def wake_finished(tick: "Tick", over: Sequence[Seen], now: datetime) -> None:
    """Start the event functions at two more ticks for each race that had its last re-check: no later poll would.

    Twice, for where a webhook is off this is their only wake, and an activation may die.
    """
    woken: dict[str, int] = tick.container.cache.setdefault(_FINISHED, {})
    polled = {(row.race_id, row.slot) for row in over}
    for race_id, first in finishes(over).items():
        last = rechecks(first.slot)[-1].at
        if (
            woken.get(race_id, 0) < _FINAL_WAKES
            and (race_id, last) in polled
            and now - _FINAL_WAKE_UNTIL < last <= now - DELIVERY
        ):
            woken[race_id] = woken.get(race_id, 0) + 1
            await wake(tick, race_id)


async def wake(tick: "Tick", race_id: str) -> None:
    """Start every event function for one race."""
    for function in EVENT_FUNCTIONS:
        if tick.state.paused(function):
            continue
        try:
            await tick.container.invoker.start(function, {"raceId": race_id})
        except RaceDayError as error:
            tick.fail(function, error)
