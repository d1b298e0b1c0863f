"""A look at a finished race's results hours and days later: one request, and a write only where they differ.

It reads and writes no ledger row, so that neither timeline nor pool totals move, and a ledger that was pruned long ago
is not missed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from raceday.clock import instant, iso
from raceday.container import Container
from raceday.errors import FeedError, FeedNotFound, RaceDayError
from raceday.feed.filter import require_wanted
from raceday.log import Log
from raceday.polling.outcome import Order, Outcome
from raceday.polling.results import result_ops, versions_of
from raceday.racing.declared import merged
from raceday.racing.results_watch import after_failure, by_a_look, is_older, next_look, same_placings, what_changed
from raceday.racing.snapshot import Snapshot, Status
from raceday.tables import RACE_RESULTS
from raceday.tables.race_results import results_row

PROJECTION = "race-pools-aggregator"


async def look(container: Container, order: Order, log: Log) -> Outcome:
    """Look at a race's results once; every error becomes an outcome that names its cause."""
    try:
        stored = await container.store.get(RACE_RESULTS, order.race_id)
        if stored is None or not stored.get("nextLookAt") or instant(stored["nextLookAt"]) > container.clock.now():
            return Outcome(order, "done")
        return await _look(container, order, stored, log)
    except RaceDayError as error:
        log.warning("results.look_failed", race=order.race_id, error=str(error))
        return Outcome(order, "failed", "store", error=error)


async def _look(container: Container, order: Order, stored: Mapping[str, Any], log: Log) -> Outcome:
    outcome = await _seen(container, order, stored, log)
    if outcome.result == "committed" or by_a_look(instant(stored["finalAt"]), instant(stored["resultTime"])):
        # Whoever was told of what an earlier look amended may have died of it, and no ledger row tells them.
        await _wake(container, order.race_id, log)
    return outcome


async def _seen(container: Container, order: Order, stored: Mapping[str, Any], log: Log) -> Outcome:
    final_at, due = instant(stored["finalAt"]), instant(stored["nextLookAt"])
    result_time = instant(stored["resultTime"])
    try:
        snapshot = await container.feed.event(order.race_id, Status.FINAL)
        require_wanted(container.settings, order.race_id, snapshot.country, snapshot.code)
    except FeedNotFound as error:
        # The feed has dropped the race: what is stored is the last that anybody will know.
        await _note(container, order.race_id, next_look(final_at, container.clock.now(), result_time))
        return Outcome(order, "refused", error.cause, error=error, feed_calls=1)
    except FeedError as error:
        await _note(container, order.race_id, after_failure(final_at, due, container.clock.now()))
        log.warning("results.look_failed", race=order.race_id, error=str(error))
        return Outcome(order, "failed", error.cause, error=error, feed_calls=1)
    now = container.clock.now()
    if iso(snapshot.generated_at) < iso(result_time):
        # An old picture out of a cache would undo what was amended since.
        await _note(container, order.race_id, after_failure(final_at, due, now))
        return Outcome(order, "failed", "stale", feed_calls=1)
    row = amended(stored, snapshot)
    if row is not None and await _is_older(container, order.race_id, snapshot):
        # Placings or dividends that were amended since, under whatever time of its own the answer comes.
        await _note(container, order.race_id, after_failure(final_at, due, now))
        return Outcome(order, "failed", "stale", feed_calls=1)
    if row is None:
        await _note(container, order.race_id, next_look(final_at, now, result_time))
        return Outcome(order, "done", feed_calls=1)
    await container.store.commit(result_ops(stored, {**row, "resultTime": iso(now)}, now, "watch"))
    log.info("results.amended", race=order.race_id, changed=what_changed(stored, row)[:5])
    return Outcome(order, "committed", feed_calls=1)


def amended(stored: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any] | None:
    """Return the results that differ from those stored, None where they are the same.

    An answer without placings or dividends, or with some that nobody can read, lost them on the way: what is stored of
    those products stays. One of a race that is not Final is an old picture.
    Prices are the race's own, as they were when it ended.
    """
    if snapshot.status is not Status.FINAL or not snapshot.placings:
        return None
    row = results_row(snapshot)
    stays, known = same_placings(stored, row), stored.get("dividendsData")
    paid = merged(known, row["dividendsData"], snapshot.odd_dividends, stays=stays)
    row["dividendsData"] = paid if snapshot.dividends else known
    row["fixedOddsData"] = stored.get("fixedOddsData")
    return row if what_changed(stored, row) else None


async def _is_older(container: Container, race_id: str, snapshot: Snapshot) -> bool:
    return is_older(await versions_of(container, race_id), results_row(snapshot), snapshot.odd_dividends)


async def _note(container: Container, race_id: str, at: datetime | None) -> None:
    """Keep when to look next; the stored results themselves stay untouched."""
    await container.store.update(RACE_RESULTS, race_id, {"nextLookAt": iso(at) if at else None})


async def _wake(container: Container, race_id: str, log: Log) -> None:
    """Let closing prices be corrected with the results; where that fails the next look tells again."""
    try:
        await container.invoker.start(PROJECTION, {"raceId": race_id})
    except RaceDayError as error:
        log.warning("results.wake_failed", race=race_id, error=str(error))
