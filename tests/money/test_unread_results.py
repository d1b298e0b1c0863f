"""Results of which an answer says nothing: what is stored stays, and the checks name what was left out."""

import json
from typing import Any

import pytest

from raceday.tables import CLOSING_PRICES, RACE_RESULT_VERSIONS
from tests.money.play import Step, play
from tests.money.test_held_answers import swapped
from tests.money.test_rules import FIRST, check, told

SAID = ("resultsData", "resultsAvailable", "dividendsData")
UNREAD: list[Any] = [None, "none", {}, [None], [{"odd": 1}]]


def paid(step: Step) -> dict[str, Any]:
    """Return each runner's closing Win dividend."""
    return {row_id: row["poolWinDividend"] for row_id, row in step.tables[CLOSING_PRICES].items()}


@pytest.mark.parametrize("member", ["results", "dividends"])
@pytest.mark.parametrize("raw", UNREAD)
def test_a_result_member_that_says_nothing_keeps_what_is_stored(member: str, raw: Any) -> None:
    """Null or unreadable after Final: results, their versions and closing prices stand, and the check names it."""
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", **{member: raw})])[1:]
    assert json.loads(before.results["dividendsData"])
    assert any(paid(before).values())
    assert after.results == before.results
    assert after.tables[RACE_RESULT_VERSIONS] == before.tables[RACE_RESULT_VERSIONS]
    assert paid(after) == paid(before)
    assert not check(after, "left_out").ok
    assert member in str(check(after, "left_out").value)


@pytest.mark.parametrize("raw", UNREAD)
def test_both_result_members_that_say_nothing_keep_what_is_stored(raw: Any) -> None:
    """Neither placings nor dividends to read after Final changes no column of the results."""
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", results=raw, dividends=raw)])[1:]
    assert after.results == before.results
    assert paid(after) == paid(before)


@pytest.mark.parametrize("raw", UNREAD)
def test_a_race_that_turns_final_without_results_to_read_keeps_its_interim_ones(raw: Any) -> None:
    """The status moves on alone, and what the Interim result said stays until there is more to read."""
    interim = told(240, "Interim", results=FIRST["results"], dividends=FIRST["dividends"])
    before, after, last = play(
        [told(-300), interim, told(330, "Final", results=raw, dividends=raw), told(360, "Final")]
    )[1:]
    assert (before.results["resultStatus"], after.results["resultStatus"]) == ("interim", "final")
    assert {c: after.results[c] for c in SAID} == {c: before.results[c] for c in SAID}
    assert last.results["dividendsData"] == before.results["dividendsData"]


def test_null_dividends_beside_an_empty_list_of_placings_stay_as_the_status_moves() -> None:
    """An empty list says that there are none, null says nothing: each member stands for itself."""
    interim = told(240, "Interim", results=FIRST["results"], dividends=FIRST["dividends"])
    before, after = play([told(-300), interim, told(330, "Final", results=[], dividends=None)])[1:]
    assert after.results["resultStatus"] == "final"
    assert after.results["dividendsData"] == before.results["dividendsData"] != "[]"


def test_new_placings_beside_null_dividends_are_written() -> None:
    """Only what says nothing stays: the rest of the answer counts."""
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", results=swapped(), dividends=None)])[1:]
    assert after.results["resultsData"] != before.results["resultsData"]
    assert after.results["dividendsData"] == before.results["dividendsData"] != "[]"


def test_null_placings_take_no_final_race_back() -> None:
    """Interim with dividends and no placings to read corrects nothing, and is held."""
    late = told(400, "Interim", results=None, dividends=FIRST["dividends"])
    before, after = play([told(-300), told(330, "Final"), late])[1:]
    assert after.row.held
    assert after.results == before.results


def test_dividends_of_a_race_that_is_taken_back_are_void() -> None:
    """Interim again with another order and null dividends: what the former order paid is shown no more."""
    last = play([told(-300), told(330, "Final"), told(400, "Interim", results=swapped(), dividends=None)])[-1]
    assert last.race["status"] == "Interim"
    assert last.results["dividendsData"] == "[]"
    assert check(last, "left_out").applies is False


@pytest.mark.parametrize("odd", [None, 7, {"product_name": "Pool Win"}])
def test_dividends_of_which_some_cannot_be_read_replace_none(odd: Any) -> None:
    """One odd dividend beside the others after Final: those known stay whole, and the checks name the odd one."""
    in_part = [odd, *FIRST["dividends"][1:]]
    before, after, last = play(
        [told(-300), told(330, "Final"), told(400, "Final", dividends=in_part), told(460, "Final")]
    )[1:]
    assert after.results == before.results == last.results
    assert paid(after) == paid(before)
    assert "dividends[0]" in str(check(after, "left_out").value)


def test_the_first_final_shows_what_of_its_dividends_can_be_read() -> None:
    """Final with one odd dividend and none stored: the readable ones are shown at once, all when they come."""
    in_part = [None, *FIRST["dividends"][1:]]
    after, last = play([told(-300), told(330, "Final", dividends=in_part), told(400, "Final")])[1:]
    shown = [len(json.loads(step.results["dividendsData"])) for step in (after, last)]
    assert shown == [shown[1] - 1, len({d["id"] for d in FIRST["dividends"] if d["status"] == "Final"})]
