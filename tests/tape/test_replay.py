"""A day replayed from its tape comes out as it was stored, and a stored row that differs is named."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from local.simulate.port_store import PortBackend
from local.simulate.taped import simulate_tape
from local.simulate.world import SETTINGS
from local.tape.pairing import answer_of
from local.tape.reader import Tape
from local.tape.replay import Rows, TapeReplay
from local.tape.verify import compare
from raceday.clock import iso
from raceday.feed.taping import Answer
from raceday.tables import ENTRANTS, MONEY_FLOW, NOTIFICATIONS, RACE_POLLS, RACE_RESULTS
from tests.recorded import RECORDED, needs_recorded
from tests.tape.growing import growing
from tests.tape.kit import taped_day, write


def replayed(tape: Tape, stored: Rows, only: str = "") -> TapeReplay:
    """Return a whole replay."""
    made = TapeReplay(tape, stored, SETTINGS, only)
    asyncio.run(made.run())
    return made


@pytest.mark.parametrize(("seed", "faults"), [(1, "none"), (2, "all")])
def test_the_same_code_makes_the_same_rows(seed: int, faults: str) -> None:
    """Every row of every table comes out as it was stored, on a day on which everything breaks too."""
    path, stored = taped_day(seed, 3, faults)
    made = replayed(Tape.open(path), stored)
    assert made.unknown == []
    assert [str(each) for each in compare(stored, made.store.tables)] == []
    assert len(made.store.tables[RACE_POLLS]) == len(stored[RACE_POLLS]) > 100


def test_a_row_that_was_tampered_with_is_found() -> None:
    """One cent changed on one stored row, a row deleted and a row too many are each named, and nothing else."""
    path, stored = taped_day(1, 3)
    hurt = {table: dict(rows) for table, rows in stored.items()}
    flow, entrant = sorted(hurt[MONEY_FLOW])[:2], sorted(hurt[ENTRANTS])[0]
    hurt[MONEY_FLOW][flow[0]] = {**hurt[MONEY_FLOW][flow[0]], "winPoolAmount": -1}
    del hurt[MONEY_FLOW][flow[1]]
    hurt[ENTRANTS]["more"] = {**hurt[ENTRANTS][entrant], "$id": "more"}
    made = replayed(Tape.open(path), stored)
    found = {(d.table, d.row_id): d for d in compare(hurt, made.store.tables)}
    assert set(found) == {(MONEY_FLOW, flow[0]), (MONEY_FLOW, flow[1]), (ENTRANTS, "more")}
    assert list(found[MONEY_FLOW, flow[0]].columns) == ["winPoolAmount"]
    assert found[MONEY_FLOW, flow[1]].what == "is not stored"
    assert found[ENTRANTS, "more"].what == "is not made"


def test_one_race_alone_is_the_same_race() -> None:
    """A replay of one race makes that race's ledger as a whole replay does."""
    path, stored = taped_day(1, 3)
    race = sorted(row["raceId"] for row in stored[RACE_POLLS].values())[0]
    made = replayed(Tape.open(path), stored, race)
    assert compare(stored, made.store.tables, only=race) == []
    assert {row["raceId"] for row in made.store.tables[RACE_POLLS].values()} == {race}


@needs_recorded
def test_a_recorded_event_with_a_tracker_replays_as_it_was_lived(tmp_path: Path) -> None:
    """The event grown to a whole race: polled, taped and replayed, no row differs, and the tracker's figures move."""
    event = RECORDED / "events" / "NZ_T_Final_0f57e087_full_flags.json"
    series, backend = Tape.open(write(tmp_path / "series.tape", list(growing(event)))), PortBackend()
    simulate_tape(series, None, settings=SETTINGS, into=backend, keep=tmp_path / "lived.tape")
    assert backend.memory is not None
    stored = backend.memory.tables
    made = replayed(Tape.open(tmp_path / "lived.tape"), stored)
    assert made.unknown == []
    assert [str(each) for each in compare(stored, made.store.tables)] == []
    assert len(stored[RACE_POLLS]) > 40
    assert len({row["betPercentage"] for row in stored[MONEY_FLOW].values()}) > 40
    assert stored[RACE_RESULTS]
    assert stored[NOTIFICATIONS]


def test_of_two_pollers_answers_that_came_together_a_row_is_made_of_its_own(tmp_path: Path) -> None:
    """Two answers of one slot in one millisecond: each row finds the one that the feed made when the row says."""
    path, stored = taped_day(1, 1)
    day = Tape.open(path)
    row = next(row for row in stored[RACE_POLLS].values() if row["n"] == 9)
    entry = answer_of(day, row)
    assert entry is not None
    body = json.loads(day.body(entry))
    made = datetime.fromisoformat(body["header"]["generated_time"]).replace(microsecond=34_000)
    twins = []
    for i, micros in enumerate((120, 480, 840)):
        at = made + timedelta(microseconds=micros)
        body["header"]["generated_time"] = at.isoformat().replace("+00:00", "Z")
        received = entry.received.replace(microsecond=69_100 + 10 * i)
        twins.append(Answer(entry.url, entry.sent, received, 200, {}, json.dumps(body).encode()))
    tape = Tape.open(write(tmp_path / "twins.tape", twins))
    fetched = entry.received.replace(microsecond=69_000)
    for i, micros in enumerate((120, 480, 840)):
        age = round((fetched - made).total_seconds() - micros / 1e6, 4)
        told = {**row, "fetchedAt": iso(fetched), "generatedAt": iso(made),
                "checks": json.dumps([{"name": "freshness", "value": age}])}  # fmt: skip
        found = answer_of(tape, told)
        assert found is not None
        assert found.n == i + 1
