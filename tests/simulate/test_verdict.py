"""What fails a simulated day, and how it is told: what, where, and the command that shows it again."""

import copy
from typing import Any

import pytest

from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.verdict import fine, troubles, verdict

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
    report = simulate_day(DayPlan(seed=6, races=1, depth="port"))
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
    assert verdict([report])[0].startswith("FAILED: seed 6, 2026-02-14: ")


def test_a_failure_names_row_column_and_the_command_that_shows_it_again(sound: dict[str, Any]) -> None:
    """Of several days the failed one alone is told: its table, race, row and column, and how to simulate it alone."""
    report = copy.deepcopy(sound)
    report["judged"] |= {"count": 1, "examples": [WRONG]}
    lines = verdict([sound, report | {"seed": 8, "faults": "all"}, sound])
    assert lines[0] == "FAILED: seed 8, 2026-02-14: 1 rows that differ"
    assert "  race-pools race-1 n 7 winPoolTotal: expected 12345, found 12346" in lines
    again = "./raceday simulate --seed 8 --date 2026-02-14 --races 1 --depth port --faults all --trace"
    assert lines[-1].strip() == f"again: {again}"
