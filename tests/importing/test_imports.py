"""The daily imports through their entrypoints."""

import asyncio
import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.embedded import Embedded
from local.feedsim import FeedTransport, RecordedFeed, generate_day
from raceday.clock import instant
from raceday.importing.meetings import list_patch
from raceday.racing.snapshot import MeetingEntry, RaceEntry, Status
from raceday.tables import (
    ENTRANTS,
    MEETINGS,
    ODDS_HISTORY,
    QUARANTINE,
    RACE_POOLS,
    RACES,
    SUITE_STATE,
    meetings,
    races,
)
from tests.recorded import RECORDED, needs_recorded
from tests.suite_kit import DAY, EVE, SETTINGS, Suite

IMPORTS = ("daily-meetings", "daily-races", "daily-entrants")


class Killed(BaseException):
    """The end of a process."""


class Dying:
    """A hook that ends the process at one of its requests to the store."""

    def __init__(self, stop_at: int) -> None:
        self.left = stop_at

    async def before(self, request: httpx.Request) -> httpx.Response | None:
        """Count down to the end."""
        self.left -= 1
        if self.left == 0:
            raise Killed
        return None

    async def after(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Let the answer through."""
        return response


class Spoilt(httpx.AsyncBaseTransport):
    """A feed that answers otherwise for paths with a given part."""

    def __init__(self, inner: httpx.AsyncBaseTransport, answers: dict[str, httpx.Response]) -> None:
        self.inner, self.answers = inner, answers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the other answer where the path asks for it."""
        for part, answer in self.answers.items():
            if part in request.url.path:
                return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return await self.inner.handle_async_request(request)


async def test_a_day_is_stored_whole_and_linked() -> None:
    """Meetings, races and entrants are stored under natural ids, linked, with pools of zeros and first odds."""
    suite = await Suite().imported()
    meetings, races, entrants = [await suite.rows(t) for t in (MEETINGS, RACES, ENTRANTS)]
    assert len(races) == 6
    assert {r["meeting"] for r in races} == {m["$id"] for m in meetings}
    assert all(m["date"] == "2026-11-24T00:00:00.000+00:00" and m["$id"] == m["meetingId"] for m in meetings)
    assert {e["raceId"] for e in entrants} == {r["$id"] for r in races}
    assert all(e["$id"] == e["entrantId"] for e in entrants)
    pools = await suite.rows(RACE_POOLS)
    assert {p["$id"] for p in pools} == {r["$id"] for r in races}
    assert all(p["winPoolTotal"] == p["totalRacePool"] == 0 and p["currency"] == "$" for p in pools)
    odds = await suite.rows(ODDS_HISTORY)
    assert {o["type"] for o in odds} >= {"fixed_win", "fixed_place"}
    assert all(o["odds"] > 0 for o in odds)


def test_weather_and_going_that_a_race_lacks_are_its_meetings() -> None:
    """The client shows words of its own for an empty weather or going: a race without one gets its meeting's."""
    entry = RaceEntry("r1", "m1", 1, "One", datetime(2026, 11, 24, 3, tzinfo=UTC), None, "NZ")
    fine = entry._replace(race_id="r2", number=2, weather="Fine", track_condition="Good 4")
    meeting = MeetingEntry("m1", "Ellerslie", DAY, "NZ", "T", "Thoroughbred", "NZ", "Soft 5", (entry, fine))
    rows = [races.race_row_from_list(race, meeting) for race in meeting.races]
    assert [(row["weather"], row["trackCondition"]) for row in rows] == [("Fine", "Soft 5"), ("Fine", "Good 4")]
    assert meetings.meeting_row(meeting)["weather"] == "Fine"


def test_a_race_is_linked_by_its_list_alone() -> None:
    """A race whose event was never asked for has its meeting's row."""
    entry = RaceEntry("r1", "m1", 1, "One", datetime(2026, 11, 24, 3, tzinfo=UTC), None, "NZ")
    meeting = MeetingEntry("m1", "Ellerslie", DAY, "NZ", "T", "Thoroughbred", "NZ", "Soft 5", (entry,))
    row = races.race_row_from_list(entry, meeting)
    assert (row.get("meeting"), row.get("meetingId")) == ("m1", "m1")


async def test_only_wanted_countries_and_codes_are_stored() -> None:
    """Meetings of other countries and greyhounds stay out; a setting lets the greyhounds in."""
    for greyhounds, codes in ((False, {"T", "H"}), (True, {"T", "H", "G"})):
        suite = Suite(generate_day(1, DAY, 24), greyhounds=greyhounds)
        result = await suite.run("daily-meetings")
        meetings = await suite.rows(MEETINGS)
        assert {m["country"] for m in meetings} <= {"AUS", "NZ"}
        assert {m["category"] for m in meetings} == codes
        assert result["listed"] - result["excluded"] == len(meetings)


async def test_a_second_run_changes_nothing() -> None:
    """Running the imports again reports no changed row and moves no row's time."""
    suite = await Suite().imported()
    before = [row["$updatedAt"] for table in (MEETINGS, RACES, ENTRANTS) for row in await suite.rows(table)]
    suite.clock.advance(600)
    for name in IMPORTS:
        assert (await suite.run(name))["rows_changed"] == 0
    after = [row["$updatedAt"] for table in (MEETINGS, RACES, ENTRANTS) for row in await suite.rows(table)]
    assert after == before


async def test_what_the_day_brings_later_is_found() -> None:
    """A meeting that is listed only later, with its races, is stored by a later run."""
    suite = Suite(generate_day(2, DAY, 24, late_meetings=1))
    first = await suite.run("daily-meetings")
    suite.clock.advance(14 * 3600)
    second = await suite.run("daily-meetings", {"date": "2026-11-24"})
    assert second["stored"]["meetings"] == first["stored"]["meetings"] + 1
    assert second["stored"]["races"] > first["stored"]["races"]


async def test_an_abandonment_of_the_list_reaches_the_race() -> None:
    """A race that its meeting's list calls Abandoned is Abandoned in the store, whatever its event says."""
    day = generate_day(4, DAY, 24, abandoned_tails=1)
    suite = await Suite(day).imported()
    suite.clock.advance(23 * 3600)
    await suite.run("daily-meetings", {"date": "2026-11-24"})
    listed = {r.race_id for r in day.core_races if day.truth(r.race_id, suite.clock.now()).list_status == "Abandoned"}
    stored = {r["$id"] for r in await suite.rows(RACES) if r["status"] == "Abandoned"}
    assert listed
    assert stored == listed


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((Status.FINAL, Status.OPEN), "active"),
        ((Status.FINAL, Status.ABANDONED), "completed"),
        ((Status.ABANDONED, Status.ABANDONED), "abandoned"),
        ((), "active"),
    ],
)
def test_a_meeting_is_over_with_its_races(statuses: tuple[Status, ...], expected: str) -> None:
    """A meeting is completed when every race is over, and abandoned when every race was."""
    entry = RaceEntry("r1", "m1", 1, "One", datetime(2026, 11, 24, 3, tzinfo=UTC), None, "NZ")
    told = tuple(entry._replace(race_id=f"r{i}", status=status) for i, status in enumerate(statuses))
    meeting = MeetingEntry("m1", "Ellerslie", DAY, "NZ", "T", "Thoroughbred", "NZ", "Soft 5", told)
    assert meetings.meeting_row(meeting)["status"] == expected


@pytest.mark.parametrize(
    ("stored", "listed", "patch"),
    [
        ("Open", "Closed", {}),
        ("Closed", "Final", {}),
        ("Open", "Abandoned", {"status": "Abandoned"}),
        ("Final", "Abandoned", {}),
    ],
)
def test_a_list_decides_no_status_but_an_abandonment(stored: str, listed: str, patch: dict[str, str]) -> None:
    """What the list says of a stored race's status counts for nothing, unless it calls off a race that is not over."""
    assert list_patch({"status": stored}, {"status": listed}) == patch


def test_a_race_that_is_over_is_not_moved() -> None:
    """A list moves the start of a race that is to come, and leaves one that is over where it was run."""
    was, moved = "2026-11-24T03:00:00.000+00:00", "2026-11-24T03:10:00.000+00:00"
    for status, expected in (("Open", {"startTime": moved}), ("Final", {}), ("Abandoned", {})):
        assert list_patch({"status": status, "startTime": was}, {"status": status, "startTime": moved}) == expected


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (httpx.Response(404), "feed_not_found"),
        (httpx.Response(403), "feed_refused"),
        (httpx.Response(500), "feed_500"),
        (httpx.Response(429, headers={"retry-after": "1"}), "feed_429"),
        (httpx.Response(200, html="<html></html>"), "payload"),
        (httpx.Response(200, content=b'{"data": {"ra'), "payload"),
        (httpx.Response(200), "payload"),
        (httpx.Response(200, json={"data": {"race": {"event_id": "x"}}}), "payload"),
    ],
)
async def test_one_bad_race_never_stops_the_rest(answer: httpx.Response, cause: str) -> None:
    """A race that the feed cannot give is named with its cause, and every other race is imported."""
    suite = Suite()
    bad = suite.day.core_races[2].race_id
    suite.feed = Spoilt(suite.feed, {f"/events/{bad}": answer})
    suite.container = suite.new_container()
    await suite.run("daily-meetings")
    for name in IMPORTS[1:]:
        result = await suite.run(name)
        assert [(f["item"], f["cause"]) for f in result["failures"]] == [(bad, cause)]
        assert result["stored"]["races"] == 5
    assert bad not in {e["raceId"] for e in await suite.rows(ENTRANTS)}


async def test_an_unreadable_payload_is_kept_and_bounded() -> None:
    """Unreadable payloads go to the quarantine by subject and field, and the oldest make room."""
    suite = Suite(quarantine_rows=3)
    bad = httpx.Response(200, json={"data": {"race": {"event_id": "x"}}})
    await suite.run("daily-meetings")
    suite.feed = Spoilt(suite.feed, {"/events/": bad})
    suite.container = suite.new_container()
    assert "error" in await suite.run("daily-races")
    kept = await suite.rows(QUARANTINE)
    assert len(kept) == 3
    assert {k["field"] for k in kept} == {"race.event_id"}
    assert all(json.loads(k["payload"] or "{}").get("data") == {"race": {"event_id": "x"}} for k in kept)


async def test_the_same_trouble_again_is_counted_with_its_newest_instant() -> None:
    """What cannot be read for the same cause as before counts up in its own row, as of when it was last met."""
    suite = Suite()
    await suite.run("daily-meetings")
    bad = httpx.Response(200, json={"data": {"race": {"event_id": "x"}}})
    suite.feed = Spoilt(suite.feed, {"/events/": bad})
    suite.container = suite.new_container()
    await suite.run("daily-races")
    first = {row["$id"]: row for row in await suite.rows(QUARANTINE)}
    suite.clock.advance(7 * 60)
    await suite.run("daily-races")
    again = await suite.rows(QUARANTINE)
    assert {row["seen"] for row in first.values()} == {1}
    assert [row["seen"] for row in again] == [2] * len(first)
    since = [instant(first[row["$id"]]["seenAt"]) for row in again]
    assert min(since) >= EVE
    assert [instant(row["seenAt"]) for row in again] == [at + timedelta(minutes=7) for at in since]


@pytest.mark.parametrize("status", [403, 500, 404])
async def test_a_feed_that_gives_no_list_is_an_error_and_writes_nothing(status: int) -> None:
    """Where the meeting list itself cannot be had the import says so, and no row is written."""
    suite = Suite(feed=httpx.MockTransport(lambda _: httpx.Response(status)))
    result = await suite.run("daily-meetings")
    assert result["error"]["kind"] in ("feed", "not_found")
    assert await suite.rows(MEETINGS) == []


async def test_entrants_keep_the_deadline_and_go_on_where_they_stopped() -> None:
    """With little time only some races are done, the state says so, and later runs finish the rest."""
    suite = Suite(generate_day(1, DAY, 48))
    await suite.run("daily-meetings")

    class Slow(httpx.AsyncBaseTransport):
        """A feed whose answers take a second each."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            suite.clock.advance(1)
            return await inner.handle_async_request(request)

    inner, suite.feed = suite.feed, Slow()
    suite.container = suite.new_container()
    left = [(await suite.run("daily-entrants", secs=40))["left"] for _ in range(3)]
    assert 48 > left[0] > left[1] >= left[2] == 0
    (state,) = [s for s in await suite.rows(SUITE_STATE) if s["name"] == "daily-entrants"]
    assert (state["status"], json.loads(state["data"])["left"]) == ("done", 0)
    assert all(r["entrantsImportedAt"] for r in await suite.rows(RACES))


async def test_a_run_that_was_killed_leaves_no_half_and_the_next_completes_it() -> None:
    """Stopped at any request, the import leaves whole races only, and one more run gives an undisturbed run's rows."""
    whole = await Suite().imported()
    expected = {t: {r["$id"] for r in await whole.rows(t)} for t in (MEETINGS, RACES, ENTRANTS, ODDS_HISTORY)}
    for stop_at in range(3, 60, 7):
        suite = Suite()
        suite.transport.hook = Dying(stop_at)
        try:
            await suite.imported()
        except Killed:
            # What was on its way when the process died still arrives.
            if others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others, timeout=10)
            races = {r["$id"] for r in await suite.rows(RACES) if r["entrantsImportedAt"]}
            assert {e["raceId"] for e in await suite.rows(ENTRANTS)} == races
        suite.transport.hook = None
        suite.container = suite.new_container()
        await suite.imported()
        assert {t: {r["$id"] for r in await suite.rows(t)} for t in expected} == expected


@pytest.mark.parametrize("given", ["tomorrow", "2026-13-01", "20261124", 5, "2026-11-24T00:00:00"])
async def test_a_date_that_is_none_is_refused(given: Any) -> None:
    """The parameter `date` is a date as YYYY-MM-DD, and anything else is told by its name."""
    result = await Suite().run("daily-meetings", {"date": given})
    assert (result["error"]["kind"], result["error"]["field"]) == ("bad_request", "date")


async def test_a_misspelt_parameter_is_refused() -> None:
    """A parameter that no import knows is not passed over in silence."""
    assert (await Suite().run("daily-races", {"day": "2026-11-24"}))["error"]["field"] == "day"


async def test_a_store_that_refuses_the_key_or_has_no_schema_is_told() -> None:
    """A wrong key and a missing database each end the import with the store's own trouble and no secret."""
    wrong = Suite(store_key="a-wrong-key")
    result = await wrong.run("daily-meetings")
    assert result["error"]["kind"] == "store"
    assert "401" in result["error"]["message"]
    assert "a-wrong-key" not in json.dumps(result)
    bare = Suite(store_database="elsewhere")
    assert "404" in (await bare.run("daily-meetings"))["error"]["message"]


async def test_long_texts_are_cut_and_counted() -> None:
    """A text longer than its column is cut to it, and counted, and keeps nothing out."""
    suite = Suite()
    inner = suite.feed

    class Long(httpx.AsyncBaseTransport):
        """A feed whose race names are too long."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await inner.handle_async_request(request)
            data = json.loads(answer.content)
            for meeting in data["data"].get("meetings", []):
                meeting["races"][0]["name"] = "x" * 400
            return httpx.Response(200, json=data)

    suite.feed = Long()
    suite.container = suite.new_container()
    result = await suite.run("daily-meetings")
    assert result["texts_cut"] == result["stored"]["meetings"]
    assert max(len(r["name"]) for r in await suite.rows(RACES)) == 255


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-23T17:00:00+00:00", "2026-11-24"),
        ("2026-07-01T17:00:00+00:00", "2026-07-02"),
        ("2026-11-24T10:59:00+00:00", "2026-11-24"),
        ("2026-11-24T11:00:00+00:00", "2026-11-25"),
        ("2026-04-04T17:00:00+00:00", "2026-04-05"),
        ("2026-09-26T17:00:00+00:00", "2026-09-27"),
    ],
)
async def test_the_day_is_new_zealands(instant: str, day: str) -> None:
    """Without a date the NZ date of the moment is imported, on nights when clocks change too."""
    at = datetime.fromisoformat(instant).astimezone(UTC)
    suite = Suite(generate_day(1, date.fromisoformat(day), 4), at=at)
    assert (await suite.run("daily-meetings"))["date"] == day
    stored = await suite.rows(RACES)
    # A morning's race starts on the UTC date before.
    assert min(row["startTime"] for row in stored)[:10] < day
    assert {row["raceDateNz"] for row in stored} == {day}


@needs_recorded
@pytest.mark.parametrize(("greyhounds", "meetings", "races"), [(False, 12, 96), (True, 28, 286)])
async def test_the_recorded_day(greyhounds: bool, meetings: int, races: int) -> None:
    """The recorded day stores 12 meetings and 96 races, 28 and 286 with greyhounds; missing events are told."""
    feed = FeedTransport(RecordedFeed(RECORDED), lambda: EVE)
    suite = Suite(settings=dataclasses.replace(SETTINGS, greyhounds=greyhounds), feed=feed)
    await suite.run("daily-meetings", {"date": "2025-07-17"})
    result = await suite.run("daily-entrants", {"date": "2025-07-17"})
    assert (len(await suite.rows(MEETINGS)), len(await suite.rows(RACES))) == (meetings, races)
    assert len(result["failures"]) == races - 1
    assert len(await suite.rows(ENTRANTS)) == 8


async def test_a_file_keeps_what_was_imported(tmp_path: Path) -> None:
    """An embedded store on a file gives the same rows when it is opened again."""
    path = tmp_path / "store.db"
    suite = await Suite(server=Embedded(path, now=lambda: EVE)).imported()
    before = len(await suite.rows(ENTRANTS))
    suite.server.close()
    again = Suite(server=Embedded(path, now=lambda: EVE + timedelta(hours=1)))
    assert len(await again.rows(ENTRANTS)) == before
    assert path.stat().st_mode & 0o777 == 0o600
    again.server.close()
