"""The event functions through their entrypoints, over ledgers written by hand."""

import json
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest
from appwrite.query import Query

from ops.rebuild import compare
from raceday.catalogue.functions import NAMES
from raceday.ids import row_key
from raceday.ledger.codec import to_row
from raceday.racing.records import Gap, LedgerRow, PoolTotals
from raceday.racing.snapshot import Status
from raceday.runtime.webhook import MAX_BODY_BYTES, sign
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, MONEY_FLOW, NOTIFICATIONS, RACE_POLLS, RACE_POOLS
from tests.ledgers import START, poll
from tests.suite_kit import SETTINGS, Suite

EVENTS = {
    "money-flow-tracker": "money_flow_url",
    "race-pools-aggregator": "race_pools_url",
    "alert-evaluator": "alerts_url",
}
A, B = "r1", "r2"


def money(total: int) -> dict[str, int]:
    """Split a Win pool between two runners."""
    return {A: total // 3, B: total - total // 3}


LEDGER = [
    poll(1, 95, money(9_000)),
    poll(2, 60, money(10_000)),
    poll(3, 57.5, money(11_001)),
    poll(4, 55, money(12_345)),
    poll(5, 47.5, money(15_000), gaps=(Gap(START, "feed_500"),)),
    poll(6, 5, money(40_000)),
    poll(7, 4.5, money(41_000)),
    poll(8, 4, money(43_000)),
    poll(9, 0, money(90_000)),
    poll(10, -0.5, money(120_000), status=Status.CLOSED),
    poll(11, -1, money(130_001), status=Status.CLOSED),
    poll(12, -3.5, money(130_001), status=Status.FINAL),
]


class Reads:
    """A store that writes down which tables are read."""

    def __init__(self, inner: Any, read: list[str]) -> None:
        self._inner, self._read = inner, read

    def __getattr__(self, name: str) -> Any:
        """Pass every call on, and note the table of those that read."""
        call = getattr(self._inner, name)
        if name not in ("get", "find"):
            return call

        def noted(table: str, *args: Any, **options: Any) -> Any:
            self._read.append(table)
            return call(table, *args, **options)

        return noted


async def append(suite: Suite, *rows: LedgerRow) -> None:
    """Append rows to the ledger."""
    for row in rows:
        await suite.store.create(RACE_POLLS, row_key("race-poll", row.race_id, row.n), to_row(row))


def delivery(suite: Suite, name: str, row: dict[str, Any], **headers: str) -> dict[str, Any]:
    """Make the event of one signed webhook."""
    body = json.dumps(row)
    url = getattr(suite.settings, EVENTS[name])
    sent = {
        "x-appwrite-webhook-signature": sign(suite.settings.webhook_secret, url, body.encode()),
        "x-appwrite-webhook-project-id": "raceday",
        "x-appwrite-webhook-events": f"databases.raceday-db.tables.race-polls.rows.{row.get('$id', 'x')}.create",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return {"http": {"method": "POST", "path": "", "queryString": "", "headers": sent, "body": body}}


async def wake(suite: Suite, row: LedgerRow) -> None:
    """Deliver one ledger row to every event function."""
    stored = await suite.store.get(RACE_POLLS, row_key("race-poll", row.race_id, row.n))
    assert stored is not None
    for name in EVENTS:
        answer = await suite.run(name, delivery(suite, name, stored), secs=30)
        assert answer["statusCode"] == 200


async def label_rows(suite: Suite) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Return the timeline by runner and interval."""
    rows = await suite.rows(MONEY_FLOW, Query.equal("raceId", ["race-1"]))
    return {(r["entrantId"], r["timeInterval"]): r for r in rows}


def content(rows: list[dict[str, Any]]) -> list[str]:
    """Return rows as text without what the server adds."""
    return sorted(json.dumps({k: v for k, v in r.items() if k == "$id" or k[0] != "$"}, sort_keys=True) for r in rows)


async def everything(suite: Suite) -> list[str]:
    """Return all that the event functions wrote."""
    tables = (MONEY_FLOW, RACE_POOLS, NOTIFICATIONS)
    return [line for table in tables for line in content(await suite.rows(table))]


async def straight() -> Suite:
    """Return a suite whose functions were woken once for each row, in order."""
    suite = Suite(at=START)
    for row in LEDGER:
        await append(suite, row)
        await wake(suite, row)
    return suite


async def test_the_timeline_holds_each_label_once_with_its_growth() -> None:
    """Labels carry amounts and growth to the cent; row 60 shows the absolute amounts."""
    rows = await label_rows(await straight())
    assert {i for _, i in rows} == {None, 60, 57, 55, 45, 47, 5, 4, 0, -1}
    assert rows[A, 60]["incrementalWinAmount"] == 3333
    assert rows[B, 60]["isBaseline"]
    assert rows[A, 55]["incrementalWinAmount"] == 4115 - 3333
    assert rows[B, 57]["incrementalWinAmount"] == 0
    assert (rows[A, -1]["winPoolAmount"], rows[A, -1]["incrementalWinAmount"]) == (43333, 43333 - 30000)


async def test_growth_sums_to_the_pool_over_all_labels() -> None:
    """Over the columns every runner's growth sums to the last pool, Win and Place alike."""
    rows = await label_rows(await straight())
    columns = [r for (_, i), r in rows.items() if i is not None and (i <= 5 or i % 5 == 0)]
    assert sum(r["incrementalWinAmount"] for r in columns) == 130_001
    last = LEDGER[-1].pools
    assert last is not None
    assert sum(r["incrementalPlaceAmount"] for r in columns) == last.single["place"]


async def test_rows_keep_the_rules_of_the_client() -> None:
    """No null share, no zero odds, whole intervals, one time to start, and no kind of row but two."""
    rows = list((await label_rows(await straight())).values())
    assert all(r["holdPercentage"] is not None for r in rows)
    assert all(r["fixedWinOdds"] is None or r["fixedWinOdds"] > 0 for r in rows)
    assert all(r["timeToStart"] == r["timeInterval"] for r in rows)
    assert {(r["type"], r["timeInterval"] is None) for r in rows} == {
        ("bucketed_aggregation", False),
        ("live", True),
    }
    runners = Counter(r["timeInterval"] for r in rows)
    assert set(runners.values()) == {2}


@pytest.mark.parametrize("seed", range(6))
async def test_lost_doubled_and_shuffled_deliveries_change_nothing_in_the_end(seed: int) -> None:
    """However deliveries are lost, doubled and shuffled, one wake by name at the end gives the same rows."""
    expected = await everything(await straight())
    chance = random.Random(seed)
    suite = Suite(at=START)
    late: list[LedgerRow] = []
    for row in LEDGER:
        await append(suite, row)
        late += [row] * chance.choice([0, 1, 1, 2])
        chance.shuffle(late)
        while late and chance.random() < 0.7:
            await wake(suite, late.pop())
    for name in EVENTS:
        await suite.run(name, {"raceId": "race-1"})
    assert await everything(suite) == expected


async def test_a_process_that_got_every_row_reads_the_ledger_once() -> None:
    """Deliveries in order carry all that is needed: after the first of them no ledger row is read, nor a timeline's."""
    suite = Suite(at=START)
    read: list[str] = []
    for i, row in enumerate(LEDGER[:9]):
        await append(suite, row)
        stored = await suite.store.get(RACE_POLLS, row_key("race-poll", row.race_id, row.n))
        assert stored is not None
        container = suite.container
        suite.container = replace(container, store=Reads(container.store, read))
        for name in EVENTS:
            await suite.run(name, delivery(suite, name, stored))
        suite.container = container
        if i == 0:
            assert {RACE_POLLS, MONEY_FLOW} & set(read)
            read.clear()
    assert not {RACE_POLLS, MONEY_FLOW, RACE_POOLS} & set(read)


async def test_processes_that_share_a_race_leave_the_rows_of_one() -> None:
    """Deliveries spread over two processes, each going on from what it knows, end in the same rows."""
    expected = await everything(await straight())
    suite = Suite(at=START)
    processes = [suite.container, suite.new_container()]
    for row, process in zip(LEDGER, (0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0), strict=True):
        await append(suite, row)
        suite.container = processes[process]
        await wake(suite, row)
    assert await everything(suite) == expected


async def test_a_slot_that_needs_no_row_costs_no_store_call() -> None:
    """A poll between two labels in the last minutes is known from its own row to owe nothing."""
    suite = Suite(at=START)
    await append(suite, *LEDGER[:7])
    row = await suite.store.get(RACE_POLLS, row_key("race-poll", "race-1", 7))
    assert row is not None
    calls = suite.store.calls
    answer = await suite.run("money-flow-tracker", delivery(suite, "money-flow-tracker", row))
    assert answer["body"]["owed"] is False
    assert suite.store.calls == calls


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize(
    "headers",
    [{"x_appwrite_webhook_signature": "bm9uc2Vuc2U="}, {"x_appwrite_webhook_signature": ""},
     {"x_appwrite_webhook_project_id": "another"}],
)  # fmt: skip
async def test_unsigned_deliveries_answer_401_and_do_nothing(name: str, headers: dict[str, str]) -> None:
    """What is not signed by our Appwrite is refused before the store is asked anything."""
    suite = Suite(at=START)
    await append(suite, *LEDGER[:2])
    calls = suite.store.calls
    answer = await suite.run(name, delivery(suite, name, {"raceId": "race-1"}, **headers))
    assert answer["statusCode"] == 401
    assert suite.store.calls == calls


@pytest.mark.parametrize("name", EVENTS)
async def test_signed_nonsense_answers_2xx_and_a_huge_body_413(name: str) -> None:
    """Once the signature holds the answer is 2xx whatever came, so that the webhook stays on; size comes first."""
    suite = Suite(at=START)
    for row in ({}, {"raceId": 5}, {"raceId": "x" * 99}, {"raceId": "unknown"}):
        assert (await suite.run(name, delivery(suite, name, row)))["statusCode"] == 200
    huge = delivery(suite, name, {"raceId": "x" * MAX_BODY_BYTES})
    assert (await suite.run(name, huge))["statusCode"] == 413


@pytest.mark.parametrize("name", EVENTS)
async def test_a_store_that_fails_still_answers_2xx(name: str) -> None:
    """A projection that cannot reach the store answers 2xx and writes nothing; the next wake finds it."""
    suite = await straight()
    row = await suite.store.get(RACE_POLLS, row_key("race-poll", "race-1", 4))
    assert row is not None
    suite.settings = replace(suite.settings, store_key="refused")
    suite.container = suite.new_container()
    answer = await suite.run(name, delivery(suite, name, row))
    assert (answer["statusCode"], answer["body"]["failed"]) == (200, True)


async def test_pools_follow_the_newest_poll_and_may_fall() -> None:
    """Totals are those of the newest poll that listed pools; an older wake never overwrites a newer one."""
    suite = Suite(at=START)
    totals = PoolTotals({"win": 500, "place": 300, "quinella": 70, "first4": 9}, {"quadrella": 4_000})
    rows = [poll(1, 60, money(900)), poll(2, 55, money(500))._replace(pools=totals), poll(3, 50, {}, pools=False)]
    await append(suite, *rows)
    for row in (rows[1], rows[0], rows[2]):
        await wake(suite, row)
    (found,) = await suite.rows(RACE_POOLS)
    assert (found["winPoolTotal"], found["placePoolTotal"], found["first4PoolTotal"]) == (500, 300, 9)
    assert (found["totalRacePool"], found["multiLegTotal"], found["n"]) == (879, 4_000, 2)


async def test_totals_that_differ_from_their_dividends_are_told() -> None:
    """Where the pool that dividends were paid from differs from the total, the row says by how much."""
    suite = Suite(at=START)
    row = poll(1, -5, money(900), status=Status.FINAL)._replace(dividends={"win": 905, "place": 450})
    await append(suite, row)
    await wake(suite, row)
    (found,) = await suite.rows(RACE_POOLS)
    assert json.loads(found["dividendDifferences"]) == {"win": {"pool_cents": 900, "dividend_pool_cents": 905}}


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
    """A disabled band is silent, doubled rows count once, and a filter lets only its races through."""
    suite = Suite(at=START)
    await suite.store.delete_where(ALERT_CONFIGS, [Query.is_not_null("userId")])
    await suite.store.create_many(
        ALERT_CONFIGS,
        [band("on", 1, 15, 20), band("off", 1, 15, 20, enabled=False), band("twice", 1, 15, 20),
         band("twice", 1, 15, 20, color="#111111"), band("elsewhere", 1, 5, None), band("here", 1, 5, None)],
    )  # fmt: skip
    await suite.store.create_many(
        ALERT_FILTERS,
        [{"$id": "f1", "userId": "elsewhere", "kind": "country", "value": "AUS"},
         {"$id": "f2", "userId": "here", "kind": "country", "value": "NZ"},
         {"$id": "f3", "userId": "here", "kind": "race", "value": "race-1"}],
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


async def test_rebuilding_finds_and_mends_what_differs() -> None:
    """A row lost, one too many and one altered are told, and with writing the tables equal the ledger again."""
    suite = await straight()
    assert (await compare(suite.container, "race-1", write=False)).none
    rows = await label_rows(suite)
    await suite.store.delete(MONEY_FLOW, rows[A, 55]["$id"])
    await suite.store.update(MONEY_FLOW, rows[B, 5]["$id"], {"incrementalWinAmount": 1})
    await suite.store.update(RACE_POOLS, "race-1", {"winPoolTotal": 7})
    found = await compare(suite.container, "race-1", write=True)
    assert found.missing == [rows[A, 55]["$id"]]
    assert list(found.other) == [rows[B, 5]["$id"]]
    assert found.pools["winPoolTotal"] == 130_001
    assert (await compare(suite.container, "race-1", write=False)).none


def test_every_event_function_is_one_of_the_twelve() -> None:
    """The three are deployed functions, each with a URL among the settings."""
    assert set(EVENTS) <= set(NAMES)
    assert all(getattr(SETTINGS, url).endswith(name) for name, url in EVENTS.items())


async def test_a_timeline_that_resumes_at_a_poll_without_pools_keeps_its_growth() -> None:
    """A label whose poll listed no pools stands on the figures before it, and the next one grows from there."""
    ledger = [
        poll(1, 60, money(10_000)),
        poll(2, 55, money(0), pools=False),
        poll(3, 50, money(12_000)),
    ]

    suite = Suite(at=START)
    for row in ledger:
        await append(suite, row)
        await wake(suite, row)
    rows = await label_rows(suite)
    assert rows[A, 55]["winPoolAmount"] == 3_333
    assert rows[A, 50]["incrementalWinAmount"] == 4_000 - 3_333


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


async def test_a_conflict_that_is_no_row_there_leaves_no_label_out() -> None:
    """A bulk that is refused with 409 while its rows are not there is written by the next wake, before later labels."""

    class Refusing(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self.inner, self.left = inner, 1

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.left and request.method == "POST" and MONEY_FLOW in request.url.path:
                self.left -= 1
                return httpx.Response(409, json={"type": "transaction_conflict", "message": "again", "code": 409})
            return await self.inner.handle_async_request(request)

    suite = Suite(at=START)
    suite.transport = Refusing(suite.transport)  # type: ignore[assignment]
    suite.container = suite.new_container()
    await append(suite, *LEDGER[:4])
    for _ in range(2):
        await wake(suite, LEDGER[3])
    assert {i for _, i in await label_rows(suite)} == {None, 60, 57, 55}
