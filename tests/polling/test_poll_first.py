"""One poll end to end on a store in memory."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from raceday.clock import iso
from raceday.polling.outcome import Order, Outcome
from raceday.polling.poll import poll
from raceday.racing.records import ODDS_TYPES
from raceday.racing.snapshot import Status
from raceday.tables import ENTRANTS, ODDS_HISTORY, RACE_POLLS, RACE_RESULTS, RACES
from tests.poll_kit import Kit, make_kit, stored_race
from tests.sample_race import RACE_ID, START, final_race, open_race

T5 = START - timedelta(minutes=5)


def run(kit: Kit, slot: Any = T5, kind: str = "slot") -> Outcome:
    """Poll the sample race for a slot."""
    return asyncio.run(poll(kit.container, Order(RACE_ID, slot, kind, START, slot), kit.container.log))


def ready() -> Kit:
    """Make a kit whose race is stored and served."""
    kit = make_kit()
    kit.feed.races[RACE_ID] = open_race()
    stored_race(kit, open_race())
    return kit


def test_first_poll_writes_everything_once() -> None:
    """The first poll commits ledger row, entrants, odds and race together, for one feed request."""
    kit = ready()
    outcome = run(kit)
    assert (outcome.result, len(kit.feed.asked)) == ("committed", 1)
    tables = kit.store.tables
    assert [len(tables[t]) for t in (RACE_POLLS, ENTRANTS, ODDS_HISTORY, RACE_RESULTS)] == [1, 8, 32, 0]
    assert tables[RACES][RACE_ID]["trackCondition"] == "Good4"
    row = kit.ledger()[0]
    assert (row.n, row.slot, row.status, row.gaps) == (1, T5, Status.OPEN, ())
    assert sum(r.win_cents or 0 for r in row.runners) == 1_507_113
    odds = tables[ODDS_HISTORY].values()
    assert Counter(each["type"] for each in odds) == dict.fromkeys(ODDS_TYPES, 8)
    assert {each["eventTimestamp"] for each in odds} == {iso(open_race().generated_at)}


def test_a_poll_tells_by_how_many_ms_it_was_late() -> None:
    """An order that is begun two and a half seconds after its slot says so in its row."""
    kit = ready()
    kit.clock.advance(2.5)
    assert run(kit).result == "committed"
    assert kit.ledger()[0].late_ms == 2500


def test_unchanged_poll_is_one_create() -> None:
    """When nothing changed, the second poll is one read and one create, and touches no other table."""
    kit = ready()
    run(kit)
    before = {t: dict(r) for t, r in kit.store.tables.items() if t != RACE_POLLS}
    kit.store.asked.clear()
    kit.clock.advance(30)
    kit.feed.races[RACE_ID] = open_race(generated_at=T5 + timedelta(seconds=30))
    assert run(kit, T5 + timedelta(seconds=30)).result == "committed"
    assert kit.store.asked == ["find", "create"]
    assert before == {t: r for t, r in kit.store.tables.items() if t != RACE_POLLS}


def test_final_poll_writes_status_and_results_together() -> None:
    """Status Final and the results appear in one commit of at most four calls."""
    kit = ready()
    run(kit)
    slot = START + timedelta(minutes=6)
    kit.clock.advance(660)
    kit.feed.races[RACE_ID] = final_race()._replace(generated_at=slot)
    kit.store.asked.clear()
    assert run(kit, slot).result == "committed"
    assert kit.store.asked == ["find", "get", "transaction", "stage", "commit"]
    race = kit.store.tables[RACES][RACE_ID]
    assert (race["status"], race["finalizedAt"]) == ("Final", race["lastStatusChange"])
    assert kit.store.tables[RACE_RESULTS][RACE_ID]["resultStatus"] == "final"


def test_slots_missed_before_the_first_row_are_its_gaps() -> None:
    """A race stored some minutes before its first committed poll has the slots between as gaps of that row."""
    kit = ready()
    kit.store.tables[RACES][RACE_ID]["$createdAt"] = iso(T5 - timedelta(minutes=6))
    assert run(kit).result == "committed"
    assert [gap.slot for gap in kit.ledger()[0].gaps] == [T5 - timedelta(minutes=2.5)]
