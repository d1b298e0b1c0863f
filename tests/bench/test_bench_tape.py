"""`./raceday bench --tape`: what is measured of a tape is what lies there; a missed goal ends with 1."""

import json
from pathlib import Path

import pytest

from local.bench import tape_figures
from local.bench.tape_figures import DAYS, TapeFigure
from local.tape.reader import Tape
from tests.cli.kit import raceday
from tests.tape.kit import answers, taped_day, write

Capture = pytest.CaptureFixture[str]


def test_a_tape_is_measured_whole(tmp_path: Path, capsys: Capture) -> None:
    """Sizes are the file's own, thirty days hold thirty times the polls, and the figures are kept as JSON."""
    path, _ = taped_day(1, 1)
    code = raceday("bench", "--tape", str(path), "--json", str(tmp_path / "figures.json"))
    told = capsys.readouterr().out
    found = {each["name"]: each for each in json.loads((tmp_path / "figures.json").read_text())}
    tape = Tape.open(path)
    assert found["tape"]["value"] == path.stat().st_size / 1e6
    assert found["a poll on the tape"]["value"] == path.stat().st_size / len(tape.entries)
    assert found["races"]["value"] == 1
    assert found["the day as Parquet"]["value"] > 0
    asked = next(name for name in found if name.startswith("a question"))
    polls = int(found[asked]["about"].rsplit("; ", 1)[1].split()[0].replace(",", ""))
    assert (polls % DAYS, polls > 30 * DAYS) == (0, True)
    assert all(name in told for name in found)
    figures = [TapeFigure(**each) for each in found.values()]
    assert code == (0 if all(each.met for each in figures) else 1)


def test_a_missed_goal_is_marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture) -> None:
    """A tape that is larger than its goal says so on its line, and the command ends with 1."""
    figure = TapeFigure("a poll on the tape", 3001.0, "bytes", 3000)
    monkeypatch.setattr(tape_figures, "measure_tape", lambda *_: [figure])
    path = write(tmp_path / "a.tape", answers(3))
    assert raceday("bench", "--tape", str(path)) == 1
    assert "(at most 3,000: MISSED)" in capsys.readouterr().out


def test_a_tape_of_no_day_is_refused(tmp_path: Path, capsys: Capture) -> None:
    """Answers that name no race day cannot be lived again."""
    assert raceday("bench", "--tape", str(write(tmp_path / "a.tape", answers(3)))) == 2
    assert "expected a tape of one race day, got 0" in capsys.readouterr().err
