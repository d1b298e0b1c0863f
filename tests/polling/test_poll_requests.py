"""Polls that are asked for between slots, refused, or timed by a wrong clock."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from raceday.errors import (
    FeedNotFound,
    FeedUnavailable,
    PayloadError,
)
from raceday.polling.outcome import Order
from raceday.polling.poll import poll
from raceday.racing.schedule import request_slot
from raceday.racing.snapshot import Snapshot
from raceday.tables import QUARANTINE
from tests.poll_kit import Kit
from tests.polling.kit import HALF_MINUTE, T5, at, ready
from tests.sample_race import RACE_ID, open_race


@pytest.mark.parametrize(
    ("race", "rule"),
    [
        (open_race(country="HK"), "RACEDAY_COUNTRIES"),
        (open_race(code="G"), "RACEDAY_CODES"),
        (open_race(code="X"), "RACEDAY_CODES"),
    ],
)
def test_race_outside_the_filter_is_refused_by_name(race: Snapshot, rule: str) -> None:
    """A race of another country or code is refused with the setting's name and leaves no row."""
    kit = ready(race)
    outcome = at(kit, T5)
    assert (outcome.result, outcome.cause, kit.ledger()) == ("refused", rule, [])


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (FeedNotFound("gone"), "feed_not_found"),
        (FeedUnavailable("busy"), "feed_unavailable"),
        (PayloadError(RACE_ID, "race.status", "Odd", "a status"), "payload"),
    ],
)
def test_feed_trouble_names_its_cause(trouble: Exception, cause: str) -> None:
    """Feed errors become failed outcomes with their word, and unreadable payloads are kept for study."""
    kit = ready()
    kit.feed.races[RACE_ID] = trouble
    outcome = at(kit, T5)
    assert (outcome.result, outcome.cause, kit.ledger()) == ("failed", cause, [])
    assert len(kit.store.tables[QUARANTINE]) == (cause == "payload")


def test_answer_for_another_race_is_refused() -> None:
    """An answer that names another race than the one asked for is a payload error."""
    kit = ready()
    kit.feed.races[RACE_ID] = open_race(race_id="5f0b7a52-7d0e-4c11-9f39-1a6cf0a4b002")
    assert at(kit, T5).cause == "payload"


def test_request_between_slots_has_its_own_kind() -> None:
    """A caller's poll between slots is of kind request; on a slot of the plan it is that slot."""
    kit = ready()
    at(kit, T5)
    assert at(kit, T5 + timedelta(seconds=15), "request").result == "committed"
    assert at(kit, T5 + HALF_MINUTE, "request").result == "committed"
    assert [row.kind for row in kit.ledger()] == ["slot", "request", "slot"]


def _put_right(kit: Kit, secs: float) -> None:
    """Let the first reading of the ledger put the clock right by so many seconds, as a server's Date does."""
    read = kit.store.find

    async def find(*args: Any, **kwargs: Any) -> Any:
        kit.store.find = read  # type: ignore[method-assign]
        kit.clock.advance(secs)
        return await read(*args, **kwargs)

    kit.store.find = find  # type: ignore[method-assign]


def test_an_answer_of_before_its_slot_never_stands_in_it() -> None:
    """A poller whose clock runs fast, put right by its reading of the ledger, waits for the slot before it asks."""
    kit = ready()
    kit.clock.advance(1)
    _put_right(kit, -7.0)
    assert at(kit, T5).result == "committed"
    assert [row.fetched_at for row in kit.ledger()] == [T5]


@pytest.mark.parametrize("off_secs", [-300.0, -8.0, 300.0])
def test_a_request_timed_by_a_wrong_clock_is_one_of_the_present(off_secs: float) -> None:
    """No row stands at a time to come, or long gone, because the clock of whoever polled was off."""
    kit = ready()
    at(kit, T5)
    kit.clock.advance(20)
    asked, now = kit.clock.now(), kit.clock.now() + timedelta(seconds=off_secs)
    kit.feed.races[RACE_ID] = open_race(generated_at=max(now, T5))
    _put_right(kit, off_secs)
    order = Order(RACE_ID, request_slot(asked), "request", issued_at=asked)
    outcome = asyncio.run(poll(kit.container, order, kit.container.log))
    assert outcome.order.slot == request_slot(now)
    assert all(row.slot <= max(now, T5) for row in kit.ledger())
