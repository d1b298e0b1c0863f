"""Dividends of which an answer tells some: what can be read is followed, product by product, and the rest stays."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from raceday.tables import RACE_RESULT_VERSIONS
from tests.money.play import Step, play
from tests.money.test_held_answers import RULING, swapped
from tests.money.test_rules import FIRST, check, told

Rows = list[Any]
NEW = 77.7


def declared(amounts: Mapping[str, float | None], status: str = "Final") -> Rows:
    """Return the generated race's dividends with other amounts for some products; None makes a row unreadable."""
    rows: Rows = copy.deepcopy(FIRST["dividends"])
    for row in rows:
        if row["product_name"] in amounts and row["status"] == status:
            row["dividend"] = amounts[row["product_name"]]
    return rows


def shown(step: Step) -> dict[str, list[float]]:
    """Return what a race's results show as paid, by product."""
    found: dict[str, list[float]] = {}
    for row in json.loads(step.results["dividendsData"]):
        found.setdefault(row["product_name"], []).append(row["dividend"])
    return found


def versions(step: Step) -> int:
    """Return how many versions of the results are kept."""
    return len(step.tables[RACE_RESULT_VERSIONS])


WIN_NEW: dict[str, float | None] = {"Pool Win": NEW}
PLACE_ODD: dict[str, float | None] = {"Pool Place": None}


def test_a_new_win_dividend_counts_beside_place_ones_that_cannot_be_read() -> None:
    """Win readable and new, Place not: Win is the new one, Place is as before, and the checks name the odd rows."""
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", dividends=declared(WIN_NEW | PLACE_ODD))])[
        1:
    ]
    assert shown(after) == shown(before) | {"Pool Win": [NEW]}
    assert versions(after) == versions(before) + 1
    assert "dividends[" in str(check(after, "left_out").value)


def test_what_stayed_is_put_right_once_it_can_be_read() -> None:
    """The next whole answer replaces what was kept, and an equal one is no new version."""
    whole = declared({"Pool Win": NEW, "Pool Place": 5.5})
    part = told(400, "Final", dividends=declared(WIN_NEW | PLACE_ODD))
    steps = play([told(-300), told(330, "Final"), part, told(460, "Final", dividends=whole)])
    assert set(shown(steps[-1])["Pool Place"]) == {5.5}
    again = play([told(-300), told(330, "Final"), part, told(460, "Final", dividends=declared(WIN_NEW | PLACE_ODD))])
    assert versions(again[-1]) == versions(again[-2])


def test_an_interim_place_dividend_stays_beside_the_first_final_win_one() -> None:
    """The race turns Final with Place rows that cannot be read: what Interim said of Place stays, as Interim."""
    interim = told(240, "Interim", results=FIRST["results"], dividends=declared({}))
    interim["answer"]["data"]["dividends"] = [d for d in declared({}) if d["status"] == "Interim"]
    rows = [d for d in declared(PLACE_ODD) if d["status"] == "Final"]
    after = play([told(-300), interim, told(330, "Final", dividends=rows)])[-1]
    words = {d["product_name"]: d["status"] for d in json.loads(after.results["dividendsData"])}
    assert (words["Pool Win"], words["Pool Place"]) == ("Final", "Interim")


@pytest.mark.parametrize("lost", [["Pool Place"], ["Pool Win", "Pool Place"], None])
def test_products_that_a_final_loses_keep_what_was_declared(lost: list[str] | None) -> None:
    """Fewer products, or none at all, under the same Final with the same placings take nothing away."""
    rows = [d for d in declared({}) if lost is not None and d["product_name"] not in lost]
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", dividends=rows)])[1:]
    assert after.results == before.results


def test_dividends_of_other_placings_do_not_stay_beside_the_new_ones() -> None:
    """A ruling changes the order and the answer tells of Win alone: what the former order paid to place is gone."""
    rows = [d for d in declared(WIN_NEW) if d["product_name"] == "Pool Win"]
    late = told(400, "Final", results=swapped(), dividends=rows)
    late["answer"]["data"]["race"]["protest_reason"] = RULING
    assert shown(play([told(-300), told(330, "Final"), late])[-1]) == {"Pool Win": [NEW]}


def test_placings_that_a_final_loses_stay() -> None:
    """An empty list of placings beside dividends, under the same Final, lost them on the way."""
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", results=[])])[1:]
    assert after.results == before.results


def test_other_dividends_of_a_final_are_an_amendment() -> None:
    """Dividends that no version had, under the same placings, are followed, and both versions are kept."""
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", dividends=declared(WIN_NEW))])[1:]
    assert (shown(after)["Pool Win"], after.row.held) == ([NEW], False)
    assert versions(after) == versions(before) + 1


@pytest.mark.parametrize(
    "late",
    [
        declared({}),
        [d for d in declared({}) if d["product_name"] == "Pool Win"],
        declared(PLACE_ODD),
    ],
    ids=["whole", "fewer products", "some unreadable"],
)
def test_dividends_that_were_corrected_since_are_an_older_picture(late: Rows) -> None:
    """The first dividends again after other ones: the answer is held, with all that it says of pools and prices."""
    amended = told(400, "Final", dividends=declared(WIN_NEW))
    pools = copy.deepcopy(FIRST["tote_pools"])
    for pool in pools:
        pool["total"] = round(pool["total"] * 0.9, 2)
    before, after = play(
        [told(-300), told(330, "Final"), amended, told(460, "Final", dividends=late, tote_pools=pools)]
    )[2:]
    assert after.row.held
    assert after.results == before.results
    assert after.pools["winPoolTotal"] == before.pools["winPoolTotal"]


def test_dividends_that_are_restored_for_a_new_reason_are_followed() -> None:
    """The first dividends again with a reason that nobody gave before are a correction."""
    amended, undone = told(400, "Final", dividends=declared(WIN_NEW)), told(460, "Final")
    undone["answer"]["data"]["race"]["protest_reason"] = "Win dividend restored"
    last = play([told(-300), told(330, "Final"), amended, undone])[-1]
    assert not last.row.held
    assert shown(last)["Pool Win"] != [NEW]


def test_interim_dividends_under_final_are_an_older_picture() -> None:
    """Only Interim rows again after Final ones: the Final ones stay."""
    rows = [d for d in declared({}) if d["status"] == "Interim"]
    before, after = play([told(-300), told(330, "Final"), told(400, "Final", dividends=rows)])[1:]
    assert after.results == before.results
