"""Answers, tapes and simulated days that the tests of the tape share."""

import json
import pickle
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from local.feedsim import DayOptions
from local.simulate.plan import DayPlan
from local.simulate.port_store import PortBackend
from local.simulate.run import simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.world import SimWorld
from local.tape.writer import TapeWriter
from local.testing.memory_store import MemoryStore
from raceday.feed.taping import Answer
from raceday.store.port import Row
from tests.once import file_once

START = datetime(2026, 2, 14, 1, 0, tzinfo=UTC)
BASE = "https://feed.raceday.local/affiliates/v1/racing"
DAY = date(2026, 2, 14)


def answers(count: int, races: int = 3, seed: int = 1) -> list[Answer]:
    """Return so many answers about some races by turns, each a little different from its race's last."""
    chance = random.Random(seed)
    made = []
    odds = {f"race-{r}": [round(chance.uniform(1, 40), 2) for _ in range(40)] for r in range(races)}
    for i in range(count):
        race = f"race-{i % races}"
        odds[race][chance.randrange(40)] = round(chance.uniform(1, 40), 2)
        runners = [{"name": f"Runner {k} of {race}", "odds": value} for k, value in enumerate(odds[race])]
        body = json.dumps({"header": {"n": i}, "race": race, "runners": runners}).encode()
        sent = START + timedelta(seconds=30 * i)
        headers = {"date": "x", "set-cookie": "never kept"}
        made.append(Answer(f"{BASE}/events/{race}", sent, sent + timedelta(milliseconds=123), 200, headers, body))
    return made


def write(path: Path, made: list[Answer]) -> Path:
    """Write answers to a new tape and return its path."""
    writer = TapeWriter.create(path, day="2026-02-14")
    for answer in made:
        assert writer.answer(answer, "enhanced-race-poller", "a1")
    writer.close()
    return path


class Passed(Exception):
    """The day is over; nobody here needs it judged."""


def _passed(*_: object) -> None:
    raise Passed


def simulated(plan: DayPlan, backend: PortBackend, seams: Callable[[SimWorld], FaultHooks] | None = None) -> None:
    """Let a day pass into a backend, judged by nobody."""
    with suppress(Passed):
        simulate_day(plan, into=backend, seams=seams, on_end=_passed)


@lru_cache(maxsize=4)
def taped_day(
    seed: int = 1, races: int = 4, faults: str = "none", amended: int | None = None, day: date = DAY
) -> tuple[Path, dict[str, dict[str, Row]]]:
    """Return the tape and the tables of a simulated day; made once, never changed.

    So many results are `amended` an hour or more after Final.
    """
    from local.simulate.faults import profile

    def make(folder: Path) -> None:
        folder.mkdir()
        backend = PortBackend()
        options = DayOptions(late_amendments=amended)
        plan = DayPlan(seed=seed, races=races, day=day, depth="port", tape=folder / "day.tape", options=options)
        simulated(plan, backend, None if faults == "none" else profile(faults))
        assert backend.memory is not None
        (folder / "tables").write_bytes(pickle.dumps(backend.memory.tables))

    folder = file_once(f"taped-{seed}-{races}-{faults}-{amended}-{day}", make)
    return folder / "day.tape", pickle.loads((folder / "tables").read_bytes())


def memory_day(seed: int = 1, races: int = 4, faults: str = "none") -> MemoryStore:
    """Return a store in memory that holds the tables of a simulated day."""
    _, tables = taped_day(seed, races, faults)
    store = MemoryStore(lambda: START)
    store.tables = tables
    for table, rows in tables.items():
        for row_id, row in rows.items():
            if row.get("raceId") is not None:
                store._by_race[table][row["raceId"]][row_id] = row
    return store
