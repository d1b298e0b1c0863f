"""What polls without an answer on the tape had written beside their ledger rows is blamed on no rule."""

from typing import Any

import pytest

from local.tape.lost import UNANSWERED, told_lost
from local.tape.verify import RowDifference
from raceday.tables import ENTRANTS, ODDS_HISTORY, RACE_POLLS, RACE_RESULT_VERSIONS, RACE_RESULTS

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
