"""How commands end where a race, a date or a name is wrong, a store is empty, or nobody reads what they print."""

import subprocess
from pathlib import Path

import pytest

from local import stores
from local.cli import main
from local.tape.printed import _pools
from raceday.catalogue.products import POOL_COLUMNS
from tests.console.stepped import keep_one_race

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The store of one race that was polled to its end."""
    keep_one_race(tmp_path / "day.db")
    (tmp_path / "day.db-log").write_text("{}\n", encoding="utf-8")
    return str(tmp_path / "day.db")


@pytest.mark.parametrize("words", ["rebuild", "explain", "asof", "logs --race"])
@pytest.mark.parametrize(("named", "said"), [("nosuch", "there is no race 'nosuch'"), ("2026-02-30", "2026-02-30")])
def test_a_race_that_is_not_there_is_wrong_usage(
    words: str, named: str, said: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that takes a race ends with 2 for one that is not there, and says so."""
    assert main([*words.split(), named, "--store", store]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "asof", "rebuild"])
def test_a_date_of_no_calendar_is_told_as_that(command: str, store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The thirtieth of February is looked for among dates, not among races' ids."""
    assert main([command, "2026-02-30", "--store", store]) == 2
    assert "2026-02-30 is no date of the calendar" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["status", "status --json", "functions"])
def test_a_reader_that_has_gone_is_no_failure(words: str, store: str) -> None:
    """A closed pipe ends every command with 0 and no words, whichever library prints."""
    wrapped = f"{{ sleep 1; ./raceday {words} --store {store}; echo ends $? >&2; }} | true"
    ended = subprocess.run(["bash", "-c", wrapped], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stderr.strip().splitlines()[-1] == "ends 0", ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_empty_file_is_told_as_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of no bytes is no store to read: one line says what it is."""
    (tmp_path / "empty.db").touch()
    assert main(["status", "--store", str(tmp_path / "empty.db")]) == 2
    assert "empty.db is empty" in capsys.readouterr().err


def test_a_demo_that_ended_is_named_where_there_is_no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the default store is not there, the last demo's is told beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("APPWRITE_ENDPOINT", raising=False)
    stores.HOME.mkdir()
    stores.DEMO.touch()
    with pytest.raises(stores.NotAStore, match=r"--store .raceday/demo.db"):
        stores.present(None)


@pytest.mark.parametrize(
    ("words", "meant"),
    [("invoke enhanced-race-poler", "enhanced-race-poller"), ("pause daily-race", "daily-races")],
)
def test_a_functions_name_that_is_near_is_told(words: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A letter that is missing from a function's name is answered with the name."""
    assert main(words.split()) == 2
    assert f"did you mean {meant}" in capsys.readouterr().err


def test_a_pool_that_nothing_is_known_of_is_not_nought() -> None:
    """The table has 0 for an Exacta that was never listed; `asof` writes a dash as the page does."""
    row = {**dict.fromkeys(POOL_COLUMNS.values(), 0), "winPoolTotal": 500, "totalRacePool": 500, "multiLegTotal": 0}
    told = " ".join(_pools({**row, "n": 3}))
    assert "exacta -" in told
    assert "win $5.00" in told
    assert "$0.00" not in told
