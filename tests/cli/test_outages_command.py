"""`./raceday outages`: what its table looks like where nobody gives it a width."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from local.simulate.outages import Trial, trials
from local.simulate.plan import DayPlan
from local.simulate.storms import REGULAR
from local.work.outages import COLUMNS, expected, filled
from tests.cli.kit import raceday

OUTAGE = "killed-and-frozen-every-twenty-minutes"


def test_a_piped_table_cuts_no_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Piped, a row stands on one line with its words whole, though it is wider than 80 columns."""
    row = dict.fromkeys(COLUMNS, 1_000_000) | {"outage": OUTAGE, "depth": "wire", "clients": "present", "troubles": {}}
    monkeypatch.setattr("local.simulate.outages.trials", lambda *_, **__: [None])
    monkeypatch.setattr("local.simulate.outages.outage_rows", lambda *_: [row])
    assert raceday("outages", "--races", "1") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if OUTAGE in line]
    assert line.count("1,000,000") == len(COLUMNS) - 3


def _terminal(at_hand: int, width: int | None = None, *, stderr: bool = False) -> Console:
    return Console(width=width or at_hand, force_terminal=True, stderr=stderr)


def _row() -> dict[str, object]:
    return dict.fromkeys(COLUMNS, 1_000_000) | {"outage": OUTAGE, "depth": "wire", "clients": "present", "troubles": {}}


@pytest.mark.parametrize("width", [50, 60, 80, 120, 300])
def test_figures_fit_a_narrow_terminal_and_none_is_cut(width: int) -> None:
    """Every line fits the width that it is given, names stand beside their figures, and none is missing."""
    lines = filled(_row(), width).splitlines()
    assert all(len(line) <= width for line in lines[1:])
    units = [unit for line in lines for unit in line.strip().split("  ")]
    assert units == [f"{head} {_row()[name]:,}" if isinstance(_row()[name], int) else f"{head} {_row()[name]}"
                     for name, head in COLUMNS.items()]  # fmt: skip
    assert (len(lines) == 1) is (width == 300)


@pytest.mark.parametrize(("width", "drawn"), [(80, False), (220, True)])
def test_a_narrow_terminal_has_lines_for_a_table(
    width: int, drawn: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal that the table does not fit gets each row's figures by name; a wide one the table."""
    monkeypatch.setattr("local.simulate.outages.trials", lambda *_, **__: [None])
    monkeypatch.setattr("local.simulate.outages.outage_rows", lambda *_: [_row()])
    made = partial(_terminal, width)
    monkeypatch.setattr("local.work.outages.Console", made)
    assert raceday("outages", "--races", "1") == 0
    out = capsys.readouterr().out
    assert ("│" in out) is drawn
    assert (f"outage {OUTAGE}" in out) is not drawn


@pytest.mark.parametrize(
    ("depths", "jobs", "minutes"), [(("wire", "full"), 1, "1,980"), (("wire",), 1, "1,080"), (("wire",), 2, "540"),
                                    (("wire",), 9, "360")],
)  # fmt: skip
def test_the_calm_day_tells_how_long_the_others_take(
    depths: tuple[str, ...], jobs: int, minutes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them by turns, or as many at once as there are processes, and never less than the longest."""
    monkeypatch.setattr("local.work.outages.CALM_DAYS", {"wire": 3.6, "full": 3.0})
    _, *others = trials(DayPlan(), depths, tuple(REGULAR), ("present",))
    told = expected(others, 6_000.0, jobs)
    assert told == f"the calm day took 6000 s: expect about {minutes} minutes for the other {len(others)}"


def test_how_long_it_will_take_is_told_before_the_first_outage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Days are counted before anything runs, and minutes told once the calm day has."""
    ran: list[str] = []

    def run_one(trial: Trial) -> None:
        ran.append(capsys.readouterr().err)

    monkeypatch.setattr("local.simulate.outages.run_trial", run_one)
    monkeypatch.setattr("local.simulate.outages.outage_rows", lambda tried, _: [*tried][:0])
    assert raceday("outages", "--races", "24") == 0
    assert ran[0].startswith("7 days of 24 races; the calm one comes first")
    assert ran[1] == "the calm day took 0 s: expect a minute or two for the other 6\n"
    assert ran[2:] == [""] * 5


def test_a_run_that_is_cut_short_has_the_days_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each row is told and stands in the JSON as soon as its day has ended; at the end they stand as asked for."""
    path, kept = tmp_path / "rows.json", list[list[str]]()

    def rows(tried: object, told: Callable[[dict[str, object]], None]) -> list[dict[str, object]]:
        ended = [_row() | {"depth": depth} for depth in ("full", "wire")]
        for row in ended:
            told(row)
            assert OUTAGE in capsys.readouterr().err
            kept.append([row["depth"] for row in json.loads(path.read_text())])
        return ended

    asked = [Trial(DayPlan(depth=depth, network=OUTAGE), former=False) for depth in ("port", "wire", "full")]
    monkeypatch.setattr("local.simulate.outages.trials", lambda *_, **__: asked)
    monkeypatch.setattr("local.simulate.outages.outage_rows", rows)
    assert raceday("outages", "--races", "1", "--json", str(path)) == 0
    assert kept == [["full"], ["full", "wire"]]
    assert [row["depth"] for row in json.loads(path.read_text())] == ["wire", "full"]
