"""What a poll writes, refuses and resolves."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raceday.clock import iso
from raceday.errors import (
    FeedUnavailable,
)
from raceday.polling.outcome import Order
from raceday.polling.poll import poll
from raceday.racing.snapshot import Odds, Status
from raceday.tables import ENTRANTS, RACE_RESULTS, RACES
from raceday.tables.entrants import entrant_row
from tests.polling.kit import HALF_MINUTE, T5, at, odds_rows, ready, with_odds
from tests.sample_race import RACE_ID, START, entrant_id, final_race, open_race


def test_repeated_slot_writes_nothing() -> None:
    """A second poll of a slot asks no feed and writes no row."""
    kit = ready()
    at(kit, T5)
    again = at(kit, T5)
    assert (again.result, len(kit.feed.asked), len(kit.ledger())) == ("done", 1, 1)


def test_late_slot_writes_nothing() -> None:
    """A poll whose slot lies before the newest row is too late."""
    kit = ready()
    at(kit, T5 + HALF_MINUTE)
    assert (at(kit, T5).result, len(kit.feed.asked)) == ("late", 1)


def test_expired_slot_is_not_polled_and_becomes_a_gap() -> None:
    """A slot polled after half its interval is refused, and the next row names it with that cause."""
    kit = ready()
    at(kit, T5)
    kit.clock.advance(46)
    assert at(kit, T5 + HALF_MINUTE).result == "expired"
    at(kit, T5 + 2 * HALF_MINUTE)
    assert [(g.slot, g.cause) for g in kit.ledger()[-1].gaps] == [(T5 + HALF_MINUTE, "expired")]


def test_slot_off_the_plan_is_refused() -> None:
    """A slot that the race's schedule does not have is not polled."""
    kit = ready()
    at(kit, T5)
    assert at(kit, T5 + timedelta(seconds=31)).result == "off_plan"


def test_gaps_name_what_this_process_knows() -> None:
    """Skipped slots carry the cause that this process met, the others say that nobody tried."""
    kit = ready()
    at(kit, T5)
    kit.feed.races[RACE_ID] = FeedUnavailable("slow", cause="feed_timeout")
    failed = at(kit, T5 + 2 * HALF_MINUTE)
    assert (failed.result, failed.cause) == ("failed", "feed_timeout")
    kit.feed.races[RACE_ID] = open_race()
    at(kit, T5 + 3 * HALF_MINUTE)
    gaps = [((g.slot - T5) // HALF_MINUTE, g.cause) for g in kit.ledger()[-1].gaps]
    assert gaps == [(1, "no_attempt"), (2, "feed_timeout")]
    at(kit, T5 + 4 * HALF_MINUTE)
    assert kit.ledger()[-1].gaps == ()


def test_older_answer_never_overwrites_a_newer_one() -> None:
    """An answer made before the committed one is refused as stale, and the tables keep what they had."""
    kit = ready()
    at(kit, T5)
    stale = with_odds(open_race(generated_at=T5 - HALF_MINUTE), 1, fixed_win=Decimal(99))
    kit.feed.races[RACE_ID] = stale
    outcome = asyncio.run(poll(kit.container, Order(RACE_ID, T5 + HALF_MINUTE, "slot", START), kit.container.log))
    assert (outcome.result, outcome.cause) == ("failed", "stale")
    assert kit.store.tables[ENTRANTS][entrant_id(1)]["fixedWinOdds"] != 99


def test_only_changed_entrants_and_odds_are_written() -> None:
    """One changed price writes one odds row of its kind; entrants that stay equal are not sent."""
    kit = ready()
    at(kit, T5)
    kit.feed.races[RACE_ID] = with_odds(open_race(), 3, fixed_win=Decimal("7.70"))
    outcome = at(kit, T5 + HALF_MINUTE)
    assert outcome.changed is not None
    assert (outcome.changed.entrants, outcome.changed.odds) == (1, 1)
    assert odds_rows(kit, 2) == [(entrant_id(3), "fixed_win", 7.7)]


def test_price_that_differs_by_a_cent_is_a_change() -> None:
    """Odds compare as exact decimals: 0.01 is a change, and the same value written otherwise is none."""
    kit = ready()
    at(kit, T5, race=open_race())
    now = next(r.odds.fixed_win for r in open_race().runners if r.number == 8) or Decimal(0)
    kit.feed.races[RACE_ID] = with_odds(open_race(), 8, fixed_win=now + Decimal("0.01"))
    at(kit, T5 + HALF_MINUTE)
    kit.feed.races[RACE_ID] = with_odds(open_race(), 8, fixed_win=(now + Decimal("0.01")) * Decimal("1.000"))
    at(kit, T5 + 2 * HALF_MINUTE)
    assert (len(odds_rows(kit, 2)), len(odds_rows(kit, 3))) == (1, 0)


def test_first_odds_of_the_import_are_not_written_again() -> None:
    """A first poll writes only odds that differ from the entrant rows that the import left."""
    kit = ready()
    for runner in open_race().runners:
        kit.store.put(ENTRANTS, runner.entrant_id, entrant_row(open_race(), runner))
    kit.feed.races[RACE_ID] = with_odds(open_race(), 2, pool_place=Decimal("1.95"))
    at(kit, T5)
    assert odds_rows(kit, 1) == [(entrant_id(2), "pool_place", 1.95)]


def test_vanished_odds_become_null_and_leave_no_history() -> None:
    """Odds that the feed no longer has are null on the entrant, never 0, and add no odds row."""
    kit = ready()
    at(kit, T5)
    gone = tuple(r._replace(odds=Odds()) if r.number == 8 else r for r in open_race().runners)
    kit.feed.races[RACE_ID] = open_race(runners=gone)
    at(kit, T5 + HALF_MINUTE)
    assert kit.store.tables[ENTRANTS][entrant_id(8)]["poolWinOdds"] is None
    assert odds_rows(kit, 2) == []


def test_scratching_reaches_the_entrant_and_sets_its_money_aside() -> None:
    """A late scratching is written with no money left on the runner; what the pool still holds is unrefunded."""
    kit = ready()
    at(kit, T5)
    out = tuple(r._replace(scratched=True, late_scratched=True) if r.number == 2 else r for r in open_race().runners)
    kit.feed.races[RACE_ID] = open_race(runners=out, field_size=7)
    at(kit, T5 + HALF_MINUTE)
    row = kit.store.tables[ENTRANTS][entrant_id(2)]
    assert (row["isScratched"], row["isLateScratched"], row["winPoolAmount"]) == (True, True, 0)
    last = kit.ledger()[-1]
    assert last.pools is not None
    assert sum(r.win_cents or 0 for r in last.runners) + last.pools.beside_cents("win") == 1_507_113
    assert kit.store.tables[RACES][RACE_ID]["fieldSize"] == 7


def test_moved_start_is_noticed_and_lays_a_new_grid() -> None:
    """A moved start reaches the race row; slots of the old grid are refused after it, those of the new one polled."""
    kit = ready()
    moved = START + timedelta(minutes=10, seconds=10)
    kit.feed.races[RACE_ID] = open_race(start=moved)
    at(kit, T5)
    assert kit.store.tables[RACES][RACE_ID]["startTime"] == moved.isoformat(timespec="milliseconds")
    old = Order(RACE_ID, T5 + HALF_MINUTE, "slot", START, T5)
    kit.clock.advance(30)
    assert asyncio.run(poll(kit.container, old, kit.container.log)).result == "off_plan"
    new = moved - timedelta(minutes=12, seconds=30)
    assert at(kit, new, start=moved).result == "committed"


def test_start_moved_in_the_races_table_counts_when_it_is_newer() -> None:
    """A grid laid on a start that the caller read after the newest poll is followed, and skipped slots say why."""
    kit = ready()
    at(kit, T5)
    moved = START + timedelta(minutes=2, seconds=10)
    slot = moved - timedelta(minutes=5)
    kit.clock.advance((slot - kit.clock.now()).total_seconds())
    kit.feed.races[RACE_ID] = open_race(start=moved, generated_at=slot)
    order = Order(RACE_ID, slot, "slot", moved, slot - timedelta(seconds=20))
    assert asyncio.run(poll(kit.container, order, kit.container.log)).result == "committed"
    assert {g.cause for g in kit.ledger()[-1].gaps} == {"start_moved"}


@pytest.mark.parametrize(("issued_secs", "result"), [(-60, "off_plan"), (0, "off_plan"), (20, "committed")])
def test_a_start_that_was_read_before_the_poll_that_saw_it_move_counts_no_more(issued_secs: int, result: str) -> None:
    """A slot of the old grid is off the plan, unless its caller read the old start after the newest poll."""
    kit = ready()
    moved = START + timedelta(minutes=7)
    kit.feed.races[RACE_ID] = open_race(start=moved, generated_at=T5)
    assert at(kit, T5).result == "committed"
    slot = T5 + HALF_MINUTE
    kit.clock.advance((slot - kit.clock.now()).total_seconds())
    order = Order(RACE_ID, slot, "slot", START, T5 + timedelta(seconds=issued_secs))
    assert asyncio.run(poll(kit.container, order, kit.container.log)).result == result


def test_finished_race_takes_no_more_slots_but_rechecks() -> None:
    """After Final a slot is refused, a re-check is polled, and a missed re-check is a gap."""
    kit = ready(final_race())
    final_slot = START + timedelta(minutes=6)
    at(kit, final_slot)
    assert at(kit, final_slot + HALF_MINUTE).result == "over"
    assert at(kit, final_slot + timedelta(minutes=15), "recheck").result == "committed"
    assert [(g.slot, g.cause) for g in kit.ledger()[-1].gaps] == [(final_slot + timedelta(minutes=5), "no_attempt")]


@pytest.mark.parametrize(("status", "column"), [(Status.FINAL, "finalizedAt"), (Status.ABANDONED, "abandonedAt")])
def test_the_end_of_a_race_is_stamped_in_its_own_column(status: Status, column: str) -> None:
    """The poll that first sees a race over says when, as the end it was."""
    kit = ready(final_race() if status is Status.FINAL else open_race(status=status))
    at(kit, START + timedelta(minutes=6))
    row = kit.store.tables[RACES][RACE_ID]
    assert row["status"] == status.value
    assert [name for name in ("finalizedAt", "abandonedAt") if row.get(name)] == [column]
    assert row[column] == row["lastStatusChange"]


def test_every_row_of_a_finished_race_says_since_when_it_is() -> None:
    """A request between re-checks hides none that was missed, and a race that is taken back finishes anew."""
    kit = ready(final_race())
    slot = START + timedelta(minutes=6)
    at(kit, slot)
    at(kit, slot + timedelta(minutes=2), "request")
    at(kit, slot + timedelta(minutes=15), "recheck")
    assert [g.slot - slot for g in kit.ledger()[-1].gaps] == [timedelta(minutes=5)]
    race = final_race()
    swapped = tuple(p._replace(position=3 - p.position) if p.position < 3 else p for p in race.placings)
    kit.feed.races[RACE_ID] = race._replace(status=Status.INTERIM, placings=swapped)
    at(kit, slot + timedelta(minutes=30), "recheck")
    again = slot + timedelta(minutes=32)
    kit.feed.races[RACE_ID] = race._replace(placings=swapped)
    at(kit, again)
    assert [row.finished_at for row in kit.ledger()] == [slot, slot, slot, None, again]


def test_corrected_dividends_are_written_under_an_unchanged_status() -> None:
    """A dividend corrected after Final is written; equal results are not written again."""
    kit = ready(final_race())
    slot = START + timedelta(minutes=6)
    at(kit, slot)
    same = at(kit, slot + timedelta(minutes=5), "recheck")
    assert same.changed is not None
    assert not same.changed.results
    race = final_race()
    kit.feed.races[RACE_ID] = race._replace(dividends=(race.dividends[0]._replace(amount=Decimal("3.80")),))
    at(kit, slot + timedelta(minutes=15), "recheck")
    assert '"dividend":3.8' in kit.store.tables[RACE_RESULTS][RACE_ID]["dividendsData"]


def test_old_open_answer_does_not_reopen_a_final_race() -> None:
    """An answer that shows Open after Final leaves status, results and entrants as they are, and is on record."""
    kit = ready(final_race())
    slot = START + timedelta(minutes=6)
    at(kit, slot)
    kit.feed.races[RACE_ID] = with_odds(open_race(), 1, fixed_win=Decimal(44))
    outcome = at(kit, slot + timedelta(minutes=5), "recheck")
    assert outcome.result == "committed"
    assert (kit.store.tables[RACES][RACE_ID]["status"], kit.ledger()[-1].status) == ("Final", Status.FINAL)
    assert kit.store.tables[RACE_RESULTS][RACE_ID]["resultsAvailable"]
    assert kit.store.tables[ENTRANTS][entrant_id(1)]["fixedWinOdds"] != 44


def test_new_placings_take_a_final_race_back_to_interim() -> None:
    """Interim with other placings after Final is a correction and is followed."""
    kit = ready(final_race())
    slot = START + timedelta(minutes=6)
    at(kit, slot)
    race = final_race()
    swapped = tuple(p._replace(position=3 - p.position) if p.position < 3 else p for p in race.placings)
    kit.feed.races[RACE_ID] = race._replace(status=Status.INTERIM, placings=swapped)
    at(kit, slot + timedelta(minutes=5), "recheck")
    assert kit.store.tables[RACES][RACE_ID]["status"] == "Interim"
    assert kit.store.tables[RACE_RESULTS][RACE_ID]["resultStatus"] == "interim"


def test_results_do_not_vanish_under_an_unchanged_status() -> None:
    """A Final answer without results keeps those that are stored."""
    kit = ready(final_race())
    slot = START + timedelta(minutes=6)
    at(kit, slot)
    kit.feed.races[RACE_ID] = final_race()._replace(placings=(), dividends=())
    at(kit, slot + timedelta(minutes=5), "recheck")
    assert kit.store.tables[RACE_RESULTS][RACE_ID]["resultsAvailable"]


def test_answer_without_tracker_keeps_what_it_said_last() -> None:
    """Hold and bet stay on the entrants when the tracker is not served, and nothing is written for it."""
    kit = ready()
    at(kit, T5)
    kit.feed.races[RACE_ID] = open_race(
        tracker=None, runners=tuple(r._replace(hold_points=None, bet_points=None) for r in open_race().runners)
    )
    for i in (1, 2):
        outcome = at(kit, T5 + i * HALF_MINUTE)
        assert outcome.changed is not None
        assert outcome.changed.entrants == 0
    assert kit.store.tables[ENTRANTS][entrant_id(1)]["holdPercentage"]
    kit.feed.races[RACE_ID] = open_race()
    back = at(kit, T5 + 3 * HALF_MINUTE)
    assert back.changed is not None
    assert back.changed.entrants == 0


def test_a_race_keeps_its_meetings_day() -> None:
    """An event past midnight names the next NZ date; the race stays on the day of its meeting."""
    kit = ready()
    kit.store.tables[RACES][RACE_ID]["raceDateNz"] = "2026-11-24"
    kit.feed.races[RACE_ID] = open_race(race_date_nz=date(2026, 11, 25), weather="Showers")
    at(kit, T5)
    row = kit.store.tables[RACES][RACE_ID]
    assert (row["weather"], row["raceDateNz"]) == ("Showers", "2026-11-24")


def test_bookkeeping_moves_only_with_another_column() -> None:
    """lastUpdated and last_poll_time of the race stay when the poll changed nothing of it."""
    kit = ready()
    at(kit, T5)
    before = dict(kit.store.tables[RACES][RACE_ID])
    kit.feed.races[RACE_ID] = with_odds(open_race(), 1, fixed_win=Decimal(3))
    at(kit, T5 + HALF_MINUTE)
    assert kit.store.tables[RACES][RACE_ID] == before
    kit.feed.races[RACE_ID] = open_race(weather="Showers")
    at(kit, T5 + 2 * HALF_MINUTE)
    assert kit.store.tables[RACES][RACE_ID]["last_poll_time"] > before["last_poll_time"]


def test_a_runner_that_a_poll_stores_first_says_since_when() -> None:
    """A runner that no import stored gets its `importedAt` from the poll that does, once."""
    kit = ready()
    kit.store.tables[ENTRANTS].clear()
    at(kit, T5)
    stored = [dict(row) for row in kit.store.tables[ENTRANTS].values()]
    assert {row["importedAt"] for row in stored} == {iso(T5)}
    kit.feed.races[RACE_ID] = with_odds(open_race(), 1, fixed_win=Decimal(3))
    at(kit, T5 + HALF_MINUTE)
    rows = kit.store.tables[ENTRANTS].values()
    assert {row["importedAt"] for row in rows} == {iso(T5)}
    assert iso(T5 + HALF_MINUTE) in {row["lastUpdated"] for row in rows}


def test_unknown_words_do_not_blank_known_ones() -> None:
    """An answer without weather leaves the weather that is stored."""
    kit = ready()
    at(kit, T5)
    kit.feed.races[RACE_ID] = open_race(weather="", track_condition="")
    at(kit, T5 + HALF_MINUTE)
    assert kit.store.tables[RACES][RACE_ID]["weather"] == "Fine"


amounts = st.integers(0, 200_000_000)
steps = st.lists(
    st.tuples(
        st.sampled_from(["same", "odds", "pool", "scratch", "fail", "skip", "repeat"]), st.integers(1, 8), amounts
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_ledger_stays_in_order_whatever_happens(script: list[tuple[str, int, int]]) -> None:
    """For any course of events rows count 1, 2, 3 in slot order, cover every slot as row or gap, and pools add up."""
    kit = ready()
    race = open_race()
    at(kit, T5)
    for i, (event, number, cents) in enumerate(script, start=1):
        if event == "odds":
            race = with_odds(race, number, pool_win=Decimal(cents % 9000 + 104) / 100)
        if event == "pool":
            race = race._replace(pools=tuple(p._replace(total_cents=cents) for p in race.pools or ()))
        if event == "scratch":
            race = race._replace(runners=tuple(r._replace(scratched=r.number == number) for r in race.runners))
        kit.feed.races[RACE_ID] = FeedUnavailable("busy") if event == "fail" else race
        if event != "skip":
            at(kit, T5 + i * HALF_MINUTE)
        if event == "repeat":
            assert at(kit, T5 + i * HALF_MINUTE).result == "done"
    kit.feed.races[RACE_ID] = race
    at(kit, T5 + (len(script) + 1) * HALF_MINUTE)
    ledger = kit.ledger()
    assert [row.n for row in ledger] == list(range(1, len(ledger) + 1))
    covered = [g.slot for row in ledger for g in row.gaps] + [row.slot for row in ledger]
    assert sorted(covered) == [T5 + i * HALF_MINUTE for i in range(len(script) + 2)]
    for row in ledger:
        totals = [r.win_cents for r in row.runners]
        assert row.pools is not None
        assert sum(c or 0 for c in totals) + row.pools.beside_cents("win") == row.pools.cents("win")
