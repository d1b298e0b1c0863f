"""Who is told of a movement, and how often."""

import json
from collections import Counter
from typing import Any

import pytest
from appwrite.query import Query

from raceday.ids import row_key
from raceday.ledger.codec import to_row
from raceday.projections.alert_cursor import Cursor
from raceday.projections.alerts import walk, write_new
from raceday.projections.audience import read_audience, users_of
from raceday.racing.snapshot import Status
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, NOTIFICATIONS
from tests.ledgers import START, poll
from tests.projections.kit import (
    A,
    B,
    append,
    content,
    money,
    wake,
)
from tests.suite_kit import Suite

BEFORE, NOW = {"r1": 100, "r2": 80, "r3": 60, "r4": 40}, {"r1": 200, "r2": 160, "r3": 120, "r4": 140}


async def example(suite: Suite, **changes: Any) -> list[dict[str, Any]]:
    """Play the worked example of four runners between the columns 60, 55 and 50; give the money notifications."""
    rows = [
        poll(1, 60, BEFORE),
        poll(2, 55, {k: v + BEFORE[k] for k, v in BEFORE.items()}),
        poll(3, 50, {k: BEFORE[k] * 2 + (NOW[k] - BEFORE[k]) for k in BEFORE}, **changes),
    ]
    await append(suite, *rows)
    for row in rows:
        await wake(suite, row)
    return await suite.rows(NOTIFICATIONS)


async def test_the_worked_example_of_an_alert() -> None:
    """The fourth runner rises 15.13 points into the yellow band of 15 to 20, once for Win and once for Place."""
    suite = Suite(at=START)
    found = await example(suite)
    assert {(n["type"], n["entrantId"], n["timeInterval"], round(n["value"], 2), n["color"]) for n in found} == {
        ("money_win", "r4", 50, 15.13, "#FEF3C7"),
        ("money_place", "r4", 50, 15.13, "#FEF3C7"),
    }
    assert all(n["userId"] == "Default User" and n["raceId"] == "race-1" and not n["read"] for n in found)


@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_cursor_keeps_every_label_that_was_seen(first: int) -> None:
    """A history that is read in two pieces leaves the cursor that it leaves when it is read at once."""
    ledger = [poll(n, at, {A: 100 * n, B: 50 * n}) for n, at in enumerate((60, 55, 50, 45), 1)]
    whole = walk(ledger, Cursor())[1]
    assert whole.intervals == (60, 55, 50, 45)
    assert walk(ledger, walk(ledger[:first], Cursor())[1])[1] == whole


async def test_scratched_runners_and_finished_races_alert_nobody() -> None:
    """A runner that is scratched lights up neither itself nor others, and a race that is over lights up none."""
    assert await example(Suite(at=START), scratched=frozenset({"r4"})) == []
    assert await example(Suite(at=START), status=Status.FINAL) == []


def band(user: str, order: int, low: float, high: float | None, **changes: Any) -> dict[str, Any]:
    """Make one alert band's row."""
    row = {"userId": user, "indicatorType": "percentage_range", "percentageRangeMin": low, "percentageRangeMax": high,
           "color": "#000000", "enabled": True, "displayOrder": order}  # fmt: skip
    return {"$id": row_key("test-band", user, order, str(changes)), **row, **changes}


async def test_bands_flags_and_filters_decide_who_is_told() -> None:
    """A disabled band is silent, doubled rows count once, and each kind of filter lets only its races through."""
    suite = Suite(at=START)
    await suite.store.delete_where(ALERT_CONFIGS, [Query.is_not_null("userId")])
    await suite.store.create_many(
        ALERT_CONFIGS,
        [band("on", 1, 15, 20), band("off", 1, 15, 20, enabled=False), band("twice", 1, 15, 20),
         band("twice", 1, 15, 20, color="#111111"), band("elsewhere", 1, 5, None), band("here", 1, 5, None),
         band("half", 1, 5, None)],
    )  # fmt: skip
    await suite.store.create_many(
        ALERT_FILTERS,
        [{"$id": "f1", "userId": "elsewhere", "kind": "country", "value": "AUS"},
         {"$id": "f2", "userId": "here", "kind": "country", "value": "NZ"},
         {"$id": "f3", "userId": "here", "kind": "race", "value": "race-1"},
         {"$id": "f4", "userId": "half", "kind": "country", "value": "NZ"},
         {"$id": "f5", "userId": "half", "kind": "race", "value": "race-2"}],
    )  # fmt: skip
    found = await example(suite)
    assert Counter(n["userId"] for n in found) == {"on": 2, "twice": 2, "here": 2}


async def test_the_reminder_comes_once_and_only_while_open() -> None:
    """One minute before the start each user is told once, however often the race wakes the evaluator."""
    suite = Suite(at=START)
    rows = [poll(1, 2, money(100)), poll(2, 1, money(110)), poll(3, 0.5, money(120)), poll(4, 0, money(130))]
    await append(suite, *rows)
    for row in [*rows, *rows]:
        await wake(suite, row)
    reminders = [n for n in await suite.rows(NOTIFICATIONS) if n["type"] == "reminder"]
    told = [(n["userId"], n["raceId"], n["eventTimestamp"]) for n in reminders]
    assert told == [("Default User", "race-1", to_row(rows[1])["slot"])]
    closed = Suite(at=START)
    await append(closed, poll(1, 1, money(1), status=Status.CLOSED))
    await wake(closed, poll(1, 1, money(1), status=Status.CLOSED))
    assert await closed.rows(NOTIFICATIONS) == []


async def test_whoever_wants_no_sound_is_not_reminded() -> None:
    """The reminder sounds: a user whose bands are all silent gets movements and no reminder."""
    suite = Suite(at=START)
    await suite.store.create_many(
        ALERT_CONFIGS, [band("quiet", 1, 5, None, audibleAlertsEnabled=False), band("heard", 1, 5, None)]
    )
    rows = [poll(1, 2, money(100)), poll(2, 1, money(110))]
    await append(suite, *rows)
    await wake(suite, rows[-1])
    assert {n["userId"] for n in await suite.rows(NOTIFICATIONS)} == {"Default User", "heard"}


async def test_odds_that_shorten_are_told() -> None:
    """Odds from 12 to 7 have shortened by 41.67 percent, into the band of 25 to 50."""
    suite = Suite(at=START)
    even = {"r1": 100, "r2": 100}
    rows = [poll(n, m, even, odds={"r1": o, "r2": "4"}) for n, m, o in ((1, 60, "12"), (2, 55, "7"))]
    await append(suite, *rows)
    for row in rows:
        await wake(suite, row)
    (found,) = await suite.rows(NOTIFICATIONS)
    assert (found["type"], found["entrantId"], round(found["value"], 2)) == ("odds", "r1", 41.67)
    assert found["color"] == "#FECACA"


async def test_a_thousand_users_cost_pages_and_rows() -> None:
    """With 1,000 users of six bands each one evaluation costs its reads, the pages of bands, and the rows written."""
    calls = {}
    for users in (10, 1000):
        suite = Suite(at=START)
        rows = [band(f"user-{u:04}", o, 5 * o, 5 * o + 5 if o < 6 else None) for u in range(users) for o in range(1, 7)]
        await suite.store.create_many(ALERT_CONFIGS, rows)
        await append(suite, poll(1, 60, BEFORE), poll(2, 55, {k: v * 2 for k, v in BEFORE.items()}))
        await append(suite, poll(3, 50, {k: BEFORE[k] + NOW[k] for k in BEFORE}))
        before = suite.store.calls
        result = await suite.run("alert-evaluator", {"raceId": "race-1"})
        assert result["notifications"] == 2 * (users + 1)
        calls[users] = suite.store.calls - before
    pages, writes = -(-6006 // 500) - 1, -(-2002 // 100) - 1
    assert calls[1000] <= calls[10] + pages + writes


async def test_alerts_after_a_poll_without_pools_are_the_same_however_often_they_are_evaluated() -> None:
    """A label whose poll listed no pools has odds to compare but no money, in one evaluation as in many."""
    ledger = [
        poll(1, 60, {A: 5_000, B: 5_000}, odds={A: "9", B: "9"}),
        poll(2, 57.5, {A: 9_000, B: 6_000}),
        poll(3, 55, {A: 0, B: 0}, pools=False, odds={A: "7", B: "9"}),
        poll(4, 50, {A: 10_000, B: 10_000}, odds={A: "7", B: "7"}),
    ]

    async def told(times: int) -> list[str]:
        suite = Suite(at=START)
        await append(suite, *ledger[: len(ledger) - times])
        for row in ledger[len(ledger) - times :]:
            await append(suite, row)
            await wake(suite, row)
        return content(await suite.rows(NOTIFICATIONS))

    found = await told(len(ledger))
    assert found == await told(1)
    rows = [json.loads(row) for row in found]
    assert {(r["type"], r["entrantId"], r["timeInterval"]) for r in rows} == {("odds", A, 55), ("odds", B, 50)}


async def test_what_is_there_in_part_is_completed() -> None:
    """Where whoever told the first of some alerts died before saying so, the rest of them is told all the same."""
    suite = Suite(at=START)
    rows = [
        {"$id": f"n{i}", "userId": "u", "raceId": "race-1", "type": "odds", "title": "t", "message": "m",
         "eventTimestamp": to_row(poll(1, 60, BEFORE))["slot"], "read": False}
        for i in range(4)
    ]  # fmt: skip
    assert await write_new(suite.container, rows[1:3]) == 2
    assert await write_new(suite.container, rows) == 2
    assert sorted(row["$id"] for row in await suite.rows(NOTIFICATIONS)) == ["n0", "n1", "n2", "n3"]


async def test_changed_bands_count_after_a_minute() -> None:
    """A warm process goes by the bands that it has read for a minute, and by the present ones from then on."""
    suite = Suite(at=START)
    await suite.store.create_many(ALERT_CONFIGS, [band("minds", 1, 5, 9)])

    async def lows() -> list[float]:
        audience = await read_audience(suite.container)
        return [each.low for user in audience.users for each in user.bands if user.user_id == "minds"]

    assert await lows() == [5]
    await suite.store.update(ALERT_CONFIGS, band("minds", 1, 5, 9)["$id"], {"percentageRangeMin": 7})
    suite.clock.advance(59)
    assert await lows() == [5]
    suite.clock.advance(1)
    assert await lows() == [7]


def test_of_two_rows_for_a_band_the_first_by_id_counts() -> None:
    """Whatever order they are read in, the row whose id comes first decides, and the other one counts for nothing."""
    rows = [
        band("twice", 1, low, None) | {"$id": key, "audibleAlertsEnabled": True} for key, low in (("b", 9), ("a", 5))
    ]
    for read in (rows, rows[::-1]):
        (user,) = users_of(read, [])
        assert [each.low for each in user.bands] == [5]
