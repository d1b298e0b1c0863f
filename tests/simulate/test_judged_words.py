"""What people are told in words, judged figure by figure and as whole sentences."""

from fractions import Fraction
from typing import Any

import pytest

from local.simulate.oracle.differences import Json, Sentence
from local.simulate.oracle.words import what_changed
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from raceday.projections import alert_texts
from raceday.racing import nzday


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("up 7.3 points to 12.35", True),
        ("up 7.2 points to 12.35", True),
        ("up 7.4 points to 12.35", False),
        ("up 7.3 points to 12.3", False),
        ("up 7.3 percent to 12.35", False),
        (None, False),
    ],
)
def test_figures_in_a_sentence_may_be_rounded_to_either_side_of_a_half(shown: str | None, *, same: bool) -> None:
    """A share of exactly 7.25 is 7.2 or 7.3 in one decimal, and nothing else; all other words count."""
    sentence = Sentence("up {29/4:1} points to {247/20:2}")
    assert sentence.holds(shown) is same
    assert Fraction(str(sentence).split()[-1]) == Fraction("12.35")


def _version(**changes: Any) -> dict[str, Any]:
    placed = [{"position": 1, "runner_number": 2, "name": "A"}, {"position": 2, "runner_number": 1, "name": "B"}]
    paid = [{"product_name": "Pool Win", "status": "Final", "description": "2", "dividend": 2.8}]
    whole = {"resultStatus": "interim", "protestLodged": False, "protestReason": ""}
    return {**whole, "resultsData": Json(placed), "dividendsData": Json(paid), **changes}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"resultStatus": "final"}, ["status final, was interim"]),
        (
            {"resultsData": Json([{"position": 1, "runner_number": 1, "name": "B"}])},
            ["placing of 1 B: 1, was 2", "placing of 2 A: none, was 1"],
        ),
        (
            {"dividendsData": Json([{"product_name": "Pool Win", "status": "Final", "dividend": 3}])},
            ["dividend of Pool Win Final: 3.00, was none", "dividend of Pool Win Final 2: none, was 2.80"],
        ),
        ({"protestLodged": True}, ["protest: a protest, was: none"]),
        ({}, []),
    ],
)
def test_what_differs_between_two_versions_is_told_new_before_old(changes: dict[str, Any], told: list[str]) -> None:
    """Each difference names what it is now, and what it was."""
    assert what_changed(_version(), _version(**changes)) == told


@pytest.mark.parametrize(
    ("name", "broken", "column"),
    [
        ("_gap", lambda before, now: ", across a gap (9 min apart)", "message"),
        ("nz_clock", lambda at: nzday.nz_clock(at.replace(minute=59)), "message"),
        ("where", lambda state: "Elsewhere R9", "message"),
        ("_runner", lambda state, entrant: "1. Another", "title"),
    ],
)
def test_an_alert_that_says_something_else_fails_its_day(
    name: str, broken: Any, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text with another time, race, runner or gap is wrong in its column."""
    monkeypatch.setattr(alert_texts, name, broken)
    wrong = [each for each in _day()["judged"]["examples"] if each["table"] == "notifications"]
    assert column in {each.get("column") for each in wrong}


def test_a_rise_between_other_figures_fails_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text whose shares are half a point off is wrong, whatever the row's own value says."""
    real = alert_texts._money

    def off(found: Any) -> str:
        return real(found._replace(was=found.was + 0.5))

    monkeypatch.setattr(alert_texts, "_money", off)
    wrong = [each for each in _day()["judged"]["examples"] if each["table"] == "notifications"]
    assert {each["column"] for each in wrong} == {"message"}


def _day() -> dict[str, Any]:
    return simulate_day(DayPlan(seed=3, races=1, depth="port"))
