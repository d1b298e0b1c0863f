"""The sets of days that a release is held to, and the table of what came of them."""

from datetime import date
from functools import cache
from typing import Any

import pytest

from local.feedsim import generate_day
from local.simulate import campaigns
from local.simulate.campaigns import ALARMED, HEAD, SETS, excused, main, row, unflagged


def report(**polls: Any) -> dict[str, Any]:
    """Return what a row is made of."""
    return {"polls": {"expected": 100, "missing": 0, **polls}, "judged": {"rows": 1000, "count": 0}}


def test_a_row_sums_its_days() -> None:
    """Slots, what is missing as a share, and everything that must be zero stand under their headings."""
    days = [report(missing=1, lost=1, wrong=2), report(unreported=3, duplicate=4)]
    days[1]["judged"]["count"] = 5
    cells = dict(zip(HEAD.split(" | "), row("two", days).split(" | "), strict=True))
    assert (cells["| days of"], cells["how many"], cells["slots"], cells["missing"]) == (
        "| two",
        "2",
        "200",
        "1 (0.50%)",
    )
    assert [cells[key] for key in ("lost", "unreported", "doubled", "wrong")] == ["1", "3", "4", "2"]
    assert (cells["rows judged"], cells["rows that differ"]) == ("2,000", "5")
    assert cells["flagged of those taken away |"] == "- |"


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        pytest.param({"removed": 100, "lost": 95}, False, id="enough"),
        pytest.param({"removed": 100, "lost": 94}, True, id="too few"),
        pytest.param({"removed": 10, "lost": 5}, False, id="too few to tell"),
    ],
)
def test_a_set_of_which_the_judge_flags_too_little_fails(taken: dict[str, int], told: bool) -> None:
    """Of committed slots that are taken away again at least 95 in 100 are to be called lost."""
    days = [{**report(), "taken_away": taken}]
    assert bool(unflagged("some", days)) is told
    assert row("some", days).endswith(f"| {taken['lost']} of {taken['removed']} |")


def test_excuses_are_counted_by_kind() -> None:
    """The commonest excuse comes first."""
    days = [report(excused={"tick.missed": 1}), report(excused={"tick.missed": 1, "feed.stale": 5})]
    assert excused(days) == "feed.stale 5, tick.missed 2"


def test_the_sets_are_what_the_release_asks_for() -> None:
    """Seeds of false alarms, every profile and pair, odd nights, one race and more than a page of meetings."""
    made = {name: list(days()) for name, days in SETS.items()}
    assert (len(made["plain"]), len(made["all"]), len(made["full"]), len(made["wire"])) == (40, 200, 20, 20)
    assert set(ALARMED) <= {asked.plan.seed for asked in made["plain"]}
    assert {asked.plan.day for asked in made["nights"]} >= {date(2026, 9, 27), date(2028, 2, 29), date(2026, 12, 31)}
    assert {asked.plan.races for asked in made["one race"]} == {1}
    assert made["816 races"][0].plan.races // 8 > 100
    assert len(made["pairs"]) == 91


def test_a_set_that_fails_ends_with_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of days named by set and number a row is printed; one that failed is told of."""
    monkeypatch.setattr(campaigns, "simulated", cache(campaigns.simulated))
    assert main(["one race:1"]) == 0
    assert "| one race | 1 | " in capsys.readouterr().out
    monkeypatch.setattr(campaigns, "verdict", lambda reports: ["FAILED: seed 3"])
    assert main(["one race:1"]) == 1
    assert "FAILED: seed 3" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["no such set"], ["plain:0"], ["plain:"], ["plain:x"], ["one race:1", "plane"]])
def test_what_names_no_day_is_refused_before_any_is_run(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A set that is not there, or none of its days, ends with 2 and no table, whatever stands before it."""
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"got {words[-1]!r}" in told.err


def test_help_names_the_sets_and_runs_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for help the command lists its sets and simulates no day."""
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in SETS)


def test_the_paged_day_has_wanted_meetings_on_a_later_page() -> None:
    """A list of more than two pages has meetings to poll beyond its first."""
    (first, *_) = SETS["paging"]()
    day = generate_day(first.plan.seed, first.plan.day, first.plan.races, options=first.plan.options)
    listed = sorted(day.meetings, key=lambda meeting: meeting.country)
    assert len(listed) > 200
    assert {race.meeting_id for race in day.core_races} & {meeting.meeting_id for meeting in listed[100:]}
