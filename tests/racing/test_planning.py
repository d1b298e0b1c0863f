"""What a tick hands out: batches, re-checks, and the run of rows that finished a race."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.planning import (
    Due,
    Race,
    batches,
    due_rechecks,
    finishes,
    fresh,
    lagging,
    missed,
    owed_rechecks,
    window,
    worth_starting,
)
from raceday.racing.records import LedgerHead
from raceday.racing.schedule import Intervals, Slot
from raceday.racing.snapshot import Status

START = datetime(2026, 2, 14, 2, 30, tzinfo=UTC)


def _seen(n: int, minutes: float, finished: float | None, kind: str = "slot") -> LedgerHead:
    """Return a row of a race that is over, at and since so many minutes after the start."""
    since = None if finished is None else START + timedelta(minutes=finished)
    return LedgerHead("r1", n, START + timedelta(minutes=minutes), kind, Status.FINAL, START, finished_at=since)


@given(st.integers(1, 40), st.lists(st.integers(0, 30), max_size=80))
def test_batches_keep_every_slot_once(size: int, races: list[int]) -> None:
    """Batches hold every slot once, so many races at most, and no race in two of them."""
    dues = [Due(f"r{r}", Slot(START + timedelta(seconds=i), "slot", 30), START) for i, r in enumerate(races)]
    made = batches(dues, size)
    assert sorted(d.slot.at for b in made for d in b) == [d.slot.at for d in dues]
    assert all(len({d.race_id for d in b}) <= size for b in made)
    named = [race for b in made for race in {d.race_id for d in b}]
    assert len(named) == len(set(named))


@given(st.integers(-4000, 4000), st.integers(0, 20))
def test_windows_of_neighbouring_minutes_leave_no_slot(minute: int, second: int) -> None:
    """What two ticks in a row hand out, the second knowing the first, is every slot between them once."""
    race = Race("r1", START, Status.OPEN)
    now = START + timedelta(minutes=minute, seconds=second)
    first = fresh([race], Intervals(), *window(now), ())
    later = now + timedelta(minutes=1)
    second_round = fresh([race], Intervals(), *window(later), {d.key for d in first})
    both = [d.slot.at for d in (*first, *second_round)]
    whole = fresh([race], Intervals(), window(now)[0], window(later)[1], ())
    assert both == [d.slot.at for d in whole]


def test_slots_before_the_import_are_nobodys() -> None:
    """A slot that passed before the race was stored is not retried."""
    now = START - timedelta(minutes=20) + timedelta(seconds=30)
    early = Race("r1", START, Status.OPEN, imported_at=now - timedelta(hours=1))
    late = Race("r2", START, Status.OPEN, imported_at=now - timedelta(seconds=10))
    assert [d.race_id for d in missed([early, late], Intervals(), now, ())] == ["r1"]


def test_a_races_newest_row_says_when_it_finished() -> None:
    """A race that was taken back finished when it did so last, and one that no poll saw over has no such time."""
    taken_back = [_seen(5, 6, 6), _seen(8, 14, 9, "recheck"), _seen(7, 9, 9)]
    assert finishes(taken_back) == {"r1": START + timedelta(minutes=9)}
    assert finishes([_seen(5, 6, None, "closing")]) == {}


def test_a_recheck_that_is_committed_is_not_due() -> None:
    """Of the re-checks around now only those without a row are due."""
    now = START + timedelta(minutes=16, seconds=4)
    after, until = window(now)
    over = [_seen(5, 1, 1), _seen(6, 6, 1, kind="recheck")]
    assert [d.slot.at - START for d in due_rechecks(over, after, until, now, ())] == [timedelta(minutes=16)]
    over.append(_seen(7, 16, 1, kind="recheck"))
    assert due_rechecks(over, after, until, now, ()) == []


def test_a_projection_lags_behind_a_newer_row() -> None:
    """A race lags when its projection was made of an older row or of none."""
    assert lagging({"a": 5, "b": 5, "c": 1}, {"a": 5, "b": 4}) == ["b", "c"]


@pytest.mark.parametrize("off_ms", [-4000, -860, -1, 0, 2500])
def test_a_clock_some_seconds_off_hands_out_the_same_reach(off_ms: int) -> None:
    """A tick on its minute reaches as far where its clock still shows the minute before."""
    minute = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert window(minute + timedelta(milliseconds=off_ms))[1] == minute + timedelta(seconds=80)


@pytest.mark.parametrize(("left_secs", "worth"), [(2, True), (1.9, False)])
def test_a_slot_is_worth_a_poller_while_one_can_start(left_secs: float, worth: bool) -> None:
    """A slot that lives for two seconds more is made up for; what would expire while a poller starts is not."""
    due = Due("r1", Slot(START, "slot", 30), START)
    assert worth_starting(due, due.slot.expires_at - timedelta(seconds=left_secs)) is worth


def test_a_recheck_that_a_gap_tells_of_is_owed_no_more() -> None:
    """Of the re-checks that nobody made each is told once: one that a row names as a gap is not told again."""
    late = START + timedelta(hours=2)
    over = [_seen(5, 1, 1)]
    owed = owed_rechecks(over, late)["r1"]
    assert len(owed) > 1
    told = _seen(6, 40, 1, "closing")._replace(gaps=tuple(gap.slot for gap in owed))
    assert owed_rechecks([*over, told], late) == {}
    half = told._replace(gaps=(owed[0].slot,))
    assert owed_rechecks([*over, half], late) == {"r1": owed[1:]}
