"""What the scheduler starts by the table of schedules."""

from datetime import UTC, datetime, timedelta

import pytest

from raceday.catalogue.schedules import Schedule
from raceday.clock import iso
from raceday.scheduling import runs
from raceday.settings import Settings
from raceday.tables import SUITE_STATE
from tests.scheduling.kit import Suite, at_minute


def test_a_daily_schedule_of_no_import_is_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only imports tell that they have finished: what any other daily schedule started is not started again."""
    daily = Schedule("silks", "jockey-silks-enricher", "50 17 * * *")
    monkeypatch.setattr(runs, "SCHEDULES", (daily,))
    suite = Suite(at_minute(70))
    for minutes in (0, 1, 11, 60):
        suite.tick(datetime(2026, 2, 13, 17, 50, 1, tzinfo=UTC) + timedelta(minutes=minutes), cold=True)
    assert suite.invoker.started == [("jockey-silks-enricher", {})]


def test_daily_imports_run_in_order_after_a_failure() -> None:
    """A failed import is started again, delays the next one, and never cancels it."""
    eve = datetime(2026, 2, 13, 17, 0, 1, tzinfo=UTC)
    suite = Suite(eve)
    started: dict[int, list[str]] = {}
    for minute in range(45):
        before = len(suite.invoker.names())
        suite.tick(eve + timedelta(minutes=minute))
        if names := suite.invoker.names()[before:]:
            started[minute] = names
    # daily-meetings never says that it finished: tried again every ten minutes, its successor after twenty of patience.
    assert started[0] == ["daily-meetings"]
    assert started[10] == ["daily-meetings"]
    assert "daily-races" in started[30]
    assert "daily-entrants" in started[40]


def test_each_daily_import_starts_once_at_its_minute() -> None:
    """With every import finishing, each starts once at its own minute, doubled and missed ticks included."""
    eve = datetime(2026, 2, 13, 16, 58, 1, tzinfo=UTC)
    suite = Suite(eve)
    started: list[tuple[int, str]] = []
    for minute in range(50):
        if minute == 12:
            continue
        for again in (0, 1) if minute in (2, 22) else (0,):
            before = len(suite.invoker.names())
            suite.tick(eve + timedelta(minutes=minute, seconds=again * 9), cold=bool(again))
            for name in suite.invoker.names()[before:]:
                started.append((minute, name))
                suite.state("import", name, "done", suite.at + timedelta(seconds=20))
    daily = [(m, name) for m, name in started if not (name == "daily-meetings" and m not in (2,))]
    assert daily == [(2, "daily-meetings"), (13, "daily-races"), (22, "daily-entrants")]
    # The refresh of the meetings comes each quarter of an hour beside them.
    assert [m for m, name in started if name == "daily-meetings"] == [2, 17, 32, 47]


def test_a_race_that_came_later_gets_its_entrants() -> None:
    """A race stored after the day's import has its entrants imported, and is not asked for at every tick."""
    suite = Suite(at_minute(120))
    run = {
        "kind": "run",
        "name": "daily-entrants",
        "status": "finished",
        "at": "2026-02-13T17:20:00.000+00:00",
        "data": "{}",
    }
    suite.run(lambda: suite.store.upsert(SUITE_STATE, "run", run))
    suite.race("r1", entrantsImportedAt=None, importedAt=iso(at_minute(103)))
    for minute in (102, 100, 99, 98):
        suite.tick(at_minute(minute))
    calls = [p for name, p in suite.invoker.started if name == "daily-entrants"]
    assert calls == [{"date": "2026-02-14"}]


def test_legacy_schedules_run_only_when_asked_for() -> None:
    """The legacy pollers start at their minutes when the setting says so, and never without it."""
    plain, legacy = Suite(at_minute(70)), Suite(at_minute(70), settings=Settings(legacy_schedules=True))
    for suite in (plain, legacy):
        suite.race("r1")
        for minute in (11, 10, 9):
            suite.tick(at_minute(minute))
    assert "race-data-poller" not in plain.invoker.names()
    assert legacy.invoker.names().count("race-data-poller") == 3
    batches = [p for name, p in legacy.invoker.started if name == "batch-race-poller"]
    assert batches == [{"raceIds": ["r1"], "due": True}]
