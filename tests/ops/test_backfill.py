"""Past days are filled as the feed still has them: results and closing figures, marked, resumable, alerting nobody."""

import asyncio
import dataclasses
import json
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from appwrite.query import Query

from local.feedsim import FeedDay, generate_day
from local.simulate.users import seed_users
from local.tape.format import TERMS
from local.work.places import read_place
from ops.backfill import fill_day
from raceday.clock import instant, iso
from raceday.ids import row_key
from raceday.ledger import log as ledger
from raceday.racing.schedule import given_up_at
from raceday.racing.snapshot import Status
from raceday.scheduling import reads
from raceday.tables import (
    CLOSING_PRICES,
    ENTRANTS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
    SUITE_STATE,
)
from tests.cli.kit import raceday
from tests.suite_kit import Suite
from tests.tape.kit import DAY, taped_day

LATER = datetime(2026, 2, 16, 3, 0, tzinfo=UTC)


@lru_cache(maxsize=1)
def card() -> FeedDay:
    """Return the day that `taped_day(1, 3)` lived through."""
    return generate_day(1, DAY, 3)


def events_asked(suite: Suite) -> int:
    """Return how many requests the feed has had."""
    return int(suite.feed.requests)  # type: ignore[attr-defined]


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test."""
    asyncio.run(work)


def test_a_past_day_has_the_results_that_its_polls_had_seen() -> None:
    """Results, dividends, pool totals and paid dividends are those of the day as it was lived, each row marked."""
    _, lived = taped_day(1, 3)

    async def work() -> None:
        suite = Suite(card(), at=LATER)
        found = await fill_day(suite.container, DAY)
        assert (dict(found.races), found.failures, found.whole) == ({"filled": 3}, [], True)
        results = {row["$id"]: row for row in await suite.rows(RACE_RESULTS)}
        columns = ("resultStatus", "resultsData", "dividendsData")
        assert {k: [r[c] for c in columns] for k, r in results.items()} == {
            k: [r[c] for c in columns] for k, r in lived[RACE_RESULTS].items()
        }
        assert {row["$id"] for row in await suite.rows(ENTRANTS)} == set(lived[ENTRANTS])
        pools = {row["$id"]: row["winPoolTotal"] for row in await suite.rows(RACE_POOLS)}
        assert pools == {key: row["winPoolTotal"] for key, row in lived[RACE_POOLS].items()}
        paid = {row["$id"]: row["poolWinDividend"] for row in await suite.rows(CLOSING_PRICES)}
        assert paid == {key: row["poolWinDividend"] for key, row in lived[CLOSING_PRICES].items()}
        assert any(paid.values())
        polls = await suite.rows(RACE_POLLS)
        assert {(row["kind"], row["n"], row["status"]) for row in polls} == {("backfill", 1, "Final")}
        assert {row["seenBy"] for row in await suite.rows(RACE_RESULT_VERSIONS)} == {"backfill"}
        shown = [json.loads(row["detail"]) for row in await suite.rows(CLOSING_PRICES)]
        prices = [detail["fixed_win"]["last"] for detail in shown]
        assert {price["source"] for price in prices if "source" in price} == {"backfill 1"}
        assert {detail["fixed_win"]["t60"].get("reason") for detail in shown} == {"no poll before it"}

    run(work())


def test_no_label_no_odds_and_no_alert_come_of_it() -> None:
    """The event functions, woken by its rows and without, write nothing for users who want to know of everything."""

    async def work() -> None:
        suite = Suite(card(), at=LATER)
        await seed_users(suite.store)
        await fill_day(suite.container, DAY)
        for row in await suite.rows(RACE_POLLS):
            for name in ("money-flow-tracker", "race-pools-aggregator", "alert-evaluator"):
                assert (await suite.run(name, {"raceId": row["raceId"]}))["ok"]
        for table in (MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY):
            assert await suite.rows(table) == [], table
        # Nor does the scheduler take the races for ones that ended just now, and look at them again.
        assert await ledger.heads(suite.store, LATER - reads.OVER) == []
        looks = {row["nextLookAt"] for row in await suite.rows(RACE_RESULTS)}
        assert min(instant(at) for at in looks) > LATER + timedelta(hours=1)

    run(work())


def test_a_race_that_polls_left_behind_is_ended_without_a_late_label() -> None:
    """Its polled rows stand, the next number tells its end, and its timeline and alerts stay as they were."""

    async def work() -> None:
        day = card()
        race = day.core_races[0]
        suite = await Suite(day, at=race.advertised - timedelta(hours=8)).imported()
        await seed_users(suite.store)
        for minutes in (62, 60, 55, 2, 1):
            suite.clock.advance((race.advertised - timedelta(minutes=minutes) - suite.clock.now()).total_seconds())
            await suite.run("single-race-poller", {"raceId": race.race_id})
        before = await suite.rows(RACE_POLLS)
        await suite.run("money-flow-tracker", {"raceId": race.race_id})
        labels = len(await suite.rows(MONEY_FLOW))
        suite.clock.advance((LATER - suite.clock.now()).total_seconds())
        await fill_day(suite.container, DAY)
        rows = await suite.rows(RACE_POLLS, Query.equal("raceId", [race.race_id]))
        assert [row["n"] for row in rows] == list(range(1, len(before) + 2))
        assert [row["kind"] for row in rows][-1] == "backfill"
        assert len(before) == 5
        for row in rows[-1:]:
            event = {"raceId": race.race_id, **row}
            for name in ("money-flow-tracker", "alert-evaluator"):
                await suite.run(name, event)
        assert len(await suite.rows(MONEY_FLOW)) == labels > 0
        assert await suite.rows(RACE_RESULTS, Query.equal("raceId", [race.race_id]))

    run(work())


def test_an_interrupted_run_is_gone_on_with() -> None:
    """Stopped after its first race, the next run asks only for the others, and a third asks for nothing."""

    async def work() -> None:
        suite = Suite(card(), at=LATER)

        def stop(line: str) -> None:
            raise KeyboardInterrupt(line)

        with pytest.raises(KeyboardInterrupt):
            await fill_day(suite.container, DAY, told=stop)
        assert len(await suite.rows(RACE_POLLS)) == 1
        asked = events_asked(suite)
        found = await fill_day(suite.container, DAY)
        assert dict(found.races) == {"known": 1, "filled": 2}
        assert events_asked(suite) - asked == 1 + 2
        asked = events_asked(suite)
        assert (await fill_day(suite.container, DAY)).skipped
        assert events_asked(suite) == asked
        again = await fill_day(suite.container, DAY, again=True)
        assert dict(again.races) == {"known": 3}
        assert events_asked(suite) - asked == 1

    run(work())


def test_results_whose_ledger_was_pruned_are_left_as_they_are() -> None:
    """No second version of a race's results comes of a backfill, nor a ledger that begins anew."""

    async def work() -> None:
        suite = Suite(card(), at=LATER)
        await fill_day(suite.container, DAY)
        await suite.store.delete_where(RACE_POLLS, [Query.equal("kind", ["backfill"])])
        before = await suite.rows(RACE_RESULTS)
        assert dict((await fill_day(suite.container, DAY, again=True)).races) == {"known": 3}
        assert await suite.rows(RACE_RESULTS) == before != []
        assert len(await suite.rows(RACE_RESULT_VERSIONS)) == 3

    run(work())


def test_the_daily_imports_notes_and_races_of_today_are_left_alone() -> None:
    """What imports keep of themselves stays, and a race that may still be polled is not touched."""

    async def work() -> None:
        day = card()
        first = min(race.advertised for race in day.core_races)
        suite = await Suite(day, at=first - timedelta(hours=8)).imported()
        imports = [Query.equal("kind", ["import"])]
        before = await suite.rows(SUITE_STATE, *imports)
        suite.clock.advance((given_up_at(first) + timedelta(minutes=1) - suite.clock.now()).total_seconds())
        found = await fill_day(suite.container, DAY)
        assert (found.races["filled"], found.races["polled"], found.whole) == (1, 2, False)
        assert await suite.rows(SUITE_STATE, *imports) == before != []
        told = await suite.store.get(SUITE_STATE, row_key("backfill", DAY.isoformat()))
        assert told is not None
        assert (told["status"], told["name"]) == ("open", DAY.isoformat())

    run(work())


def test_requests_keep_to_the_rate() -> None:
    """At half a request a second the list and three races take at least six seconds between them."""

    async def work() -> None:
        suite = Suite(card(), at=LATER, feed_rate_per_sec=0.5, feed_concurrency=1)
        await fill_day(suite.container, DAY)
        assert suite.clock.now() - LATER >= timedelta(seconds=2 * (events_asked(suite) - 1) - 1)
        assert events_asked(suite) == 4

    run(work())


def test_a_feed_without_the_day_and_one_that_fails_are_told_apart() -> None:
    """A day that the feed lists nothing of is no failure; a store row says so, and it is looked at again."""

    async def work() -> None:
        suite = Suite(card(), at=LATER)
        none = await fill_day(suite.container, DAY - timedelta(days=3))
        assert (none.listed, none.failures, none.whole) == (0, [], False)
        assert "lists no meeting" in str(none)
        refused = dataclasses.replace(suite.settings, feed_from="")
        other = Suite(card(), at=LATER, settings=refused, server=suite.server)
        failed = await fill_day(other.container, DAY)
        assert [failure["item"] for failure in failed.failures] == [DAY.isoformat()]

    run(work())


def test_an_unfinished_race_gets_no_ledger_row() -> None:
    """A race that the feed still calls Open a day later has its entrants, and nothing that claims an end."""

    async def work() -> None:
        day = card()
        race = day.core_races[1]
        suite = Suite(day, at=LATER)
        right = suite.container.feed.event

        async def stuck(race_id: str, *args: Any, **words: Any) -> Any:
            snapshot = await right(race_id, *args, **words)
            return snapshot._replace(status=Status.OPEN) if race_id == race.race_id else snapshot

        suite.container.feed.event = stuck  # type: ignore[method-assign]
        found = await fill_day(suite.container, DAY)
        assert dict(found.races) == {"filled": 2, "unfinished": 1}
        assert await suite.rows(RACE_POLLS, Query.equal("raceId", [race.race_id])) == []
        row = next(r for r in await suite.rows(RACES) if r["$id"] == race.race_id)
        assert row["entrantsImportedAt"]
        assert iso(LATER)[:10] in row["entrantsImportedAt"]

    run(work())


def test_the_command_fills_a_past_day_and_names_what_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two days, of which the feed has one: that is filled, the other named; today's is refused, and so is no past."""
    tape, stored = taped_day(1, 3)
    monkeypatch.chdir(tmp_path)
    words = ["--feed", f"tape:{tape}", "--at", LATER.isoformat(), "--rate", "1000", "--store", "b.db"]
    assert raceday("backfill", "2026-02-13..2026-02-14", *words) == 1
    told = capsys.readouterr()
    assert "2026-02-13: the feed lists no meeting" in told.out
    assert "2026-02-14: filled 3" in told.out
    assert TERMS in told.err
    assert raceday("backfill", "2026-02-14", *words) == 0
    assert "2026-02-14: done before" in capsys.readouterr().out
    assert raceday("backfill", "2026-02-10", *words) == 3
    assert raceday("backfill", "2026-02-14..2026-02-16", *words) == 2
    assert "2026-02-16 is not over" in capsys.readouterr().err
    assert raceday("backfill", "2026-02-14", "--feed", "generated") == 2
    rows = asyncio.run(read_place("b.db"))
    assert rows[RACE_RESULTS].keys() == stored[RACE_RESULTS].keys()
