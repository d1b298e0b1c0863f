"""The race's charts in a browser: one crosshair for both, values under the pointer, and pictures without scripts."""

from typing import Any

from tests.console.test_console_browser import errors, one, race_url, until

VALUES = """
return ["chart-odds", "chart-pools"].map((id) =>
  [...document.querySelectorAll(`#${id} .legend [data-value]`)].map((b) => b.textContent).join(" "));
"""
CROSSHAIRS = """
return [...document.querySelectorAll(".chart .u-cursor-x")].map((line) =>
  line.classList.contains("u-off") ? 0 : Math.round(new DOMMatrix(getComputedStyle(line).transform).m41));
"""
FIGURES = "return [...document.querySelectorAll('.chart > svg')].map((svg) => svg.getBoundingClientRect().width > 0)"


def test_charts_share_a_crosshair_and_tell_the_values_under_it(browser: Any, served: Any) -> None:
    """The pointer over the odds moves a line in the pools too, and both legends tell the values at that instant."""
    from selenium.webdriver import ActionChains

    # The page of an earlier test may still ask a server that is gone.
    browser.get("about:blank")
    errors(browser)
    browser.get(race_url(served))
    until(lambda: browser.execute_script(FIGURES) == [False, False], "the drawn charts")
    newest = browser.execute_script(VALUES)
    over = one(browser, "#chart-odds .u-over")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", over)
    ActionChains(browser).move_to_element_with_offset(over, -over.size["width"] // 3, 0).perform()
    until(lambda: browser.execute_script(VALUES)[1] != newest[1], "the pools' earlier values")
    left, right = browser.execute_script(CROSSHAIRS)
    assert left > 0
    assert abs(left - right) <= 4
    ActionChains(browser).move_to_element(one(browser, "h1")).perform()
    until(lambda: browser.execute_script(VALUES) == newest, "the newest values again")
    assert errors(browser) == []


def test_a_race_can_be_read_without_scripts(browser: Any, served: Any) -> None:
    """With scripts switched off the charts are pictures, and grid, slots and state are there."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(race_url(served))
        assert [svg.is_displayed() for svg in browser.find_elements("css selector", ".chart > svg")] == [True, True]
        assert one(browser, "#part-grid tbody td").text
        assert one(browser, "#strip").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
