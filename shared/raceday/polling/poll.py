"""One poll of one race for one slot: newest ledger row, one feed request, one commit."""

import asyncio
import math
from datetime import datetime, timedelta
from itertools import count

from appwrite.query import Query

from raceday.clock import iso, whole_ms
from raceday.container import Container, Kept
from raceday.errors import (
    FeedError,
    FeedUnavailable,
    FilteredOut,
    PayloadError,
    StoreConflict,
    StoreError,
    StoreMissing,
    StoreUnavailable,
)
from raceday.feed.filter import require_wanted
from raceday.importing.quarantine import keep
from raceday.ledger import log as ledger
from raceday.log import Log
from raceday.patience import left_secs, within
from raceday.polling import plan, watch
from raceday.polling.arming import Armed, remember_changed
from raceday.polling.changes import Changes, StoredState, asks_versions, changes, decided
from raceday.polling.failures import failures, forget, remember
from raceday.polling.outcome import Note, Order, Outcome, silent
from raceday.polling.results import versions_of, with_history
from raceday.racing.compose import PollContext, compose, figures, held_row
from raceday.racing.records import Digests, LedgerRow
from raceday.racing.schedule import LONGEST_LIFE_SECS, Intervals, Slot, request_slot, slot_at
from raceday.racing.score import failed
from raceday.racing.snapshot import Snapshot
from raceday.tables import ENTRANTS, RACES

# Tries against rivals that took the row's number first.
COMMIT_ATTEMPTS = 5
# What whoever asked has tried again already, as long as the slot lasts: no answer, or a rival for the row.
TRIED_BELOW = (FeedUnavailable, StoreUnavailable, StoreConflict)
# What the store says of a row that is gone, when it is staged and at the commit.
ROW_GONE = ("row_not_found", "document_not_found")
_LEAST_WAIT_SECS = 3.0
# A request's slot is its time floored to 15 s, and a caller waits 24 s at the most: what lies elsewhere was misread.
ODD_REQUEST_SECS = 45.0
FIRST_PAUSE_SECS, MOST_PAUSE_SECS = 1.0, 4.0
# What is refused, not there or cannot be read may pass, but is not asked for many times in a row.
MOST_REFUSALS = 3
_MOST_PRODUCTS = 100
_PRODUCTS: Kept[set[str]] = Kept(set)
# Race and place of what could not be read, so that it is quarantined once.
_LEFT_OUT: Kept[set[tuple[str, str]]] = Kept(set)
MOST_KEPT = 3
_MOST_TOLD = 2000


async def poll(
    container: Container, order: Order, log: Log, note: Note = silent, armed: Armed | None = None
) -> Outcome:
    """Poll a race for a slot, again while that lives; every error becomes an outcome that names its cause.

    The first try takes what was `armed` for it.
    """
    if order.kind == "watch":
        return await watch.look(container, order, log)
    outcome = await _while_it_lives(container, order, note, armed)
    note("outcome", result=outcome.result, cause=outcome.cause)
    if outcome.result in ("failed", "expired"):
        remember(container, order, outcome.cause)
        log.warning(
            "poll.failed", race=order.race_id, slot=iso(order.slot), cause=outcome.cause, error=str(outcome.error)
        )
    elif outcome.row and outcome.result == "committed":
        forget(container, outcome.row)
        remember_changed(container, order.race_id, changed=bool(outcome.changed and outcome.changed.ops))
        log.debug("poll.committed", race=order.race_id, slot=iso(order.slot), n=outcome.row.n, score=outcome.row.score)
    return outcome


async def _while_it_lives(container: Container, order: Order, note: Note, armed: Armed | None) -> Outcome:
    """Poll until something else than a failure comes of it, or no time or hope is left; a caller is told at once."""
    outcome = await _attempt(container, order, note, armed)
    refusals, pause = 0, FIRST_PAUSE_SECS
    while outcome.result == "failed" and order.kind != "request" and not isinstance(outcome.error, TRIED_BELOW):
        refusals += outcome.cause != "stale"
        again_at = container.clock.now() + timedelta(seconds=pause)
        if refusals == MOST_REFUSALS or again_at > _expires_at(container, order):
            break
        note("again", cause=outcome.cause, pause_secs=pause)
        await container.clock.sleep(pause)
        later = await _attempt(container, order, note)
        if later.result == "expired":
            break
        outcome, pause = later, min(2 * pause, MOST_PAUSE_SECS)
    return outcome


async def _attempt(container: Container, order: Order, note: Note, armed: Armed | None = None) -> Outcome:
    try:
        return await _poll(container, order, note, armed)
    except FilteredOut as error:
        return Outcome(order, "refused", error.rule, error=error)
    except FeedError as error:
        if isinstance(error, PayloadError):
            await keep(container, error, order.race_id)
        return Outcome(order, "failed", error.cause, error=error, feed_calls=1)
    except StoreError as error:
        return Outcome(order, "failed", "store", error=error)


def _expires_at(container: Container, order: Order) -> datetime:
    """Return until when a slot may be polled, as far as its order tells."""
    slot = _planned(container, order, None)
    return slot.expires_at if slot else order.slot


async def _poll(container: Container, order: Order, note: Note, armed: Armed | None) -> Outcome:
    watch = container.clock.monotonic()
    # How long the slot lasts is known only from the ledger; none lasts longer than this.
    longest = (order.slot - container.clock.now()).total_seconds() + LONGEST_LIFE_SECS
    with within(container.clock, max(_LEAST_WAIT_SECS, longest)):
        known = StoredState(ledger=await _base(container, order, armed))
        note("ledger", n=known.ledger.n if known.ledger else 0)
        order = _settled(container, order, known.ledger)
        slot = _planned(container, order, known.ledger)
        refused = _refuse(container, order, known.ledger, slot)
        if refused:
            return refused
        if known.ledger is None:
            known = await _stored(container, order.race_id, note)
    store_ms = _ms(container, watch) + (armed.read_ms if armed else 0)
    await _wait_for_slot(container, order)
    snapshot, occasion = await _ask(container, order, slot, known, store_ms, note)
    # What was fetched in time may be written late, until the race's next slot wants the ledger.
    interval = slot.interval_secs if slot else LONGEST_LIFE_SECS
    until_next = (order.slot - container.clock.now()).total_seconds() + interval
    with within(container.clock, max(_LEAST_WAIT_SECS, until_next)):
        outcome = await _commit(container, order, snapshot, occasion, known, note, armed)
    await _keep_left_out(container, snapshot)
    return outcome


async def _keep_left_out(container: Container, snapshot: Snapshot) -> None:
    """Quarantine what of an answer could not be read, each place of a race once per process and so many a poll."""
    told = container.cache.of(_LEFT_OUT)
    new = [left for left in snapshot.left_out if (snapshot.race_id, left.field) not in told]
    for left in new[:MOST_KEPT]:
        if len(told) < _MOST_TOLD:
            told.add((snapshot.race_id, left.field))
        await keep(container, PayloadError(snapshot.race_id, left.field, left.value, left.expected), snapshot.race_id)


async def _base(container: Container, order: Order, armed: Armed | None) -> LedgerRow | None:
    """Return the race's newest row: the armed one where the order is polled on it, else what stands now.

    An armed row that is the newest no more costs a conflict at the commit; it never refuses an order.
    """
    if armed and armed.row and not _refuse(container, order, armed.row, _planned(container, order, armed.row)):
        return armed.row
    return await ledger.newest(container.store, order.race_id)


def _refuse(container: Container, order: Order, base: LedgerRow | None, slot: Slot | None) -> Outcome | None:
    """Tell why an order is not to be polled, before the feed is asked."""
    if base and base.slot >= order.slot:
        return Outcome(order, "done" if base.slot == order.slot else "late", row=base)
    if order.kind == "request":
        return None
    if base and base.status.over and order.kind == "slot":
        return Outcome(order, "over", row=base)
    if slot is None:
        return Outcome(order, "off_plan", row=base)
    if container.clock.now() > slot.expires_at:
        return Outcome(order, "expired", "expired", row=base)
    return None


def _planned(container: Container, order: Order, base: LedgerRow | None) -> Slot | None:
    """Return the slot of the plan that an order is for, None where the plan has none at its time."""
    if order.kind in ("recheck", "request"):
        return Slot(order.slot, order.kind, 2 * LONGEST_LIFE_SECS)
    start = plan.start_in_force(base, order.start, order.issued_at)
    if start is None:
        # Nothing is known of a race that was never polled: it is imported first, and its slot taken as given.
        return Slot(order.slot, order.kind, 2 * LONGEST_LIFE_SECS)
    return plan.find(Intervals.of(container.settings), start, base, order.slot)


def _settled(container: Container, order: Order, base: LedgerRow | None) -> Order:
    """Turn a request that falls on a slot of the plan, while that may be polled, into this slot.

    One whose time was read off a clock that has since been put right is a request of the present.
    """
    if order.kind != "request":
        return order
    now = container.clock.now()
    if not timedelta(0) <= now - order.slot < timedelta(seconds=ODD_REQUEST_SECS):
        order = order._replace(slot=request_slot(now), issued_at=now)
    if base is None or base.status.over:
        return order
    slot = slot_at(base.start, base.status, Intervals.of(container.settings), order.slot)
    return order._replace(kind=slot.kind) if slot and container.clock.now() <= slot.expires_at else order


async def _wait_for_slot(container: Container, order: Order) -> None:
    """Wait until a slot has come: the reading of the ledger may have put a fast clock right since it seemed to."""
    ahead_secs = (order.slot - container.clock.now()).total_seconds()
    if ahead_secs > 0:
        await container.clock.sleep(ahead_secs)


async def _stored(container: Container, race_id: str, note: Note) -> StoredState:
    """Read what the tables hold of a race without a ledger; a race they do not know is imported first."""
    race = await container.store.get(RACES, race_id)
    stored = race is not None
    if not stored:
        # A race that nobody imported is rare, and the imports' modules would slow every cold start.
        from raceday.importing.entrants import import_race

        await import_race(container, race_id)
        race = await container.store.get(RACES, race_id)
        note("import", imported=race is not None)
    return StoredState(race=race or {}, imported=not stored)


async def _listed(container: Container, race_id: str, known: StoredState, note: Note) -> StoredState:
    """Read the entrants of a race without a ledger as late as can be: an import may store them while the feed is asked.

    One that no row names would stand for ever as it was imported.
    """
    found = await container.store.find(ENTRANTS, [Query.equal("raceId", [race_id])])
    note("rows", entrants=len(found))
    return known._replace(entrants={row["$id"]: row for row in found})


async def _ask(
    container: Container, order: Order, slot: Slot | None, known: StoredState, store_ms: int, note: Note
) -> tuple[Snapshot, PollContext]:
    sent, watch = container.clock.now(), container.clock.monotonic()
    life = (slot.expires_at - sent).total_seconds() if slot else LONGEST_LIFE_SECS
    try:
        # Tries of one request may outlast the slot; a picture of a later moment must not pass for it.
        secs = max(_LEAST_WAIT_SECS, life)
        async with asyncio.timeout(secs):
            with within(container.clock, secs):
                snapshot = await container.feed.event(order.race_id, known.status, urgent=True, known=known.facts)
    except TimeoutError as error:
        raise FeedUnavailable(f"{order.race_id}: no answer while its slot lasted", cause="feed_timeout") from error
    if snapshot.race_id != order.race_id:
        raise PayloadError(order.race_id, "race.event_id", snapshot.race_id, "the race that was asked for")
    require_wanted(container.settings, order.race_id, snapshot.country, snapshot.code)
    occasion = PollContext(
        slot=order.slot,
        kind=order.kind,
        fetched_at=whole_ms(container.clock.now()),
        feed_calls=2 if known.imported else 1,
        feed_ms=_ms(container, watch),
        store_ms=store_ms,
        late_ms=0 if order.kind == "request" else max(0, round((sent - order.slot).total_seconds() * 1000)),
    )
    _tell_unknown(container, snapshot)
    note("feed", ms=occasion.feed_ms, generatedAt=iso(snapshot.generated_at), status=snapshot.status.value)
    return snapshot, occasion


def _tell_unknown(container: Container, snapshot: Snapshot) -> None:
    """Log a betting product nobody knows, once per process, and no more than so many."""
    told = container.cache.of(_PRODUCTS)
    new = set(snapshot.unknown_products) - told
    if new and len(told) < _MOST_PRODUCTS:
        told |= new
        container.log.warning("feed.unknown_products", race=snapshot.race_id, products=sorted(new))


async def _commit(
    container: Container,
    order: Order,
    snapshot: Snapshot,
    occasion: PollContext,
    known: StoredState,
    note: Note,
    armed: Armed | None,
) -> Outcome:
    """Append the row on the newest base; a conflict or an unknown ending is resolved by reading the ledger again."""
    unknown = restored = False
    for attempt in count(1):
        base = known.ledger
        if base and iso(snapshot.generated_at) < iso(base.generated_at):
            return Outcome(order, "failed", "stale", row=base, feed_calls=1)
        if base is None:
            known = await _listed(container, order.race_id, known, note)
        if asks_versions(snapshot, known):
            known = known._replace(versions=await versions_of(container, order.race_id))
        row, change = next_row(container, order, snapshot, occasion, known)
        note("validate", score=row.score, failed=failed(row.checks))
        note("compare", entrants=change.entrants, odds=change.odds, race=change.race, results=change.results)
        try:
            change = await with_history(container, change, occasion.fetched_at)
            await _write(container, row, change, armed)
        except (StoreConflict, StoreUnavailable) as error:
            note("conflict", attempt=attempt, error=str(error))
            unknown = unknown or isinstance(error, StoreUnavailable)
            if not _may_commit_again(container, error, attempt):
                raise
            await container.clock.sleep(container.chance.uniform(0.02, 0.1) * min(attempt, COMMIT_ATTEMPTS))
        except StoreMissing as error:
            # A row was deleted since the ledger's newest poll: only an import makes it anew.
            note("conflict", attempt=attempt, error=str(error))
            if restored or error.kind not in ROW_GONE:
                raise
            restored = await _restore(container, order.race_id)
        else:
            note("commit", n=row.n, attempt=attempt)
            return Outcome(order, "committed", row=row, changed=change, feed_calls=1)
        now = await ledger.newest(container.store, order.race_id)
        if now and now.slot >= order.slot:
            return _resolved(order, row if unknown else None, now, change)
        if now and now.status.over and order.kind == "slot":
            # The row it was planned on was not the newest: the race has finished meanwhile.
            return Outcome(order, "over", row=now, feed_calls=1)
        if now and order.kind == "slot" and _planned(container, order, now) is None:
            # The start was moved by a poll that the base did not know of.
            return Outcome(order, "off_plan", row=now, feed_calls=1)
        if now and restored:
            # The rows were made anew from another answer: what the ledger last wrote of them stands no more.
            now = now._replace(digests=Digests(results=now.digests.results))
        if now:
            known = known._replace(ledger=now)
    raise AssertionError("the last attempt raises")


def _may_commit_again(container: Container, error: StoreError, attempt: int) -> bool:
    """Tell whether to try again: rivals a few times, and a store that does not answer while there is time."""
    left = left_secs(container.clock)
    if isinstance(error, StoreUnavailable) and not math.isinf(left):
        return left > 0
    return attempt < COMMIT_ATTEMPTS


async def _restore(container: Container, race_id: str) -> bool:
    """Import a race whose rows somebody deleted."""
    from raceday.importing.entrants import import_race

    await import_race(container, race_id)
    return True


def _resolved(order: Order, mine: LedgerRow | None, now: LedgerRow, change: Changes) -> Outcome:
    """Tell whose row stands: `mine`, where a commit had no known ending, another's for the slot, or a later one."""
    if now.slot == order.slot:
        ours = mine is not None and iso(now.fetched_at) == iso(mine.fetched_at) and now.digests == mine.digests
        return Outcome(order, "committed" if ours else "done", row=now, changed=change if ours else None, feed_calls=1)
    return Outcome(order, "late", row=now, feed_calls=1)


def next_row(
    container: Container, order: Order, snapshot: Snapshot, occasion: PollContext, known: StoredState
) -> tuple[LedgerRow, Changes]:
    """Return the row that an answer makes on what is known, and what changes with it."""
    base = known.ledger
    decision = decided(snapshot, known)
    made = figures(snapshot, base, decision.status, known.listed)
    change = changes(snapshot, made.lines, known, base.n + 1 if base else 1, occasion.fetched_at, decision)
    start = plan.start_in_force(base, order.start, order.issued_at)
    known_causes = failures(container, order.race_id)
    stored_at = None if known.imported else known.stored_at
    gaps = plan.gaps(Intervals.of(container.settings), base, start, order.slot, known_causes, stored_at)
    status = decision.status
    if decision.held and base is not None:
        return held_row(base, snapshot, occasion, gaps), change
    return compose(snapshot, base, occasion, status, gaps=gaps, digests=change.digests, made=made), change


async def _write(container: Container, row: LedgerRow, change: Changes, armed: Armed | None) -> None:
    begun = armed.spend() if armed and change.ops else ""
    await ledger.append(container.store, row, change.ops, begun)


def _ms(container: Container, since: float) -> int:
    return round((container.clock.monotonic() - since) * 1000)
