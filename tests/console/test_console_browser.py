"""The console in a browser: each view, a race followed to its end, the keyboard, and accessibility."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import opened_browser

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
AXE_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(
  (found) => done(JSON.stringify(
    found.violations.map((v) => [v.id, v.help, v.nodes.map((n) => n.html.slice(0, 160))]))));
"""

PLACE = """
const seen = document.querySelector("#slot-table > summary").getBoundingClientRect();
return [document.getElementById("grid-scroll").scrollLeft, seen.top];
"""


LAID_OUT = """
return [...document.querySelectorAll(".races thead tr, .races [data-row]")].map((row) => {
  const style = getComputedStyle(row);
  const shown = [...row.children].filter((cell) => getComputedStyle(cell).display !== "none");
  return [`${style.contentVisibility} ${style.display}`, shown.map((cell) => cell.getBoundingClientRect().right)];
});
"""
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
SCROLL_WIDTH = "return document.documentElement.scrollWidth"


def until(holds: Callable[[], Any], what: str, secs: float = 15.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + secs
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"never came: {what}")
        time.sleep(0.05)


def one(browser: Any, css: str) -> Any:
    """Find one element."""
    return browser.find_element("css selector", css)


def press(browser: Any, *keys: str) -> None:
    """Type keys into whatever has the focus."""
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def errors(browser: Any) -> list[str]:
    """Return what the browser's console has complained of since the last look."""
    return [line["message"] for line in browser.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]


def flaws(browser: Any) -> list[Any]:
    """Return what the accessibility checker finds on the open page."""
    browser.execute_script(AXE)
    found: list[Any] = json.loads(browser.execute_async_script(AXE_RUN))
    return found


def race_url(served: Any) -> str:
    """Return the page of the day's first race."""
    return f"{served.url}/race/{served.run(served.stepped.races)[0]['$id']}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_and_silent(browser: Any, served: Any, scheme: str) -> None:
    """Every page loads without a console error and passes the accessibility checker, in light and dark."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    errors(browser)
    (run,) = served.source.activity.latest(*EVER, limit=1, function="enhanced-race-poller")
    paths = ("", "/suite", f"/activation/{run.activation}", "/switch?function=all&to=paused")
    race = race_url(served)
    for url in (
        race,
        f"{race}?view=odds",
        f"{race}?at=10:30",
        f"{race}/explain?runner=1&label=10",
        *(f"{served.url}{path}" for path in paths),
    ):
        browser.get(url)
        assert one(browser, "h1").text
        assert flaws(browser) == []
    assert errors(browser) == []


def test_a_race_is_followed_from_open_to_final(browser: Any, fresh: Any) -> None:
    """An open race page turns Final by itself, shows its results, and keeps scroll, selection and opened details."""
    errors(browser)
    browser.get(race_url(fresh))
    assert one(browser, "#status").text == "Open"
    browser.set_window_size(700, 800)
    pick = one(browser, "[data-pick]")
    picked = pick.get_attribute("data-pick")
    pick.click()
    browser.execute_script("document.getElementById('grid-scroll').scrollLeft = 180")
    one(browser, "#slot-table > summary").send_keys("\n")
    before = browser.execute_script(PLACE)
    race = fresh.run(fresh.stepped.races)[0]
    start = datetime.fromisoformat(race["startTime"])

    fresh.run(lambda: fresh.stepped.to(start + timedelta(minutes=14), [race["$id"]]))

    until(lambda: one(browser, "#status").text == "Final", "the race to be Final")
    assert one(browser, "#part-results tbody th").text
    assert one(browser, f"[data-pick='{picked}']").get_attribute("aria-pressed") == "true"
    assert one(browser, "#slot-table").get_attribute("open") is not None
    # The browser holds the place when it draws; a question between two drawings sees it moved. Half pixels round either
    # way.
    until(lambda: abs(browser.execute_script(PLACE)[1] - before[1]) <= 1, "the place that was being read")
    assert browser.execute_script(PLACE)[0] == before[0]
    assert errors(browser) == []
    browser.set_window_size(1280, 900)


def test_the_keyboard_reaches_every_view(browser: Any, served: Any) -> None:
    """Filter, rows, a race, its views and the other pages are reached by keys alone."""
    browser.get(served.url)
    rows = "return [...document.querySelectorAll('[data-row]')].filter(r => !r.hidden).length"
    whole = browser.execute_script(rows)
    press(browser, "/", "no such race")
    assert browser.execute_script(rows) == 0
    one(browser, "#filter").clear()
    press(browser, "\ue003")
    browser.execute_script("document.getElementById('filter').dispatchEvent(new Event('input', {bubbles: true}))")
    assert browser.execute_script(rows) == whole == 2
    press(browser, "\ue00c", "j", "j", "k", "\n")
    until(lambda: "/race/" in browser.current_url, "the race")
    press(browser, "p")
    until(lambda: one(browser, ".tabs [aria-current]").text == "Place", "the Place view")
    press(browser, "o")
    until(lambda: one(browser, ".tabs [aria-current]").text == "Odds", "the Odds view")
    press(browser, "s")
    until(lambda: browser.current_url.endswith("/suite"), "the suite")
    press(browser, "t")
    until(lambda: browser.current_url == f"{served.url}/", "today")
    press(browser, "\t")
    assert browser.switch_to.active_element.get_attribute("class") == "skip"


# What has the focus, whether that is seen by an outline, and whether it lies in view with nothing over it.
FOCUS = """
const at = document.activeElement;
if (!at || at === document.body) return null;
const [style, place] = [getComputedStyle(at), at.getBoundingClientRect()];
const middle = place.top + Math.min(place.height, innerHeight - place.top) / 2;
const there = document.elementFromPoint(Math.max(0, place.left) + 8, middle);
const seen = style.outlineStyle !== "none" && there && (at.contains(there) || there.contains(at));
return [at.outerHTML.slice(0, 90), Boolean(seen)];
"""


def test_the_focus_is_seen_wherever_it_goes(browser: Any, served: Any) -> None:
    """On a phone's width each stop of the Tab key on each page has an outline and nothing over it."""
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    (run,) = served.source.activity.latest(*EVER, limit=1, function="enhanced-race-poller")
    race = race_url(served)
    paths = ("", "/suite", f"/activation/{run.activation}", "/switch?function=all&to=paused")
    for url in (race, f"{race}/explain?runner=1&label=10", *(f"{served.url}{path}" for path in paths)):
        browser.get(url)
        stops: list[tuple[str, bool]] = []
        while len(stops) < 90:
            press(browser, "\ue004")
            stop = browser.execute_script(FOCUS)
            if stop is None:
                break
            stops.append(stop)
        assert len(stops) > 4
        assert [where for where, seen in stops if not seen] == [], url
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_narrow_pages_do_not_scroll_sideways(browser: Any, served: Any) -> None:
    """In a window of 420 pixels only the tables scroll sideways, never the page."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 420, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    )
    for url in (served.url, race_url(served), f"{served.url}/suite"):
        browser.get(url)
        # The window's new width reaches the page's layout a moment after the page itself.
        until(lambda: browser.execute_script(SCROLL_WIDTH) <= 420, f"{url} to fit its window")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


LONGEST = """
const counts = [...document.querySelectorAll(".races [data-at]")];
for (const status of document.querySelectorAll(".races .status")) status.textContent = "Abandoned";
const cut = [];
for (const text of ["47 h 59 min ago", "in 47 h 59 min", "9 min 59 s ago"]) {
  for (const count of counts) count.textContent = text;
  if (counts.some((count) => count.scrollWidth > count.clientWidth)) cut.push(text);
}
const table = document.querySelector(".scroll");
if (table.scrollWidth > table.clientWidth) cut.push("the table");
return cut;
"""


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_each_row_of_today_is_laid_out_by_itself_in_the_same_columns(browser: Any, served: Any, width: int) -> None:
    """A row is laid out without hundreds of others, no width drops one of its nine columns, and all end them alike."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(served.url)
    rows = browser.execute_script(LAID_OUT)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert len(rows) == 3
    assert {len(ends) for _, ends in rows} == {9}
    assert {kind for kind, _ in rows[1:]} == {"auto grid"}
    assert len({tuple(ends) for _, ends in rows}) == 1


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_no_countdown_and_no_column_of_today_is_cut(browser: Any, served: Any, width: int) -> None:
    """The longest countdown and the longest status fit their columns on a phone, a tablet and a desk."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(served.url)
    until(lambda: browser.execute_script("return innerWidth") == width, "the window's width")
    assert browser.execute_script(LONGEST) == []
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


COLUMN = """
const grid = document.getElementById("grid-scroll").getBoundingClientRect();
const present = document.querySelector(".grid .current");
const column = present.getBoundingClientRect();
return [column.left >= grid.left && column.right <= grid.right + 1, present.textContent];
"""


# Which figures are seen in part only, where the grid stands: nothing of a figure that is cut may be read as another.
PARTLY = """
const [pin, ...heads] = document.querySelectorAll(".grid thead th");
const cell = [...document.querySelectorAll(".grid tbody tr:first-child td")];
const grid = document.getElementById("grid-scroll").getBoundingClientRect();
const edge = pin.getBoundingClientRect().right;
const shown = [...document.querySelectorAll("[data-cut]")].filter((e) => !e.hidden);
const covers = shown.map((e) => e.getBoundingClientRect());
return cell.filter((td) => {
  const place = td.getBoundingClientRect();
  if (!place.width || place.right <= edge || place.left >= grid.right) return false;
  const cut = place.left < edge - 1 || place.right > grid.right + 1;
  const from = Math.max(place.left, edge);
  const to = Math.min(place.right, grid.right);
  return cut && !covers.some((c) => c.left <= from + 1 && c.right >= to - 1);
}).map((td) => td.textContent);
"""


@pytest.mark.parametrize("width", [390, 800, 1000])
def test_no_figure_of_the_grid_is_seen_in_part(browser: Any, served: Any, width: int) -> None:
    """Wherever the grid stands, a column is seen whole or not at all, and what is out of view is named beneath."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(race_url(served))
    out = "return document.querySelector('[data-out]').textContent"
    until(lambda: browser.execute_script(COLUMN)[0], "the present column")
    assert "Win, Place, Win pool, Share" in browser.execute_script(out)
    for left in (0, 13, 37, 61, 90, 5000):
        browser.execute_script(f"document.getElementById('grid-scroll').scrollLeft = {left}")
        until(lambda: browser.execute_script(PARTLY) == [], f"whole columns at {left} of {width}", 3)
    if width > 520:
        browser.execute_script("document.getElementById('grid-scroll').scrollLeft = 0")
        until(lambda: "more to the right" in browser.execute_script(out), "what is to the right", 3)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_grid_that_is_narrowed_alone_cuts_no_figure(browser: Any, served: Any) -> None:
    """Where the page and not the window takes width from the grid, its columns are covered anew."""
    size = {"width": 800, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(race_url(served))
    until(lambda: browser.execute_script(COLUMN)[0], "the present column")
    for narrower in (15, 29, 44):
        browser.execute_script(f"document.getElementById('part-grid').style.paddingRight = '{narrower}px'")
        until(lambda: browser.execute_script(PARTLY) == [], f"whole columns at {narrower} px less", 3)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_no_figure_is_seen_in_part_without_scripts(served: Any, width: int) -> None:
    """Where nothing can cover a column the grid is as wide as whole columns, and stands at their edges."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    with opened_browser({}, scripts=False) as browser:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(race_url(served))
        assert browser.execute_script("return document.body.dataset.updates") is None
        assert "Win pool" in browser.execute_script("return document.querySelector('.grid thead').innerText")
        for left in (0, 40, 95, 200, 5000):
            browser.execute_script(f"document.getElementById('grid-scroll').scrollLeft = {left}")
            until(lambda: browser.execute_script(PARTLY) == [], f"whole columns at {left} of {width}", 3)


def test_the_grid_stays_at_the_present_column(browser: Any, fresh: Any) -> None:
    """The column of the present stays in view when the window is turned and when the race goes on to its start."""
    race = fresh.run(fresh.stepped.races)[0]
    start = datetime.fromisoformat(race["startTime"])
    for width in (390, 640):
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if width == 390:
            browser.get(race_url(fresh))
        until(lambda: browser.execute_script(COLUMN) == [True, "2"], f"the present column at {width}")
    fresh.run(lambda: fresh.stepped.to(start - timedelta(seconds=25), [race["$id"]]))
    until(lambda: browser.execute_script(COLUMN)[1] != "2", "the next column")
    until(lambda: browser.execute_script(COLUMN)[0], "it to be in view")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_store_that_fails_is_told_and_comes_back(browser: Any, served: Any) -> None:
    """While the store cannot be read the page keeps what it shows and says so; then it is live again."""
    browser.get(served.url)
    key = served.stepped.world.embedded.api_key
    served.stepped.world.embedded.api_key = "another"
    until(lambda: one(browser, "#live").text == "the store cannot be read", "the trouble")
    assert one(browser, "[data-row]")
    served.stepped.world.embedded.api_key = key
    until(lambda: one(browser, "#live").text == "live", "the return")
    errors(browser)


def test_rows_move_between_the_parts_of_the_day_and_others_stay(browser: Any, fresh: Any) -> None:
    """A race that ends moves to the finished ones in an open page; the row of the other race is the same element."""
    browser.get("about:blank")
    errors(browser)
    browser.get(fresh.url)
    parts = "return [...document.querySelectorAll('tr[data-row]')].map(r => r.parentElement.id + ' ' + r.mine)"
    browser.execute_script("document.querySelectorAll('tr[data-row]').forEach((row, i) => { row.mine = i })")
    before = browser.execute_script(parts)
    race = fresh.run(fresh.stepped.races)[0]
    start = datetime.fromisoformat(race["startTime"])
    fresh.run(lambda: fresh.stepped.to(start + timedelta(minutes=14), [race["$id"]]))
    until(lambda: browser.find_elements("css selector", "#part-finished tr[data-row]"), "the finished part")
    after = browser.execute_script(parts)
    assert sorted(line.split()[0] for line in before) == ["part-attention", "part-coming"]
    assert sorted(line.split()[0] for line in after) == ["part-attention", "part-finished"]
    assert [line.split()[1] for line in before if "attention" in line] == [
        line.split()[1] for line in after if "attention" in line
    ]
    assert errors(browser) == []
