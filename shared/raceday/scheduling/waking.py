"""Waking the event functions for races whose projections are behind their ledger: webhooks come at most once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appwrite.query import Query

from raceday.catalogue import functions
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.container import Container, Kept, forget_oldest
from raceday.errors import RaceDayError
from raceday.ledger.timeline import surely_owes
from raceday.projections import alerts, closing_prices, money_flow
from raceday.projections.alert_cursor import evaluated
from raceday.racing.buckets import on_label, secs_to_start
from raceday.racing.planning import finishes, lagging
from raceday.racing.records import LedgerHead
from raceday.scheduling.tick import Tick
from raceday.store.port import Row
from raceday.tables import MONEY_FLOW, RACE_POOLS

TRACKER, AGGREGATOR, EVALUATOR = functions.TRACKER.name, functions.AGGREGATOR.name, functions.EVALUATOR.name
# A webhook is sent, signed and served well within this.
DELIVERY = timedelta(seconds=20)
_MOST_VALUES = 100
_MOST_KNOWN = 300
# By function: the newest row of each race that it has.
_UP_TO_DATE: Kept[dict[str, dict[str, int]]] = Kept(dict)
# By function: the newest row that a race which was woken for it had then.
_WOKEN: Kept[dict[str, dict[str, int]]] = Kept(dict)
# Ends of races, by race and instant, of which nothing is lacking.
_COMPLETE: Kept[set[tuple[str, datetime]]] = Kept(set)


async def wake_lagging(tick: Tick, rows: Sequence[LedgerHead], now: datetime) -> None:
    """Start each event function for the races whose projection is behind the ledger's recent rows.

    Rows are recent for a few minutes, so that what a function cannot make is asked of it a few times only.
    """
    settled = [row for row in rows if row.slot <= now - DELIVERY]
    woken: set[str] = set()
    for projection in PROJECTIONS:
        newest = {row.race_id: row for row in sorted(settled, key=lambda row: row.n) if projection.shows(row)}
        try:
            behind = await _behind(tick, projection, newest)
        except RaceDayError as error:
            # The next minute compares again; what this one handed out still has to be kept.
            tick.fail(projection.function, error)
            continue
        for race_id in behind:
            await wake(tick, race_id, (projection.function,))
        woken.update(behind)
    if tick.lags:
        tick.report["woken"] = len(woken)


async def _behind(tick: Tick, projection: "Projection", newest: dict[str, LedgerHead]) -> list[str]:
    """Return the races that are behind; what was once found up to date is not read again."""
    cache = tick.container.cache.of(_UP_TO_DATE)
    done = cache.get(projection.function, {})
    asked = [row for race_id, row in sorted(newest.items()) if done.get(race_id, 0) < row.n]
    reached: dict[str, int] = {}
    for at in range(0, len(asked), _MOST_VALUES):
        reached |= await projection.reached(tick.container, asked[at : at + _MOST_VALUES])
    behind = await _owing(tick, projection, lagging({row.race_id: row.n for row in asked}, reached), reached)
    cache[projection.function] = {race_id: row.n for race_id, row in newest.items() if race_id not in behind}
    if asked:
        tick.lags[projection.function] = (len(behind), len(asked))
    return behind


async def _owing(tick: Tick, projection: "Projection", behind: Sequence[str], reached: Mapping[str, int]) -> list[str]:
    """Return those of the races behind that have something to make, or have not been woken for it yet.

    A start that was put back brings labels round that are written already: waking makes none of them, and whoever
    counted such a race as behind would call its webhook switched off.
    """
    cache = tick.container.cache.of(_WOKEN)
    before = cache.get(projection.function, {})
    in_vain = [race_id for race_id in behind if before.get(race_id) == reached.get(race_id, 0)]
    idle = {race_id for race_id in in_vain if not await projection.is_behind(tick.container, race_id)}
    cache[projection.function] = before | {race_id: reached.get(race_id, 0) for race_id in behind}
    forget_oldest(cache[projection.function], _MOST_KNOWN)
    return [race_id for race_id in behind if race_id not in idle]


async def _totals(container: Container, rows: Sequence[LedgerHead]) -> dict[str, int]:
    queries = [Query.equal("raceId", [row.race_id for row in rows])]
    found = await container.store.find(RACE_POOLS, queries, select=("$id", "raceId", "n"))
    return {row["raceId"]: int(row.get("n") or 0) for row in found}


async def _timelines(container: Container, rows: Sequence[LedgerHead]) -> dict[str, int]:
    # One row a race tells how far its timeline reaches; a row for each runner would be read for nothing.
    found = await asyncio.gather(*(_newest_of(container, row.race_id) for row in rows))
    return {row["raceId"]: int(row["n"]) for rows in found for row in rows}


async def _newest_of(container: Container, race_id: str) -> list[Row]:
    queries = [Query.equal("raceId", [race_id]), Query.order_desc("n")]
    return await container.store.find(MONEY_FLOW, queries, limit=1, select=("$id", "raceId", "n"))


async def _cursors(container: Container, rows: Sequence[LedgerHead]) -> dict[str, int]:
    return await evaluated(container, [row.race_id for row in rows])


def _has_row(row: LedgerHead) -> bool:
    return surely_owes(row.slot, row.start, row.status, row.kind)


def _has_label(row: LedgerHead) -> bool:
    return _has_row(row) and on_label(secs_to_start(row.start, row.slot))


@dataclass(frozen=True, slots=True)
class Projection:
    """What a function makes of the ledger: the rows that show in it, and the newest that it has, per race.

    `is_behind` reads whether a race owes anything: a label that is written already shows in no newer row.
    """

    function: str
    shows: Callable[[LedgerHead], bool]
    reached: Callable[[Container, Sequence[LedgerHead]], Awaitable[dict[str, int]]]
    is_behind: Callable[[Container, str], Awaitable[bool]]


async def _always(container: Container, race_id: str) -> bool:
    """Have every newer row owe its totals, whatever they are."""
    return True


PROJECTIONS = (
    Projection(AGGREGATOR, lambda row: row.has_pools, _totals, _always),
    Projection(TRACKER, _has_row, _timelines, money_flow.is_behind),
    Projection(EVALUATOR, _has_label, _cursors, alerts.is_behind),
)


async def wake_finished(tick: Tick, over: Sequence[LedgerHead], rows: Sequence[LedgerHead], now: datetime) -> None:
    """Start what lacks the last labels of a race that is over, or was closed, until nothing does.

    No label comes after the last ones to tell that they are missing.
    """
    ends = {*finishes(over).items(), *((row.race_id, row.slot) for row in rows if row.kind == "closing")}
    settled = {end for end in ends if end[1] <= now - DELIVERY}
    known = tick.container.cache.of(_COMPLETE)
    complete = known & settled
    for end in sorted(settled - complete):
        if not await _wake_incomplete(tick, end[0]):
            complete.add(end)
    tick.container.cache.keep(_COMPLETE, complete)


async def _wake_incomplete(tick: Tick, race_id: str) -> bool:
    """Start what does not have all that one race's ledger owes; tells whether there was anything, or may be."""
    lacking = False
    owing = {TRACKER: money_flow.is_behind, EVALUATOR: alerts.is_behind, AGGREGATOR: closing_prices.is_behind}
    for function, is_behind in owing.items():
        try:
            behind = await is_behind(tick.container, race_id)
        except RaceDayError as error:
            tick.fail(function, error)
            behind = True
        if behind:
            lacking = True
            await wake(tick, race_id, (function,))
    return lacking


async def wake(tick: Tick, race_id: str, names: Sequence[str] = EVENT_FUNCTIONS) -> None:
    """Start these event functions for one race."""
    for function in names:
        if tick.state.paused(function):
            continue
        try:
            await tick.container.invoker.start(function, {"raceId": race_id})
        except RaceDayError as error:
            tick.fail(function, error)
