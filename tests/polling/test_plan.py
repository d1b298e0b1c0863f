"""Which start a poll goes by, which slots were skipped before it, and what an older picture leaves of its row."""

from datetime import timedelta

import pytest

from raceday.polling import plan
from raceday.racing.compose import PollContext, held_row
from raceday.racing.schedule import Intervals
from raceday.racing.snapshot import Status
from tests.ledgers import START, poll
from tests.sample_race import open_race

MOVED = START + timedelta(minutes=7)
EVERY = Intervals()


@pytest.mark.parametrize(("secs", "believed"), [(1, False), (3, False), (3.001, True), (60, True)])
def test_a_start_read_while_the_ledger_was_written_is_not_believed(secs: float, believed: bool) -> None:
    """Up to three seconds after the newest poll a caller may have read the races table as it was before that poll."""
    base = poll(1, 10, {"r1": 100})
    found = plan.start_in_force(base, MOVED, base.fetched_at + timedelta(seconds=secs))
    assert found == (MOVED if believed else START)


def test_a_long_outage_is_told_slot_by_slot() -> None:
    """Each of the slots of an hour and more without a poll is a gap of the next row, the oldest first."""
    base = poll(1, 64, {"r1": 100})
    told = plan.gaps(EVERY, base, START, START, {})
    assert len(told) > 30
    assert [gap.slot for gap in told] == sorted(gap.slot for gap in told)
    assert told[0].slot - base.slot <= timedelta(seconds=150)


def test_a_held_row_has_the_time_of_its_own_answer() -> None:
    """An older picture repeats the figures before it, under its own slot and with the time that the feed gave it."""
    base = poll(5, -6, {"r1": 100}, status=Status.FINAL)
    made = base.generated_at + timedelta(minutes=5)
    occasion = PollContext(base.slot + timedelta(minutes=5), "recheck", made + timedelta(seconds=1))
    row = held_row(base, open_race()._replace(generated_at=made), occasion, ())
    assert (row.n, row.held, row.generated_at, row.fetched_at) == (6, True, made, occasion.fetched_at)
    assert (row.runners, row.status) == (base.runners, base.status)
