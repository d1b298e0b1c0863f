"""`./raceday pause|resume`: switches that the scheduler obeys."""

from pathlib import Path

import pytest

from local.embedded import Embedded, bootstrap
from local.logfile import path_beside, read
from local.switches import paused_names, switch
from raceday.scheduling.state import read_state
from raceday.settings import Settings
from tests.cli.kit import raceday
from tests.suite_kit import Suite


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the file of a new embedded store."""
    monkeypatch.delenv("APPWRITE_ENDPOINT", raising=False)
    return str(tmp_path / "dev.db")


def test_a_function_is_paused_and_resumed(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command prints every switch that is set afterwards."""
    bootstrap(Embedded(store), database=Settings().store_database, bucket=Settings().store_bucket)
    assert raceday("pause", "daily-races", "--store", store) == 0
    assert raceday("pause", "--store", store) == 0
    assert raceday("resume", "daily-races", "--store", store) == 0
    assert raceday("resume", "--store", store) == 0
    assert capsys.readouterr().out.splitlines() == [
        *(f"store {store}", "paused: daily-races"),
        *(f"store {store}", "paused: all, daily-races"),
        *(f"store {store}", "paused: all"),
        *(f"store {store}", "paused: nothing"),
    ]


def test_resuming_with_no_name_resumes_what_was_paused_by_name(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`resume` alone leaves nothing paused, and every switch leaves a line in the log."""
    bootstrap(Embedded(store), database=Settings().store_database, bucket=Settings().store_bucket)
    assert raceday("pause", "daily-races", "--store", store) == 0
    assert raceday("resume", "--store", store) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "paused: nothing"
    lines = [line for line, _ in read(path_beside(store))]
    assert [(line["event"], line["switched"], line["state"]) for line in lines] == [
        ("cli.switched", "daily-races", "paused"),
        ("cli.switched", "all", "running"),
        ("cli.switched", "daily-races", "running"),
    ]


async def test_resuming_all_leaves_a_functions_own_switch() -> None:
    """A function that was paused by itself stays so when all others run again."""
    suite = Suite()
    await switch(suite.container.store, suite.container.clock, "daily-races", paused=True)
    await switch(suite.container.store, suite.container.clock, "all", paused=True)
    await switch(suite.container.store, suite.container.clock, "all", paused=False)
    state = await read_state(suite.container)
    assert await paused_names(suite.container.store) == ["daily-races"]
    assert (state.paused("daily-races"), state.paused("daily-meetings")) == (True, False)


async def test_the_scheduler_starts_nothing_while_all_is_paused() -> None:
    """At 17:00 UTC with all paused, the tick starts no import and says that it is paused."""
    suite = Suite()
    await switch(suite.container.store, suite.container.clock, "all", paused=True)
    result = await suite.run("master-race-scheduler")
    assert result["paused"] is True
    assert "started" not in result


@pytest.mark.parametrize("name", ["race-poller", "master-race-scheduler"])
def test_what_has_no_switch_is_wrong_usage(name: str, store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown function, and the scheduler itself, are refused with the names that can be switched."""
    assert raceday("pause", name, "--store", store) == 2
    told = capsys.readouterr().err
    assert name in told
    assert "enhanced-race-poller" in told
    assert not Path(store).exists()
