"""Engines broken on purpose, each in one rule, run through the same faults and judged by the same checker.

What the checker says of them, beside the real engine, shows that it would have seen such an error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.verdict import told
from local.simulate.world import SimWorld
from raceday.clock import instant, iso
from raceday.container import Container
from raceday.errors import StoreError
from raceday.ids import row_key
from raceday.ledger import log as ledger
from raceday.ledger.codec import to_row
from raceday.ledger.timeline import Label
from raceday.log import Log
from raceday.polling import poll, poller
from raceday.polling.arming import Armed
from raceday.polling.changes import Changes
from raceday.polling.outcome import Note, Order, Outcome, silent
from raceday.projections import money_flow
from raceday.racing.records import LedgerRow
from raceday.store.port import Op
from raceday.tables import MONEY_FLOW, RACE_POLLS, SUITE_STATE

Patches = list[tuple[Any, str, Any]]


def _no_expected_version() -> Patches:
    """A ledger row under an id of its own: nothing collides, and two polls of a slot both stand."""

    async def write(container: Container, row: LedgerRow, change: Changes, armed: Armed | None) -> None:
        ops = [Op("create", RACE_POLLS, container.chance.token() * 2, to_row(row)), *change.ops]
        await container.store.commit(ops)

    return [(poll, "_write", write)]


def _not_in_one() -> Patches:
    """The same operations one by one: what a kill or a lost answer leaves is half of them."""

    async def write(container: Container, row: LedgerRow, change: Changes, armed: Armed | None) -> None:
        key = ledger.key(row.race_id, row.n)
        for op in (*change.ops, Op("create", RACE_POLLS, key, to_row(row))):
            await container.store.commit([op])

    return [(poll, "_write", write)]


def _own_last_row() -> Patches:
    """A tracker whose growth starts at its own newest row, live rows between two labels included."""
    right = money_flow.entry_rows

    async def catch_up(container: Container, race_id: str) -> int:
        progress = await money_flow.read_progress(container, race_id)
        rows = await ledger.since(container, race_id, progress.newest_n or 1)
        by_n = {row.n: row for row in rows}
        written = 0
        for entry in money_flow.due(rows, replace(progress, label_n=progress.newest_n)):
            base = by_n.get(progress.newest_n)
            if isinstance(entry, Label) and base is not None:
                entry = replace(entry, base=base)
            await container.store.create_many(MONEY_FLOW, right(entry))
            written += 1
        return written

    return [(money_flow, "catch_up", catch_up)]


LOCK_SECS = 10.0


def _lock_by_age() -> Patches:
    """A lock row per race in place of the ledger's version: taken over when old, deleted by whoever releases.

    Two that read at once both find it free; one that is slower than the lock's age goes on beside its successor, and
    deletes the successor's lock when it is done.
    """
    right = poll.poll

    async def locked(
        container: Container, order: Order, log: Log, note: Note = silent, armed: Armed | None = None
    ) -> Outcome:
        store, key = container.store, row_key("lock", order.race_id)
        try:
            held = await store.get(SUITE_STATE, key)
            now = container.clock.now()
            if held is not None and (now - instant(str(held["at"]))).total_seconds() < LOCK_SECS:
                return Outcome(order, "late")
            lock = {"kind": "lock", "name": order.race_id, "at": iso(now), "data": "{}"}
            await store.upsert(SUITE_STATE, key, lock)
            outcome = await right(container, order, log, note, armed)
            await store.delete(SUITE_STATE, key)
        except StoreError as error:
            return Outcome(order, "failed", cause="store", error=error)
        return outcome

    return [*_no_expected_version(), (poller, "poll", locked)]


VARIANTS: dict[str, Callable[[], Patches]] = {
    "the engine": list,
    "no expected version on the ledger": _no_expected_version,
    "tracker reads its own last row": _own_last_row,
    "commit not in one transaction": _not_in_one,
    "lock by age, deleted on release": _lock_by_age,
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break the engine in one rule for a while."""
    patches = [patch.object(where, what, new) for where, what, new in VARIANTS[name]()]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def judged(name: str, plan: DayPlan, seams: Callable[[SimWorld], FaultHooks]) -> dict[str, Any]:
    """Simulate a day with a broken engine and give what the checker counted."""
    with broken(name):
        report = simulate_day(plan, seams=seams)
    polls, buckets = report["polls"], report["buckets"]
    return {
        "variant": name,
        "lost": polls["lost"],
        "unreported": polls["unreported"],
        "duplicate": polls["duplicate"],
        "wrong": polls["wrong"],
        "buckets_lost": buckets["lost"],
        "buckets_duplicate": buckets["duplicate"],
        "buckets_wrong": buckets["wrong"],
        "rows_differing": report["judged"]["count"],
        "examples": [*polls["differences"][:3], *map(told, report["judged"]["examples"][:2])],
    }


def summed(name: str, each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of several days."""
    counts = {key: sum(day[key] for day in each) for key, value in each[0].items() if isinstance(value, int)}
    return {"variant": name, **counts, "examples": [line for day in each for line in day["examples"]][:5]}
