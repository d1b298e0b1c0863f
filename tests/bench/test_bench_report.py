"""The bench's report: every key, its limits, where slow ones come from, and what is printed of them."""

import importlib
import inspect
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from local import cli
from local.bench import day_cost, parse, report, rows_read
from local.bench.cost import priced, punctual
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


def test_a_day_is_priced_against_a_machine_and_counted_against_its_polls() -> None:
    """Dollars of the lean sizes stand over the machine's four, rows read over the day's polls, each with its goal."""
    late = {"late_p99_critical_secs": 0.1, "late_p99_elsewhere_secs": 1.5, "committed": 1_000}
    dollars = {"month_dollars": {"seed": 11.0, "lean": 2.0}, "day_gib_secs": {"seed": 1.0, "lean": 1.0}}
    rows = {key: {"total": 40_000} for key in ("rows_read", "rows_written", "calls")}
    day = {"polls": late, "cost": dollars, "appwrite": rows}
    priced_day, counted = day_cost.measured(day), rows_read.measured(day)
    assert (priced_day.value, priced_day.met) == (0.5, True)
    assert (counted.value, counted.goal) == (40.0, 50.0)
    assert not counted.met, "40,000 calls are over their limit"


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
    assert "from the full run of abc1234" in report.table(found)


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


def simulated(batch: int, gib_secs: float, reach_secs: int = 80, late: float = 0.05) -> dict[str, Any]:
    """Make a variant as a simulation tells it."""
    return {
        "races": 24, "batch": batch, "reach_secs": reach_secs, "poller_activations": 800, "gaps": 0,
        "poller_gib_secs": gib_secs, "other_gib_secs": 1400.0, "late_p99_secs": late, "late_max_secs": late,
    }  # fmt: skip


def test_a_month_is_priced_by_memory_after_the_free_allowance() -> None:
    """Thirty days of GiB-seconds less 90,000 free ones cost 0.0000185 dollars each; memory counts in proportion."""
    found = priced(simulated(30, 40_000.0))["month_dollars"]
    assert found["1024"] == round((41_400 * 30 - 90_000) * 0.0000185, 2)
    assert found["256"] == round((11_400 * 30 - 90_000) * 0.0000185, 2)


def test_a_variant_that_is_late_is_not_punctual() -> None:
    """Cheap is no use where requests leave late."""
    assert punctual(simulated(30, 1.0))
    assert not punctual(simulated(30, 1.0, late=5.0))


def test_the_curve_is_a_picture_with_a_line_for_each_memory() -> None:
    """The drawing is well-formed, and draws four memories over the batch sizes."""
    rows = [priced(simulated(1, 75_000.0)), priced(simulated(30, 45_000.0)), priced(simulated(30, 14_000.0, 35, 5.0))]
    root = ET.fromstring(picture(rows))
    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(circles) == 8
    assert "late 5.00 s" in "".join(root.itertext())
