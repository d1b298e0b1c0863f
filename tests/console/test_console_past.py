"""A race's page as it stood at an instant, and a figure's way back to the feed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.console.race import read_race
from local.console.race_rows import asked_instant
from local.console.source import Source
from raceday.tables import MONEY_FLOW
from tests.console.stepped import Stepped
from tests.console.test_console_browser import errors, one, press, race_url, until
from tests.console.test_console_pages import near, over

RACE = {"raceDateNz": "2026-02-14"}
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
