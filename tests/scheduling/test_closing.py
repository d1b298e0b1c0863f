"""Re-checks of finished races, and the rows that close a race's ledger."""

from datetime import datetime, timedelta

from raceday.clock import iso
from raceday.racing.records import PoolTotals, Settlement
from raceday.racing.snapshot import Status
from raceday.scheduling import closing
from raceday.tables import RACES
from tests.scheduling.kit import POLLER, START, Suite, at_minute


def test_a_finished_race_is_rechecked_three_times() -> None:
    """Five, fifteen and thirty minutes after the slot that saw it Final a race is looked at again, and that is all."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Final")
    suite.polled("r1", 1, START + timedelta(minutes=6), Status.FINAL)
    n = 1
    for minute in range(7, 45):
        before = len(suite.invoker.slots())
        suite.tick(at_minute(-minute))
        for race_id, slot in suite.invoker.slots()[before:]:
            n += 1
            suite.polled(race_id, n, datetime.fromisoformat(slot), Status.FINAL, kind="recheck")
    expected = [("r1", iso(START + timedelta(minutes=6 + m))) for m in (5, 15, 30)]
    assert suite.invoker.slots() == expected
    assert {s["kind"] for name, p in suite.invoker.started if name == POLLER for s in p["slots"]} == {"recheck"}
    assert suite.ledger("r1")[-1].kind == "recheck"


def test_rechecks_that_nobody_made_are_gaps_of_a_closing_row() -> None:
    """Re-checks that were never committed are told by a closing row, once."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Final")
    suite.polled("r1", 1, START + timedelta(minutes=6), Status.FINAL)
    for minute in (20, 36, 38, 39, 40):
        suite.tick(at_minute(-minute))
    last = suite.ledger("r1")[-1]
    assert last.kind == "closing"
    assert last.n == 2
    assert [gap.slot - START for gap in last.gaps] == [timedelta(minutes=6 + m) for m in (5, 15, 30)]


def test_a_closing_row_tells_of_a_slot_that_has_time_left() -> None:
    """A slot just before the row that closes its race is among that row's gaps, for nobody can commit it any more."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, START - timedelta(minutes=30))
    suite.tick(at_minute(25) + timedelta(seconds=29))
    gaps = suite.ledger("r1")[-1].gaps
    assert [START - gap.slot for gap in gaps] == [timedelta(minutes=27.5), timedelta(minutes=25)]


def test_a_race_abandoned_at_the_minute_of_its_poll_is_closed_a_minute_later() -> None:
    """Where a poll took the slot that the closing row would have, the next tick of the same process closes the race."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, at_minute(20, 0))
    suite.tick(at_minute(20))
    assert [row.kind for row in suite.ledger("r1")] == ["slot"]
    suite.tick(at_minute(19))
    assert [row.kind for row in suite.ledger("r1")] == ["slot", "closing"]


def test_missing_rechecks_are_told_however_long_the_store_refused() -> None:
    """Ten minutes in which no tick could write after the last re-check still end in the row that tells of it."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Final")
    suite.polled("r1", 1, START + timedelta(minutes=6), Status.FINAL)
    suite.tick(at_minute(-47))
    assert len(suite.ledger("r1")[-1].gaps) == 3


def test_a_race_abandoned_by_its_meeting_is_closed() -> None:
    """A race that its meeting's list calls Abandoned gets a closing row with its trailing gaps, and no more polls."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, START - timedelta(minutes=30), score=90)
    suite.tick(at_minute(20))
    last = suite.ledger("r1")[-1]
    assert (last.kind, last.status, last.n, last.score) == ("closing", Status.ABANDONED, 2, None)
    assert [START - gap.slot for gap in last.gaps] == [timedelta(minutes=m) for m in (27.5, 25, 22.5)]
    assert suite.store.tables[RACES]["r1"]["status"] == "Abandoned"
    suite.tick(at_minute(19), cold=True)
    assert len(suite.ledger("r1")) == 2
    assert suite.invoker.slots() == []


def test_a_race_abandoned_by_its_meeting_keeps_the_totals_that_its_pools_last_lived_with() -> None:
    """Where the last poll saw Place called off and no poll sees the race off, its closing row counts Place again."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Abandoned")
    dead = PoolTotals(
        {"win": 5_000, "place": 0},
        dead=("place",),
        settled={"place": Settlement(word="dead", why="betting on it was called off")},
        lived={"place": 3_000},
    )
    suite.polled("r1", 1, START - timedelta(minutes=30), pools=dead)
    suite.tick(at_minute(20))
    last = suite.ledger("r1")[-1]
    assert (last.kind, last.status) == ("closing", Status.ABANDONED)
    assert last.pools is not None
    assert (dict(last.pools.single), last.pools.dead) == ({"win": 5_000, "place": 3_000}, ())
    assert last.pools.beside_cents("place") == 3_000


def test_a_race_that_is_given_up_counts_no_pool_that_was_called_off() -> None:
    """It may have run: a dead pool's closing row leaves it dead."""
    suite = Suite(at_minute(-361))
    suite.race("r1", status="Interim")
    dead = PoolTotals({"win": 5_000, "place": 0}, dead=("place",), lived={"place": 3_000})
    suite.polled("r1", 1, START + timedelta(minutes=355), Status.INTERIM, pools=dead)
    suite.tick(at_minute(-361))
    last = suite.ledger("r1")[-1]
    assert last.kind == "closing"
    assert last.pools == dead


def test_a_warm_scheduler_forgets_the_races_of_other_days() -> None:
    """What a process remembers of races that it closed goes with them."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, at_minute(30, 0))
    suite.tick(at_minute(20))
    assert suite.cache.of(closing.CLOSED) == {"r1"}
    suite.tick(at_minute(20) + timedelta(days=2))
    assert suite.cache.of(closing.CLOSED) == set()


def test_a_race_is_given_up_after_six_hours() -> None:
    """Six hours after its start an unfinished race is closed with the cause given_up, and is polled no more."""
    suite = Suite(at_minute(-350))
    suite.race("r1", status="Interim")
    suite.polled("r1", 1, START + timedelta(minutes=355), Status.INTERIM)
    suite.tick(at_minute(-361))
    last = suite.ledger("r1")[-1]
    assert last.kind == "closing"
    assert last.gaps[-1].cause == "given_up"
    before = suite.invoker.slots()
    suite.tick(at_minute(-366), cold=True)
    assert suite.invoker.slots() == before
    assert len(suite.ledger("r1")) == 2


def test_an_abandoned_race_tells_of_its_missing_rechecks() -> None:
    """A race that its own event called Abandoned, and whose re-checks all failed, tells them in a closing row."""
    suite = Suite(at_minute(70))
    suite.race("r1", status="Abandoned")
    suite.polled("r1", 1, START - timedelta(minutes=30), Status.ABANDONED)
    for minute in (29, 20, 5, 1, -3, -4):
        suite.tick(at_minute(minute))
    last = suite.ledger("r1")[-1]
    assert (last.kind, last.n, len(last.gaps)) == ("closing", 2, 3)
