"""A day replayed from its tape comes out as it was stored, and a changed rule moves exactly the rows it makes."""

import asyncio

import pytest

from local.simulate.world import SETTINGS
from local.tape.reader import Tape
from local.tape.replay import Rows, TapeReplay
from local.tape.verify import compare, counts
from raceday.racing import validation
from raceday.tables import ENTRANTS, MONEY_FLOW, RACE_POLLS
from tests.tape.kit import taped_day


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


def test_a_changed_tolerance_lists_exactly_the_rows_it_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrower tolerance is seen in the ledger rows whose check it moves, by that check, and in what they make."""
    path, stored = taped_day(1, 3)
    monkeypatch.setattr(validation, "_WIN_TOLERANCE", 0.02)
    made = replayed(Tape.open(path), stored)
    found = compare(stored, made.store.tables)
    moved = {d.row_id for d in found if d.table == RACE_POLLS}
    full = made.store.tables[RACE_POLLS]
    assert moved == {key for key, row in stored[RACE_POLLS].items() if row["checks"] != full[key]["checks"]}
    assert moved
    assert {d.rule for d in found if d.table == RACE_POLLS} == {"check win_identity"}
    assert set(counts(found)) <= {RACE_POLLS, MONEY_FLOW}
    scored = {d.row_id for d in found if d.table == MONEY_FLOW}
    assert scored == {k for k, r in stored[MONEY_FLOW].items()
                      if r["dataQualityScore"] != made.store.tables[MONEY_FLOW][k]["dataQualityScore"]}  # fmt: skip


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
