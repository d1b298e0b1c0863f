"""enhanced-race-poller: waits for each slot and polls all races that are due at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from raceday.call import Call
from raceday.clock import iso, loop_secs
from raceday.container import Container, Kept
from raceday.errors import DeadlineReached, RaceDayError
from raceday.log import Log
from raceday.polling import due
from raceday.polling.arming import Armed, arm
from raceday.polling.failures import remember
from raceday.polling.orders import is_empty, read_orders
from raceday.polling.outcome import Note, Order, Outcome, silent
from raceday.polling.poll import poll
from raceday.tables import SUITE_STATE

# A poll takes well under a second; what begins later than this before the end would only be cut off.
POLL_SECS = 1.0
RESERVE_SECS = 2.0
# Slots are handed out up to 80 s ahead and a minute late: beyond that a clock may be off.
ODD_SECS = 150.0
_HEARD = Kept(bool)
WEB_SECS = 24.0


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Poll the races or slots that are asked for; one race that cannot be polled raises its own error.

    An empty `raceIds` and nothing else asks for what is due now.
    """
    now = container.clock.now()
    if is_empty(call.params.get("raceIds")) and call.params.get("raceId") is call.params.get("slots") is None:
        orders = due.orders(container, await due.running(container, now), now, now)
    else:
        orders = read_orders(call.params, now, most=container.settings.races_per_poller)
    outcomes = await (_taped if container.settings.tape_bucket else run)(container, orders, call)
    if call.params.get("raceId") is not None and outcomes[0].error:
        raise outcomes[0].error
    return report(outcomes)


async def _taped(container: Container, orders: Sequence[Order], call: Call) -> list[Outcome]:
    from raceday.polling import taping

    taping.listen(container)
    outcomes = await run(container, orders, call)
    await taping.keep(container, call)
    return outcomes


async def run(container: Container, orders: Sequence[Order], call: Call) -> list[Outcome]:
    """Poll every order at its slot, a race's own slots one after another; what the deadline cuts off says so."""
    heard = await _check_time(container, orders, call)
    until = time_left(call)
    slots = asyncio.Semaphore(container.settings.polls_at_once)
    by_race: dict[str, list[Order]] = {}
    for order in sorted(orders, key=lambda o: o.slot):
        by_race.setdefault(order.race_id, []).append(order)
    done = await asyncio.gather(*(_race(container, race, until, slots, call.log) for race in by_race.values()))
    outcomes = sorted((outcome for race in done for outcome in race), key=lambda o: (o.order.slot, o.order.race_id))
    counts = Counter(outcome.result for outcome in outcomes)
    call.log.info("poller.done", polled=len(outcomes), **counts, races=sorted(by_race))
    if heard is not None:
        await heard
    return outcomes


async def _check_time(container: Container, orders: Sequence[Order], call: Call) -> "asyncio.Task[None] | None":
    """Hear the store before trusting a clock that puts the deadline in the past, or slots far from now.

    A new container hears it in any case before it waits for a slot: a clock some seconds fast would poll too early.
    It waits no longer for that than to the slot; what is then still under way is returned.
    """
    now = container.clock.now()
    if call.remaining_secs() <= 0 or any(abs((order.slot - now).total_seconds()) >= ODD_SECS for order in orders):
        await _hear(container)
        return None
    ahead = min(((order.slot - now).total_seconds() for order in orders), default=0.0)
    if ahead <= 0 or container.cache.of(_HEARD):
        return None
    container.cache.keep(_HEARD, True)
    hearing = asyncio.ensure_future(_hear(container))
    await asyncio.wait({hearing}, timeout=loop_secs(container.clock, ahead))
    return hearing


async def _hear(container: Container) -> None:
    with suppress(RaceDayError):
        await container.store.get(SUITE_STATE, "clock")


def time_left(call: Call) -> float:
    """Return the epoch second by which the answer has to be made; raises DeadlineReached when it is past."""
    now = call.clock.now().timestamp()
    until = call.deadline - RESERVE_SECS
    if call.http is not None:
        until = min(until, now + WEB_SECS)
    if until <= now:
        raise DeadlineReached(f"{call.remaining_secs():.1f} s are left, {RESERVE_SECS:g} s are needed to answer")
    return until


async def _race(
    container: Container, orders: Sequence[Order], until: float, slots: asyncio.Semaphore, log: Log
) -> list[Outcome]:
    found = []
    for order in orders:
        wait = (order.slot - container.clock.now()).total_seconds()
        if container.clock.now().timestamp() + max(0.0, wait) + POLL_SECS > until:
            found.append(_cut(container, order, log))
            continue
        armed = await arm(container, order)
        async with slots:
            found.append(await bounded(container, order, until, log, armed=armed))
        await armed.close()
    return found


async def bounded(
    container: Container, order: Order, until: float, log: Log, note: Note = silent, armed: Armed | None = None
) -> Outcome:
    """Poll once, ending at the epoch second `until` whatever is under way."""
    try:
        async with asyncio.timeout(max(0.0, until - container.clock.now().timestamp())):
            return await poll(container, order, log, note, armed)
    except TimeoutError:
        # The commit may have taken effect: the next tick finds out in the ledger.
        return _cut(container, order, log)


def _cut(container: Container, order: Order, log: Log) -> Outcome:
    remember(container, order, "deadline")
    log.warning("poll.cut", race=order.race_id, slot=iso(order.slot))
    return Outcome(order, "failed", "deadline", error=DeadlineReached("no time is left before the function's limit"))


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the answer for a set of outcomes: counts, each outcome, and the failures by race."""
    return {
        "ok": True,
        "polled": len(outcomes),
        "committed": sum(outcome.result == "committed" for outcome in outcomes),
        "results": [outcome.report() for outcome in outcomes],
        "failures": [
            {"item": f"{o.order.race_id}@{iso(o.order.slot)}", "error": f"{o.cause}: {o.error or o.result}"}
            for o in outcomes
            if not o.fine
        ],
    }
