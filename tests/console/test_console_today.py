"""Today's list: what needs attention, in which order, and the line that every page has of the suite's state."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.console.missing import MissedSlot
from local.console.source import Source
from local.console.today import arrange, listed, read_day
from local.switches import switch
from raceday.racing.schedule import Intervals
from raceday.tables import MEETINGS, RACE_POOLS
from tests.console.stepped import Stepped
from tests.console.test_console_pages import near, over

AT = datetime(2026, 2, 14, 2, 0, tzinfo=UTC)


def judged(name: str, minutes: float, polled: float | None, **more: Any) -> Any:
    """Return a race that starts in some minutes and was polled some minutes ago, imported at dawn."""
    race = {"$id": name, "raceNumber": 1, "name": name, "status": "Open", "meetingId": "m"}
    race["startTime"] = (AT + timedelta(minutes=minutes)).isoformat()
    race["$createdAt"] = (AT - timedelta(hours=8)).isoformat()
    slot = (AT - timedelta(minutes=polled or 0)).isoformat()
    poll = {"slot": slot, "fetchedAt": slot, "finishedAt": None, "score": 99} if polled is not None else None
    return listed(race, None, poll, AT, Intervals(), **more)


def test_what_lost_its_last_minutes_stands_before_what_lost_more_hours_ahead() -> None:
    """What was lost near the start outweighs what was lost longer before it; more outweighs less of a sooner race."""
    races = [judged("far", 400, 121), judged("near", 4, 2.6), judged("hour", 50, 11), judged("well", 60, 0.1)]
    races.append(judged("soon", 30, 5.1))
    day = arrange(races, AT.date(), AT, 1, ())
    assert [race.id for race in day.attention] == ["near", "hour", "soon", "far"]
    assert [race.id for race in day.coming] == ["well"]


@pytest.mark.parametrize(("polled", "attention"), [(31.2, ()), (62, ("2 slots missed",)), (None, ("never polled",))])
def test_one_slot_lost_hours_ahead_is_no_trouble_and_two_are(polled: float | None, attention: tuple[str, ...]) -> None:
    """A single half-hourly slot is made up for by the next; two, or no poll since the import, want a look."""
    assert judged("far", 400, polled).attention == attention


def test_slots_that_the_ledger_tells_as_lost_are_named_by_the_nearest() -> None:
    """A race that is polled again still tells what it lost of late, and how near to the start."""
    gaps = [MissedSlot(AT - timedelta(minutes=m), "mended", "no_attempt") for m in (2, 4.5)]
    race = judged("mended", 2, 0.1, gaps=gaps)
    assert race.attention == ("2 slots lost of late, nearest T−4: no attempt",)
    assert race.lost == 2


def test_figures_behind_their_poll_are_told(tmp_path: Path) -> None:
    """A race whose totals are of an earlier poll needs attention once a projection has had its time, not before."""

    async def work(stepped: Stepped, source: Source, _: httpx.AsyncClient) -> list[tuple[str, ...]]:
        race = await near(stepped, 29.5)
        row = await source.pools(race["$id"])
        assert row is not None
        await source.store.update(RACE_POOLS, row["$id"], {"n": row["n"] - 1})
        found = []
        for __ in range(2):
            day = await read_day(source)
            found.append(next(r for r in (*day.attention, *day.coming) if r.id == race["$id"]).attention)
            stepped.clock.at += timedelta(seconds=91)
        return found

    fresh, stale = over(tmp_path, work)
    assert [text for text in fresh if "behind" in text] == []
    assert len([text for text in stale if text.startswith("figures behind the poll of ")]) == 1


def test_a_finished_race_is_looked_at_again_by_re_checks(tmp_path: Path) -> None:
    """The next look at a race that is over is called a re-check; all parts of the list share one table's columns."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> str:
        race = await near(stepped, 20)
        start = datetime.fromisoformat(race["startTime"])
        await stepped.to(start + timedelta(minutes=9), [race["$id"]])
        return (await client.get("/")).text

    page = over(tmp_path, work)
    finished = page[page.index('id="part-finished"') :]
    assert '<span class="tag">re-check</span>' in finished
    assert page.count("<table") == 1


def test_every_page_tells_the_suites_state(tmp_path: Path) -> None:
    """Trouble count, pause, the scheduler and the store stand on each page, and in what an open page asks for."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> list[str]:
        race = await near(stepped, 30)
        await switch(source.store, stepped.clock, "daily-races", paused=True)
        paths = ("/", f"/race/{race['$id']}", "/suite")
        return [(await client.get(p, headers=h)).text for p in paths for h in ({}, {"x-fragment": "1"})]

    for page in over(tmp_path, work):
        assert "paused: daily-races" in page
        assert "⚠ 4 troubles" in page
        for trouble in ("1 race in need of attention", "the scheduler has not ticked", "paused: daily-races"):
            assert f"<li>{trouble}" in page
        assert "slots lost in the last hour: not told yet" in page
        assert "has never ticked" in page
        assert "day.db" in page


def test_days_are_browsed_one_by_one(tmp_path: Path) -> None:
    """A day links to those before and after it that the store has; a date that is none is said to be none."""

    async def work(_: Stepped, source: Source, client: httpx.AsyncClient) -> list[httpx.Response]:
        row = next(iter((await source.meetings_of(source.today())).values()))
        kept = {key: value for key, value in row.items() if not key.startswith("$")}
        for day in ("2026-02-11", "2026-02-12", "2026-02-16"):
            made = {**kept, "meetingId": day, "date": f"{day}T00:00:00.000+00:00"}
            await source.store.upsert(MEETINGS, f"m-{day}", made)
        return [await client.get(path) for path in ("/", "/?date=2026-02-12", "/?date=2026-02-30")]

    today, earlier, wrong = over(tmp_path, work)
    assert 'href="/?date=2026-02-12" rel="prev"' in today.text
    assert 'href="/?date=2026-02-16" rel="next"' in today.text
    assert 'href="/?date=2026-02-14" rel="next"' in earlier.text
    assert 'href="/?date=2026-02-11" rel="prev"' in earlier.text
    assert wrong.status_code == 404
    assert "2026-02-30: expected a date" in wrong.text


def test_an_open_page_is_sent_only_the_rows_that_changed(tmp_path: Path) -> None:
    """Asked with the tag of what it has, a page gets whole rows where something changed and stubs for the rest."""

    async def work(stepped: Stepped, _: Source, client: httpx.AsyncClient) -> list[str]:
        race = await near(stepped, 20.1)
        first = await client.get("/", headers={"x-fragment": "1"})
        start = datetime.fromisoformat(race["startTime"])
        await stepped.to(start - timedelta(minutes=19.9), [race["$id"]])
        tag = first.headers["etag"]
        asked = [{"if-none-match": tag}, {"if-none-match": '"forgotten"'}]
        return [race["$id"], *[(await client.get("/", headers={"x-fragment": "1", **each})).text for each in asked]]

    race_id, changed, whole = over(tmp_path, work)
    assert (changed.count("data-words="), whole.count("data-words=")) == (1, 2)
    assert (changed.count("data-version="), whole.count("data-version=")) == (2, 2)
    assert f'href="/race/{race_id}"' in changed
