"""A tape is a feed: a day lived from it stores what the day that was taped had stored."""

import json
from datetime import timedelta
from pathlib import Path

from local.simulate.port_store import PortBackend
from local.simulate.taped import simulate_tape
from local.simulate.world import SETTINGS
from local.tape.feed import TapeFeed
from local.tape.reader import Tape
from raceday.tables import ENTRANTS, RACE_POLLS, RACE_RESULTS, RACES
from tests.tape.kit import START, answers, taped_day, write

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
