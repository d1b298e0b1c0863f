"""The bench's report: every key, its limits, where slow ones come from, and what is printed of them."""

import importlib
import inspect
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from local import cli
from local.bench import cold_start, day_cost, parse, report, rows_read
from local.bench.cost import table as cost_table
from local.bench.cost_picture import picture
from local.bench.measure import Measure, Part, Sample, in_turn, percentile

PROMISED = {
    "store_call", "cold_import", "cold_start", "parse", "poll_calls", "poll_wall", "race_fanout", "fleet",
    "import_day", "memory", "growth", "sim_speed", "day_cost", "rows_read",
}  # fmt: skip


def entry(value: float, goal: float | None = 1.0) -> dict[str, Any]:
    """Make a key's entry."""
    return Measure("parse", value, goal, "one / other", {"ours": Sample((1.0, 2.0, 4.0))}).to_json()


def test_every_promised_key_has_a_module_that_measures_it() -> None:
    """No key is left out, and each measures by itself, in quick runs and in full ones."""
    assert set(report.KEYS) == PROMISED
    for key in report.KEYS:
        measure = importlib.import_module(f"local.bench.{key}").measure
        assert list(inspect.signature(measure).parameters) == ["quick"]


def a_day(**late: float) -> dict[str, Any]:
    """Make what is read of a simulated day's report."""
    polls = {"late_p99_critical_secs": 0.1, "late_p99_elsewhere_secs": 1.5, "committed": 1_000, **late}
    dollars = {"month_dollars": {"seed": 11.0, "lean": 2.0}, "day_gib_secs": {"seed": 1.0, "lean": 1.0}}
    rows = {key: {"total": 40_000} for key in ("rows_read", "rows_written", "calls")}
    stored = {"meetings": 10, "races": 90, "entrants": 900}
    cold = {"enhanced-race-poller": {"cold": 10}}
    return {"polls": polls, "cost": dollars, "appwrite": rows, "stored": stored, "functions": cold}


def test_a_day_is_priced_against_a_machine_and_counted_against_the_least() -> None:
    """Dollars of the lean sizes stand over the machine's four, rows read over the least that a day has to read."""
    day = a_day()
    priced_day, counted = day_cost.measured(day), rows_read.measured(day)
    assert (priced_day.value, priced_day.met) == (0.5, True)
    assert (counted.value, counted.goal) == (20.0, 25.0)
    assert not counted.met, "40,000 calls are over their limit"


@pytest.mark.parametrize(("of", "late"), [("critical", 0.76), ("elsewhere", 5.01)])
def test_a_day_that_is_cheap_and_late_misses(of: str, late: float) -> None:
    """What a day costs counts only while 99 in 100 polls keep their bound, from T-5 to Final and elsewhere."""
    assert not day_cost.measured(a_day(**{f"late_p99_{of}_secs": late})).met


def test_an_entry_holds_value_goal_and_what_was_measured() -> None:
    """A reader of the file finds the ratio, its goal, and median, spread and runs of each side."""
    found = entry(0.5)
    assert (found["value"], found["goal"], found["met"]) == (0.5, 1.0, True)
    assert found["measured"]["ours"] == {"median": 2.0, "spread": 0.75, "runs": 3, "unit": "ms"}


def test_a_key_misses_when_any_of_its_limits_is_missed() -> None:
    """A good ratio does not hide a part that is over its own goal; a key without goal cannot miss."""
    parts = {"own_ms": Part(31.0, 30.0)}
    assert not Measure("cold_import", 0.3, 0.35, "", parts=parts).met
    assert Measure("sim_speed", 9999.0, None, "").met


def test_a_run_writes_what_it_counted_and_names_machine_and_commit(tmp_path: Path) -> None:
    """The command measures the keys it is told to, prints them, and writes the same to its file."""
    file = tmp_path / "bench.json"
    assert cli.main(["bench", "--quick", "--only", "poll_calls,parse", "--json", str(file)]) in (0, 1)
    found = json.loads(file.read_text())
    assert list(found["keys"]) == ["poll_calls", "parse"]
    assert found["keys"]["poll_calls"]["value"] == 5
    assert found["commit"]
    assert found["machine"]["noise"]["before"]["runs"] > 10


def test_a_ratio_is_measured_anew_each_time() -> None:
    """Both sides of a ratio are timed over and over, and no two runs agree to the last digit."""
    samples = [parse.measure(True).measured["snapshot"] for _ in range(2)]
    assert all(len(set(sample.values)) > 1 for sample in samples)
    assert samples[0].values != samples[1].values


def test_slow_keys_of_a_quick_run_name_the_commit_they_come_from(tmp_path: Path) -> None:
    """A quick run takes what would last too long from the last full run, and says so in file and table."""
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"commit": "abc1234", "keys": {"memory": entry(0.05)}}))
    found = report.run(["memory"], quick=True, kept_in=kept)
    assert found["keys"]["memory"]["from_commit"] == "abc1234"
    assert "kept, from the full run of abc1234, of unknown age" in report.table(found)


def test_a_kept_figure_is_judged_by_the_goals_of_today(tmp_path: Path) -> None:
    """A goal that was met when the run was kept is missed once it is stricter, and the table says so."""
    kept = tmp_path / "kept.json"
    cold = {**entry(0.25, 0.35), "what": cold_start.goals({}).what}
    kept.write_text(json.dumps({"commit": "abc1234", "keys": {"cold_start": cold}}))
    found = report.run(["cold_start"], quick=True, kept_in=kept)
    assert (found["keys"]["cold_start"]["goal"], found["keys"]["cold_start"]["met"]) == (0.22, False)
    assert report.missed(found) == ["cold_start"]
    assert re.search(r"cold_start +0\.25 +0\.22 +MISSED", report.table(found))


def test_a_kept_figure_of_another_measurement_meets_no_goal(tmp_path: Path) -> None:
    """What a key was when the run was kept is not what it is now: its figure is told, and not called ok."""
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"commit": "abc1234", "keys": {"rows_read": entry(1.0)}}))
    found = report.run(["rows_read"], quick=True, kept_in=kept)
    assert report.missed(found) == ["rows_read"]
    assert "today's code measures something else" in report.table(found)


@pytest.mark.parametrize("key", report.SLOW)
def test_a_slow_key_measures_what_its_goals_say(key: str) -> None:
    """Goals that kept figures are judged by are those that a full run is judged by."""
    source = inspect.getsource(importlib.import_module(f"local.bench.{key}"))
    assert source.count("limits.goal,") == source.count("limits.what,") == 1


def test_the_kept_full_run_has_every_key() -> None:
    """What is committed for quick runs to read is complete and names its commit."""
    kept = report.read_kept()
    assert set(kept["keys"]) == PROMISED
    assert kept["commit"]
    assert not kept["quick"]


def test_an_unknown_key_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong key is named, with those that there are."""
    assert cli.main(["bench", "--only", "speed"]) == 2
    assert "'speed'" in capsys.readouterr().err


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.99, 4), (1.0, 4), (0.25, 1)])
def test_a_percentile_is_a_value_that_was_seen(share: float, expected: float) -> None:
    """A percentile is the smallest value that is not under its share of all."""
    assert percentile([4, 1, 3, 2], share) == expected


def test_works_take_turns() -> None:
    """Each thing is measured once a round, so that a slow moment meets all alike."""
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return 1.0

    in_turn({"a": lambda: work("a"), "b": lambda: work("b")}, 2)
    assert order == ["a", "b", "a", "b"]


def simulated(races: int, sizes: str, dollars: float) -> dict[str, Any]:
    """Make a day as the probe tells it."""
    late = {"late_p99_critical_secs": 0.5, "late_p99_elsewhere_secs": 1.5, "late_max_secs": 1.8}
    counts = {"expected": 1770, "committed": 1768, "missing": 2, "duplicate": 0, "cold_pollers": 10}
    appwrite = {"rows_read": 33_000, "rows_written": 42_000, "calls": 20_000}
    return {
        "races": races,
        "sizes": sizes,
        "day_gib_secs": 7000.0,
        "month_dollars": dollars,
        **late,
        **counts,
        **appwrite,
    }


DAYS = [simulated(24, "lean", 2.2), simulated(24, "seed", 11.2), simulated(96, "lean", 4.5)]


def test_the_picture_shows_every_day_twice_beside_the_machine() -> None:
    """The drawing is well-formed: a full and a hollow dot a day at its price, the machine's line, what is missing."""
    root = ET.fromstring(picture(DAYS, 4.0))
    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    text = "".join(root.itertext())
    assert len(circles) == 2 * len(DAYS)
    assert sum(circle.get("fill") == "#fff" for circle in circles) == len(DAYS)
    assert "a virtual machine, $4" in text
    assert "96 races, lean: $4.50" in text
    assert "5,310 polls were to be made in these days, 6 are missing" in text


def test_dearer_days_are_drawn_higher_and_later_ones_further_right() -> None:
    """Positions are the figures': a day of $11.20 stands above one of $2.20, its hollow dot right of the full one."""
    root = ET.fromstring(picture(DAYS[:2], 4.0))
    circles = [(float(c.get("cx", "0")), float(c.get("cy", "0"))) for c in root.iter() if c.tag.endswith("circle")]
    (near, cheap), (far, _), (_, dear), _ = circles
    assert dear < cheap
    assert near < far


def test_the_table_tells_missing_polls_and_lateness() -> None:
    """Each day is a line with price, lateness, missing polls and Appwrite's rows."""
    lines = cost_table(DAYS).splitlines()
    assert len(lines) == len(DAYS) + 2
    for word in ("2.20", "7,000", "0.50", "1.50", "33,000"):
        assert word in lines[1]
