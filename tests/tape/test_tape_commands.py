"""What the commands of the tape say where they cannot read a store."""

import re
from pathlib import Path

import pytest

from local.tape.explain import day_figures, ledger_figures
from local.tape.format import TERMS
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.story import RaceStory
from raceday.feed.taping import Answer
from raceday.tables import RACE_POLLS, RACES
from tests.cli.kit import raceday
from tests.recording import DATE, make_recording
from tests.tape.kit import answers, taped_day, write


@pytest.mark.parametrize(
    "line",
    ["asof 2026-02-14 14:05", "explain 2026-02-14", "replay {tape}", "export 2026-02-14 {out} --tape {tape}"],
)
def test_an_appwrite_that_is_not_set_up_is_told(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each ends as wrong usage and names the settings that are missing."""
    for name in ("APPWRITE_ENDPOINT", "APPWRITE_PROJECT_ID", "APPWRITE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    tape = write(tmp_path / "a.tape", answers(3))
    words = line.format(tape=tape, out=tmp_path / "out").split()
    assert raceday(*words, "--store", "env") == 2
    assert "APPWRITE_ENDPOINT is missing" in capsys.readouterr().err


def test_asof_refuses_a_moment_beside_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    """A check of a thousand instants chooses them itself: a TIME beside it is wrong usage, and nothing is read."""
    assert raceday("asof", "2026-02-14", "14:05", "--check", "1000") == 2
    assert "expected a TIME or --check N, got both" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", ["simulate --feed tape:{tape}", "up --feed tape:{tape}", "export 2026-02-14 x --tape {tape}"]
)
def test_a_tape_that_is_not_there_is_told(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ends as wrong usage, names the path, and tells the feed's terms all the same."""
    words = line.format(tape=tmp_path / "none.tape").split()
    assert raceday(*words) == 2
    told = capsys.readouterr().err
    assert str(tmp_path / "none.tape") in told.replace("\n", "")
    assert TERMS in told


def test_a_tape_is_replayed_without_a_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No store is read: the day passes at its schedule's slots, and what it made is told; without a race it is 3."""
    path, stored = taped_day(1, 1)
    assert raceday("replay", str(path)) == 0
    told = capsys.readouterr().out
    polls = int(told.split()[0])
    assert "without a ledger" in told
    assert f"races {len(stored['races'])}" in told
    assert abs(polls - len(stored["race-polls"])) <= 0.1 * len(stored["race-polls"])
    assert raceday("replay", str(write(tmp_path / "a.tape", answers(3)))) == 3


def test_a_recorded_folder_is_replayed_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both live its day from the recorded answers alone, and export writes the races that were recorded."""
    make_recording(tmp_path / "recorded")
    day = DATE.isoformat()
    assert raceday("replay", str(tmp_path / "recorded"), "--date", day) == 0
    polls = int(capsys.readouterr().out.split()[0])
    assert raceday("export", day, str(tmp_path / "out"), "--tape", str(tmp_path / "recorded")) == 0
    assert f"{day}: polls {polls}  " in capsys.readouterr().out
    assert polls > 5


async def _read(stored: Rows, races: list[str]) -> tuple[Rows, list[str]]:
    return stored, races


@pytest.mark.parametrize("words", ["explain 2026-02-14", "asof 2026-02-14 --check 5"])
def test_a_tape_of_other_races_is_refused(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a tape has the answer of no poll, nothing is held to it or counted, and the command ends with 2."""
    path, stored = taped_day(1, 1)
    other = write(tmp_path / "other.tape", answers(3))
    monkeypatch.setattr("local.work.places.read_named", lambda *_: _read(stored, sorted(stored[RACES])))
    monkeypatch.setattr("local.stores.present", lambda _: "a.db")
    assert raceday(*words.split(), "--tape", str(other)) == 2
    told = capsys.readouterr()
    polls = sum(row["kind"] != "closing" for row in stored[RACE_POLLS].values())
    assert f"of none of the {polls} polls" in told.err
    assert "differ" not in told.out
    assert raceday(*words.split(), "--tape", str(path)) == 0
    assert "0 differ" in capsys.readouterr().out


def test_what_is_taken_from_the_ledger_is_not_counted_as_made_from_the_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a tape with one poll's answer that poll's columns alone are made from it; what others made is told apart."""
    path, stored = taped_day(1, 1)
    day, race = Tape.open(path), min(stored[RACES])
    told = RaceStory(stored, day, race).told[0]
    assert told.entry is not None
    answer = Answer(told.entry.url, told.entry.sent, told.entry.received, 200, {}, day.body(told.entry))
    one = write(tmp_path / "one.tape", [answer])
    monkeypatch.setattr("local.work.places.read_named", lambda *_: _read(stored, [race]))
    monkeypatch.setattr("local.stores.present", lambda _: "a.db")
    raceday("explain", race, "--tape", str(one))
    last = capsys.readouterr().out.splitlines()[-1]
    made, taken = (int(text.replace(",", "")) for text in re.findall(r"([\d,]+) (?:figures|from the ledger)", last))
    own = len(ledger_figures(RaceStory(stored, Tape.open(one), race).told[0]))
    first = sum(not figure.taken for _, figure in day_figures(stored, Tape.open(one), [race]))
    assert own <= made == first
    assert taken > 10 * own
