"""A poll among rivals for its slot, and with a store whose answers are lost."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from raceday.errors import (
    StoreConflict,
    StoreMissing,
    StoreUnavailable,
)
from raceday.ledger.codec import to_row
from raceday.polling.outcome import Order, Outcome
from raceday.polling.poll import MOST_REFUSALS, poll
from raceday.racing.snapshot import Status
from raceday.tables import ODDS_HISTORY, RACE_POLLS
from tests.poll_kit import Kit
from tests.polling.kit import HALF_MINUTE, T5, at, odds_rows, ready, with_odds
from tests.sample_race import RACE_ID, START, open_race

Fault = Callable[[str, str], None]


def once(moment: str, error: Exception, also: Callable[[], None] = lambda: None) -> Fault:
    """Raise an error the first time a write comes to a moment, doing something else just before."""
    left = [error]

    def fault(now: str, action: str) -> None:
        if now == moment and action in ("commit", "create") and left:
            trouble = left.pop()
            also()
            raise trouble

    return fault


@pytest.mark.parametrize(
    ("moment", "error", "result"),
    [
        ("before", StoreUnavailable("timed out"), "committed"),
        ("after", StoreUnavailable("timed out"), "committed"),
        ("before", StoreConflict("changed meanwhile", status=409), "committed"),
        ("after", StoreConflict("row exists", status=409), "done"),
    ],
)
def test_commit_of_unknown_ending_is_done_once(moment: str, error: Exception, result: str) -> None:
    """Whether a commit that timed out or conflicted took effect or not, the slot ends with exactly one row."""
    kit = ready()
    kit.store.fault = once(moment, error)
    assert at(kit, T5).result == result
    assert [(row.n, row.slot) for row in kit.ledger()] == [(1, T5)]
    assert len(kit.store.tables[ODDS_HISTORY]) == 32


def _rival(kit: Kit, slot: datetime) -> Callable[[], None]:
    def commit() -> None:
        row = kit_row(kit, slot)._replace(fetched_at=slot + timedelta(milliseconds=777))
        kit.store.put(RACE_POLLS, f"rival-{row.n}", to_row(row))

    return commit


def kit_row(kit: Kit, slot: datetime) -> Any:
    """Make the row that another process would append now."""
    newest = kit.ledger()[-1]
    return newest._replace(n=newest.n + 1, slot=slot, generated_at=slot)


def test_rival_for_the_same_slot_wins_once() -> None:
    """When another process committed the slot first, this poll is done and writes nothing."""
    kit = ready()
    at(kit, T5)
    slot = T5 + HALF_MINUTE
    kit.store.fault = once("before", StoreConflict("row exists", status=409), _rival(kit, slot))
    kit.feed.races[RACE_ID] = with_odds(open_race(), 1, fixed_win=Decimal(3))
    assert at(kit, slot).result == "done"
    assert (len(kit.ledger()), odds_rows(kit, 2)) == (2, [])


def test_rival_for_a_later_slot_makes_this_one_late() -> None:
    """When a later slot was committed meanwhile, this poll is too late and writes nothing."""
    kit = ready()
    at(kit, T5)
    kit.store.fault = once("before", StoreConflict("row exists", status=409), _rival(kit, T5 + 2 * HALF_MINUTE))
    assert at(kit, T5 + HALF_MINUTE).result == "late"
    assert len(kit.ledger()) == 2


def test_rival_that_saw_the_race_finish_ends_this_slot() -> None:
    """When another process committed an earlier slot that saw the race finish, this slot is over and writes nothing."""
    kit = ready()
    at(kit, T5)
    slot = T5 + HALF_MINUTE

    def finished() -> None:
        row = kit_row(kit, slot)._replace(status=Status.FINAL)
        kit.store.put(RACE_POLLS, f"rival-{row.n}", to_row(row))

    kit.store.fault = once("before", StoreConflict("row exists", status=409), finished)
    assert at(kit, T5 + 2 * HALF_MINUTE).result == "over"
    assert [row.status for row in kit.ledger()] == [Status.OPEN, Status.FINAL]


def test_rival_for_an_earlier_slot_becomes_the_new_base() -> None:
    """When an earlier slot was committed meanwhile, the poll repeats on that base without asking the feed again."""
    kit = ready()
    at(kit, T5)
    asked = len(kit.feed.asked)
    kit.store.fault = once("before", StoreConflict("row exists", status=409), _rival(kit, T5 + HALF_MINUTE))
    assert at(kit, T5 + 2 * HALF_MINUTE).result == "committed"
    assert ([row.n for row in kit.ledger()], len(kit.feed.asked) - asked) == ([1, 2, 3], 1)
    assert kit.ledger()[-1].gaps == ()


def test_store_that_stays_away_fails_the_poll() -> None:
    """A store that never answers a commit ends as a failed poll with that cause, not as a crash."""
    kit = ready()

    def always(moment: str, action: str) -> None:
        if action in ("commit", "create"):
            raise StoreUnavailable("no answer")

    kit.store.fault = always
    outcome = at(kit, T5)
    assert (outcome.result, outcome.cause, kit.ledger()) == ("failed", "store", [])


@pytest.mark.parametrize(("out_secs", "result"), [(25, "committed"), (200, "failed")])
def test_a_store_that_comes_back_before_the_next_slot_takes_the_commit(out_secs: int, result: str) -> None:
    """A poll fetched in time is committed as soon as the store answers, until its race's next slot wants the ledger."""
    kit = ready()
    back = T5 + timedelta(seconds=out_secs)

    def out(moment: str, action: str) -> None:
        if action in ("commit", "create") and kit.clock.now() < back:
            kit.clock.advance(1)
            raise StoreUnavailable("no answer")

    kit.store.fault = out
    assert at(kit, T5).result == result
    if result == "failed":
        assert kit.clock.now() < T5 + timedelta(seconds=35)


def test_a_table_that_is_missing_fails_the_poll() -> None:
    """Only a row that is gone is made anew: a table or a project that is missing is told as trouble of the store."""
    kit = ready()
    tried: list[str] = []

    def missing(moment: str, action: str) -> None:
        if moment == "before" and action in ("commit", "create"):
            tried.append(action)
            raise StoreMissing("no such table", status=404, kind="table_not_found")

    kit.store.fault = missing
    assert (at(kit, T5).cause, len(tried)) == ("store", MOST_REFUSALS)


async def test_two_pollers_at_once_write_a_slot_once() -> None:
    """Of polls that race for one slot exactly one commits, and the others find it done."""
    kit = ready()

    order = Order(RACE_ID, T5, "slot", START, T5)
    outcomes = await asyncio.gather(*(poll(kit.container, order, kit.container.log) for _ in range(4)))
    results = sorted(outcome.result for outcome in outcomes)
    assert results == ["committed", "done", "done", "done"]
    assert (len(kit.ledger()), len(kit.store.tables[ODDS_HISTORY])) == (1, 32)


def test_pollers_of_neighbouring_slots_keep_the_order() -> None:
    """Polls of two slots at once leave a ledger in slot order: the earlier commits first or is too late."""
    kit = ready()
    at(kit, T5)
    slots = [T5 + i * HALF_MINUTE for i in (1, 2)]
    kit.clock.advance(45)
    kit.feed.races[RACE_ID] = open_race(generated_at=kit.clock.now())

    async def race() -> list[Outcome]:
        orders = [Order(RACE_ID, slot, "slot", START, T5) for slot in slots]
        return await asyncio.gather(*(poll(kit.container, order, kit.container.log) for order in orders))

    outcomes = asyncio.run(race())
    ledger = kit.ledger()
    assert [row.n for row in ledger] == list(range(1, len(ledger) + 1))
    assert [row.slot for row in ledger] == sorted({row.slot for row in ledger})
    assert {o.result for o in outcomes} <= {"committed", "late"}
