"""`./raceday prune` and `./raceday rebuild`."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.switches import switch
from local.world import LocalWorld, open_world
from raceday.clock import iso
from raceday.container import Container
from raceday.ledger.codec import to_row
from raceday.racing.records import LedgerRow, PoolTotals, RaceFacts
from raceday.racing.snapshot import Status
from raceday.settings import specs
from raceday.tables import (
    CLOSING_PRICES,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    SUITE_STATE,
)
from tests.cli.kit import raceday

Capture = pytest.CaptureFixture[str]
NOW = datetime.now(UTC)
Work = Callable[[Container], Coroutine[Any, Any, Any]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the file of a new embedded store."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    return str(tmp_path / "dev.db")


def _within(store: str, work: Work) -> Any:
    async def run() -> Any:
        world: LocalWorld = open_world("generated", store, lambda _: None, races=2)
        try:
            return await work(world.container("master-race-scheduler"))
        finally:
            await world.aclose()

    return asyncio.run(run())


def _poll(n: int, slot: datetime, race_id: str = "r1") -> dict[str, Any]:
    row = LedgerRow(
        race_id=race_id,
        meeting_id="m",
        n=n,
        slot=slot,
        kind="slot",
        fetched_at=slot,
        generated_at=slot,
        start=slot + timedelta(minutes=5),
        status=Status.OPEN,
        race=RaceFacts("Race", 1, "Meeting", "NZ", "T"),
        pools=PoolTotals({"win": 100_00 * n, "place": 50_00}),
    )
    return to_row(row)


def test_old_rows_go_and_fresh_ones_switches_and_health_stay(store: str, capsys: Capture) -> None:
    """Rows past their days are deleted, a day less is kept, and a switch of last year stays set."""

    async def fill(container: Container) -> None:
        for days in (13, 15):
            slot = NOW - timedelta(days=days)
            await container.store.create(RACE_POLLS, f"poll{days}", _poll(days, slot))
            for kind in ("run", "pause", "health"):
                row = {"kind": kind, "name": f"{kind}{days}", "status": "paused", "at": iso(slot)}
                await container.store.create(SUITE_STATE, f"{kind}{days}", row)
        for days in (29, 31):
            odds: dict[str, Any] = {"entrantId": "e", "raceId": "r1", "odds": 2.5, "type": "fixed_win"}
            stamp = {"eventTimestamp": iso(NOW - timedelta(days=days))}
            await container.store.create(ODDS_HISTORY, f"odds{days}", {**odds, **stamp})
        for days in (399, 401):
            at = iso(NOW - timedelta(days=days))
            version = {"raceId": f"r{days}", "version": 1, "seenAt": at, "seenBy": "poll"}
            await container.store.create(RACE_RESULT_VERSIONS, f"version{days}", version)
            price = {"raceId": f"r{days}", "entrantId": "e", "lastUpdated": at}
            await container.store.create(CLOSING_PRICES, f"price{days}", price)
        await switch(container.store, container.clock, "daily-races", paused=True)

    async def left(container: Container) -> dict[str, set[str]]:
        tables = (RACE_POLLS, ODDS_HISTORY, NOTIFICATIONS, SUITE_STATE, RACE_RESULT_VERSIONS, CLOSING_PRICES)
        return {table: {row["$id"] for row in await container.store.find(table)} for table in tables}

    _within(store, fill)
    before = _within(store, left)
    assert raceday("prune", "--store", store) == 1
    assert "nothing was deleted" in capsys.readouterr().out
    assert _within(store, left) == before
    assert raceday("prune", "--store", store, "--yes") == 0
    told = capsys.readouterr().out
    rows = _within(store, left)
    assert rows[RACE_POLLS] == {"poll13"}
    assert rows[ODDS_HISTORY] == {"odds29"}
    assert rows[RACE_RESULT_VERSIONS] == {"version399"}
    assert rows[CLOSING_PRICES] == {"price399"}
    assert rows[SUITE_STATE] >= {"run13", "pause13", "pause15", "health13", "health15"}
    assert "run15" not in rows[SUITE_STATE]
    assert "1 rows older than 14 days" in told
    assert raceday("prune", "--store", store, "--yes") == 0
    assert _within(store, left) == rows


def test_rebuild_says_what_differs_and_mends_it_when_asked(store: str, capsys: Capture) -> None:
    """Wrong pool totals end with 1; --write mends them, and then nothing differs."""

    async def fill(container: Container) -> None:
        start = (NOW - timedelta(hours=3)).replace(second=0, microsecond=0)
        for n, minutes in enumerate((60, 55, 50), 1):
            row = {**_poll(n, start - timedelta(minutes=minutes)), "startTime": iso(start)}
            await container.store.create(RACE_POLLS, f"poll{n}", row)
        await container.store.create(RACE_POOLS, "r1", {"raceId": "r1", "n": 1, "winPoolTotal": 1})

    _within(store, fill)
    assert raceday("rebuild", "r1", "--store", store) == 1
    assert "winPoolTotal" in capsys.readouterr().out
    assert raceday("rebuild", "r1", "--store", store, "--write") == 0
    assert "mended" in capsys.readouterr().out
    assert raceday("rebuild", "r1", "--store", store) == 0
    assert "1 races compared, 0 differ" in capsys.readouterr().out


def test_rebuild_without_a_store_is_wrong_usage(store: str, capsys: Capture) -> None:
    """A store file that is not there is told, and none is made."""
    assert raceday("rebuild", "r1", "--store", store) == 2
    assert "there is no store" in capsys.readouterr().err
    assert not Path(store).exists()


def test_rebuild_of_a_day_without_races_tells_it(store: str, capsys: Capture) -> None:
    """A date that nothing was stored of, one of no calendar, and a race that is not there are told, not compared."""

    async def nothing(container: Container) -> None:
        await container.store.find(RACE_POLLS)

    _within(store, nothing)
    for subject, code, said in (
        ("2026-01-01", 2, "no races of 2026-01-01"),
        ("2026-02-30", 2, "no date of the calendar"),
        ("nosuchrace", 2, "there is no race 'nosuchrace'"),
    ):
        assert raceday("rebuild", subject, "--store", store) == code
        assert said in capsys.readouterr().err


def test_a_store_that_cannot_be_reached_ends_with_three(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Both commands tell an Appwrite that is not there, and exit with 3."""
    monkeypatch.setenv("APPWRITE_ENDPOINT", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("APPWRITE_PROJECT_ID", "p")
    monkeypatch.setenv("APPWRITE_API_KEY", "standard_very_hush")
    monkeypatch.setenv("APPWRITE_ATTEMPTS", "1")
    assert raceday("prune", "--store", "env") == 3
    assert raceday("rebuild", "r1", "--store", "env") == 3
    assert raceday("pause", "--store", "env") == 3
    assert "hush" not in "".join(capsys.readouterr())
