"""The tape's bytes: what is written is read, and what is damaged is named and costs itself alone."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.functions import ROOT
from local.tape.format import MAGIC
from local.tape.index import index_path
from local.tape.reader import Tape
from local.tape.scanning import TapeError
from local.tape.writer import ANSWERS_PER_KEY, TapeWriter
from tests.tape.kit import START, answers, write


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every answer comes back with its bytes, instants, status and place, and of its headers those that matter."""
    made = answers(200)
    tape = Tape.open(write(tmp_path / "a.tape", made))
    assert [tape.body(e) for e in tape.entries] == [a.body for a in made]
    assert [(e.url, e.sent, e.received, e.status) for e in tape.entries] == [a[:4] for a in made]
    assert {e.function for e in tape.entries} == {"enhanced-race-poller"}
    assert tape.head(tape.entries[0])["headers"] == {"date": "x"}
    assert tape.damages == []


def test_answers_are_differences_and_any_is_read_from_two(tmp_path: Path) -> None:
    """Successive answers of a race are small, and none needs more than itself and one whole answer to be read."""
    made = answers(3 * ANSWERS_PER_KEY)
    path = write(tmp_path / "a.tape", made)
    tape = Tape.open(path)
    whole = {e.n for e in tape.entries if not e.base}
    assert all(e.base in whole for e in tape.entries if e.base)
    assert 3 <= len(whole) <= 20
    assert path.stat().st_size < sum(len(a.body) for a in made) / 4


def test_a_race_is_found_at_any_instant(tmp_path: Path) -> None:
    """Seeking a race at an instant gives the newest answer that had come by then, and none before the first."""
    made = answers(30)
    tape = Tape.open(write(tmp_path / "a.tape", made))
    assert tape.seek("race-0", START) is None
    for at, answer in enumerate(made):
        found = tape.seek(f"race-{at % 3}", answer.received)
        assert found is not None
        assert found.n == at + 1


def test_an_index_is_believed_only_where_it_fits(tmp_path: Path) -> None:
    """A tape that has grown, and one that was replaced, are read as they are and not as the index says."""
    path = write(tmp_path / "a.tape", answers(20))
    assert len(Tape.open(path).entries) == 20
    assert index_path(path).exists()
    other = write(tmp_path / "b.tape", answers(25, seed=2))
    path.write_bytes(other.read_bytes())
    again = Tape.open(path)
    assert [again.body(e) for e in again.entries] == [a.body for a in answers(25, seed=2)]
    assert len(Tape.open(path).entries) == 25


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_costs_what_it_hit_and_is_named(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One bit flipped anywhere: what is read is what was written, and each answer that is not read is told of."""
    folder = tmp_path_factory.mktemp("flip")
    made = answers(24)
    path = write(folder / "a.tape", made)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    hurt = bytearray(whole)
    hurt[at // 8] ^= 1 << at % 8
    path.write_bytes(hurt)
    try:
        tape = Tape.checked(path)
    except TapeError:
        assert at // 8 < 15  # the magic itself
        return
    read = {e.n: tape.body(e) for e in tape.entries}
    assert all(body == made[n - 1].body for n, body in read.items())
    lost = len(made) - len(read)
    assert tape.damages
    assert lost <= 10
    assert lost == 0 or sum("record" in d.what for d in tape.damages) >= 1


@pytest.mark.parametrize("share", [0.03, 0.3, 0.5, 0.77, 0.999])
def test_a_cut_tape_is_read_up_to_the_cut(tmp_path: Path, share: float) -> None:
    """A tape cut anywhere is read up to its last whole record, and the cut is named."""
    made = answers(40)
    path = write(tmp_path / "a.tape", made)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    tape = Tape.checked(path)
    assert [tape.body(e) for e in tape.entries] == [a.body for a in made][: len(tape.entries)]
    assert len(tape.entries) < 40
    assert "cut off" in tape.damages[-1].what


def test_a_full_disk_leaves_whole_records_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the disk has no room for leaves no half record; what comes after tells how many were lost."""
    made = answers(30)
    writer = TapeWriter.create(tmp_path / "a.tape")
    real, room = os.pwrite, {"bytes": 4000}

    def pwrite(file: int, data: bytes, at: int) -> int:
        part = data[: room["bytes"]]
        if not part:
            raise OSError(errno.ENOSPC, "No space left on device")
        room["bytes"] -= len(part)
        return real(file, part, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    kept = [writer.answer(a) for a in made[:20]]
    assert not all(kept)
    room["bytes"] = 10**9
    kept += [writer.answer(a) for a in made[20:]]
    writer.close()
    tape = Tape.checked(tmp_path / "a.tape")
    assert tape.damages == []
    assert [tape.body(e) for e in tape.entries] == [a.body for a, k in zip(made, kept, strict=True) if k]
    assert [m["records"] for m in tape.marks] == [kept.count(False)] == [writer.lost]


def test_a_killed_recording_is_read_to_its_last_whole_record(tmp_path: Path) -> None:
    """kill -9 while a tape is written: all that is there is whole, or is the one record that was being written."""
    path = tmp_path / "a.tape"
    program = (
        "import sys; from pathlib import Path; from tests.tape.kit import answers\n"
        "from local.tape.writer import TapeWriter\n"
        "w = TapeWriter.create(Path(sys.argv[1])); made = answers(300)\n"
        "while True:\n"
        "    for a in made: w.answer(a)\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"}
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], env=env, cwd=ROOT)
    try:
        while not path.exists() or path.stat().st_size < 200_000:
            assert child.poll() is None
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()
    made = answers(300)
    tape = Tape.checked(path)
    assert len(tape.entries) > 100
    assert all(tape.body(e) == made[(e.n - 1) % 300].body for e in tape.entries)
    assert len(tape.damages) <= 1


def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    """A file that is no tape, an empty one, and a folder without parts are refused by name."""
    (tmp_path / "x.tape").write_bytes(b"not a tape at all")
    with pytest.raises(TapeError, match="does not begin"):
        Tape.open(tmp_path / "x.tape")
    (tmp_path / "x.tape").write_bytes(b"")
    with pytest.raises(TapeError, match="is empty"):
        Tape.open(tmp_path / "x.tape")
    with pytest.raises(TapeError, match="expected a file"):
        Tape.open(tmp_path / "nowhere")
    (tmp_path / "x.tape").write_bytes(b"RACEDAY-TAPE-2\nanything")
    with pytest.raises(TapeError, match="of version 2, and this reads version 1"):
        Tape.open(tmp_path / "x.tape")


def test_among_parts_one_that_is_no_tape_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    """A kill as a part began leaves an empty file, or one without its first record: the day's other parts are whole."""
    write(tmp_path / "a.tape", answers(5))
    (tmp_path / "b.tape").write_bytes(b"")
    (tmp_path / "c.tape").write_bytes(b"not a tape at all")
    (tmp_path / "d.tape").write_bytes(MAGIC)
    for tape in (Tape.open(tmp_path), Tape.checked(tmp_path)):
        assert [body for _, body in tape.bodies()] == [answer.body for answer in answers(5)]
        assert sorted(damage.part.name for damage in tape.damages) == ["b.tape", "c.tape", "d.tape"]
    (tmp_path / "a.tape").unlink()
    (tmp_path / "a.tape.index").unlink()
    (tmp_path / "d.tape").unlink()
    with pytest.raises(TapeError, match="no part of"):
        Tape.open(tmp_path)


@pytest.mark.parametrize("at", range(len(MAGIC)))
def test_a_flipped_bit_where_a_tape_begins_costs_no_record(at: int, tmp_path: Path) -> None:
    """It is named and every record is read, but where it makes the version another's: that tape is refused."""
    path = write(tmp_path / "a.tape", answers(5))
    data = bytearray(path.read_bytes())
    data[at] ^= 2
    path.write_bytes(data)
    if at == len(MAGIC) - 2:
        with pytest.raises(TapeError, match="version 3"):
            Tape.open(path)
        return
    for _ in range(2):
        tape = Tape.open(path)
        assert [str(damage) for damage in tape.damages] == [
            f"a.tape: bytes 0 to {len(MAGIC)}: the bytes that a tape begins with are damaged"
        ]
        assert len(list(tape.bodies())) == 5
