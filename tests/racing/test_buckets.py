"""The timeline's labels."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.buckets import is_column, label_of, live_minute, next_label, on_label, secs_to_start
from tests.ledgers import START


@pytest.mark.parametrize(
    ("secs", "label"),
    [(3601, None), (3600, 60), (3599, 55), (3450, 55), (3300, 55), (300, 5), (299, 4), (270, 4), (240, 4), (30, 0),
     (0, 0), (-1, -1), (-30, -1), (-60, -1), (-61, -2), (-390, -7)],
)  # fmt: skip
def test_label_of_a_slot(secs: int, label: int | None) -> None:
    """A slot belongs to the first label that is not before it."""
    assert label_of(secs) == label


@given(st.integers(-3600, 3600))
def test_windows_leave_no_slot_out(secs: int) -> None:
    """Every slot from T-60 on lies after the label before its own and not after its own."""
    label = label_of(secs)
    assert label is not None
    assert label * 60 <= secs
    before = 65 if label == 60 else label + 5 if label >= 5 else label + 1
    assert secs < before * 60
    assert label == 60 or next_label(before) == label


@given(st.integers(-10, 60).filter(is_column))
def test_a_label_lies_on_its_own_anchor(label: int) -> None:
    """The instant of a label is a slot on that label."""
    secs = secs_to_start(START, START - timedelta(minutes=label))
    assert on_label(secs)
    assert label_of(secs) == label


def test_columns_of_the_client() -> None:
    """The labels are the client's columns: sixty down to five by five, then by one past the start."""
    labels = [60]
    while labels[-1] > -2:
        labels.append(next_label(labels[-1]))
    assert labels == [60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 4, 3, 2, 1, 0, -1, -2]
    assert all(is_column(label) for label in labels)


def test_live_minutes_lie_between_labels() -> None:
    """Odds are refreshed at whole minutes that are no column, halfway between two five-minute labels."""
    minutes = [live_minute(secs) for secs in range(0, 3900, 150)]
    assert [m for m in minutes if m is not None] == [7, 12, 17, 22, 27, 32, 37, 42, 47, 52, 57]
    assert START - timedelta(minutes=57.5) < START - timedelta(minutes=57)
