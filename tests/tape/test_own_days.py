"""A store of several days and a tape of one: the other days' polls are nobody's to find on it."""

from datetime import timedelta
from pathlib import Path

import pytest

from local.embedded import Embedded, bootstrap
from local.tape.own_days import OwnDays
from local.tape.reader import Tape
from local.tape.replay import Rows
from raceday.tables import MEETINGS, RACE_POLLS, RACES
from tests.cli.kit import raceday
from tests.tape.kit import DAY, taped_day

NEXT = DAY + timedelta(days=1)


def two_days() -> tuple[Path, Rows, Rows]:
    """Return the tape and the rows of one day, and those of a store that the next day passed into as well."""
    path, first = taped_day(1, 1)
    _, second = taped_day(2, 1, day=NEXT)
    return path, first, {table: {**rows, **second[table]} for table, rows in first.items()}


def test_another_days_rows_are_left_out_and_all_of_ones_own_stay() -> None:
    """Whether its head tells the tape's day or its answers do, a row of either day is on its own side."""
    path, first, both = two_days()
    tape = Tape.open(path)
    for header in (tape.headers[0], {}):
        tape.headers = [header]
        days = OwnDays(tape, both)
        assert (days.own, len(days.others)) == (set(first[RACES]), 1)
        kept = days.of(both)
        for table in (RACES, RACE_POLLS, MEETINGS):
            assert kept[table] == first[table]


def test_a_race_of_the_tapes_day_is_its_own_where_every_answer_of_it_is_lost() -> None:
    """What a damaged tape has lost is named as not on it, and never taken for another day's."""
    path, first, both = two_days()
    tape = Tape.open(path)
    for race_id in first[RACES]:
        tape._by_race.pop(race_id)
    assert OwnDays(tape, both).own == set(first[RACES])


def test_a_night_race_of_the_day_before_is_the_tapes_own_where_a_poll_of_it_is_on_it() -> None:
    """A tape that begins at midnight has the ends of races of the day before; they are replayed, the others not."""
    path, first, both = two_days()
    tape = Tape.open(path)
    tape.headers = [{"day": NEXT.isoformat()}]
    assert OwnDays(tape, both).own == set(both[RACES])
    tape._by_race.clear()
    assert OwnDays(tape, both).own == set(both[RACES]) - set(first[RACES])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the command read the rows of two days."""
    rows = two_days()[2]

    async def read(_: str) -> Rows:
        return rows

    monkeypatch.setattr("local.work.places.read_place", read)
    place = tmp_path / "store.db"
    server = Embedded(place)
    bootstrap(server)
    server.close()
    return str(place)


def test_verify_names_no_poll_of_another_day(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The day's rows are equal, none is called unanswered, and how many races are left out is told."""
    assert raceday("replay", str(two_days()[0]), "--store", store, "--verify") == 0
    told = capsys.readouterr().out
    assert "0 have no answer on the tape" in told
    assert "not on the tape:" not in told
    assert "1 races of other days are left out, 1 are the tape's own" in told
    assert "0 rows differ" in told


def test_a_tape_of_no_day_of_the_store_is_refused(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing compared with nothing is not equal: it ends as wrong usage."""
    other = taped_day(3, 1, day=NEXT + timedelta(days=1))[0]
    assert raceday("replay", str(other), "--store", store, "--verify") == 2
    assert "none of the store's 2 races is of the tape's days or polled on it" in capsys.readouterr().err
