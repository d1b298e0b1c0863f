"""The event functions through their entrypoints, over ledgers written by hand."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ops.rebuild import compare
from raceday.catalogue.functions import NAMES
from raceday.clock import iso
from raceday.ids import row_key
from raceday.projections.race_pools import pools_row
from raceday.racing.records import LedgerRow, PoolTotals
from raceday.racing.snapshot import Status
from raceday.runtime.webhook import MAX_BODY_BYTES
from raceday.tables import MONEY_FLOW, RACE_POLLS, RACE_POOLS
from tests.ledgers import START, poll
from tests.projections.kit import (
    EVENTS,
    LEDGER,
    A,
    B,
    Reads,
    append,
    delivery,
    everything,
    label_rows,
    money,
    straight,
    wake,
)
from tests.suite_kit import SETTINGS, Suite


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
    rows[1] = rows[1]._replace(fetched_at=rows[1].slot + timedelta(seconds=2))
    await append(suite, *rows)
    for row in (rows[1], rows[0]):
        await wake(suite, row)
        assert (await suite.rows(RACE_POOLS))[0]["n"] == 2
    await wake(suite, rows[2])
    (found,) = await suite.rows(RACE_POOLS)
    assert (found["winPoolTotal"], found["placePoolTotal"], found["first4PoolTotal"]) == (500, 300, 9)
    assert (found["totalRacePool"], found["multiLegTotal"], found["n"]) == (879, 4_000, 2)
    assert found["lastUpdated"] == iso(rows[1].slot)


class Rival:
    """A store in which somebody else writes a race's totals between a read of them and the write that follows."""

    def __init__(self, inner: Any, theirs: LedgerRow | None) -> None:
        self._inner, self._theirs = inner, theirs

    def __getattr__(self, name: str) -> Any:
        """Pass every other call on."""
        return getattr(self._inner, name)

    async def get(self, table: str, row_id: str, **options: Any) -> Any:
        """Read a row; the rival writes its own after the first read of the totals."""
        found = await self._inner.get(table, row_id, **options)
        if table == RACE_POOLS and self._theirs is not None:
            theirs, self._theirs = self._theirs, None
            await self._inner.update(RACE_POOLS, row_id, pools_row(theirs))
        return found


@pytest.mark.parametrize(("mine", "theirs"), [(2, 3), (3, 2)], ids=["newer", "older"])
async def test_the_newest_totals_stand_whoever_writes_meanwhile(mine: int, theirs: int) -> None:
    """A rival's newer totals, written between our read and our write, are not overwritten; its older ones are."""
    suite = Suite(at=START)
    rows = [poll(n, 65 - 5 * n, money(100 * n)) for n in (1, 2, 3)]
    await append(suite, *rows)
    await wake(suite, rows[0])
    stored = await suite.store.get(RACE_POLLS, row_key("race-poll", "race-1", mine))
    assert stored is not None
    suite.clock.advance(1)
    fresh = suite.new_container()
    suite.container = replace(fresh, store=Rival(fresh.store, rows[theirs - 1]))
    name = "race-pools-aggregator"
    assert (await suite.run(name, delivery(suite, name, stored)))["body"]["ok"]
    suite.container = fresh
    (found,) = await suite.rows(RACE_POOLS)
    assert (found["n"], found["winPoolTotal"]) == (3, 300)


async def test_totals_that_differ_from_their_dividends_are_told() -> None:
    """Where the pool that dividends were paid from differs from the total, the row says by how much."""
    suite = Suite(at=START)
    row = poll(1, -5, money(900), status=Status.FINAL)._replace(dividends={"win": 905, "place": 450})
    await append(suite, row)
    await wake(suite, row)
    (found,) = await suite.rows(RACE_POOLS)
    assert json.loads(found["dividendDifferences"] or "{}") == {"win": {"pool_cents": 900, "dividend_pool_cents": 905}}


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
