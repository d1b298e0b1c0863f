"""`./raceday status` and `./raceday report`: exit codes, and files that need nothing else."""

import asyncio
from pathlib import Path

import pytest

from local.cli import main
from local.console.activity import Activity, path_beside
from local.console.pages import NOTICE
from raceday.tables import SUITE_STATE
from tests.console.stepped import Stepped, keep_one_race

DAY = "2026-02-14"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kept store of one race that ran to its end, whose scheduler is paused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("APPWRITE_ENDPOINT", raising=False)
    keep_one_race(tmp_path / "day.db")
    return tmp_path / "day.db"


def race_id(store: Path) -> str:
    """Return the day's race."""

    async def read() -> str:
        stepped = Stepped(store, races=1)
        found = str((await stepped.races())[0]["$id"])
        await stepped.world.aclose()
        return found

    return asyncio.run(read())


def test_status_is_0_where_all_is_well(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day that ended well is listed, and the exit code is 0."""
    assert main(["status", "--store", str(store), "--date", DAY, "--all"]) == 0
    told = capsys.readouterr().out
    assert "1 race" in told
    assert "Final" in told
    assert "nothing needs attention" in told


def test_status_is_1_where_the_suite_is_paused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pause is told of and makes the exit code 1, as does a day without races."""

    async def pause() -> None:
        stepped = Stepped(store, races=1)
        row = {"kind": "pause", "name": "all", "status": "paused"}
        await stepped.world.container("master-race-scheduler").store.upsert(SUITE_STATE, "pause-all", row)
        await stepped.world.aclose()

    asyncio.run(pause())
    assert main(["status", "--store", str(store), "--date", DAY]) == 1
    assert "paused: all" in capsys.readouterr().out
    assert main(["status", "--store", str(store), "--date", "2020-01-01"]) == 1


def test_status_is_2_without_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A store that is not there is wrong usage, and no file is made for it."""
    missing = tmp_path / "none.db"
    assert main(["status", "--store", str(missing)]) == 2
    assert "there is no store" in capsys.readouterr().err
    assert not missing.exists()


def test_reports_are_single_files(store: Path, tmp_path: Path) -> None:
    """A race and a day become files without scripts, links or anything to fetch, and leave no half-written one."""
    for subject, word in ((race_id(store), "Money flow"), (DAY, "Finished")):
        file = tmp_path / "report.html"
        assert main(["report", subject, str(file), "--store", str(store)]) == 0
        text = file.read_text(encoding="utf-8")
        assert word in text
        for fetched in ("<script", "<link", 'src="/', 'href="/', "http://", "https://"):
            assert fetched not in text
        assert NOTICE not in text
    assert sorted(p.name for p in tmp_path.glob("report*")) == ["report.html"]


def test_a_report_on_real_data_carries_the_notice(store: Path, tmp_path: Path) -> None:
    """What came from the real feed, or nobody knows from where, says that it is for personal use."""
    activity = Activity(path_beside(store))
    activity.mark_feed(generated=False)
    activity.mark_feed(generated=True)
    activity.close()
    for known in (True, False):
        if not known:
            path_beside(store).unlink()
        file = tmp_path / "report.html"
        assert main(["report", DAY, str(file), "--store", str(store)]) == 0
        text = file.read_text(encoding="utf-8")
        assert NOTICE in text
        assert "generated data" not in text


def test_an_unknown_subject_is_2(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A race that the store does not have is told of, and no file is written."""
    assert main(["report", "nothing", str(tmp_path / "x.html"), "--store", str(store)]) == 2
    assert "there is no race 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
