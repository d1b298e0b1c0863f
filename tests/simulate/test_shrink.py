"""Cutting a failing day down, and looking for days that fail."""

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from local.cli import main
from local.feedsim import generate_day
from local.simulate.hunt import FaultDay, hunt
from local.simulate.plan import DayPlan
from local.simulate.shrink import Case, NoRaceOfDay, Shrinker, keep_races

START = datetime(2026, 2, 13, 17, 0, tzinfo=UTC)
WHOLE = Case(tuple("abcdefgh"), tuple("uvwxyz"), START, START + timedelta(hours=9))


def test_the_smallest_case_is_what_the_failure_needs() -> None:
    """A failure that needs two races, one kind of fault and a certain minute is cut down to just these."""
    asked: list[Case] = []

    def fails(case: Case) -> Collection[str]:
        asked.append(case)
        struck = "w" in case.kinds and case.since <= START + timedelta(hours=5, minutes=7) < case.until
        return ["slots lost"] if {"b", "g"} <= set(case.races) and struck else []

    found = Shrinker(fails, lambda line: None).smallest(WHOLE, ["slots lost"], ["a"])
    assert (set(found.races), found.kinds) == ({"b", "g"}, ("w",))
    assert found.until - found.since <= timedelta(minutes=8)
    assert len(asked) < 120
    assert found.words()[:2] == ["--only", ",".join(found.races)]


def test_another_failure_is_not_followed() -> None:
    """A smaller day that fails in another way only is not the failure that was looked for."""
    found = Shrinker(lambda case: ["rows that differ"], lambda line: None).smallest(WHOLE, ["slots lost"])
    assert found == WHOLE


def test_a_day_is_cut_down_to_some_races() -> None:
    """Races left out are in no list and no count; a day without any left is refused."""
    day = generate_day(3, date(2026, 2, 14), 6)
    one = day.core_races[2].race_id
    keep_races(day, [one[:8]])
    assert [race.race_id for race in day.core_races] == [one]
    assert all(meeting.races for meeting in day.meetings)
    with pytest.raises(ValueError, match="expected ids"):
        keep_races(day, ["nobody"])


def test_a_hunt_keeps_what_fails_and_how_to_see_it_again(tmp_path: Path) -> None:
    """A day that cannot even be run is a finding with its command; one in which nothing is wrong is not."""
    lines: list[str] = []
    good = FaultDay(DayPlan(seed=4, races=1, depth="port"), "none")
    assert hunt(good, tmp_path, 1, lines.append, days=2) == 0
    assert [line.split(":")[0] for line in lines] == ["seed 4", "seed 5"]
    bad = replace(good, plan=replace(good.plan, only=("nobody",)))
    assert hunt(bad, tmp_path, 1, lines.append, days=1) == 1
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["2026-02-14-4-port.json", "2026-02-14-4-port.txt"]
    assert "--seed 4" in (tmp_path / kept[1]).read_text()


def test_a_cut_down_day_runs_by_its_own_command(tmp_path: Path) -> None:
    """One race of a day, one kind of fault, half an hour of it: the same figures every time, and few faults."""
    race = generate_day(5, date(2026, 2, 14), 3).core_races[0]
    span = f"{race.advertised - timedelta(minutes=20):%Y-%m-%dT%H:%M}..{race.advertised:%Y-%m-%dT%H:%M}"
    words = ["simulate", "--seed", "5", "--races", "3", "--depth", "port", "--date", "2026-02-14", "--faults", "feed",
             "--only", race.race_id, "--kinds", "feed.slow,feed.5xx", "--span", span]  # fmt: skip
    reports = []
    for i in range(2):
        out = tmp_path / f"{i}.json"
        assert main([*words, "--json", str(out)]) == 0
        report = json.loads(out.read_text())
        reports.append({key: value for key, value in report.items() if key not in ("wall_secs", "measured")})
    assert reports[0] == reports[1]
    assert reports[0]["races"] == 1
    assert set(reports[0]["faults_injected"]["by_kind"]) <= {"feed.slow", "feed.5xx"}


@pytest.mark.parametrize(("words", "said"), [(["--kinds", "feed.fog"], "feed.fog"), (["--span", "noon"], "2026-02-13")])
def test_a_cut_that_cannot_be_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A kind that the profile has not, and a span that is none, are named."""
    try:
        code = main(["simulate", "--races", "1", "--faults", "feed", *words])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_race_is_kept_by_its_name_and_an_unknown_one_leaves_the_day_whole() -> None:
    """Course and number name a race in any case; where one of several is unknown nothing is left out."""
    day = generate_day(3, date(2026, 2, 14), 6)
    first, whole = day.meetings[0], [race.race_id for race in day.races]
    name = f"{first.name} R{first.races[0].number}"
    with pytest.raises(NoRaceOfDay, match="got nobody"):
        keep_races(day, [name, "nobody"])
    assert [race.race_id for race in day.races] == whole
    keep_races(day, [name.lower()])
    assert [race.race_id for race in day.races] == [first.races[0].race_id]


def test_a_sound_day_has_nothing_to_shrink(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked to cut a day down that does not fail, the command says so and ends with 0."""
    assert main(["simulate", "--seed", "4", "--races", "1", "--depth", "port", "--shrink"]) == 0
    assert "no day failed, so there is nothing to shrink" in capsys.readouterr().out
