"""What polls without an answer on the tape had written beside their ledger rows is blamed on no rule."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from local.simulate.world import SETTINGS
from local.tape.blame import blamed
from local.tape.lost import UNANSWERED, told_lost
from local.tape.reader import Tape
from local.tape.replay import TapeReplay
from local.tape.verify import RowDifference, compare
from raceday.racing import validation
from raceday.tables import (
    CLOSING_PRICES,
    ENTRANTS,
    MEETINGS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
)
from tests.tape.kit import taped_day
from tests.tape.test_replay import replayed

LOST = {"$id": "p4", "raceId": "r1", "n": 4, "fetchedAt": "2026-02-14T01:00:00.500Z"}
SEEN = "2026-02-14T01:00:00.500+00:00"
STORED: dict[str, dict[str, dict[str, Any]]] = {
    RACE_POLLS: {"p4": LOST, "p5": {"raceId": "r1", "n": 5}},
    ODDS_HISTORY: {"o4": {"raceId": "r1", "n": 4}, "o5": {"raceId": "r1", "n": 5}, "x4": {"raceId": "r2", "n": 4}},
    RACE_RESULT_VERSIONS: {
        "v1": {"raceId": "r1", "version": 1, "seenAt": "2026-02-14T00:59:00.000+00:00"},
        "v2": {"raceId": "r1", "version": 2, "seenAt": SEEN},
        "v3": {"raceId": "r1", "version": 3, "seenAt": "2026-02-14T01:02:00.000+00:00"},
    },
    RACE_RESULTS: {"r1": {"raceId": "r1"}, "r2": {"raceId": "r2"}},
    ENTRANTS: {"e1": {"raceId": "r1"}},
}


@pytest.mark.parametrize(
    ("table", "row_id", "what", "rule"),
    [
        (ODDS_HISTORY, "o4", "is not made", UNANSWERED),
        (ODDS_HISTORY, "o4", "differs", "own"),
        (ODDS_HISTORY, "o5", "is not made", "own"),
        (ODDS_HISTORY, "x4", "is not made", "own"),
        (ODDS_HISTORY, "new", "is not stored", "own"),
        (RACE_RESULT_VERSIONS, "v1", "differs", "own"),
        (RACE_RESULT_VERSIONS, "v2", "differs", UNANSWERED),
        (RACE_RESULT_VERSIONS, "v3", "is not made", UNANSWERED),
        (RACE_RESULTS, "r1", "differs", UNANSWERED),
        (RACE_RESULTS, "r2", "differs", "own"),
        (ENTRANTS, "e1", "differs", f"{UNANSWERED}, or stored row altered; no ledger row of its race moved"),
    ],
)
def test_only_what_a_lost_poll_wrote_is_put_down_to_the_tape(table: str, row_id: str, what: str, rule: str) -> None:
    """By its number for odds, by when it was seen for results; another poll's and another race's rows keep theirs."""
    found = told_lost([RowDifference(table, row_id, what, "own", {})], STORED, [LOST])
    assert [each.rule for each in found] == [rule]


def test_where_a_ledger_row_moved_an_entrant_may_have_moved_with_it() -> None:
    """A rule that changed moves rows of the ledger too: then both reasons are named."""
    moved = RowDifference(RACE_POLLS, "p5", "differs", "racing/score", {})
    found = told_lost([moved, RowDifference(ENTRANTS, "e1", "differs", "own", {})], STORED, [LOST])
    assert [each.rule for each in found] == ["racing/score", f"{UNANSWERED}, or own"]


def damaged(path: Path, place: Path, function: str, before: int = 0) -> Path:
    """Return a copy of a tape with a flipped bit in each of a function's records, or in that of its first ones."""
    data, tape = bytearray(path.read_bytes()), Tape.open(path)
    for entry in [e for e in tape.entries if e.function == function][: before or None]:
        data[entry.at + 30] ^= 4
    place.write_bytes(data)
    return place


@pytest.mark.parametrize(
    ("day", "function", "first"),
    [
        ((1, 1), "daily-meetings", 0),
        ((1, 1), "daily-meetings", 1),
        ((13, 4, "none", 4), "daily-entrants", 0),
    ],
)
def test_imports_that_a_damaged_tape_lost_move_no_row(day: Any, function: str, first: int, tmp_path: Path) -> None:
    """Races and entrants that the store had before a poll are taken from there: polls keep numbers and figures."""
    path, stored = taped_day(*day)
    tape = Tape.checked(damaged(path, tmp_path / "hurt.tape", function, first))
    assert tape.damages
    made = replayed(tape, stored)
    assert made.unknown == []
    differing = asyncio.run(
        blamed(compare(stored, made.store.tables), stored, made.store.tables, made.lost, made.untold, damaged=True)
    )
    # The others had their first poll before any import of theirs.
    assert len(made.untold) == 1
    assert [str(each) for each in differing if UNANSWERED not in each.rule] == []
    assert {each.table for each in differing} <= {MEETINGS, RACES, ENTRANTS}


def test_a_race_that_imports_leave_out_by_a_changed_rule_is_not_taken_from_the_store(tmp_path: Path) -> None:
    """A list on the tape names it, so that its rows are listed as not made, of a tape with other damage too."""
    path, stored = taped_day(1, 1)
    code = next(iter(stored[RACES].values()))["type"]
    others = SETTINGS.codes - {code}
    for tape in (Tape.open(path), Tape.checked(damaged(path, tmp_path / "hurt.tape", "daily-entrants", 1))):
        made = TapeReplay(tape, stored, dataclasses.replace(SETTINGS, codes=others))
        asyncio.run(made.run())
        assert made.untold == set()
        assert {d.what for d in compare(stored, made.store.tables)} == {"is not made"}


def test_a_closing_price_whose_number_alone_is_spoilt_is_laid_on_no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside polls that a changed check moved, a row with another `n` is said to be altered."""
    path, stored = taped_day(1, 1)
    monkeypatch.setattr(validation, "_WIN_TOLERANCE", 0.02)
    made = replayed(Tape.open(path), stored).store.tables
    hurt = {table: dict(rows) for table, rows in stored.items()}
    key = min(hurt[CLOSING_PRICES])
    hurt[CLOSING_PRICES][key] = {**hurt[CLOSING_PRICES][key], "n": 1}
    found = asyncio.run(blamed(compare(hurt, made), hurt, made))
    assert "check win_identity" in {each.rule for each in found}
    (rule,) = (each.rule for each in found if each.table == CLOSING_PRICES)
    assert rule.startswith("stored row altered")
