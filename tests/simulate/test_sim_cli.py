"""`./raceday simulate` as a command: its options, its files and its exit codes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.cli import main
from local.simulate.verdict import replay
from local.work import simulate as simulate_work
from tests.recorded import RECORDED
from tests.recording import make_recording


def test_a_port_day_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day ends with a table, a JSON report of all that was measured, and exit code 0."""
    out = tmp_path / "report.json"
    assert main(["simulate", "--races", "1", "--depth", "port", "--seed", "7", "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    wanted = {
        "date",
        "seed",
        "races",
        "stored",
        "rows_changed",
        "failures",
        "polls",
        "buckets",
        "pools",
        "notifications",
    }
    assert wanted | {"invocations", "invocations_per_poll", "functions", "wall_secs", "measured"} <= report.keys()
    assert report["polls"]["committed"] > 40
    for part in ("rows_read", "rows_written", "calls"):
        by_function = dict(report["appwrite"][part])
        assert by_function.pop("total") == sum(by_function.values()) > 0
    assert report["appwrite"]["calls"]["enhanced-race-poller"] == report["store_calls"]["enhanced-race-poller"]
    assert report["cost"]["gib_secs"].keys() == report["functions"].keys()
    assert report["cost"]["day_gib_secs"]["lean"] < report["cost"]["day_gib_secs"]["seed"]
    assert "committed" in capsys.readouterr().out


def test_several_days_are_summed(tmp_path: Path) -> None:
    """Several days have seeds and dates of their own, and their figures are summed."""
    out = tmp_path / "report.json"
    assert main(["simulate", "--races", "1", "--days", "2", "--depth", "port", "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert [day["seed"] for day in report["each"]] == [1, 2]
    assert report["polls"]["committed"] == sum(day["polls"]["committed"] for day in report["each"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--feed", "nowhere"], "expected generated, tape:FILE or recorded:DIR"),
        (["--feed", "recorded:/no/such/folder"], "/no/such/folder"),
        (["--faults", "gremlins"], "gremlins"),
    ],
)
def test_wrong_usage_says_what_was_expected(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A feed or a fault profile that does not exist is named, with exit code 2."""
    assert main(["simulate", "--races", "1", *words]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--date", "17/07/2025"], ["--races", "0"], ["--depth", "deep"]])
def test_wrong_values_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A date that is none, no races, or an unknown depth end with exit code 2 and the option's name."""
    assert main(["simulate", *words]) == 2
    assert words[0] in capsys.readouterr().err


def imported_twice(folder: Path, day: str, kept: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Import a folder of recordings twice into one store and return both reports."""
    out, store = kept / "report.json", kept / "recorded.db"
    words = ["simulate", "--feed", f"recorded:{folder}", "--date", day, "--store", str(store), "--json", str(out)]
    assert main(words) == 0
    first = json.loads(out.read_text())
    assert main(words) == 0
    return first, json.loads(out.read_text())


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded responses are not there")
def test_recorded_responses_are_imported_once(tmp_path: Path) -> None:
    """The recorded day stores its 12 meetings and 96 races, and a second run on the same store changes nothing."""
    first, second = imported_twice(RECORDED, "2025-07-17", tmp_path)
    assert (first["stored"]["meetings"], first["stored"]["races"]) == (12, 96)
    assert first["rows_changed"] > 100
    assert (second["rows_changed"], second["stored"]) == (0, first["stored"])


def test_made_recordings_are_imported_once(tmp_path: Path) -> None:
    """A day recorded from the generator stores its wanted races, and a second run on the same store changes nothing."""
    day = make_recording(tmp_path / "recording")
    first, second = imported_twice(tmp_path / "recording", day.date.isoformat(), tmp_path)
    assert first["stored"]["races"] == len(day.core_races) < len(day.races)
    assert first["stored"]["entrants"] > 5 * len(day.core_races)
    assert (second["rows_changed"], second["stored"]) == (0, first["stored"])


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--faults", "all"], "new file"), (["--days", "2"], "--days 1"), (["--days", "2", "--jobs", "2"], "--days 1")],
)
def test_a_store_that_would_mix_days_up_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that holds another run's rows is refused under faults, and so is one for several days at once."""
    store = tmp_path / "kept.db"
    store.touch()
    assert main(["simulate", "--races", "1", "--store", str(store), *words]) == 2
    assert said in capsys.readouterr().err


def test_several_days_know_nothing_of_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days one after another at full depth are as right as each by itself, and the last one's store is kept."""
    monkeypatch.setattr(simulate_work, "STORE", tmp_path / "simulate.db")
    assert main(["simulate", "--races", "1", "--days", "2", "--seed", "5"]) == 0
    with closing(sqlite3.connect(tmp_path / "simulate.db")) as kept:
        assert kept.execute("select count(*) from sqlite_master").fetchone()[0] > 0


def test_a_store_that_would_not_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day at port depth keeps its rows in memory: who asks for a file is told so before the day is run."""
    store = tmp_path / "kept.db"
    assert main(["simulate", "--races", "1", "--depth", "port", "--store", str(store)]) == 2
    assert "expected --depth full or wire with it" in capsys.readouterr().err
    assert not store.exists()


def test_a_day_without_its_idle_minutes_says_so_beside_its_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A day ends with its last race and says of how many hours its costs are; `--whole` has all 24."""
    hours, ticks, said = [], [], []
    for words in ([], ["--whole"]):
        out = tmp_path / f"report{len(words)}.json"
        assert main(["simulate", "--races", "1", "--depth", "port", "--json", str(out), *words]) == 0
        report = json.loads(out.read_text())
        hours.append(report["cost"]["hours"])
        ticks.append(report["functions"]["master-race-scheduler"]["activations"])
        said.append("--whole" in capsys.readouterr().out)
        assert replay(report).endswith("--whole --trace" if words else "port --trace")
    assert hours[0] < hours[1] == 24
    assert ticks == [pytest.approx(60 * each, abs=4) for each in hours]
    assert said == [True, False]
