"""The daily imports at their edges: what is listed wrongly, is too much or too long, or moves to another day."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from appwrite.query import Query

from local.feedsim import FeedSim, FeedTransport, generate_day
from local.simulate.loop import VirtualClock, VirtualLoop
from raceday.importing.entrants import import_race
from raceday.importing.meetings import list_patch
from raceday.importing.report import RESERVE_SECS, Report, each
from raceday.settings import Settings
from raceday.tables import ENTRANTS, MEETINGS, ODDS_HISTORY, QUARANTINE, RACES, SUITE_STATE
from tests.suite_kit import DAY, EVE, Suite, go

Change = Callable[[str, dict[str, Any]], None]


class Rewritten(httpx.AsyncBaseTransport):
    """A feed whose answers are changed on their way."""

    def __init__(self, inner: httpx.AsyncBaseTransport, change: Change) -> None:
        self.inner, self.change = inner, change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the changed answer."""
        answer = await self.inner.handle_async_request(request)
        if answer.status_code != 200:
            return answer
        body = json.loads(answer.content)
        self.change(request.url.path, body["data"])
        return httpx.Response(200, json=body)


def changed_suite(change: Change, races: int = 6) -> Suite:
    """Make a suite on a feed whose answers are changed."""
    suite = Suite(generate_day(1, DAY, races))
    suite.feed = Rewritten(suite.feed, change)
    suite.container = suite.new_container()
    return suite


async def test_long_texts_of_events_are_counted() -> None:
    """A race's and a runner's texts that are longer than their columns are cut and counted like a meeting's."""

    def change(path: str, data: dict[str, Any]) -> None:
        if "/events/" in path:
            data["race"]["track_surface"] = "t" * 80
            data["runners"][0]["jockey"] = "j" * 300

    suite = changed_suite(change)
    await suite.run("daily-meetings")
    assert (await suite.run("daily-races"))["texts_cut"] == 6
    assert (await suite.run("daily-entrants"))["texts_cut"] >= 6
    assert max(len(r["jockey"] or "") for r in await suite.rows(ENTRANTS)) == 255


async def test_the_last_unreadable_race_is_a_failure_of_its_own() -> None:
    """Where only a race that cannot be read is left the import ends well, names it, and is done."""
    bad: list[str] = []

    def change(path: str, data: dict[str, Any]) -> None:
        if "/events/" in path and path.endswith(bad[0]):
            data["race"]["race_number"] = None

    suite = changed_suite(change)
    bad.append("none")
    await suite.run("daily-meetings")
    bad[0] = sorted(r["$id"] for r in await suite.rows(RACES))[0]
    await suite.run("daily-races")
    await suite.run("daily-entrants")
    again = await suite.run("daily-entrants")
    assert again.get("ok") is True, again
    assert [f["item"] for f in again["failures"]] == bad


async def test_an_unreadable_meeting_is_named_and_kept() -> None:
    """Whatever is wrong with one listed meeting, it is told and quarantined, and all others are stored."""

    def break_meeting(meeting: dict[str, Any], how: int) -> None:
        if how == 0:
            meeting["date"] = "someday"
        elif how == 1:
            meeting["races"] = "none"
        else:
            meeting["races"][0] = "a race"

    whole = Suite(generate_day(1, DAY, 24))
    before = await whole.run("daily-meetings")
    for how in range(3):

        def change(path: str, data: dict[str, Any], how: int = how) -> None:
            wanted = [m for m in data["meetings"] if m["country"] in ("AUS", "NZ") and m["category"] in "TH"]
            break_meeting(wanted[0], how)

        suite = changed_suite(change, races=24)
        result = await suite.run("daily-meetings")
        assert "error" not in result, result
        lost = before["stored"]["meetings"] - result["stored"]["meetings"]
        assert lost == (0 if how == 2 else 1)
        assert len(result["failures"]) == 1, result
        assert len(await suite.rows(QUARANTINE)) == 1


async def test_an_error_inside_a_meeting_list_is_no_empty_day() -> None:
    """A list of status 200 that carries the feed's own error ends the import with it."""

    def change(path: str, data: dict[str, Any]) -> None:
        data.clear()
        data["error"] = "backend down"

    result = await changed_suite(change).run("daily-meetings")
    assert result["error"]["kind"] == "feed", result


async def test_a_race_of_many_runners_goes_whole() -> None:
    """A race with more first odds than one bulk takes is stored with all of them."""

    def change(path: str, data: dict[str, Any]) -> None:
        if "/events/" in path:
            some = data["runners"][0]
            odds = {"fixed_win": 5, "fixed_place": 2, "pool_win": 6.5, "pool_place": 2.5}
            data["runners"] = [
                {**some, "entrant_id": f"{some['entrant_id'][:-3]}{n:03}", "runner_number": n, "odds": odds}
                for n in range(1, 31)
            ]

    suite = changed_suite(change, races=1)
    for name in ("daily-meetings", "daily-races", "daily-entrants"):
        result = await suite.run(name)
        assert "error" not in result, result
        assert not result["failures"]
    assert len(await suite.rows(ENTRANTS)) == 30
    assert len(await suite.rows(ODDS_HISTORY)) == 120


async def test_a_meeting_put_off_takes_its_races_to_the_new_day() -> None:
    """A meeting that the list moves to another date moves its races' day with it, details imported or not."""
    moved: list[str] = []

    def change(path: str, data: dict[str, Any]) -> None:
        for meeting in data.get("meetings", []):
            if moved:
                meeting["date"] = f"{moved[0]}T00:00:00Z"

    suite = await changed_suite(change).imported()
    moved.append("2026-11-25")
    await suite.run("daily-meetings")
    assert {r["raceDateNz"] for r in await suite.rows(RACES)} == {"2026-11-25"}
    assert {m["date"][:10] for m in await suite.rows(MEETINGS)} == {"2026-11-25"}


async def test_a_meeting_that_was_lost_is_stored_again_before_its_race_links_to_it() -> None:
    """A stored race whose meeting's row is gone gets its meeting back, fetched by id."""
    suite = Suite()
    await suite.run("daily-meetings")
    for row in await suite.rows(MEETINGS):
        await suite.store.delete(MEETINGS, row["$id"])
    result = await suite.run("daily-races")
    assert not result["failures"], result
    meetings = {m["$id"] for m in await suite.rows(MEETINGS)}
    assert {r["meeting"] for r in await suite.rows(RACES)} == meetings


async def test_a_slow_feed_does_not_outlast_the_deadline() -> None:
    """An import whose feed hangs ends before its deadline, and says what is left instead of calling itself done."""

    class Hanging(httpx.AsyncBaseTransport):
        """A feed that never answers for events."""

        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self.inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            """Wait for ever on an event."""
            if "/events/" in request.url.path:
                await asyncio.Event().wait()
            return await self.inner.handle_async_request(request)

    suite = Suite()
    await suite.run("daily-meetings")
    suite.feed = Hanging(suite.feed)
    suite.container = suite.new_container()
    result = await suite.run("daily-races", secs=RESERVE_SECS + 0.05)
    assert result["left"] == 6
    states = {row["name"]: row["status"] for row in await suite.rows(SUITE_STATE)}
    assert states["daily-races"] == "open"


async def test_a_race_that_is_imported_by_itself_belongs_to_its_meetings_day() -> None:
    """A race whose event names the NZ date after its meeting's is stored under the meeting's date."""

    def change(path: str, data: dict[str, Any]) -> None:
        if "/events/" in path:
            data["race"]["race_date_nz"] = "2026-11-25"

    suite = changed_suite(change)
    race_id = next(iter(suite.day.core_races)).race_id
    await import_race(suite.container, race_id)
    assert [r["raceDateNz"] for r in await suite.rows(RACES)] == ["2026-11-24"]
    assert (await suite.run("daily-meetings"))["failures"] == []
    assert {r["raceDateNz"] for r in await suite.rows(RACES)} == {"2026-11-24"}


async def test_a_fault_nobody_foresaw_stays_with_its_race() -> None:
    """An exception of no known kind is reported for its item, and all the others are imported."""
    suite = await Suite().imported()
    report = Report(DAY)
    done: list[int] = []

    async def some(item: int) -> None:
        if item == 1:
            raise ZeroDivisionError("odd")
        done.append(item)

    assert await each(range(3), 2, some, str, suite.container, report, 5.0) == []
    assert done == [0, 2]
    assert [(f["item"], f["cause"]) for f in report.failures] == [("1", "ZeroDivisionError")]


def test_a_day_of_96_races_is_imported_within_its_limits() -> None:
    """At 300 ms a feed call and the default limits meetings, races and entrants take under 60, 90 and 300 s."""
    loop = VirtualLoop(EVE)

    class Slow(httpx.AsyncBaseTransport):
        """A feed that takes its time."""

        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self.inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            """Answer after 300 ms."""
            await asyncio.sleep(0.3)
            return await self.inner.handle_async_request(request)

    async def work() -> None:
        suite = Suite(generate_day(1, DAY, 96), feed_rate_per_sec=Settings().feed_rate_per_sec)
        clock = VirtualClock(loop)
        suite.clock = clock  # type: ignore[assignment]
        suite.feed = Slow(FeedTransport(FeedSim(suite.day, compress=False), clock.now))
        suite.container = suite.new_container()
        for name, limit_secs in (("daily-meetings", 60), ("daily-races", 90), ("daily-entrants", 300)):
            began = loop.time()
            result = await suite.run(name)
            assert result["failures"] == [], result["failures"][:2]
            assert loop.time() - began < limit_secs
            assert result["stored"]["races"] == 96

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work())


def test_a_race_moved_to_another_meeting_goes_with_it() -> None:
    """A race that is stored under one meeting and then listed under another is stored under the other."""
    moved = False

    def change(path: str, data: dict[str, Any]) -> None:
        for meeting in [row for row in data.get("meetings", []) if row["country"] == "NZ"][:1]:
            meeting["meeting"] = "another-meeting" if moved else meeting["meeting"]

    async def work() -> None:
        suite = await changed_suite(change).imported()
        before = await suite.rows(RACES)
        nonlocal moved
        moved = True
        result = await suite.run("daily-meetings")
        assert not result["failures"], result
        after = await suite.rows(RACES)
        assert {r["$id"] for r in after} == {r["$id"] for r in before}
        assert "another-meeting" in {r["meeting"] for r in after} & {r["meetingId"] for r in after}

    go(work)


async def test_an_import_never_overwrites_what_a_poll_wrote() -> None:
    """An import whose answer is older than the first poll leaves that poll's odds and amounts as they are."""
    suite = Suite()
    await suite.run("daily-meetings")
    await suite.run("daily-races")
    race = suite.day.races[0].race_id
    polled = await suite.run("enhanced-race-poller", {"raceId": race})
    assert polled["committed"] == 1, polled
    before = {r["$id"]: r for r in await suite.rows(ENTRANTS, Query.equal("raceId", [race]))}
    await suite.store.update(RACES, race, {"entrantsImportedAt": None})
    await suite.store.update(ENTRANTS, next(iter(before)), {"fixedWinOdds": 1.5})
    await suite.run("daily-entrants")
    after = {r["$id"]: r for r in await suite.rows(ENTRANTS, Query.equal("raceId", [race]))}
    assert after[next(iter(before))]["fixedWinOdds"] == 1.5
    assert after.keys() == before.keys()


async def test_an_empty_meeting_list_is_no_card() -> None:
    """A list without any meeting fails the import, which notes it and is started again."""
    suite = changed_suite(lambda path, data: data.update(meetings=[]) if path.endswith("/meetings") else None)
    answer = await suite.run("daily-meetings")
    assert answer.get("error", {}).get("kind") == "feed"
    (noted,) = [r for r in await suite.rows(SUITE_STATE) if r["kind"] == "import"]
    assert (noted["name"], noted["status"]) == ("daily-meetings", "empty")


async def test_an_import_after_the_start_leaves_statuses_to_the_polls() -> None:
    """Details imported while a race that nobody has polled is run bring no status: a poll is to see it first."""
    suite = await Suite().imported()
    before = {row["$id"]: row["status"] for row in await suite.rows(RACES)}
    first = min(suite.day.core_races, key=lambda race: race.advertised)
    suite.clock.advance((first.advertised + timedelta(minutes=2) - suite.clock.now()).total_seconds())
    assert suite.day.truth(first.race_id, suite.clock.now()).status != before[first.race_id]
    assert (await suite.run("daily-races"))["failures"] == []
    assert {row["$id"]: row["status"] for row in await suite.rows(RACES)} == before


@pytest.mark.parametrize("column", ["startTime", "toteStartTime", "meeting", "meetingId", "raceDateNz", "weather"])
def test_of_a_race_that_its_event_described_the_list_moves_times_meeting_and_day(column: str) -> None:
    """What the list alone knows of a described race is brought up to date by it, and nothing that the event tells."""
    there = {"status": "Open", "entrantCount": 8, column: "before"}
    assert list_patch(there, {"status": "Open", column: "now"}) == ({} if column == "weather" else {column: "now"})
