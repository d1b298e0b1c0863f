"""A ledger row finds the answer that it was made of, however long that took to read, and never another."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.tape.pairing import answer_of
from local.tape.reader import Tape
from local.tape.story import unanswered
from raceday.clock import iso
from raceday.feed.taping import Answer
from raceday.tables import RACE_POLLS
from tests.tape.kit import BASE, taped_day, write

RACE = "race-1"
SLOT = datetime.fromisoformat("2026-02-14T01:00:00+00:00")


def heard(made_ms: int, received_ms: int, body: bytes | None = None) -> Answer:
    """Return an answer of the race, made and received so long after the slot; `made_ms` below 0 names no time."""
    made = iso(SLOT + timedelta(milliseconds=made_ms))
    header = b"{}" if made_ms < 0 else b'{"generated_time":"%b"}' % made.encode()
    received = SLOT + timedelta(milliseconds=received_ms)
    return Answer(f"{BASE}/events/{RACE}", SLOT, received, 200, {}, body or b'{"header":%b,"data":{}}' % header)


def row(made_ms: int, fetched_ms: int) -> dict[str, Any]:
    """Return what of a ledger row finds its answer."""
    made, fetched = (SLOT + timedelta(milliseconds=ms) for ms in (made_ms, fetched_ms))
    return {"raceId": RACE, "slot": iso(SLOT), "generatedAt": iso(made), "fetchedAt": iso(fetched)}


def found(tmp_path: Path, told: dict[str, Any], *answers: Answer) -> int:
    """Return which of these answers, from 1, the row is found to be made of; 0 for none."""
    entry = answer_of(Tape.open(write(tmp_path / "a.tape", list(answers))), told)
    return entry.n if entry else 0


def test_an_answer_that_was_long_in_reading_is_found(tmp_path: Path) -> None:
    """A clock at forty times the pace, or a machine that stood still: fifty seconds later it is the row's own."""
    assert found(tmp_path, row(50, 50_000), heard(50, 100), heard(20_050, 20_100), heard(48_900, 49_000)) == 1


def test_a_neighbour_is_not_taken_for_an_answer_that_is_lost(tmp_path: Path) -> None:
    """The only answer near, which the feed made at another instant, is none of the row's."""
    assert found(tmp_path, row(50, 110), heard(40, 100)) == 0


def test_an_answer_of_before_the_slot_is_of_another_poll(tmp_path: Path) -> None:
    """The same picture was served twice: the one that came before the slot is the poll's before."""
    assert found(tmp_path, row(50, 600), heard(50, -400), heard(50, 500)) == 2
    (tmp_path / "a.tape").unlink()
    assert found(tmp_path, row(50, 600), heard(50, -400)) == 0


def test_of_one_picture_served_twice_the_later_is_taken_that_can_be_read(tmp_path: Path) -> None:
    """A poll asks again where it could not read an answer; what came after the row was fetched is not its own."""
    odd = b'{"header":{"generated_time":"%b"},"data":[]}' % iso(SLOT + timedelta(milliseconds=50)).encode()
    assert found(tmp_path, row(50, 900), heard(50, 100), heard(50, 500), heard(50, 800, odd), heard(50, 1_500)) == 2


def test_an_answer_that_names_no_time_was_made_when_it_came(tmp_path: Path) -> None:
    """Its row's instant is that of its reading, between its receipt and the row's own."""
    assert found(tmp_path, row(300, 900), heard(-1, 250), heard(-1, 700)) == 1
    (tmp_path / "a.tape").unlink()
    assert found(tmp_path, row(200, 900), heard(-1, 250)) == 0


def test_a_poll_whose_answer_is_cut_off_is_unanswered(tmp_path: Path) -> None:
    """On a day on which everything breaks each poll finds its answer; on a tape's first half those of then do."""
    path, stored = taped_day(2, 3, "all")
    whole = Tape.open(path)
    races = whole.race_ids
    assert unanswered(stored, whole, races) == 0
    half = tmp_path / "half.tape"
    half.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cut = Tape.open(half)
    until = max(entry.received for entry in cut.entries)
    own = [answer_of(whole, r) for r in stored[RACE_POLLS].values() if r["kind"] != "closing"]
    later = sum(entry is not None and entry.received > until for entry in own)
    assert unanswered(stored, cut, races) == later > 20
