"""Results that a look hours later found amended are replayed, explained and exported from the tape as kept."""

import pytest

from local.tape.explain import day_figures
from local.tape.looks import answer_of_look, looks_of
from local.tape.reader import Tape
from local.tape.remade import replayed as exported
from local.tape.replay import Rows
from local.tape.story import RaceStory
from local.tape.verify import compare
from raceday.store.port import Row
from raceday.tables import CLOSING_PRICES, RACE_RESULT_VERSIONS, RACE_RESULTS, RACES
from tests.tape.kit import taped_day
from tests.tape.test_replay import replayed


def amended_day(faults: str = "none") -> tuple[Tape, Rows]:
    """Return a day of four races, of which looks found three amended, and its tables."""
    path, stored = taped_day(13, 4, faults, 4)
    return Tape.open(path), stored


@pytest.mark.parametrize("faults", ["none", "all"])
def test_a_day_with_amended_results_replays_as_it_was_stored(faults: str) -> None:
    """The versions, their race's results and the dividends of its closing prices come out, on a day of faults too."""
    tape, stored = amended_day(faults)
    assert len(looks_of(stored)) == 3
    made = replayed(tape, stored)
    assert made.unknown == []
    assert [str(each) for each in compare(stored, made.store.tables)] == []


def test_a_look_is_decided_by_its_answer_and_not_by_what_is_stored() -> None:
    """A version that says something else than its look was answered is found, and so is one that nobody should keep."""
    tape, stored = amended_day()
    look = looks_of(stored)[0]
    hurt = {table: dict(rows) for table, rows in stored.items()}
    hurt[RACE_RESULT_VERSIONS][look["$id"]] = {**look, "dividendsData": "[]"}
    assert {(d.table, d.row_id) for d in compare(hurt, replayed(tape, hurt).store.tables)} == {
        (RACE_RESULT_VERSIONS, look["$id"])
    }
    race = look["raceId"]
    figures = [figure.name for _, figure in day_figures(hurt, tape, [race]) if figure.differs]
    assert figures == [f"results {look['version']} dividendsData"]


def test_a_rule_that_no_longer_sees_an_amendment_moves_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dividends count no more as amended, a version of them alone is not made, and its race's results differ."""
    tape, stored = amended_day()
    look = looks_of(stored)[0]
    monkeypatch.setattr("raceday.polling.watch.what_changed", lambda before, now: [])
    moved = {(d.table, d.row_id, d.what) for d in compare(stored, replayed(tape, stored).store.tables)}
    assert (RACE_RESULT_VERSIONS, look["$id"], "is not made") in moved
    assert (RACE_RESULTS, look["raceId"], "differs") in moved
    assert {table for table, _, _ in moved} <= {RACE_RESULT_VERSIONS, RACE_RESULTS, CLOSING_PRICES}


def test_a_look_whose_answer_is_on_another_tape_is_taken_as_it_is_and_named() -> None:
    """Of a look days later the day's tape knows nothing: nothing differs for that, and the look is told."""
    tape, stored = amended_day()
    look = looks_of(stored)[-1]
    entry = answer_of_look(tape, look)
    assert entry is not None
    tape.entries = [e for e in tape.entries if e is not entry]
    tape._by_race[look["raceId"]] = [e for e in tape.race(look["raceId"]) if e.received < entry.sent]
    made = replayed(tape, stored)
    assert [str(each) for each in compare(stored, made.store.tables)] == []
    assert made.unknown == [f"{look['raceId']} results version {look['version']}"]
    story = RaceStory(stored, tape, look["raceId"])
    assert story.taken == {look["$id"]}
    assert [f for _, f in day_figures(stored, tape, sorted(stored[RACES])) if f.differs] == []


def test_an_export_from_the_tape_has_the_amended_results() -> None:
    """At the ledger's slots placings and dividends are those of the newest version, in bounded memory too."""
    tape, stored = amended_day()
    made, unknown = exported(tape, stored)
    assert unknown == []
    columns = ("resultsData", "dividendsData", "versions")

    def told(rows: dict[str, Row]) -> dict[str, list[object]]:
        return {key: [row[column] for column in columns] for key, row in rows.items()}

    assert told(made.memory.tables[RACE_RESULTS]) == told(dict(stored[RACE_RESULTS]))
    made.close()
