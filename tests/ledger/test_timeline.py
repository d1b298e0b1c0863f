"""From ledger to timeline."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.ledger.flow import flows, pool_of
from raceday.ledger.timeline import Label, Live, Timeline, may_owe
from raceday.racing.buckets import is_column
from raceday.racing.records import LedgerRow
from raceday.racing.snapshot import Status
from tests.ledgers import START, poll

A, B = "r1", "r2"


def money(total: int) -> dict[str, int]:
    """Split a Win pool between two runners."""
    return {A: total // 3, B: total - total // 3}


def labels(rows: list[LedgerRow]) -> list[tuple[int, int, int | None]]:
    """Return (label, state's n, base's n) of the labels that rows make due."""
    walked = Timeline().walk(rows)
    return [(e.label, e.state.n, e.base.n if e.base else None) for e in walked if isinstance(e, Label)]


def test_each_label_is_written_from_the_slot_on_it() -> None:
    """A poll exactly on a label makes that label due at once, against the label before."""
    assert labels([poll(1, 60, money(100)), poll(2, 57.5, money(110)), poll(3, 55, money(150))]) == [
        (60, 1, None),
        (55, 3, 1),
    ]


def test_a_label_whose_slot_is_a_gap_takes_the_last_state_of_its_window() -> None:
    """A missed slot on a label is stood in for by the poll before it, once a later poll shows that it is gone."""
    rows = [poll(1, 60, money(100)), poll(2, 57.5, money(110)), poll(3, 52.5, money(150)), poll(4, 50, money(160))]
    assert labels(rows) == [(60, 1, None), (55, 2, 1), (50, 4, 2)]


def test_a_label_without_any_poll_gets_no_row_and_its_growth_falls_to_the_next() -> None:
    """The base of a label is the last label that has rows."""
    rows = [poll(1, 60, money(100)), poll(2, 45, money(400))]
    assert labels(rows) == [(60, 1, None), (45, 2, 1)]


def test_row_sixty_is_the_state_at_t_minus_sixty_alone() -> None:
    """Polls before T-60 make no label, so that a missed T-60 leaves the first later label as a baseline."""
    assert labels([poll(1, 65, money(100)), poll(2, 62.5, money(100)), poll(3, 55, money(200))]) == [(55, 3, None)]


def test_live_rows_refresh_before_t_minus_sixty_and_between_labels() -> None:
    """Rows without an interval come before T-60, rows at the whole minute between two labels."""
    rows = [poll(1, 95, money(1)), poll(2, 60, money(2)), poll(3, 57.5, money(3)), poll(4, 4.5, money(4))]
    assert [(e.minute, e.state.n) for e in Timeline().walk(rows) if isinstance(e, Live)] == [(None, 1), (57, 3)]


def test_a_start_put_back_refreshes_no_minute_twice() -> None:
    """A whole minute between two labels has its rows once, whichever start it belonged to."""
    later = START + timedelta(minutes=30)
    rows = [poll(1, 60, money(1)), poll(2, 7.5, money(2)), poll(3, 10, money(3), start=later)]
    rows.append(poll(4, 7.5, money(4), start=later))
    assert [(e.minute, e.state.n) for e in Timeline().walk(rows) if isinstance(e, Live)] == [(7, 2)]


def test_open_past_the_start_every_minute_has_a_label() -> None:
    """While a race stays open after its start the negative labels go on."""
    rows = [poll(n, m, money(100 * n)) for n, m in enumerate([1, 0.5, 0, -0.5, -1, -1.5, -2], 1)]
    assert [label for label, _, _ in labels(rows)] == [1, 0, -1, -2]


def test_the_label_that_holds_the_first_closed_poll_takes_the_last_jump() -> None:
    """It is written even where no pool changed; later labels only where one did."""
    rows = [
        poll(1, 1, money(100)),
        poll(2, 0.5, money(100), status=Status.CLOSED),
        poll(3, 0, money(100), status=Status.CLOSED),
        poll(4, -1, money(100), status=Status.CLOSED),
        poll(5, -2, money(120), status=Status.CLOSED),
    ]
    assert labels(rows) == [(1, 1, None), (0, 3, 1), (-2, 5, 3)]


@pytest.mark.parametrize("status", [Status.INTERIM, Status.FINAL, Status.ABANDONED])
def test_the_open_label_closes_at_once_when_the_race_is_over(status: Status) -> None:
    """The first Interim, Final or Abandoned poll writes its label without waiting, and nothing follows."""
    rows = [
        poll(1, 0, money(100)),
        poll(2, -0.5, money(140), status=status),
        poll(3, -1, money(150), status=status),
        poll(4, -2, money(160), status=Status.FINAL),
    ]
    assert labels(rows) == [(0, 1, None), (-1, 2, 1)]


def test_an_interim_label_after_closing_needs_a_changed_pool() -> None:
    """Once the closing label is written an unchanged pool makes no further column."""
    closed = [poll(1, 0, money(100)), poll(2, -1, money(140), status=Status.CLOSED)]
    assert labels([*closed, poll(3, -1.5, money(140), status=Status.INTERIM)])[-1] == (-1, 2, 1)
    assert labels([*closed, poll(3, -1.5, money(150), status=Status.INTERIM)])[-1] == (-2, 3, 2)


def test_a_start_put_back_skips_labels_already_written() -> None:
    """Growth after a moved start goes to the next label that has no rows yet."""
    later = START + timedelta(minutes=30)
    rows = [poll(1, 60, money(100)), poll(2, 20, money(200)), poll(3, 17.5, money(210))]
    moved = [poll(4, 45, money(300), start=later), poll(5, 20, money(400), start=later)]
    last = poll(6, 15, money(500), start=later)
    assert labels([*rows, *moved, last]) == [(60, 1, None), (20, 2, 1), (45, 4, 2), (15, 6, 4)]


def test_a_poll_without_pools_stands_on_the_figures_before_it() -> None:
    """A missing list of pools makes no money vanish."""
    rows = [poll(1, 60, money(300)), poll(2, 55, {A: 0, B: 0}, pools=False)]
    entry = Timeline().walk(rows)[-1]
    assert isinstance(entry, Label)
    assert [f.win_cents for f in flows(entry)] == [100, 200]
    assert [f.win_growth_cents for f in flows(entry)] == [0, 0]


plans = st.lists(
    st.tuples(st.sampled_from([m / 2 for m in range(-12, 140)]), st.integers(0, 10**7), st.booleans()),
    min_size=1,
    max_size=40,
    unique_by=lambda item: item[0],
)


def ledger(plan: list[tuple[float, int, bool]]) -> list[LedgerRow]:
    """Make a ledger of polls in time order; closed once a poll after the start says so."""
    rows, status = [], Status.OPEN
    for n, (minutes, total, closes) in enumerate(sorted(plan, reverse=True), 1):
        if closes and minutes < 0:
            status = Status.CLOSED
        rows.append(poll(n, minutes, money(total), status=status))
    return rows


@given(plans, st.integers(0, 40))
def test_reading_a_ledger_in_two_pieces_changes_nothing(plan: list[tuple[float, int, bool]], cut: int) -> None:
    """Going on after the newest written label gives the entries that one walk gives."""
    rows = ledger(plan)
    whole = Timeline().walk(rows)
    first = Timeline().walk(rows[:cut])
    written = [e for e in first if isinstance(e, Label)]
    intervals = [e.label for e in written] + [e.minute for e in first if isinstance(e, Live) and e.minute is not None]
    if not written:
        return
    base = written[-1].state
    rest = Timeline.resume(base, intervals).walk([row for row in rows if row.n > base.n])
    assert [e for e in first if isinstance(e, Label)] + [e for e in rest if isinstance(e, Label)] == [
        e for e in whole if isinstance(e, Label)
    ]


@given(plans)
def test_increments_add_up_to_the_last_pool(plan: list[tuple[float, int, bool]]) -> None:
    """Over all labels the growth of every runner sums to the pool beyond the first label's, to the cent."""
    entries = [e for e in Timeline().walk(ledger(plan)) if isinstance(e, Label)]
    if not entries:
        return
    growth = sum(f.win_growth_cents for e in entries for f in flows(e))
    first = 0 if entries[0].label == 60 else pool_of(entries[0].state, "win")
    assert growth + first == pool_of(entries[-1].state, "win")
    assert all(is_column(e.label) for e in entries)


@given(plans)
def test_a_poll_that_may_owe_nothing_makes_nothing_due(plan: list[tuple[float, int, bool]]) -> None:
    """The glance at one row never says no where that row, coming without gaps, makes an entry due."""
    walk = Timeline()
    previous = None
    for row in ledger(plan):
        entries = walk.walk([row])
        # A row that skips slots carries gaps; the generator leaves them out, so the glance is told of the jump.
        jumped = previous is None or (row.slot - previous.slot) > timedelta(seconds=30)
        if not may_owe(row.slot, row.start, row.status, row.kind, jumped):
            assert entries == []
        previous = row
