"""The grid of slots: what it covers, where its labels lie, and when it ends."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.buckets import label_of, on_label, secs_to_start
from raceday.racing.schedule import (
    GIVE_UP_SECS,
    Intervals,
    given_up_at,
    rechecks,
    request_slot,
    slot_at,
    slots_between,
    zones,
)
from raceday.racing.snapshot import Status

START = datetime(2025, 7, 17, 2, 42, tzinfo=UTC)
CHOICES = st.sampled_from((15, 20, 30, 60))
INTERVALS = st.builds(Intervals, CHOICES, CHOICES)
UNFINISHED = st.sampled_from((Status.OPEN, Status.CLOSED, Status.INTERIM))
STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
LABELS = (*range(60, 4, -5), *range(4, -61, -1))


def _minutes(*figures: float) -> list[timedelta]:
    return [timedelta(minutes=m) for m in figures]


def test_default_day_of_a_race() -> None:
    """By default a race has slots each 30 min, from T-65 each 2.5 min, and from T-5 each 30 s."""
    slots = list(slots_between(START, Status.OPEN, Intervals(), START - timedelta(minutes=130), START))
    offsets = [START - s.at for s in slots]
    assert offsets[:4] == _minutes(125, 95, 65, 62.5)
    assert offsets[-10:] == _minutes(5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5)
    assert len(slots) == 2 + 24 + 10


@given(STARTS, UNFINISHED, INTERVALS, st.integers(-40_000, GIVE_UP_SECS - 1))
def test_intervals_cover_every_instant_once(start: datetime, status: Status, intervals: Intervals, offset: int) -> None:
    """Every instant up to giving up lies in the interval of exactly one slot."""
    at = start + timedelta(seconds=offset)
    reach = timedelta(seconds=1900)
    slots = list(slots_between(start, status, intervals, at - reach, at + reach))
    assert sum(s.at <= at < s.at + timedelta(seconds=s.interval_secs) for s in slots) == 1


@given(UNFINISHED, INTERVALS)
def test_zones_join_without_gap(status: Status, intervals: Intervals) -> None:
    """Each zone ends where the next begins, and is a whole number of its interval long."""
    found = zones(status, intervals)
    for (_, end, _), (begin, later, step) in pairwise(found):
        assert begin == end
        assert begin is not None
        assert (later - begin) % step == 0


@given(STARTS, UNFINISHED, INTERVALS, st.sampled_from(LABELS))
def test_every_label_has_its_slot(start: datetime, status: Status, intervals: Intervals, label: int) -> None:
    """Exactly at each label of the timeline there is a slot, and that slot's label is this one."""
    slot = slot_at(start, status, intervals, start - timedelta(minutes=label))
    assert slot is not None
    secs = secs_to_start(start, slot.at)
    assert label_of(secs) == label
    assert on_label(secs)


@given(STARTS, INTERVALS, st.integers(-3 * 60, 3 * 60))
def test_a_moved_start_moves_the_grid(start: datetime, intervals: Intervals, minutes: int) -> None:
    """Moving the start by any time moves every slot by the same."""
    by = timedelta(minutes=minutes, seconds=minutes % 7)
    span = timedelta(hours=2)
    before = [s.at + by for s in slots_between(start, Status.OPEN, intervals, start - span, start + span)]
    moved = start + by
    assert before == [s.at for s in slots_between(moved, Status.OPEN, intervals, moved - span, moved + span)]


@given(STARTS, UNFINISHED, INTERVALS, st.integers(-20_000, 20_000), st.integers(0, 4000), st.integers(0, 4000))
def test_windows_join(
    start: datetime, status: Status, intervals: Intervals, offset: int, first: int, second: int
) -> None:
    """Two windows that meet give what one window over both gives, nothing twice and nothing missed."""
    a = start + timedelta(seconds=offset, microseconds=500_000)
    b, c = a + timedelta(seconds=first), a + timedelta(seconds=first + second)
    parts = [*slots_between(start, status, intervals, a, b), *slots_between(start, status, intervals, b, c)]
    assert parts == list(slots_between(start, status, intervals, a, c))
    assert [s.at for s in parts] == sorted({s.at for s in parts})


def test_the_last_interval_begins_three_minutes_before_the_start() -> None:
    """With the two last intervals apart, the nearer one holds from T-3 on."""
    apart = Intervals(30, 15)
    slots = slots_between(START, Status.OPEN, apart, START - timedelta(minutes=4), START - timedelta(minutes=2))
    assert [START - s.at for s in slots] == _minutes(3.5, 3, 2.75, 2.5, 2.25)


def test_both_ends_are_open() -> None:
    """A slot exactly at either end of the window is not given."""
    slots = list(slots_between(START, Status.OPEN, Intervals(), START - timedelta(minutes=3), START))
    assert [START - s.at for s in slots] == _minutes(2.5, 2, 1.5, 1, 0.5)


@pytest.mark.parametrize("status", [Status.FINAL, Status.ABANDONED])
def test_a_race_that_is_over_has_rechecks_alone(status: Status) -> None:
    """After Final or Abandoned only the re-checks at 5, 15 and 30 minutes are left."""
    seen = START + timedelta(minutes=6, seconds=30)
    far = START + timedelta(hours=9)
    slots = list(slots_between(START, status, Intervals(), START, far, seen))
    assert [s.at - seen for s in slots] == _minutes(5, 15, 30)
    assert {s.kind for s in slots} == {"recheck"}
    assert list(slots_between(START, status, Intervals(), START, far)) == []
    assert rechecks(None) == ()


def test_an_unfinished_race_slows_and_is_given_up() -> None:
    """From an hour after the start a race is polled each 5 minutes, and after six hours no more."""
    hour = START + timedelta(hours=1)
    slots = list(slots_between(START, Status.INTERIM, Intervals(), START, START + timedelta(days=2)))
    late = [s for s in slots if s.at >= hour]
    assert {s.interval_secs for s in slots if s.at < hour} == {30}
    assert late[0].at == hour
    assert {s.interval_secs for s in late} == {300}
    assert len(late) == 60
    assert slots[-1].at < given_up_at(START) == START + timedelta(hours=6)


def test_closed_keeps_the_last_interval() -> None:
    """A race closed before its start is polled at the last interval, as is one after it."""
    slots = list(slots_between(START, Status.CLOSED, Intervals(), START - timedelta(minutes=20), START))
    assert {s.interval_secs for s in slots} == {30}


@pytest.mark.parametrize(("minutes", "life"), [(95, 60), (30, 60), (5, 15), (0, 15), (-70, 60)])
def test_a_slot_lives_half_its_interval(minutes: int, life: int) -> None:
    """A slot may be polled for half its interval, and for a minute at most."""
    at = START - timedelta(minutes=minutes)
    slot = slot_at(START, Status.OPEN, Intervals(), at)
    assert slot is not None
    assert slot.expires_at - at == timedelta(seconds=life)


@given(STARTS, INTERVALS, st.integers(-20_000, GIVE_UP_SECS - 1))
def test_no_slot_outlives_its_successor(start: datetime, intervals: Intervals, offset: int) -> None:
    """A slot has always expired when the next one comes."""
    after = start + timedelta(seconds=offset)
    slots = list(slots_between(start, Status.OPEN, intervals, after, after + timedelta(hours=1)))
    assert all(a.expires_at < b.at for a, b in pairwise(slots))


def test_there_is_no_slot_between_slots() -> None:
    """An instant off the grid has no slot."""
    assert slot_at(START, Status.OPEN, Intervals(), START + timedelta(seconds=7)) is None


def test_a_request_is_floored_to_the_feeds_refresh() -> None:
    """A poll asked for between slots takes the last quarter of a minute as its slot."""
    assert request_slot(START + timedelta(seconds=44, milliseconds=900)) == START + timedelta(seconds=30)
