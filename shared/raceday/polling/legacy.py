"""race-data-poller, single-race-poller and batch-race-poller: the same poll under their own entry rules."""

from datetime import timedelta
from typing import Any

from raceday.call import Call
from raceday.container import Container
from raceday.polling import due, poller
from raceday.polling.orders import is_empty, names_races, race_id, race_ids, request

_LOOP = timedelta(seconds=90)


async def data_poller(container: Container, call: Call) -> dict[str, Any]:
    """Poll what is due around now: slots that may still be polled, and those that come up before the deadline.

    Called with `raceIds` it polls those races once instead.
    """
    if names_races(call.params):
        return await batch(container, call)
    now = container.clock.now()
    until = (
        now if call.http else now + min(_LOOP, timedelta(seconds=max(0.0, poller.time_left(call) - now.timestamp())))
    )
    rows = await due.running(container, now)
    orders = due.orders(container, rows, now, until)
    outcomes = await poller.run(container, orders, call) if orders else []
    return {**poller.report(outcomes), "races": len(rows)}


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
    if is_empty(call.params.get("raceIds")):
        return poller.report([])
    ids = race_ids(call.params.get("raceIds"), container.settings.batch_limit)
    if call.params.get("due") is not True:
        return poller.report(await poller.run(container, [request(each, now) for each in ids], call))
    rows = [row for row in await due.running(container, now) if row["$id"] in ids]
    orders = due.orders(container, rows, now, now)
    return poller.report(await poller.run(container, orders, call) if orders else [])
