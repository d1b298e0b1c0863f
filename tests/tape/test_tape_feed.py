"""A tape is a feed: a day lived from it stores what the day that was taped had stored."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from local.simulate.port_store import PortBackend
from local.simulate.taped import simulate_tape
from local.simulate.world import SETTINGS
from local.tape.feed import TapeFeed
from local.tape.reader import Tape
from local.tape.scanning import TapeError
from raceday.feed.taping import Answer
from raceday.tables import ENTRANTS, MEETINGS, RACE_POLLS, RACE_RESULTS, RACES
from tests.recording import DATE, make_recording
from tests.tape.kit import DAY, START, answers, taped_day, write

IDENTIFIED = {"From": "a@b.c", "X-Partner": "p", "X-Partner-ID": "i"}


def test_each_instant_is_answered_with_the_newest_answer_before_it(tmp_path: Path) -> None:
    """Before its first answer a race shows that one; an unknown race is 404, and nobody unnamed is served."""
    made = answers(9)
    feed = TapeFeed(Tape.open(write(tmp_path / "a.tape", made)), compress=False)
    path = "/affiliates/v1/racing/events/race-1"
    of_race = [answer for answer in made if answer.url.endswith("race-1")]
    shown = [
        json.loads(feed.respond(path, "any=1", IDENTIFIED, at)[2])["header"]["n"]
        for at in (START - timedelta(days=1), of_race[1].received, of_race[2].received - timedelta(microseconds=1))
    ]
    assert shown == [1, 4, 4]
    assert feed.respond(f"{path}0", "", IDENTIFIED, START)[0] == 404
    assert feed.respond(path, "", {}, START)[0] == 403
    assert feed.begin == START


def test_a_day_from_a_tape_ends_as_the_taped_day() -> None:
    """The same races and entrants are stored, polled at the same slots, with the same results."""
    path, stored = taped_day(1, 1)
    backend = PortBackend()
    report = simulate_tape(Tape.open(path), None, settings=SETTINGS, into=backend)
    assert backend.memory is not None
    made = backend.memory.tables
    for table in (RACES, ENTRANTS, RACE_RESULTS):
        assert made[table].keys() == stored[table].keys()
    slots = [
        {(r["raceId"], r["slot"]) for r in each[RACE_POLLS].values() if r["kind"] == "slot"} for each in (made, stored)
    ]
    assert len(slots[0] & slots[1]) / len(slots[1]) > 0.98
    assert report["stored"]["polls"] == len(made[RACE_POLLS]) > 30
    columns = ("resultsData", "dividendsData", "resultStatus")
    assert [[row[c] for c in columns] for _, row in sorted(made[RACE_RESULTS].items())] == [
        [row[c] for c in columns] for _, row in sorted(stored[RACE_RESULTS].items())
    ]


def test_a_tape_without_lists_serves_those_made_of_its_races(tmp_path: Path) -> None:
    """A poller's uploads hold no import, yet its races are imported under their meetings and polled."""
    path, stored = taped_day(1, 3)
    whole = Tape.open(path)
    events = [
        Answer(e.url, e.sent, e.received, e.status, {}, whole.body(e))
        for e in whole.entries
        if e.function == "enhanced-race-poller" and e.race_id
    ]
    backend = PortBackend()
    simulate_tape(Tape.open(write(tmp_path / "joined.tape", events)), None, settings=SETTINGS, into=backend)
    assert backend.memory is not None
    made = backend.memory.tables
    for table in (MEETINGS, RACES, ENTRANTS):
        assert made[table].keys() == stored[table].keys(), table
    assert {row["raceDateNz"] for row in made[RACES].values()} == {DAY.isoformat()}
    assert len(made[RACE_POLLS]) > 0.8 * len(stored[RACE_POLLS])


def test_a_recorded_folder_is_a_tape(tmp_path: Path) -> None:
    """Each recorded answer stands on it when the feed made it, and the day passes as from any other tape."""
    day = make_recording(tmp_path)
    tape = Tape.open(tmp_path)
    kept = {path.read_bytes() for path in tmp_path.glob("*/*.json")}
    assert {body for _, body in tape.bodies()} == kept
    assert len(tape.entries) == len(kept) > 5
    backend = PortBackend()
    simulate_tape(tape, None, settings=SETTINGS, into=backend, day=DATE)
    assert backend.memory is not None
    made = backend.memory.tables
    recorded = {race.race_id for race in day.core_races} & set(tape.race_ids)
    assert {row["raceId"] for row in made[ENTRANTS].values()} == recorded
    assert {row["raceId"] for row in made[RACE_POLLS].values()} <= recorded
    assert len(made[RACE_POLLS]) > 5


def test_a_recorded_folder_with_a_file_that_is_no_answer_is_refused(tmp_path: Path) -> None:
    """The file is named."""
    make_recording(tmp_path)
    (tmp_path / "events" / "x.json").write_text("[]")
    with pytest.raises(TapeError, match=r"x\.json is no recorded answer"):
        Tape.open(tmp_path)


def test_a_tape_of_many_days_passes_one_of_them(tmp_path: Path) -> None:
    """Without a day chosen nothing passes, and the days that there are are named."""
    path, _ = taped_day(1, 1)
    whole = Tape.open(path)
    entries = [e for e in whole.entries if e.race_id]
    late = [Answer(e.url, e.sent + timedelta(days=d), e.received + timedelta(days=d), 200, {}, whole.body(e))
            for d in (0, 30) for e in entries[:3]]  # fmt: skip
    tape = Tape.open(write(tmp_path / "long.tape", late))
    with pytest.raises(ValueError, match=f"choose with --date one of {DAY}"):
        simulate_tape(tape, None, settings=SETTINGS, into=PortBackend())
