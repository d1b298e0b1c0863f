"""What a poll has at hand before its slot, and that nothing of it can make a row wrong."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from raceday.errors import FeedUnavailable, StoreUnavailable
from raceday.polling import poller
from raceday.polling.arming import ARM_SECS, Armed, arm
from raceday.polling.outcome import Order, Outcome
from raceday.polling.poll import poll
from raceday.racing.snapshot import Snapshot
from raceday.tables import RACE_POLLS
from tests.poll_kit import Kit
from tests.polling.kit import HALF_MINUTE, T5, at, ready, with_odds
from tests.sample_race import RACE_ID, START, open_race

SLOT = T5 + HALF_MINUTE
OPEN, STAGE, COMMIT, CLOSE = "transaction", "stage", "commit", "rollback"


def order(slot: datetime = SLOT, kind: str = "slot") -> Order:
    """Make the order of a slot as the scheduler hands it out."""
    return Order(RACE_ID, slot, kind, START, slot - timedelta(seconds=30))


def waiting() -> Kit:
    """Make a kit of a stored race whose clock lets others run while somebody sleeps."""
    kit = ready()
    kit.clock.advance(-3600)
    sleep = kit.clock.sleep

    async def yielding(secs: float) -> None:
        await sleep(secs)
        for _ in range(5):
            await asyncio.sleep(0)

    kit.clock.sleep = yielding  # type: ignore[method-assign]
    return kit


def served(kit: Kit, slot: datetime = SLOT, race: Snapshot | None = None) -> None:
    """Let the feed serve a race from a slot on: by default with other odds than before."""
    race = race or with_odds(open_race(), 1, fixed_win=Decimal(slot.second + 3))
    kit.feed.races[RACE_ID] = race._replace(generated_at=slot)


def handed(kit: Kit, slot: datetime = SLOT, kind: str = "slot") -> list[str]:
    """Hand a slot to a poller 1.5 s ahead; gives the store's calls, those before the slot before a bar."""
    kit.clock.advance((slot - kit.clock.now()).total_seconds() - 1.5)
    kit.container.cache.keep(poller._HEARD, True)
    kit.store.asked.clear()
    asked = kit.container.feed.event
    marks: list[str] = kit.store.asked

    async def event(*args: object, **kwargs: object) -> Snapshot:
        marks.append(f"feed {(kit.clock.now() - slot).total_seconds():g}")
        return await asked(*args, **kwargs)  # type: ignore[arg-type]

    kit.feed.event = event  # type: ignore[method-assign]
    asyncio.run(poller.run(kit.container, [order(slot, kind)], kit.call()))
    kit.feed.event = asked  # type: ignore[method-assign]
    return list(marks)


async def rival(kit: Kit, race: Snapshot) -> None:
    """Let the slot before be committed now, of an answer that came in its time."""
    kit.clock.advance(-20)
    served(kit, T5, race)
    assert (await poll(kit.container, order(T5), kit.container.log)).result == "committed"
    kit.clock.advance(20)


def armed_poll(kit: Kit, *between: str) -> tuple[Outcome, Armed]:
    """Arm for the slot, let another poll of the slot before come between, and poll."""

    async def go() -> tuple[Outcome, Armed]:
        armed = await arm(kit.container, order())
        for _ in between:
            await rival(kit, with_odds(open_race(), 2, fixed_win=Decimal("9.5")))
            served(kit)
        kit.store.asked.clear()
        outcome = await poll(kit.container, order(), kit.container.log, armed=armed)
        await armed.close()
        return outcome, armed

    return asyncio.run(go())


def test_three_calls_are_left_at_the_slot() -> None:
    """From T-5 on the row is read and a transaction opened before the slot; then feed, stage and commit."""
    kit = waiting()
    at(kit, T5)
    served(kit)
    assert handed(kit) == ["find", OPEN, "feed 0", STAGE, COMMIT]
    assert [row.slot for row in kit.ledger()] == [T5, SLOT]


def test_an_unchanged_poll_is_one_call_and_leaves_no_transaction() -> None:
    """What turns out unchanged is a single create; the transaction is ended after it, and none is opened next time."""
    kit = waiting()
    at(kit, T5)
    served(kit, SLOT, open_race())
    assert handed(kit) == ["find", OPEN, "feed 0", "create", CLOSE]
    assert kit.store.open == {}
    served(kit, SLOT + HALF_MINUTE, open_race())
    assert handed(kit, SLOT + HALF_MINUTE) == ["find", "feed 0", "create"]


def test_the_slot_at_t5_itself_is_armed() -> None:
    """The last minutes begin with T-5: its row is read and its transaction opened ahead."""
    kit = waiting()
    at(kit, T5 - timedelta(seconds=150))
    served(kit, T5)
    assert handed(kit, T5) == ["find", OPEN, "feed 0", STAGE, COMMIT]


@pytest.mark.parametrize(("slot", "kind"), [(T5 - 2 * HALF_MINUTE * 2.5, "slot"), (START + HALF_MINUTE, "recheck")])
def test_what_need_not_be_quick_is_not_armed(slot: datetime, kind: str) -> None:
    """Before T-5, and for a re-check, the row is read at the slot."""
    kit = waiting()
    at(kit, slot - timedelta(minutes=5))
    served(kit, slot)
    calls = handed(kit, slot, kind)
    assert calls[0] == "find"
    assert calls[1].startswith("feed")


def test_a_row_that_moved_meanwhile_falls_back() -> None:
    """A poll armed with a row that is no longer the newest meets a conflict, and stands on the newest row: n follows n,
    and what the row between changed is not written twice."""
    kit = waiting()
    at(kit, T5 - timedelta(seconds=150))
    served(kit)
    kit.clock.advance((SLOT - kit.clock.now()).total_seconds() - 1)
    outcome, _ = armed_poll(kit, "a late poll of T-5")
    rows = kit.ledger()
    assert (outcome.result, [row.n for row in rows], [row.slot for row in rows][1:]) == (
        "committed", [1, 2, 3], [T5, SLOT],
    )  # fmt: skip
    assert rows[2].gaps == ()
    assert kit.store.asked[:2] == [STAGE, COMMIT]
    assert "find" in kit.store.asked
    assert kit.store.open == {}


def test_a_start_that_moved_meanwhile_takes_the_slot_off_the_plan() -> None:
    """Where the row between moved the start, the armed slot is on no plan any more and is not committed."""
    kit = waiting()
    at(kit, T5 - timedelta(seconds=150))
    kit.clock.advance((SLOT - kit.clock.now()).total_seconds() - 1)
    moved = open_race()._replace(start=START + timedelta(seconds=437))

    async def go() -> Outcome:
        armed = await arm(kit.container, order())
        await rival(kit, moved)
        served(kit, SLOT, moved)
        outcome = await poll(kit.container, order(), kit.container.log, armed=armed)
        await armed.close()
        return outcome

    assert asyncio.run(go()).result == "off_plan"
    assert [row.slot for row in kit.ledger()][1:] == [T5]


def test_a_transaction_whose_time_is_over_is_not_relied_on() -> None:
    """A feed that answers late leaves the open transaction alone; the commit opens its own and the old one is ended."""
    kit = waiting()
    at(kit, T5)
    served(kit)

    async def go() -> Outcome:
        kit.clock.advance((SLOT - kit.clock.now()).total_seconds() - 1)
        armed = await arm(kit.container, order())
        kit.clock.advance(14)
        armed._opened -= 40
        kit.store.asked.clear()
        outcome = await poll(kit.container, order(), kit.container.log, armed=armed)
        await armed.close()
        return outcome

    assert asyncio.run(go()).result == "committed"
    assert kit.store.asked == [OPEN, STAGE, COMMIT, CLOSE]


def test_a_poll_that_fails_ends_its_transaction() -> None:
    """A feed without an answer leaves nothing open."""
    kit = waiting()
    at(kit, T5)
    kit.feed.races[RACE_ID] = FeedUnavailable("slow", cause="feed_timeout")
    assert handed(kit)[-1] == CLOSE
    assert kit.store.open == {}


def test_a_store_that_does_not_answer_before_the_slot_costs_nothing() -> None:
    """Where the row cannot be read ahead, the poll goes the plain way at its slot."""
    kit = waiting()
    at(kit, T5)
    served(kit)
    real, tries = kit.store.find, [StoreUnavailable("down", status=503)]

    async def find(*args: object, **kwargs: object) -> object:
        if tries:
            raise tries.pop()
        return await real(*args, **kwargs)  # type: ignore[arg-type]

    kit.store.find = find  # type: ignore[method-assign, assignment]
    assert handed(kit) == ["find", "feed 0", OPEN, STAGE, COMMIT]
    assert len(kit.store.tables[RACE_POLLS]) == 2


def test_a_poll_is_armed_shortly_before_its_slot() -> None:
    """A poller that waits long reads the row a second before the slot, not when it begins to wait."""
    kit = waiting()
    at(kit, T5)
    seen: list[float] = []
    real = kit.store.find

    async def find(*args: object, **kwargs: object) -> object:
        seen.append((SLOT - kit.clock.now()).total_seconds())
        return await real(*args, **kwargs)  # type: ignore[arg-type]

    kit.store.find = find  # type: ignore[method-assign, assignment]
    kit.clock.advance((SLOT - kit.clock.now()).total_seconds() - 20)
    asyncio.run(arm(kit.container, order()))
    assert (seen, kit.clock.now()) == ([ARM_SECS], SLOT)
