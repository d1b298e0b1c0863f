"""What fails a simulated day, and how it is told: what, where, and the command that shows it again."""

import copy
from typing import Any

import pytest

from local.simulate.verdict import fine, replay, troubles, verdict
from tests.simulate.days import SMALL, told_of

WRONG = {
    "table": "race-pools",
    "what": "wrong",
    "race": "race-1",
    "key": "n 7",
    "column": "winPoolTotal",
    "expected": "12345",
    "found": "12346",
}


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    """Return the report of one small sound day."""
    report = told_of(SMALL)
    assert fine(report), troubles(report)
    return report


def test_a_sound_day_is_told_of_with_nothing(sound: dict[str, Any]) -> None:
    """A day that came out as it had to has no line."""
    assert verdict([sound]) == []


@pytest.mark.parametrize(
    ("part", "member", "value"),
    [
        ("judged", "count", 1),
        ("polls", "missing", 1),
        ("polls", "unexpected", 2),
        ("polls", "duplicate", 1),
        ("polls", "handed_again", 1),
        ("polls", "begun_late", 1),
        ("polls", "gaps_unexplained", 1),
        ("crashes", None, ["17:00:00 activation.crashed"]),
        ("failures", None, [{"item": "race-1", "cause": "payload", "message": "unread"}]),
    ],
)
def test_each_count_that_must_be_zero_fails_the_day(
    sound: dict[str, Any], part: str, member: str | None, value: Any
) -> None:
    """A difference, a missing or unexpected slot, a crash or an import that failed is enough to fail a day."""
    report = copy.deepcopy(sound)
    if member is None:
        report[part] = value
    else:
        report[part][member] = value
    assert not fine(report)
    assert verdict([report])[0].startswith("FAILED: seed 3, 2026-02-14: ")


def test_a_failure_names_row_column_and_the_command_that_shows_it_again(sound: dict[str, Any]) -> None:
    """Of several days the failed one alone is told: its table, race, row and column, and how to simulate it alone."""
    report = copy.deepcopy(sound)
    report["judged"] |= {"count": 1, "examples": [WRONG]}
    lines = verdict([sound, report | {"seed": 8, "faults": "all"}, sound])
    assert lines[0] == "FAILED: seed 8, 2026-02-14: 1 rows that differ"
    assert "  race-pools race-1 n 7 winPoolTotal: expected 12345, found 12346" in lines
    again = "./raceday simulate --seed 8 --date 2026-02-14 --races 1 --depth port --faults all --trace"
    assert lines[-1].strip() == f"again: {again}"
    assert (
        replay(report | {"seed": 8, "faults": "all", "settings": {"RACEDAY_INTERVAL_T3_SECS": "20"}})
        == f"RACEDAY_INTERVAL_T3_SECS=20 {again}"
    )


def faulty(sound: dict[str, Any], excused: dict[str, int], struck: dict[str, int], expected: int) -> dict[str, Any]:
    """Return the report of a day under all faults with these excuses, and what struck."""
    report = copy.deepcopy(sound)
    missing = sum(excused.values())
    report["polls"] |= {"excused": excused, "expected": expected, "missing": missing}
    report["polls"] |= {"lost": 0, "unreported": 0, "wrong": 0}
    report["stored"]["absent"] = 0
    return report | {"at_the_end": {}, "faults": "all", "faults_injected": {"by_kind": struck}}


@pytest.mark.parametrize(
    ("excused", "struck", "beyond"),
    [
        pytest.param({"feed.timeout": 4}, {"feed.timeout": 4}, 0, id="a call a slot"),
        pytest.param({"feed.timeout": 6}, {"feed.timeout": 4}, 2, id="more slots than calls"),
        pytest.param({"tick.missed": 3}, {"tick.missed": 1}, 0, id="a tick"),
        pytest.param({"tick.missed": 4}, {"tick.missed": 1}, 1, id="more than a tick hands out"),
        pytest.param({"store.401": 1}, {}, 1, id="what never struck"),
        pytest.param({"clock.off": 3}, {"clock.drift": 1}, 0, id="a clock"),
        pytest.param({"known_too_late": 3}, {}, 0, id="no fault's name"),
        pytest.param({"known_too_late": 5}, {}, 2, id="no fault's name, too often"),
    ],
)
def test_what_excuses_more_slots_than_its_faults_can_have_cost_fails_the_day(
    sound: dict[str, Any], excused: dict[str, int], struck: dict[str, int], beyond: int
) -> None:
    """Every kind of excuse has an upper bound: the faults of its name that struck, and the races that one may reach."""
    found = troubles(faulty(sound, excused, struck, 100))
    assert found == ({"slots excused beyond what struck": beyond} if beyond else {})


@pytest.mark.parametrize(
    ("excused", "expected", "told"),
    [
        pytest.param({"feed.timeout": 10}, 6000, "", id="few"),
        pytest.param({"feed.timeout": 13}, 6000, "feed.timeout excuses 0.22% of 6000", id="one kind too often"),
        pytest.param({"feed.timeout": 13}, 1400, "", id="too few slots for a share"),
        pytest.param(
            {f"feed.{i}": 12 for i in range(8)}, 6000, "1.60% of 6000 slots are missing", id="too many in all"
        ),
    ],
)
def test_over_days_each_excuse_and_all_together_are_held_to_a_share(
    sound: dict[str, Any], excused: dict[str, int], expected: int, told: str
) -> None:
    """Under all faults no kind stands for more slots than it ever needed, and at most 1.5 in 100 are missing."""
    lines = verdict([faulty(sound, excused, excused, expected)])
    assert [line for line in lines if told and told in line] == lines
    assert bool(lines) == bool(told)
