"""master-race-scheduler minute by minute, on a store in memory and a virtual clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from raceday.clock import iso
from raceday.errors import StoreRefused, StoreUnavailable
from raceday.racing.snapshot import Status
from raceday.settings import Settings
from raceday.store.port import Row
from raceday.tables import RACE_POLLS, RACES
from tests.scheduling.kit import POLLER, START, Suite, at_minute


def test_a_minute_hands_out_up_to_eighty_seconds_ahead() -> None:
    """A tick hands out the slots up to 80 s after its minute, and the next one only those after them."""
    suite = Suite(at_minute(10))
    suite.race("r1")
    for i in range(6):
        suite.polled("r1", i + 1, START - timedelta(minutes=4 - i / 2))
    suite.tick(at_minute(4))
    first = suite.invoker.slots()
    assert first == [("r1", iso(START - timedelta(minutes=m))) for m in (4, 3.5, 3)]
    suite.tick(at_minute(3))
    assert suite.invoker.slots()[3:] == [("r1", iso(START - timedelta(minutes=m))) for m in (2.5, 2)]


def test_pollers_are_started_just_in_time() -> None:
    """A poller gets one instant's slots, 1.5 s before it in the last minutes and a fifth of a second before those."""
    suite = Suite(at_minute(70))
    suite.race("far", START + timedelta(minutes=12))
    suite.tick(at_minute(5.5))
    suite.race("r1")
    suite.race("r2")
    suite.tick(at_minute(4))
    assert all(set(apart) == {0.0} for _, apart in suite.invoker.leads())
    assert [lead for lead, _ in suite.invoker.leads()] == [1.5, 1.5]
    suite.race("r1", status="Final")
    suite.race("r2", status="Final")
    suite.tick(at_minute(1))
    assert suite.invoker.leads()[2:] == [(0.2, [0.0])]


def test_a_poller_that_may_be_cold_is_started_earlier() -> None:
    """After minutes without one, and where an instant needs more pollers than were up, the first start is earlier."""
    suite = Suite(at_minute(70), settings=Settings(races_per_poller=1))
    suite.race("r1")
    suite.tick(at_minute(4))
    suite.race("r2")
    suite.tick(at_minute(3))
    assert [lead for lead, _ in suite.invoker.leads()] == [1.5, 1.5, 9.0, 9.0, 1.5, 1.5]


def test_a_cold_poller_of_far_slots_is_started_six_seconds_early() -> None:
    """A slot before T-5 may be a few seconds late, and a poller is billed while it waits."""
    suite = Suite(at_minute(70))
    suite.race("far", START + timedelta(minutes=9))
    suite.tick(at_minute(1.5))
    assert [lead for lead, _ in suite.invoker.leads()] == [6.0]


def test_what_the_tick_cannot_wait_for_is_handed_out_at_once() -> None:
    """A tick whose time ends before a slot starts its poller at once, and the poller waits."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(4), secs=30)
    assert [slot for _, slot in suite.invoker.slots()].count(iso(START - timedelta(minutes=3))) == 1
    assert max(suite.invoker.at) - at_minute(4) < timedelta(seconds=5)


def test_pollers_are_started_ahead_where_settings_say_so() -> None:
    """In the mode `ahead` one poller is started with all of a minute's slots, as soon as the tick knows them."""
    suite = Suite(at_minute(70), settings=Settings(hand_out="ahead"))
    suite.race("r1")
    suite.tick(at_minute(4, 0) - timedelta(seconds=1))
    assert suite.invoker.leads() == [(1.0, [0.0, 30.0, 60.0])]


def test_a_recheck_joins_the_hand_out_of_its_instant() -> None:
    """A re-check and a slot of one instant travel in one payload, though the tick learns of the re-check later."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.race("r2", status="Final")
    suite.polled("r2", 1, START - timedelta(minutes=8), Status.FINAL)
    suite.tick(at_minute(4))
    together = [sorted(s["raceId"] for s in p["slots"]) for name, p in suite.invoker.started if name == POLLER]
    assert together[-1] == ["r1", "r2"]
    assert sum("r2" in races for races in together) == 1


def test_no_slot_is_handed_out_twice_over_an_hour() -> None:
    """Over an hour of ticks in which every poll commits, each slot of each race is handed out once and none is left."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.race("r2", START + timedelta(minutes=7))
    n = {"r1": 0, "r2": 0}
    for minute in range(66, -6, -1):
        before = len(suite.invoker.slots())
        suite.tick(at_minute(minute, 0.5 + minute % 3), secs=30)
        for race_id, slot in suite.invoker.slots()[before:]:
            n[race_id] += 1
            suite.polled(race_id, n[race_id], datetime.fromisoformat(slot))
    slots = suite.invoker.slots()
    assert len(slots) == len(set(slots))
    mine = {datetime.fromisoformat(s) for race, s in slots if race == "r1"}
    assert {START - timedelta(minutes=m) for m in (*range(60, 4, -5), 4, 3, 2, 1, 0, -1, -2)} <= mine


def test_a_second_tick_of_a_minute_forgets_nothing_that_the_first_handed_out() -> None:
    """Where a trigger fires twice, the next minute hands out no slot that the first of the two did."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(31), secs=30)
    suite.tick(at_minute(31, 25), secs=30)
    suite.polled("r1", 1, at_minute(30, 0))
    suite.tick(at_minute(30), secs=30)
    assert suite.invoker.slots() == [("r1", iso(at_minute(30, 0)))]


def test_a_missed_minute_is_made_up() -> None:
    """After a missed tick the slots that may still be polled are handed out, and expired ones are not."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(32))
    suite.tick(at_minute(27))
    late = [slot for _, slot in suite.invoker.slots()]
    assert iso(START - timedelta(minutes=27.5)) in late
    assert iso(START - timedelta(minutes=30)) not in late


def test_an_uncommitted_slot_is_retried_while_it_lives() -> None:
    """A slot that nobody committed is handed out again by the next tick, and a committed one is not."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.race("r2")
    suite.tick(at_minute(21))
    suite.polled("r2", 1, START - timedelta(minutes=20))
    suite.tick(at_minute(20))
    again = suite.invoker.slots()
    assert again.count(("r1", iso(START - timedelta(minutes=20)))) == 2
    assert again.count(("r2", iso(START - timedelta(minutes=20)))) == 1


@pytest.mark.parametrize(("late_secs", "again"), [(4.5, []), (99, [5.5])])
def test_a_far_slot_is_not_handed_out_again_while_its_poller_may_be_coming_up(
    late_secs: float, again: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot that a cold poller commits seconds late is handed out once; one that nobody commits, once it must be."""
    suite, slot = Suite(at_minute(70)), START - timedelta(minutes=20)
    suite.race("r1")
    suite.tick(at_minute(21))
    suite.at = slot + timedelta(seconds=late_secs)
    suite.polled("r1", 1, slot)
    find = suite.store.find

    async def in_time(table: str, *args: Any, **more: Any) -> list[Row]:
        assert suite.invoker.clock is not None
        hidden = table == RACE_POLLS and suite.invoker.clock.now() < slot + timedelta(seconds=late_secs)
        return [] if hidden else await find(table, *args, **more)

    monkeypatch.setattr(suite.store, "find", in_time)
    before = len(suite.invoker.at)
    suite.tick(at_minute(20))
    assert [round((at - slot).total_seconds(), 1) for at in suite.invoker.at[before:]] == again


def test_a_far_slot_under_way_is_handed_out_again_where_the_second_look_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that refuses the look at slots whose pollers must be up costs none of them."""
    suite, slot = Suite(at_minute(70)), START - timedelta(minutes=20)
    suite.race("r1")
    suite.tick(at_minute(21))
    find = suite.store.find

    async def refuses(table: str, *args: Any, **more: Any) -> list[Row]:
        assert suite.invoker.clock is not None
        if table == RACE_POLLS and suite.invoker.clock.now() > slot + timedelta(seconds=5):
            raise StoreUnavailable("timed out")
        return await find(table, *args, **more)

    monkeypatch.setattr(suite.store, "find", refuses)
    suite.tick(at_minute(20))
    assert suite.invoker.slots().count(("r1", iso(slot))) == 2


@pytest.mark.parametrize(("moved_secs", "times"), [(0, 2), (437, 1)])
def test_a_slot_is_not_retried_by_a_start_that_was_moved_meanwhile(moved_secs: int, times: int) -> None:
    """Where a poll of this minute moved the start after the tick read the races, nothing of the old grid is retried."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(5))
    suite.polled("r1", 1, START - timedelta(minutes=4), start=START + timedelta(seconds=moved_secs))
    suite.tick(at_minute(4))
    again = suite.invoker.slots()
    assert again.count(("r1", iso(START - timedelta(minutes=3, seconds=30)))) == times


def test_two_ticks_of_one_minute_hand_out_once() -> None:
    """A second tick of the same minute finds everything handed out."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(10))
    before = suite.invoker.slots()
    suite.polled("r1", 1, START - timedelta(minutes=10))
    suite.tick(at_minute(10, 8), cold=True)
    assert suite.invoker.slots() == before


def test_a_moved_start_is_planned_anew() -> None:
    """When the start moves, slots of the new grid are handed out although the old grid's were already."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(20))
    suite.race("r1", START + timedelta(minutes=8))
    suite.tick(at_minute(19))
    new = [slot for _, slot in suite.invoker.slots()]
    assert (
        iso(START + timedelta(minutes=8) - timedelta(minutes=27.5)) in new
        or iso(START + timedelta(minutes=8) - timedelta(minutes=25)) in new
    )


def test_no_poller_is_started_for_a_race_that_this_minute_found_over() -> None:
    """Slots handed out with the tick are dropped once the look back sees the race's Final; those of others stay."""
    suite = Suite(START + timedelta(minutes=2))
    for race in ("ends", "runs"):
        suite.race(race)
    suite.tick(START + timedelta(minutes=2))
    before = len(suite.invoker.slots())
    for race, status in (("ends", Status.FINAL), ("runs", Status.CLOSED)):
        suite.polled(race, 1, START + timedelta(minutes=3), status=status)
    suite.tick(START + timedelta(minutes=3))
    later = [slot for slot in suite.invoker.slots()[before:] if slot[1] > iso(START + timedelta(minutes=3, seconds=20))]
    assert later
    assert {race for race, _ in later} == {"runs"}


def test_a_refused_invocation_is_tried_again() -> None:
    """Slots that the platform did not take are handed out by the next tick."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.invoker.broken = frozenset({POLLER})
    report = suite.tick(at_minute(6))
    assert report["failures"][0]["item"] == POLLER
    suite.invoker.broken = frozenset()
    suite.tick(at_minute(5))
    assert ("r1", iso(START - timedelta(minutes=5))) in suite.invoker.slots()


def test_a_refused_invocation_is_tried_again_within_its_own_minute() -> None:
    """A platform that takes nothing for a while costs no slot that the next minute would be too late for."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.invoker.refusals = 6
    suite.tick(at_minute(5), secs=30)
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=4.5)))) == 1


@pytest.mark.parametrize(("committed", "secs", "times"), [(False, 140, 2), (True, 140, 1), (False, 30, 1)])
def test_a_slot_that_the_next_minute_would_find_expired_is_looked_at_again(
    committed: bool, secs: float, times: int
) -> None:
    """Close to the start a slot that nobody committed is handed out anew half a minute on, where there is time."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    if committed:
        suite.polled("r1", 1, START - timedelta(minutes=3.5), Status.OPEN)
    suite.tick(at_minute(4), secs=secs)
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=3.5)))) == times
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=4)))) == 1


def test_a_refused_read_is_tried_again_within_the_minute() -> None:
    """A store that refuses once, as it does while it restarts, costs a tick seconds and no slot."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.store.refusals = 2
    suite.tick(at_minute(5))
    assert ("r1", iso(START - timedelta(minutes=4.5))) in suite.invoker.slots()
    suite.store.refusals = 99
    with pytest.raises(StoreRefused):
        suite.tick(at_minute(4))


def test_far_from_the_start_no_tick_waits_for_a_second_look() -> None:
    """A slot that lives a minute is left to the next tick, and this one ends when its work is done."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(32.5))
    assert suite.invoker.slots().count(("r1", iso(START - timedelta(minutes=32.5)))) == 1


def test_a_pause_stops_what_it_names() -> None:
    """A pause of the poller stops polling and nothing else; one of all stops everything."""
    suite = Suite(datetime(2026, 2, 13, 17, 0, 1, tzinfo=UTC))
    suite.race("r1", suite.at + timedelta(minutes=10))
    suite.state("pause", POLLER, "paused")
    report = suite.tick(suite.at)
    assert report.get("paused") is True
    assert suite.invoker.slots() == []
    assert suite.invoker.names() == ["daily-meetings"]
    suite.state("pause", "all", "paused")
    suite.tick(suite.at + timedelta(days=1))
    assert suite.invoker.names() == ["daily-meetings"]


def test_batches_hold_so_many_races() -> None:
    """No payload names more races than the settings allow; where pollers wait, all slots of a race travel together."""
    suite = Suite(at_minute(70), settings=Settings(races_per_poller=2, hand_out="ahead"))
    for i in range(5):
        suite.race(f"r{i}")
    suite.tick(at_minute(2), secs=30)
    payloads = [p for name, p in suite.invoker.started if name == POLLER]
    assert [len({s["raceId"] for s in p["slots"]}) for p in payloads] == [2, 2, 1]
    assert all(p["tick"] == iso(at_minute(2)) for p in payloads)


def test_what_a_fast_clock_handed_out_is_handed_out_again() -> None:
    """Slots that a tick five minutes ahead of time handed out are handed out again at their own minute."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(6), cold=True)
    early = set(suite.invoker.slots())
    suite.invoker.started.clear()
    suite.tick(at_minute(11), cold=True)
    for minute in (10, 9, 8, 7, 6):
        suite.tick(at_minute(minute))
    assert early
    assert early <= set(suite.invoker.slots())


def test_a_quiet_tick_costs_few_store_calls() -> None:
    """A tick with nothing to do but look makes at most six calls to the store."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(59))
    before = suite.store.calls
    suite.tick(at_minute(58))
    assert suite.store.calls - before <= 6


def test_a_warm_scheduler_reads_only_what_changed() -> None:
    """A second tick reads no race that stands as it stood, and sees at once one that moved, came or has ended."""
    suite = Suite(at_minute(70))
    for i in range(5):
        suite.race(f"r{i}")
    suite.tick(at_minute(20))
    suite.rows_read.clear()
    suite.tick(at_minute(18))
    assert suite.rows_read[RACES] == 0
    suite.at = at_minute(17, 5)
    suite.race("new", START - timedelta(minutes=2))
    suite.race("r0", START + timedelta(minutes=40))
    suite.race("r1", status="Final")
    assert suite.tick(at_minute(16))["races"] == 5
    assert suite.rows_read[RACES] == 3


def test_a_tick_waits_only_where_slots_were_handed_out() -> None:
    """A minute without slots ends at once; one whose slots were handed out before waits until they have settled."""
    suite = Suite(at_minute(200))
    suite.race("r1")
    suite.tick(at_minute(70, 0))
    assert suite.ended == at_minute(70, 0)
    suite.tick(at_minute(65.5, 0))
    suite.polled("r1", 1, START - timedelta(minutes=65))
    suite.tick(at_minute(64, 0))
    assert suite.ended == at_minute(64, 3.5)


def test_a_pause_is_seen_by_a_warm_scheduler() -> None:
    """What an operator sets between two ticks of one process counts at the next, and so does lifting it."""
    suite = Suite(at_minute(70))
    suite.race("r1")
    suite.tick(at_minute(5))
    suite.at = at_minute(4, 30)
    suite.state("pause", POLLER, "paused")
    assert suite.tick(at_minute(4)).get("paused")
    suite.at = at_minute(3, 30)
    suite.state("pause", POLLER, "running")
    assert not suite.tick(at_minute(3)).get("paused")
