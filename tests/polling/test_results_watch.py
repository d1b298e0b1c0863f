"""Results that are amended hours and days after Final, through the scheduler's and the poller's entrypoints."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from appwrite.query import Query
from hypothesis import given
from hypothesis import strategies as st

from local.feedsim import FeedSim, FeedTransport, generate_day
from raceday.clock import instant, iso
from raceday.racing.results_watch import WATCH_HOURS, after_failure, next_look, what_changed
from raceday.tables import (
    CLOSING_PRICES,
    MONEY_FLOW,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
)
from tests.suite_kit import DAY, Suite

DAY_ = generate_day(1, DAY, 6, protests=0, dead_heats=0, corrections=0, abandoned_races=0, late_scratchings=0)
RACE = DAY_.core_races[0]
Change = Callable[[dict[str, Any]], None]


class Amending(httpx.AsyncBaseTransport):
    """The simulated feed, whose answers for a race can be changed or refused; counts what is asked of it."""

    def __init__(self, suite_now: Callable[[], datetime]) -> None:
        self.inner = FeedTransport(FeedSim(DAY_, compress=False), suite_now)
        self.change: Change | None = None
        self.status = 0
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the feed does, with the change in it."""
        self.asked += 1
        if self.status:
            return httpx.Response(self.status, json={})
        answer = await self.inner.handle_async_request(request)
        if self.change is None or RACE.race_id not in str(request.url):
            return answer
        payload = json.loads(await answer.aread())
        self.change(payload)
        return httpx.Response(200, json=payload)


class Started:
    """Keeps what was started instead of starting it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def start(self, function: str, payload: dict[str, Any]) -> str:
        """Note a start."""
        self.calls.append((function, payload))
        return "started"


async def finished() -> tuple[Suite, Amending, Started]:
    """Return a suite in which the race has been polled to its end."""
    suite = Suite(DAY_)
    feed = Amending(suite.clock.now)
    suite.feed = feed
    suite.container = suite.new_container()
    await suite.imported()
    started = Started()
    suite.container.invoker = started
    for at in (RACE.advertised - timedelta(minutes=60), RACE.script.interim, RACE.script.final):
        suite.clock.advance((at - suite.clock.now()).total_seconds() + 1)
        assert "error" not in await suite.run("enhanced-race-poller", {"raceId": RACE.race_id})
    return suite, feed, started


async def later(suite: Suite, started: Started, hours: float) -> list[dict[str, Any]]:
    """Let the scheduler's minute come so long after Final, and the poller do what it is handed; return its results."""
    final_at = instant((await results(suite))["finalAt"])
    at = (final_at + timedelta(hours=hours, minutes=1)).replace(second=1)
    suite.clock.advance((at - suite.clock.now()).total_seconds())
    started.calls.clear()
    await suite.run("master-race-scheduler", secs=60)
    looks = [p for f, p in started.calls if f == "enhanced-race-poller" and p["slots"][0]["kind"] == "watch"]
    found = [r for payload in looks for r in (await suite.run("enhanced-race-poller", payload))["results"]]
    return [r for r in found if r["raceId"] == RACE.race_id]


async def results(suite: Suite) -> dict[str, Any]:
    """Return the race's stored results."""
    found = await suite.store.get(RACE_RESULTS, RACE.race_id)
    assert found is not None
    return found


async def versions(suite: Suite) -> list[dict[str, Any]]:
    """Return the versions of the race's results in order."""
    rows = [r for r in await suite.rows(RACE_RESULT_VERSIONS) if r["raceId"] == RACE.race_id]
    return sorted(rows, key=lambda row: row["version"])


def disqualified(payload: dict[str, Any]) -> None:
    """Take the winner out, hours after the race."""
    data = payload["data"]
    data["results"][0]["position"] = 0
    data["race"]["protest_reason"] = "1st disqualified"


async def test_every_version_is_kept_as_it_comes() -> None:
    """Interim and Final results are two versions; the newest is what race-results shows, with its next look."""
    suite, _, _ = await finished()
    row, kept = await results(suite), await versions(suite)
    assert [(v["version"], v["resultStatus"], v["seenBy"]) for v in kept] == [
        (1, "interim", "poll"),
        (2, "final", "poll"),
    ]
    assert json.loads(kept[0]["changed"]) == []
    assert "status final, was interim" in json.loads(kept[1]["changed"])
    assert row["versions"] == 2
    assert instant(row["nextLookAt"]) - instant(row["finalAt"]) == timedelta(hours=1)


async def test_results_that_stay_the_same_cost_one_request_a_look_and_then_none() -> None:
    """At 1 h, 3 h, 24 h and 7 days the race is asked for once, nothing but the next look changes, then never again."""
    suite, feed, started = await finished()
    for hours in WATCH_HOURS:
        before = feed.asked
        found = await later(suite, started, hours)
        assert [(r["result"], feed.asked - before) for r in found] == [("done", 1)]
    assert (await results(suite))["nextLookAt"] is None
    assert await later(suite, started, 24 * 30) == []
    assert len(await versions(suite)) == 2


@pytest.mark.parametrize("hours", WATCH_HOURS)
async def test_an_amended_result_is_found_at_each_look_and_disturbs_nothing_else(hours: int) -> None:
    """Placings amended so late become a third version, with who lost what; ledger, timeline and pools stay."""
    suite, feed, started = await finished()
    quiet = {table: await suite.rows(table) for table in (RACE_POLLS, MONEY_FLOW, RACE_POOLS, RACES)}
    for earlier in (h for h in WATCH_HOURS if h < hours):
        await later(suite, started, earlier)
    feed.change = disqualified
    (found,) = await later(suite, started, hours)
    row, kept = await results(suite), await versions(suite)
    assert (found["result"], kept[-1]["seenBy"], row["versions"]) == ("committed", "watch", 3)
    assert any(said.endswith("unplaced, was 1") for said in json.loads(kept[-1]["changed"]))
    assert json.loads(row["resultsData"])[-1]["position"] == 0
    assert json.loads(kept[1]["resultsData"])[0]["position"] == 1
    assert {table: await suite.rows(table) for table in quiet} == quiet
    assert ("race-pools-aggregator", {"raceId": RACE.race_id}) in started.calls


def place_paid_less(payload: dict[str, Any]) -> None:
    """Correct a Place dividend, hours after the race."""
    places = [d for d in payload["data"]["dividends"] if d["product_name"] == "Pool Place" and d["status"] == "Final"]
    places[0]["dividend"] = 1.01


async def place_dividends(suite: Suite) -> list[float]:
    """Return the race's Place dividends as its closing prices have them."""
    rows = await suite.rows(CLOSING_PRICES)
    return [row["poolPlaceDividend"] for row in rows if row["raceId"] == RACE.race_id and row.get("poolPlaceDividend")]


@pytest.mark.parametrize("hours", WATCH_HOURS)
async def test_closing_prices_are_told_again_where_whoever_was_told_of_an_amendment_died(hours: int) -> None:
    """An aggregator that is told and writes nothing is told again a quarter of an hour later, though nothing is new."""
    suite, feed, started = await finished()
    await suite.run("race-pools-aggregator", {"raceId": RACE.race_id})
    feed.change = place_paid_less
    assert [r["result"] for r in await later(suite, started, hours)] == ["committed"]
    assert 1.01 not in await place_dividends(suite)
    assert [r["result"] for r in await later(suite, started, hours + 0.27)] == ["done"]
    told = [payload for function, payload in started.calls if function == "race-pools-aggregator"]
    assert told == [{"raceId": RACE.race_id}]
    await suite.run("race-pools-aggregator", told[0])
    assert 1.01 in await place_dividends(suite)


@pytest.mark.parametrize("status", [404, 500])
async def test_an_amendment_is_told_again_where_the_feed_fails_the_next_look(status: int) -> None:
    """Who died of what a look amended is told by the next look, whatever the feed answers it."""
    suite, feed, started = await finished()
    feed.change = disqualified
    await later(suite, started, 1)
    feed.status = status
    await later(suite, started, 1.27)
    assert ("race-pools-aggregator", {"raceId": RACE.race_id}) in started.calls


async def test_an_amendment_whose_poller_died_behind_its_commit_is_told_by_the_next_look() -> None:
    """The commit itself has the next look come soon: nothing that follows it is needed for that."""
    suite, feed, started = await finished()
    feed.change = disqualified

    class Died(BaseException):
        """The activation is over."""

    class Dying(Started):
        async def start(self, function: str, payload: dict[str, Any]) -> str:
            if function == "race-pools-aggregator":
                raise Died
            return await super().start(function, payload)

    suite.container.invoker = Dying()
    final_at = instant((await results(suite))["finalAt"])
    suite.clock.advance((final_at + timedelta(hours=1, minutes=1) - suite.clock.now()).total_seconds())
    slot = {"raceId": RACE.race_id, "slot": iso(suite.clock.now()), "kind": "watch"}
    with pytest.raises(Died):
        await suite.run("enhanced-race-poller", {"slots": [slot]})
    assert len(await versions(suite)) == 3
    suite.container.invoker = started
    assert [r["result"] for r in await later(suite, started, 1.3)] == ["done"]
    assert ("race-pools-aggregator", {"raceId": RACE.race_id}) in started.calls


async def test_results_that_no_look_amended_wake_nobody() -> None:
    """What polls saw has its ledger rows, which wake for themselves."""
    suite, _, started = await finished()
    for hours in WATCH_HOURS:
        await later(suite, started, hours)
        assert "race-pools-aggregator" not in {function for function, _ in started.calls}


async def test_a_look_needs_neither_ledger_nor_memory() -> None:
    """With the ledger pruned and every process new, results are still watched."""
    suite, feed, started = await finished()
    await suite.store.delete_where(RACE_POLLS, [Query.is_not_null("raceId")])
    suite.container = suite.new_container()
    suite.container.invoker = started
    feed.change = disqualified
    assert [r["result"] for r in await later(suite, started, 7 * 24)] == ["committed"]
    assert await suite.rows(RACE_POLLS) == []


def no_results(payload: dict[str, Any]) -> None:
    """Lose the results on the way."""
    payload["data"].pop("results")


def no_dividends(payload: dict[str, Any]) -> None:
    """Lose the dividends on the way."""
    payload["data"].pop("dividends")


def old_picture(payload: dict[str, Any]) -> None:
    """Serve an answer that was made before the results were."""
    disqualified(payload)
    payload["header"]["generated_time"] = iso(RACE.script.interim)


def still_interim(payload: dict[str, Any]) -> None:
    """Serve the race as it stood before Final."""
    disqualified(payload)
    payload["data"]["race"]["status"] = "Interim"


def before_it(payload: dict[str, Any]) -> None:
    """Serve the placings that stood before, under a time of their own that is new."""
    payload["data"]["race"]["protest_reason"] = "1st disqualified"


async def test_a_look_undoes_no_amendment_by_the_placings_of_before() -> None:
    """A newer stamp on former placings makes them no news: the amended ones stand, and are looked at again soon."""
    suite, feed, started = await finished()
    feed.change = disqualified
    await later(suite, started, 1)
    amended = await results(suite)
    feed.change = before_it
    found = await later(suite, started, 3)
    assert [(r["result"], r["cause"]) for r in found] == [("failed", "stale")]
    after = await results(suite)
    assert len(await versions(suite)) == 3
    assert after["resultsData"] == amended["resultsData"]
    assert instant(after["nextLookAt"]) - instant(amended["finalAt"]) < timedelta(hours=4)


@pytest.mark.parametrize("change", [no_results, no_dividends, old_picture, still_interim])
async def test_what_an_answer_lost_is_no_amendment(change: Change) -> None:
    """An answer without placings or dividends, an old one, and one of a race that is not Final change nothing."""
    suite, feed, started = await finished()
    before = await results(suite)
    feed.change = change
    await later(suite, started, 1)
    after = await results(suite)
    assert len(await versions(suite)) == 2
    passing = {"nextLookAt", "$updatedAt"}
    assert {k: v for k, v in after.items() if k not in passing} == {k: v for k, v in before.items() if k not in passing}


@pytest.mark.parametrize(("status", "again"), [(500, timedelta(minutes=16)), (404, timedelta(hours=3))])
async def test_a_look_that_fails_is_made_again(status: int, again: timedelta) -> None:
    """A feed that fails is asked again a quarter of an hour later, one that has dropped the race at the next look."""
    suite, feed, started = await finished()
    feed.status = status
    assert [r["result"] for r in await later(suite, started, 1)] == ["failed" if status == 500 else "refused"]
    row = await results(suite)
    since = instant(row["nextLookAt"]) - instant(row["finalAt"])
    assert abs(since - (again if status == 404 else timedelta(hours=1) + again)) < timedelta(minutes=2)


async def test_a_race_is_not_looked_at_before_its_time() -> None:
    """A look that somebody hands out too early, or for a race without results, asks the feed for nothing."""
    suite, feed, _ = await finished()
    before = feed.asked
    slot = {"slot": iso(suite.clock.now()), "kind": "watch"}
    ids = [RACE.race_id, DAY_.core_races[-1].race_id]
    answer = await suite.run("enhanced-race-poller", {"slots": [{"raceId": i, **slot} for i in ids]})
    assert [r["result"] for r in answer["results"]] == ["done", "done"]
    assert feed.asked == before


FINAL = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@given(st.integers(-100, 8 * 24 * 60))
def test_the_next_look_is_the_first_that_lies_ahead(minutes: int) -> None:
    """Whenever it is asked for, the next look is one of the four and no earlier one is left out."""
    now = FINAL + timedelta(minutes=minutes)
    looks = [FINAL + timedelta(hours=h) for h in WATCH_HOURS]
    assert next_look(FINAL, now) == next((at for at in looks if at > now), None)


@given(st.integers(60, 8 * 24 * 60), st.integers(-5, 8 * 24 * 60))
def test_amended_results_are_looked_at_soon_and_ever_less_until_half_a_day_has_passed(amended: int, since: int) -> None:
    """The next look is never later than without an amendment, nor sooner than a quarter of an hour but for that."""
    amended_at = FINAL + timedelta(minutes=amended)
    now = amended_at + timedelta(minutes=since)
    usual, found = next_look(FINAL, now), next_look(FINAL, now, amended_at)
    soon = now + max(timedelta(minutes=15), now - amended_at)
    expected = [at for at in (usual, soon if since < 12 * 60 else None) if at is not None]
    assert found == min(expected, default=None)


def test_results_of_an_hour_after_final_at_the_most_are_the_polls() -> None:
    """What a re-check amended has a ledger row of its own and is looked at as ever."""
    assert next_look(FINAL, FINAL + timedelta(minutes=59), FINAL + timedelta(minutes=59)) == FINAL + timedelta(hours=1)


def test_a_failing_look_is_given_up_for_the_next_one() -> None:
    """After half a day of failures the look is given up, and the last one for good."""
    due = FINAL + timedelta(hours=24)
    assert after_failure(FINAL, due, due + timedelta(hours=1)) == due + timedelta(hours=1, minutes=15)
    assert after_failure(FINAL, due, due + timedelta(hours=13)) == FINAL + timedelta(days=7)
    assert after_failure(FINAL, FINAL + timedelta(days=7), FINAL + timedelta(days=8)) is None


def test_what_changed_is_said_in_words() -> None:
    """Placings, dividends, the status and a protest's text are told with what they were."""
    before = {
        "resultStatus": "final", "protestReason": "",
        "resultsData": json.dumps([{"position": 1, "runner_number": 4, "name": "A"}]),
        "dividendsData": json.dumps([{"product_name": "Pool Win", "status": "Final", "dividend": 3.2}]),
    }  # fmt: skip
    now = {
        "resultStatus": "final", "protestReason": "Protest upheld",
        "resultsData": json.dumps([{"position": 2, "runner_number": 4, "name": "A"}]),
        "dividendsData": json.dumps([{"product_name": "Pool Win", "status": "Final", "dividend": 3.4}]),
    }  # fmt: skip
    assert what_changed(before, now) == [
        "placing of 4 A: 2, was 1",
        "dividend of Pool Win Final: 3.40, was 3.20",
        "protest: Protest upheld, was: none",
    ]
    assert what_changed(now, now) == []
