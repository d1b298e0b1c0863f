"""Older pictures of a finished race, each with other figures than it ended with: no table may show any of them."""

import copy
import functools
import json
from typing import Any

import pytest

from raceday.tables import (
    CLOSING_PRICES,
    ENTRANTS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
)
from tests.money.play import Step, play
from tests.money.test_rules import FIRST, told

TABLES = (
    RACES,
    ENTRANTS,
    ODDS_HISTORY,
    RACE_POOLS,
    MONEY_FLOW,
    RACE_RESULTS,
    RACE_RESULT_VERSIONS,
    CLOSING_PRICES,
    NOTIFICATIONS,
)
RULING = "Protest UPHELD 2nd v 1st: 1st relegated"


def swapped() -> list[dict[str, Any]]:
    """Return the generated race's placings before a protest changed the first two."""
    placings: list[dict[str, Any]] = copy.deepcopy(FIRST["results"])
    placings[0]["position"], placings[1]["position"] = 2, 1
    return placings


def others(factor: float) -> dict[str, Any]:
    """Return runners and pools with other prices and totals than the race ended with."""
    runners, pools = copy.deepcopy(FIRST["runners"]), copy.deepcopy(FIRST["tote_pools"])
    for runner in runners[:2]:
        runner["odds"] = {k: round(v * factor, 2) if v else v for k, v in (runner["odds"] or {}).items()}
    for pool in pools:
        pool["total"] = round(pool["total"] * factor, 2)
    return {"runners": runners, "tote_pools": pools}


def as_interim(at_secs: int, placings: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return one poll of the race as Interim, with placings and no dividends yet."""
    made = told(at_secs, "Interim", results=placings, dividends=[], **changes)
    made["answer"]["data"]["race"]["protest_reason"] = RULING
    return made


def as_final(at_secs: int, **changes: Any) -> dict[str, Any]:
    """Return one poll of the race as Final, with the ruling that changed its placings."""
    made = told(at_secs, "Final", **changes)
    made["answer"]["data"]["race"]["protest_reason"] = RULING
    return made


@functools.cache
def steps(late: str) -> tuple[Step, ...]:
    """Play a race to its end, and an older picture after it: open, or Interim with the placings of before."""
    older = {
        "open": told(400, "Open", **others(0.5)),
        "interim": as_interim(400, swapped(), **others(0.5)),
        "interim again": as_interim(400, FIRST["results"], **others(0.5)),
        "interim, fewer placings": as_interim(400, swapped()[:1], **others(0.5)),
    }[late]
    before = [told(-3700), told(-300), told(-240, **others(0.9)), told(10, "Closed")]
    return tuple(play([*before, as_interim(240, swapped()), as_final(330), older]))


LATE = ["open", "interim", "interim again", "interim, fewer placings"]


@pytest.mark.parametrize("late", LATE)
def test_an_older_picture_of_a_finished_race_is_held(late: str) -> None:
    """Placings, or a ruling's text, that the race had before are no change of its result."""
    final, last = steps(late)[-2:]
    assert (final.row.held, last.row.held) == (False, True)
    assert last.race["status"] == "Final"
    assert json.loads(last.results["resultsData"])[0]["entrant_id"] == FIRST["results"][0]["entrant_id"]


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("table", TABLES)
def test_an_older_picture_of_a_finished_race_reaches_no_table(table: str, late: str) -> None:
    """Every row of the table stands as Final left it; each table has rows, but for alerts that nobody earned."""
    final, last = steps(late)[-2:]
    assert final.tables[table] or table == NOTIFICATIONS
    assert last.tables[table] == final.tables[table]


def test_placings_that_a_race_never_had_take_it_back() -> None:
    """Interim with an order that was in no version before is a correction and is followed."""
    third = copy.deepcopy(FIRST["results"])
    third[0]["position"], third[1]["position"], third[2]["position"] = 3, 1, 2
    before = [told(-300), as_interim(240, swapped()), as_final(330)]
    last = play([*before, as_interim(400, third)])[-1]
    assert not last.row.held
    assert last.race["status"] == "Interim"


def amended(at_secs: int, reason: str = RULING) -> dict[str, Any]:
    """Return one poll of the Final race with its first two placings changed by a ruling."""
    made = told(at_secs, "Final", results=swapped())
    made["answer"]["data"]["race"]["protest_reason"] = reason
    return made


@pytest.mark.parametrize("table", TABLES)
def test_a_final_of_before_an_amendment_reaches_no_table(table: str) -> None:
    """The placings that a Final race had before they were amended come out of a cache: the amended ones stand."""
    final, last = play([told(-300), told(330, "Final"), amended(400), told(460, "Final", **others(0.5))])[-2:]
    assert (final.row.held, last.row.held) == (False, True)
    assert json.loads(final.results["resultsData"])[0]["entrant_id"] == FIRST["results"][1]["entrant_id"]
    assert last.tables[table] == final.tables[table]


def test_an_amendment_that_is_undone_for_a_reason_of_its_own_is_followed() -> None:
    """The first placings again, with a ruling that no version had: that is news."""
    undone = told(460, "Final")
    undone["answer"]["data"]["race"]["protest_reason"] = "Appeal UPHELD, placings restored"
    last = play([told(-300), told(330, "Final"), amended(400), undone])[-1]
    assert not last.row.held
    assert json.loads(last.results["resultsData"])[0]["entrant_id"] == FIRST["results"][0]["entrant_id"]


def test_an_amended_final_is_no_older_picture_of_itself() -> None:
    """The amended placings served again, with other prices, are followed as ever."""
    again = amended(460)
    again["answer"]["data"]["tote_pools"] = others(1.01)["tote_pools"]
    last = play([told(-300), told(330, "Final"), amended(400), again])[-1]
    assert not last.row.held
