"""A backfill that was killed is gone on with: nothing is lost, nothing is there twice."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.feedsim import generate_day
from local.functions import ROOT
from local.tape.replay import Rows
from local.work.places import read_place
from ops.backfill import fill_day
from raceday.tables import BY_ID, CLOSING_PRICES, RACE_POLLS, RACE_POOLS, RACE_RESULT_VERSIONS, RACES, SUITE_STATE
from tests.cli.kit import raceday
from tests.ops.test_backfill import LATER
from tests.suite_kit import Suite
from tests.tape.kit import DAY, taped_day

CARD = generate_day(1, DAY, 1)
MOST_WRITES = 60


class Killed(BaseException):
    """The process is gone."""


class Dying(httpx.AsyncBaseTransport):
    """Carries so many writes to the store; the next is the last thing that a process does, before it or after it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, left: int, *, done: bool) -> None:
        self._inner, self._left, self._done = inner, left, done

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on while it lives."""
        self._left -= request.method != "GET"
        if self._left >= 0:
            return await self._inner.handle_async_request(request)
        if self._done:
            await self._inner.handle_async_request(request)
        raise Killed


async def tables(suite: Suite) -> dict[str, dict[str, dict[str, Any]]]:
    """Return all that a store holds, without what it says of itself."""
    found = {}
    for table in BY_ID:
        rows = await suite.rows(table)
        found[table] = {row["$id"]: {k: v for k, v in row.items() if not k.startswith("$")} for row in rows}
    return found


@pytest.mark.parametrize("done", [False, True], ids=["before a write", "after it"])
def test_killed_at_any_write_the_next_run_ends_as_an_unbroken_one(done: bool) -> None:
    """For each write of a day in turn: the run that follows leaves every row as it is where nobody was killed."""

    async def work() -> None:
        unbroken = Suite(CARD, at=LATER)
        assert (await fill_day(unbroken.container, DAY)).whole
        right = await tables(unbroken)
        for kill in range(MOST_WRITES):
            suite = Suite(CARD, at=LATER)
            suite.transport, inner = Dying(suite.transport, kill, done=done), suite.transport  # type: ignore[assignment]
            suite.container = suite.new_container()
            killed = True
            with suppress(Killed):
                await fill_day(suite.container, DAY)
                killed = False
            if not killed:
                assert kill > 5
                return
            suite.transport = inner
            suite.container = suite.new_container()
            again = await fill_day(suite.container, DAY)
            assert again.whole or again.skipped
            made = await tables(suite)
            made[SUITE_STATE] = right[SUITE_STATE]
            assert made == right, kill

        raise AssertionError("a day took more writes than any was thought to")

    asyncio.run(work())


def polls_in(path: Path) -> int:
    """Return how many ledger rows a store's file holds, 0 while it is being made."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as there:
            tables = "sqlite_master m, pragma_table_info(m.name) c"
            (name,) = there.execute(f"SELECT m.name FROM {tables} WHERE c.name = 'c_feedCalls'").fetchone() or ("",)
            return int(there.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) if name else 0
    except sqlite3.Error:
        return 0


def told(rows: Rows) -> dict[str, set[tuple[Any, ...]]]:
    """Return what a day's rows tell, without when they were written."""
    columns = {
        RACES: ("$id", "status", "startTime"),
        RACE_POLLS: ("raceId", "n", "kind", "status", "runners", "pools"),
        RACE_RESULT_VERSIONS: ("raceId", "version", "seenBy", "resultsData", "dividendsData"),
        RACE_POOLS: ("$id", "n", "winPoolTotal"),
        CLOSING_PRICES: ("$id", "n", "fixedWinLast", "poolWinLast", "poolWinDividend"),
    }
    return {table: {tuple(row[c] for c in named) for row in rows[table].values()} for table, named in columns.items()}


def test_killed_by_the_system_it_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 after its first race and after its second: the third run has all, as one that nobody killed."""
    tape, _ = taped_day(1, 4)
    monkeypatch.chdir(tmp_path)
    words = ["backfill", DAY.isoformat(), "--feed", f"tape:{tape}", "--at", LATER.isoformat()]
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"}
    for races in (1, 2):
        line = [*words, "--rate", "1", "--store", "killed.db"]
        child = subprocess.Popen(
            [sys.executable, "-m", "local.cli", *line], env=env, cwd=tmp_path, stdout=subprocess.DEVNULL
        )
        try:
            while polls_in(tmp_path / "killed.db") < races:
                assert child.poll() is None
                time.sleep(0.02)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
    assert 2 <= polls_in(tmp_path / "killed.db") < 4
    assert raceday(*words, "--rate", "1000", "--store", "killed.db") == 0
    assert raceday(*words, "--rate", "1000", "--store", "whole.db") == 0
    killed, whole = (told(asyncio.run(read_place(path))) for path in ("killed.db", "whole.db"))
    assert killed == whole
    assert len(killed[RACE_POLLS]) == len(killed[RACE_POOLS]) == 4
