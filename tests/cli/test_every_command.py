"""Every command by good, bad and hostile uses: an exit code and one line, never a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import stores
from local.cli import COMMANDS
from local.failures import StoreHeld
from local.functions import ROOT
from raceday.settings import specs
from tests.cli.kit import raceday

Capture = pytest.CaptureFixture[str]
READERS = (
    ["status"],
    ["report", "2026-02-14", "new.html"],
    ["rebuild", "r1"],
    ["explain", "r1"],
    ["export", "2026-02-14", "out"],
    ["pause"],
    ["resume"],
    ["prune", "--yes"],
    ["silks", "sheet", "new.html"],
)
WRITERS = (["invoke", "daily-meetings", "--quiet"], ["up", "--port", "0"], ["simulate", "--races", "1"])
JSON = (
    ["bench", "--only", "parse"],
    ["soak", "--days", "1"],
    ["outages", "--races", "1"],
    ["alerts", "score"],
    ["score", "table"],
    ["simulate", "--races", "1"],
    ["doctor"],
)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Work in an empty folder with none of the suite's variables, and somebody's README.md in it."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("# Somebody's own words\n")
    return tmp_path


def _refused(words: list[str], capsys: Capture) -> str:
    """Run a line that is wrong; gives its one line, after proving that nothing was left in the folder."""
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert raceday(*words) in (2, 3), words
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err, words
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before, words
    return told.err.strip().splitlines()[-1]


@pytest.mark.parametrize("words", [*READERS, *WRITERS], ids=lambda words: words[0])
def test_a_file_that_is_no_store_is_refused_and_left_alone(words: list[str], capsys: Capture) -> None:
    """Each command that takes a store refuses README.md and a folder, and writes nothing to or beside them."""
    assert "README.md" in _refused([*words, "--store", "README.md"], capsys)
    Path("place").mkdir()
    assert "place" in _refused([*words, "--store", "place"], capsys)


@pytest.mark.parametrize("words", [*READERS, *WRITERS], ids=lambda words: words[0])
def test_a_folder_that_is_not_there_is_told(words: list[str], capsys: Capture) -> None:
    """A store of a missing folder is refused, and the folder is not made."""
    assert "nope" in _refused([*words, "--store", "nope/deep/x.db"], capsys)
    assert not Path("nope").exists()


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
def test_a_reader_makes_no_store(words: list[str], capsys: Capture) -> None:
    """Commands that read or switch refuse a store that is not there, by default and by name."""
    assert "there is no store at" in _refused(words, capsys)
    assert "there is no store at absent.db" in _refused([*words, "--store", "absent.db"], capsys)


@pytest.mark.parametrize("words", JSON, ids=lambda words: words[0])
def test_a_report_that_cannot_be_written_is_told_before_the_work(words: list[str], capsys: Capture) -> None:
    """`--json` in a missing folder ends with one line at once, not after the day."""
    assert "/nope" in _refused([*words, "--json", "/nope/x"], capsys)


def test_ports_that_cannot_be_taken_are_told(capsys: Capture) -> None:
    """A port beyond 65535 and one in use end `up` with one line that names it."""
    words = ["up", "--races", "1", "--minutes", "0.01", "--speed", "60", "--store-port", "0", "--functions-port", "0"]
    assert raceday(*words, "--port", "99999") in (2, 3)
    assert "99999" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert raceday(*words, "--port", port) == 3
    told = capsys.readouterr()
    assert f"port {port}: address already in use" in told.err
    assert told.out.splitlines()[0] == "store .raceday/raceday.db"


def test_a_second_one_is_told_who_holds_the_store(capsys: Capture) -> None:
    """While one process holds a store, `up` on it ends with 3 and names the process; afterwards it may."""
    with stores.held("held.db", "./raceday up"):
        assert raceday("up", "--store", "held.db", "--races", "1", "--port", "0") == 3
    assert f"process {os.getpid()}" in capsys.readouterr().err
    with stores.held("held.db", "./raceday up"):
        pass
    with pytest.raises(StoreHeld), stores.held("held.db", "a"), stores.held("held.db", "b"):
        raise AssertionError("two hold one store")


def test_a_page_never_overwrites_what_raceday_did_not_make(capsys: Capture) -> None:
    """`report` and `silks sheet` leave somebody's README.md as it is."""
    assert raceday("invoke", "daily-meetings", "--races", "1", "--quiet") == 0
    assert capsys.readouterr().err.splitlines()[0] == "store .raceday/raceday.db"
    for words in (["report", "2026-02-14", "README.md"], ["silks", "sheet", "README.md"]):
        assert "was left as it is" in _refused(words, capsys)


@pytest.mark.parametrize(
    "words",
    [
        ["invoke", "nosuch"],
        ["invoke", "daily-races", "--timeout", "-4"],
        ["invoke", "daily-races", "--event", "absent.json"],
        ["invoke", "daily-races", "--param", "x"],
        ["report", "2026-02-14", "nope/x.html"],
        ["export", "yesterday", "out"],
        ["tape", "check", "README.md"],
        ["replay", "README.md"],
        ["status", "--date", "2026-02-30"],
        ["simulate", "--races", "0"],
        ["up", "--speed", "-1"],
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_a_wrong_word_is_one_line(words: list[str], capsys: Capture) -> None:
    """Values that make no sense end with 2 or 3 and one line."""
    assert _refused(words, capsys)


def test_help_of_every_command_has_an_example(capsys: Capture) -> None:
    """Each command's `--help` shows a line that one can type."""
    lacking = []
    for name in COMMANDS:
        raceday(name, "--help")
        if f"./raceday {name}" not in capsys.readouterr().out.replace("Usage: raceday", ""):
            lacking.append(name)
    assert lacking == []


def test_a_reader_that_goes_away_and_a_full_disk_end_without_a_traceback() -> None:
    """`--help | head -1` and a full device are quiet or one line, in real processes."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"}
    line = f"{sys.executable} -m local.cli --help | head -1; {sys.executable} -m local.cli --help >/dev/full"
    done = subprocess.run(["sh", "-c", line], env=env, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.startswith("Usage")
    assert "Traceback" not in done.stderr
    assert done.returncode != 0
