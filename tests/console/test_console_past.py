"""A race's page as it stood at an instant, and a figure's way back to the feed."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.console.race import read_race
from local.console.race_rows import asked_instant
from local.console.source import Source
from local.tape.keeping import Keeper
from local.tape.opening import OpenTape
from local.tape.writer import TapeWriter
from raceday.tables import MONEY_FLOW, RACE_POLLS
from tests.console.stepped import Stepped
from tests.console.test_console_browser import errors, one, press, race_url, until
from tests.console.test_console_pages import near, over

RACE = {"raceDateNz": "2026-02-14"}
PLAYED = """
return [document.querySelector("[data-play]").textContent, document.querySelector("#at").value,
        document.querySelectorAll("#slot-table tbody tr").length,
        document.querySelectorAll("#chart-odds .legend li").length,
        document.querySelectorAll("thead .num:not(.k-ahead):not(.k-gap):not(.fact)").length]
"""
FOCUSED = "return document.activeElement.className + ' ' + document.activeElement.textContent"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:30", "2026-02-13T23:30:00+00:00"),
        ("12:30:05", "2026-02-13T23:30:05+00:00"),
        ("2026-02-13T23:30:00+00:00", "2026-02-13T23:30:00+00:00"),
        ("2026-02-13T23:30:00 00:00", "2026-02-13T23:30:00+00:00"),
        ("1771025400000", "2026-02-13T23:30:00+00:00"),
        ("2026-02-13T23:30:00", None),
        ("25:00", None),
        ("9" * 30, None),
        ("yesterday", None),
    ],
)
def test_an_instant_is_read_as_people_and_the_slider_write_it(text: str, expected: str | None) -> None:
    """Wall clock of the race day, ISO with its offset, or milliseconds; anything else is no instant."""
    found = asked_instant(text, RACE)
    assert found == (datetime.fromisoformat(expected) if expected else None)


def test_a_race_is_shown_as_it_stood(tmp_path: Path) -> None:
    """After the finish the page of an earlier instant is what it was then: grid, pools, odds, slots."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        race = await near(stepped, 9)
        stepped.clock.at += timedelta(seconds=2)
        then, before = stepped.clock.at, await read_race(source, race["$id"])
        start = datetime.fromisoformat(race["startTime"])
        await stepped.to(start + timedelta(minutes=9), [race["$id"]])
        later = await read_race(source, race["$id"], asked=then.isoformat())
        assert before is not None
        assert later is not None
        assert (later.asof, later.judged.status, later.placed) == (then, "Open", ())
        for part in ("grid", "footer", "odds", "growth", "checks", "score", "counts"):
            assert getattr(later, part) == getattr(before, part), part
        page = await client.get(f"/race/{race['$id']}", params={"at": then.isoformat()})
        assert "as it stood, not as it is" in page.text
        assert "data-at=" not in page.text[page.text.index("<main") :]
        wrong = await client.get(f"/race/{race['$id']}", params={"at": "noonish"})
        assert (wrong.status_code, "HH:MM:SS" in wrong.text) == (400, True)

    over(tmp_path, work)


def test_a_figure_is_explained_and_one_that_differs_is_marked(tmp_path: Path) -> None:
    """A figure of the grid leads to how it came about; a stored one that no rule makes stands out."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> list[httpx.Response]:
        race = await near(stepped, 9)
        path = f"/race/{race['$id']}/explain"
        assert f'href="{path}?runner=1&amp;label=10"' in (await client.get(f"/race/{race['$id']}")).text
        sound = await client.get(path, params={"runner": 1, "label": 10})
        runner = (await source.entrants(race["$id"]))[0]["$id"]
        row = next(r for r in await source.flow(race["$id"]) if (r["entrantId"], r["timeInterval"]) == (runner, 10))
        await source.store.update(MONEY_FLOW, row["$id"], {"incrementalWinAmount": 1})
        asked: list[dict[str, Any]] = [{"runner": 1, "label": n} for n in (10, 11, "x")]
        return [sound, *[await client.get(path, params=each) for each in asked]]

    sound, wrong, none, word = over(tmp_path, work)
    assert "every figure is as stored" in sound.text
    assert "1 figure differ from what is stored" not in sound.text
    assert "≠ 1<" in wrong.text
    assert (none.status_code, "the race has labels 60, 55" in none.text) == (404, True)
    assert (word.status_code, "label: expected a whole number" in word.text) == (400, True)


def test_a_figure_is_explained_from_the_tape_that_the_world_keeps(tmp_path: Path) -> None:
    """With a tape the answer's place on it is told, and a poll that was altered in the ledger is found out."""
    writer = TapeWriter.create(tmp_path / "day.tape")

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> list[str]:
        stepped.world.keeper = Keeper(writer)
        race = await near(stepped, 9)
        source.tape = OpenTape(tmp_path / "day.tape")
        path, asked = f"/race/{race['$id']}/explain", {"runner": 1, "label": 10}
        sound = (await client.get(path, params=asked)).text
        at = datetime.fromisoformat(race["startTime"]) - timedelta(minutes=10)
        poll = next(p for p in await source.polls(race["$id"]) if datetime.fromisoformat(p["slot"]) == at)
        runners = json.loads(poll["runners"])
        runners[0]["win"] += 1
        await source.store.update(RACE_POLLS, poll["$id"], {"runners": json.dumps(runners)})
        wrong = (await client.get(path, params=asked)).text
        source.tape = None
        return [sound, wrong, (await client.get(path, params=asked)).text]

    sound, wrong, blind = over(tmp_path, work)
    assert "made again from the tape" in sound
    assert "part 1 record" in sound
    assert "every figure is as stored" in sound
    assert "differ from what is stored" in wrong
    assert "no answer on a tape" in blind
    writer.close()


def test_the_slider_and_the_arrows_work_in_a_browser(browser: Any, served: Any) -> None:
    """The slider shows an earlier moment without a new page; the arrows walk the grid's figures; Enter explains one."""
    browser.get("about:blank")
    errors(browser)
    browser.get(race_url(served))
    browser.execute_script("document.getElementById('grid-scroll').focus()")
    press(browser, "\ue014")
    until(lambda: browser.execute_script(FOCUSED).startswith("fig "), "a figure to have the focus")
    newest = browser.execute_script("return document.activeElement.href")
    press(browser, "\ue012", "\ue015")
    moved = browser.execute_script("return document.activeElement.href")
    assert (newest.split("label=")[1], moved.split("label=")[1]) == ("3", "4")
    assert "runner=2&" in moved
    press(browser, "\n")
    until(lambda: "/explain" in browser.current_url, "the explanation")
    browser.get(race_url(served))
    slider = one(browser, "#at")
    slider.send_keys("\ue011")
    until(lambda: browser.find_elements("css selector", "[data-present]"), "the moment of the first poll")
    assert "at=" in browser.current_url
    one(browser, "[data-present]").click()
    until(lambda: not browser.find_elements("css selector", "[data-present]"), "the present again")
    assert errors(browser) == []


def test_a_race_is_played_back_at_the_speed_that_is_chosen(browser: Any, served: Any) -> None:
    """From an hour before the start slots, odds and labels come poll by poll; a pause holds, the last poll ends it."""
    browser.get("about:blank")
    errors(browser)
    browser.get(race_url(served))
    whole = browser.execute_script(PLAYED)
    browser.execute_script("document.querySelector('[data-play-speed]').value = '200'")
    one(browser, "[data-play]").click()
    until(lambda: browser.find_elements("css selector", "[data-present]"), "a moment of the past")
    one(browser, "[data-play]").click()
    until(lambda: browser.execute_script(PLAYED)[0] == "▶ Play", "the pause")
    stood = browser.execute_script(PLAYED)
    assert int(stood[1]) < int(whole[1])
    assert stood[2] < whole[2]
    time.sleep(0.5)
    assert browser.execute_script(PLAYED)[1] == stood[1]
    one(browser, "[data-play]").click()
    seen = [stood]

    def ended() -> bool:
        seen.append(browser.execute_script(PLAYED))
        return bool(seen[-1][0] == "▶ Play")

    until(ended, "the end", secs=60)
    assert seen[-1][1:] == whole[1:]
    assert [int(each[1]) for each in seen] == sorted(int(each[1]) for each in seen)
    assert len({each[2] for each in seen}) > 5
    one(browser, "[data-present]").click()
    until(lambda: not browser.find_elements("css selector", "[data-present]"), "the present again")
    assert errors(browser) == []


def test_without_scripts_nothing_offers_to_play(tmp_path: Path) -> None:
    """The page's own markup hides what only a script can do, and each moment is read by the form alone."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[str, str]:
        race = await near(stepped, 9)
        return (await client.get(f"/race/{race['$id']}")).text, (await client.get("/static/console.css")).text

    page, style = over(tmp_path, work)
    assert ".play { display: none; } .scripted .play {" in style
    assert 'class="scripted"' not in page
    assert page.index('<form method="get" class="asof"') < page.index("<button>Show</button>") < page.index("data-play")
