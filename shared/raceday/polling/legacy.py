"""race-data-poller, single-race-poller and batch-race-poller: the same poll under their own entry rules."""

from datetime import datetime, timedelta
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.clock import instant, iso
from raceday.container import Container
from raceday.polling import poller
from raceday.polling.orders import race_id, race_ids, request
from raceday.polling.outcome import Order
from raceday.racing.schedule import LONGEST_LIFE_SECS, Intervals, slots_between
from raceday.racing.snapshot import Status
from raceday.store.port import Row
from raceday.tables import RACES

# Races that may still have slots: from six hours after their start, when they are given up, to a day ahead of it.
_BEHIND, _AHEAD = timedelta(hours=6, minutes=10), timedelta(hours=24)
_SLOT_LIFE = timedelta(seconds=LONGEST_LIFE_SECS, milliseconds=1)
_TICK = timedelta(milliseconds=1)
_LOOP = timedelta(seconds=90)


async def data_poller(container: Container, call: Call) -> dict[str, Any]:
    """Poll what is due around now: slots that may still be polled, and those that come up before the deadline."""
    now = container.clock.now()
    until = (
        now if call.http else now + min(_LOOP, timedelta(seconds=max(0.0, poller.time_left(call) - now.timestamp())))
    )
    rows = await _running(container, now)
    orders = [order for row in rows for order in _orders(container, row, now, until)]
    outcomes = await poller.run(container, orders, call) if orders else []
    return {**poller.report(outcomes), "races": len(rows)}


async def _running(container: Container, now: datetime) -> list[Row]:
    return await container.store.find(
        RACES,
        [
            Query.equal("status", [s.value for s in Status if not s.over]),
            Query.between("startTime", iso(now - _BEHIND), iso(now + _AHEAD)),
        ],
        select=("$id", "startTime", "status"),
    )


def _orders(container: Container, row: Row, now: datetime, until: datetime) -> list[Order]:
    start = instant(row["startTime"])
    intervals = Intervals.of(container.settings)
    slots = slots_between(start, Status(row["status"]), intervals, now - _SLOT_LIFE, until + _TICK)
    return [Order(row["$id"], slot.at, slot.kind, start, now) for slot in slots if slot.expires_at >= now]


async def single_race(container: Container, call: Call) -> dict[str, Any]:
    """Poll one race and tell every step with its time since the start, in milliseconds."""
    order = request(race_id(call.params.get("raceId"), "raceId"), container.clock.now())
    began = container.clock.monotonic()
    steps: list[dict[str, Any]] = []

    def note(step: str, **fields: Any) -> None:
        steps.append({"step": step, "at_ms": round((container.clock.monotonic() - began) * 1000), **fields})

    outcome = await poller.bounded(container, order, poller.time_left(call), call.log, note)
    if outcome.error:
        raise outcome.error
    checks = [check._asdict() for check in outcome.row.checks] if outcome.row else []
    return {**poller.report([outcome]), "steps": steps, "checks": checks}


async def batch(container: Container, call: Call) -> dict[str, Any]:
    """Poll up to `batch_limit` races at once, with a result for each; `due` leaves out those without a slot now."""
    now = container.clock.now()
    ids = race_ids(call.params.get("raceIds"), container.settings.batch_limit)
    if call.params.get("due") is not True:
        return poller.report(await poller.run(container, [request(each, now) for each in ids], call))
    rows = [row for row in await _running(container, now) if row["$id"] in ids]
    orders = [order for row in rows for order in _orders(container, row, now, now)]
    return poller.report(await poller.run(container, orders, call) if orders else [])
