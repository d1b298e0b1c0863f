"""Closing prices through race-pools-aggregator's entrypoint: each price with its time, or why there is none."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from appwrite.query import Query

from ops.rebuild import compare
from raceday.call import Call
from raceday.clock import iso
from raceday.ids import row_key
from raceday.ledger.codec import to_row
from raceday.projections.closing_prices import may_owe
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import Status
from raceday.tables import CLOSING_PRICES, RACE_POLLS, RACE_RESULTS
from tests.ledgers import START, poll
from tests.suite_kit import Suite

WINS = {"r1": 6_000, "r2": 3_000, "r3": 1_000}
JUMP = START + timedelta(seconds=90)
RESULTS = {
    "raceId": "race-1", "race": "race-1", "resultsAvailable": True, "resultStatus": "final", "protestLodged": False,
    "resultTime": iso(START + timedelta(minutes=6)), "versions": 1,
    "resultsData": json.dumps([{"position": 1, "runner_number": 2}, {"position": 2, "runner_number": 1}]),
    "dividendsData": json.dumps([
        {"product_name": "Pool Win", "status": "Final", "dividend": 2.8, "positions": [{"runner_number": 2}]},
        {"product_name": "Pool Place", "status": "Final", "dividend": 1.4, "positions": [{"runner_number": 2}]},
        {"product_name": "Pool Place", "status": "Final", "dividend": 1.1, "positions": [{"runner_number": 1}]},
    ]),
}  # fmt: skip


def without(row: LedgerRow, entrant_id: str, **values: Any) -> LedgerRow:
    """Return a row in which one runner's figures are others."""
    return row._replace(runners=tuple(r._replace(**values) if r.entrant_id == entrant_id else r for r in row.runners))


def history(*, jump: bool = True, end: Status = Status.FINAL) -> list[LedgerRow]:
    """Return a race from T-65 to its end: prices fall, the first runner's fixed one is suspended from T-1 on."""
    odds = ("9", "8", "6", "5", "4", "4", "4")
    minutes = (65, 60, 7.5, 1, 0, -2, -6)
    statuses = (*[Status.OPEN] * 5, Status.CLOSED, end)
    rows = [
        poll(n, m, WINS, odds={"r1": o, "r2": "3"}, status=s)
        for n, (m, o, s) in enumerate(zip(minutes, odds, statuses, strict=True), 1)
    ]
    rows[3:5] = [without(row, "r1", fixed_win=None) for row in rows[3:5]]
    if jump:
        rows[5:] = [row._replace(race=row.race._replace(actual_start=JUMP)) for row in rows[5:]]
    return rows


async def keep(suite: Suite, *rows: LedgerRow) -> None:
    """Append rows to the ledger."""
    for row in rows:
        await suite.store.create(RACE_POLLS, row_key("race-poll", row.race_id, row.n), to_row(row))


async def woken(suite: Suite) -> dict[str, dict[str, Any]]:
    """Wake the function for the race, and return its closing prices by runner."""
    assert "error" not in await suite.run("race-pools-aggregator", {"raceId": "race-1"})
    return {row["entrantId"]: row for row in await suite.rows(CLOSING_PRICES)}


def told(row: dict[str, Any], kind: str, when: str) -> dict[str, Any]:
    """Return what a row's detail says of one price."""
    found: dict[str, Any] = json.loads(row["detail"])[kind][when]
    return found


async def test_each_price_has_its_time_its_source_and_how_old_it_was() -> None:
    """Opening, T-60, T-5, T-1 and the last before the jump are what the polls showed then, each with its age."""
    suite = Suite(at=START)
    await keep(suite, *history())
    await suite.store.create(RACE_RESULTS, "race-1", RESULTS)
    rows = await woken(suite)
    first = rows["r1"]
    assert [first[f"fixedWin{when}"] for when in ("Opening", "T60", "T5", "T1", "Last")] == [9, 8, 6, None, 6]
    at = iso(START - timedelta(minutes=7.5))
    assert told(first, "fixed_win", "t5") == {"price": 6, "at": at, "source": "poll 3", "stale_secs": 150}
    assert told(first, "fixed_win", "last") == {"price": 6, "at": at, "source": "poll 3", "stale_secs": 540}
    assert told(first, "fixed_win", "t1") == {"reason": "no price shown"}
    assert told(first, "fixed_win", "opening")["source"] == "poll 1"
    assert (first["poolWinLast"], told(first, "pool_win", "last")["stale_secs"]) == (1.4, 90)
    assert first["fixedPlaceT5"] is None
    assert told(first, "fixed_place", "last") == {"reason": "no price shown"}


async def test_a_price_is_as_old_as_the_answer_that_showed_it() -> None:
    """The age counts from the feed's own time: an answer that was old when it came makes its price older."""
    suite, rows = Suite(at=START), history()
    rows[2] = rows[2]._replace(generated_at=rows[2].slot - timedelta(seconds=40))
    await keep(suite, *rows)
    assert told((await woken(suite))["r1"], "fixed_win", "t5")["stale_secs"] == 190


async def test_dividends_are_the_tote_s_or_say_why_there_is_none() -> None:
    """The winner has both, the second a Place dividend, the third none; a fixed bet has no dividend of its own."""
    suite = Suite(at=START)
    await keep(suite, *history())
    await suite.store.create(RACE_RESULTS, "race-1", RESULTS)
    rows = await woken(suite)
    paid = {i: (row["poolWinDividend"], row["poolPlaceDividend"]) for i, row in rows.items()}
    assert paid == {"r1": (None, 1.1), "r2": (2.8, 1.4), "r3": (None, None)}
    assert told(rows["r3"], "pool_win", "dividend") == {"reason": "not placed"}
    assert told(rows["r2"], "pool_win", "dividend")["source"] == "final dividend"
    assert told(rows["r2"], "fixed_win", "dividend") == {"reason": "a fixed bet pays the price it was taken at"}


async def test_they_are_written_once_and_corrected_with_the_results() -> None:
    """An open race has none; woken again nothing is written; amended results change the dividends alone."""
    suite = Suite(at=START)
    rows = history()
    await keep(suite, *rows[:-1])
    assert await woken(suite) == {}
    await keep(suite, rows[-1])
    await suite.store.create(RACE_RESULTS, "race-1", RESULTS)
    first = await woken(suite)
    assert await woken(suite) == first
    amended = json.loads(RESULTS["dividendsData"])  # type: ignore[arg-type]
    amended[0]["positions"] = [{"runner_number": 1}]
    await suite.store.update(RACE_RESULTS, "race-1", {"dividendsData": json.dumps(amended)})
    after = await woken(suite)
    assert (after["r1"]["poolWinDividend"], after["r2"]["poolWinDividend"]) == (2.8, None)
    assert after["r1"]["fixedWinT60"] == first["r1"]["fixedWinT60"]
    assert after["r3"] == first["r3"]


async def test_results_correct_them_when_the_ledger_is_gone() -> None:
    """With the ledger pruned prices stay as they were and dividends follow the results."""
    suite = Suite(at=START)
    await keep(suite, *history())
    await suite.store.create(RACE_RESULTS, "race-1", RESULTS)
    before = await woken(suite)
    await suite.store.delete_where(RACE_POLLS, [Query.is_not_null("raceId")])
    suite.container = suite.new_container()
    await suite.store.update(RACE_RESULTS, "race-1", {"dividendsData": "[]"})
    after = await woken(suite)
    assert {row["poolWinDividend"] for row in after.values()} == {None}
    assert [row["fixedWinT5"] for row in after.values()] == [row["fixedWinT5"] for row in before.values()]


@pytest.mark.parametrize(
    ("jump", "end", "last"),
    [(True, Status.FINAL, 540), (False, Status.FINAL, None), (False, Status.ABANDONED, "abandoned, no jump")],
)
async def test_without_a_jump_the_last_price_is_betting_s_last(jump: bool, end: Status, last: int | str | None) -> None:
    """Where the feed told no actual start the age of the last price is not known, and an abandoned race has no jump."""
    suite = Suite(at=START)
    await keep(suite, *history(jump=jump, end=end))
    found = told((await woken(suite))["r1"], "fixed_win", "last")
    assert (found.get("reason") or found.get("stale_secs")) == last


async def test_scratched_runners_and_missing_figures_are_never_0() -> None:
    """A runner that is out has no prices from then on but its opening, and no figure of any runner is 0."""
    suite = Suite(at=START)
    rows = [without(row, "r3", scratched=row.n > 2, pool_win=None) for row in history()]
    await keep(suite, *rows)
    found = await woken(suite)
    out = found["r3"]
    assert out["fixedWinOpening"] == 5
    assert [told(out, "fixed_win", when).get("reason") for when in ("t60", "t5", "t1", "last", "dividend")] == [
        None, "scratched", "scratched", "scratched", "a fixed bet pays the price it was taken at",
    ]  # fmt: skip
    assert told(out, "pool_win", "dividend") == {"reason": "scratched"}
    assert told(out, "pool_win", "opening") == {"reason": "no poll showed one"}
    for row in found.values():
        prices = {k: v for k, v in row.items() if k.startswith(("fixed", "pool"))}
        assert all(value is None or value > 0 for value in prices.values()), prices
        nested = json.loads(row["detail"])
        assert all(("price" in p) != ("reason" in p) for moments in nested.values() for p in moments.values())


async def test_a_race_first_polled_late_says_so() -> None:
    """With the first poll at T-7.5 there is no price at T-60, and its opening is the first that was seen."""
    suite = Suite(at=START)
    rows = [row._replace(n=n) for n, row in enumerate(history()[2:], 1)]
    await keep(suite, *rows)
    first = (await woken(suite))["r1"]
    assert told(first, "fixed_win", "t60") == {"reason": "no poll before it"}
    assert (first["fixedWinOpening"], first["fixedWinT60"]) == (6, None)


async def test_two_runners_of_one_number_share_no_dividend() -> None:
    """Where two runners have the paid number the tote's list does not say whose the dividend is."""
    suite = Suite(at=START)
    await keep(suite, *(without(row, "r3", number=2) for row in history()))
    await suite.store.create(RACE_RESULTS, "race-1", RESULTS)
    found = await woken(suite)
    for runner in ("r2", "r3"):
        assert told(found[runner], "pool_win", "dividend") == {"reason": "another runner has its number"}


async def test_rebuilding_finds_closing_prices_that_differ() -> None:
    """A price that was altered, and a row that is gone, are told and put right."""
    suite = Suite(at=START)
    await keep(suite, *history())
    rows = await woken(suite)
    await suite.store.update(CLOSING_PRICES, rows["r1"]["$id"], {"fixedWinT60": 1.0})
    await suite.store.delete(CLOSING_PRICES, rows["r2"]["$id"])
    assert (await compare(suite.container, "race-1", write=True)).closing == ["r1", "r2"]
    assert (await compare(suite.container, "race-1", write=False)).closing == []
    assert Decimal(str((await suite.rows(CLOSING_PRICES, Query.equal("entrantId", ["r1"])))[0]["fixedWinT60"])) == 8


@pytest.mark.parametrize(("n", "owing"), [(4, False), (6, False), (7, True), (8, True)])
async def test_only_a_row_that_ends_its_race_asks_for_them(n: int, *, owing: bool) -> None:
    """A poll of an open or closed race costs nothing for closing prices; one that ends it, or gives it up, does."""
    suite = Suite(at=START)
    rows = history()
    given_up = rows[-2]._replace(n=8, kind="closing", slot=rows[-1].slot + timedelta(hours=6))
    await keep(suite, *rows, given_up)
    stored = await suite.store.get(RACE_POLLS, row_key("race-poll", "race-1", n))
    assert stored is not None
    call = Call("race-pools-aggregator", {}, "act", 0.0, suite.clock, suite.container.log, None, stored, RACE_POLLS)
    assert may_owe(call) is owing


async def test_the_newest_word_on_the_jump_counts() -> None:
    """An actual start that the feed puts right later decides which prices were the last, and how old they were."""
    suite, rows = Suite(at=START), history()
    early = START - timedelta(minutes=6)
    rows[5] = rows[5]._replace(race=rows[5].race._replace(actual_start=early))
    await keep(suite, *rows)
    found = (await woken(suite))["r1"]
    assert (found["jumpAt"], told(found, "pool_win", "last")["stale_secs"]) == (iso(JUMP), 90)
