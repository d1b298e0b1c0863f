"""Trouble with the money of a generated day: what is served, and what the truth of it is."""

from datetime import timedelta

import pytest

from local.feedsim import DayOptions, FeedDay, FeedSim, generate_day
from local.feedsim.model import FeedRace, MarketState
from local.feedsim.options import MONEY_TROUBLES
from tests.feedsim.asking import MARK, event
from tests.feedsim.conftest import DATE


@pytest.fixture(scope="module")
def day() -> FeedDay:
    """A day with much of every trouble of races that are run."""
    return generate_day(4, DATE, 30, **{name: 8 for name in MONEY_TROUBLES if name != "called_off"})


@pytest.fixture(scope="module")
def feed(day: FeedDay) -> FeedSim:
    """Its feed."""
    return FeedSim(day)


def _marks(race: FeedRace) -> list[timedelta]:
    return [timedelta(seconds=secs) for secs in (-4000, -1000, -400, -60, 0)]


def _inverse(state: MarketState, *, held: bool) -> float:
    return sum(1 / r.pool_win for r in state.runners if r.pool_win and (not r.scratched or (held and r.held_win_cents)))


def test_a_day_has_no_trouble_unasked(feedsim_big_day: FeedDay) -> None:
    """Each kind comes by asking alone."""
    scripts = [race.script for race in feedsim_big_day.core_races]
    assert not any(s.dropped or s.suspensions or s.place_off for s in scripts)
    assert not any(x.refunded or x.leaves for s in scripts for x in s.scratchings)


def test_parts_are_the_pools_at_every_mark(day: FeedDay) -> None:
    """What runners have and what is held of scratched ones are the totals, to the cent, whatever befell the race."""
    for race in day.core_races:
        for shift in _marks(race):
            state = day.truth(race.race_id, race.advertised + shift)
            assert state.pools["win"] == sum(r.win_cents + r.held_win_cents for r in state.runners)
            assert state.pools["place"] == sum(r.place_cents + r.held_place_cents for r in state.runners)


def test_unrefunded_money_stays_in_total_and_odds_until_it_goes_back() -> None:
    """A scratching moves no money: the refund takes what the runner held, and nothing from the others."""
    day, seen = generate_day(4, DATE, 30, late_scratchings=0, unrefunded=24), 0
    for race in day.core_races:
        alone = len([s for s in race.script.scratchings if s.late]) == 1
        for scratching in race.script.scratchings if alone and race.script.place_off is None else ():
            if scratching.refunded is None or scratching.refunded == scratching.at:
                continue
            before, out = day.truth(race.race_id, scratching.at - MARK), day.truth(race.race_id, scratching.at)
            last = day.truth(race.race_id, scratching.refunded - MARK)
            back = day.truth(race.race_id, scratching.refunded)
            i = scratching.index
            assert out.runners[i].scratched
            assert out.runners[i].held_win_cents == before.runners[i].win_cents == last.runners[i].held_win_cents
            assert (out.runners[i].win_cents, back.runners[i].held_win_cents) == (0, 0)
            fell = last.pools["win"] - back.pools["win"]
            grew = sum(b.win_cents - a.win_cents for a, b in zip(last.runners, back.runners, strict=True))
            assert fell == last.runners[i].held_win_cents - grew
            # Inverse odds of all that it holds are the book; of those that run alone they are short of it.
            held = out.runners[i].held_win_cents / out.pools["win"]
            if min(r.win_cents for r in out.runners if not r.scratched) > 0 and held > 0.05:
                assert _inverse(out, held=True) - _inverse(out, held=False) == pytest.approx(1.19 * held, rel=0.1)
                seen += 1
    assert seen >= 2


def test_dead_place_pool_is_listed_with_money_that_is_nobodys(day: FeedDay, feed: FeedSim) -> None:
    """From the call-off on the pool is ABANDONED with what stood in it, and its true total is 0."""
    odds_left = set()
    for race in (race for race in day.core_races if race.script.place_off):
        off = race.script.place_off
        assert off is not None
        state, data = day.truth(race.race_id, off), event(feed, race.race_id, off)
        pool = next(pool for pool in data["tote_pools"] if pool["product_type"] == "Place")
        assert (pool["status"], round(pool["total"] * 100)) == ("ABANDONED", state.dead["place"])
        assert state.dead["place"] == day.truth(race.race_id, off - MARK).pools["place"] > 0 == state.pools["place"]
        final = event(feed, race.race_id, race.script.final)
        assert any("pool_place" in row["odds"] for row in final["runners"])
        assert not any(row["product_name"] == "Pool Place" for row in final["dividends"])
        odds_left.add(any("pool_place" in row["odds"] for row in data["runners"]))
    assert odds_left == {True, False}


def test_dropped_pools_leave_dividends_that_tell_them(day: FeedDay, feed: FeedSim) -> None:
    """The totals are null, an empty list or zeros, while the pools behind the dividends stay right."""
    kinds = set()
    for race in day.core_races:
        for dropped in race.script.dropped:
            state, data = day.truth(race.race_id, dropped.since), event(feed, race.race_id, dropped.since)
            kinds.add(dropped.how)
            assert {"null": data["tote_pools"] is None, "empty": data["tote_pools"] == []}.get(dropped.how, True)
            if dropped.how == "zero":
                assert {pool["total"] for pool in data["tote_pools"]} == {0}
            paid = {round(row["pool_size"] * 100) for row in data["dividends"] if row["product_name"] == "Pool Win"}
            assert paid == {state.pools["win"]}
    assert kinds == {"null", "empty", "zero"}


def test_leaver_is_listed_no_more(day: FeedDay, feed: FeedSim) -> None:
    """From one mark on a runner's id is gone; a vacant box of its number may stand there under another id."""
    vacant = set()
    for race in day.core_races:
        for scratching in (s for s in race.script.scratchings if s.leaves):
            facts = race.runners[scratching.index]
            before, after = (event(feed, race.race_id, at) for at in (scratching.at - MARK, scratching.at))
            assert facts.entrant_id in {row["entrant_id"] for row in before["runners"]}
            assert facts.entrant_id not in {row["entrant_id"] for row in after["runners"]}
            stands = [row for row in after["runners"] if row["runner_number"] == facts.number]
            assert [row["is_scratched"] for row in stands] == [True] * scratching.vacant
            assert after["race"]["entrant_count"] == len(after["runners"])
            assert not day.truth(race.race_id, scratching.at).runners[scratching.index].listed
            vacant.add(scratching.vacant)
    assert vacant == {True, False}


def test_a_leap_changes_totals_alone_and_for_a_while(day: FeedDay, feed: FeedSim) -> None:
    """Totals are served as so many times what they are; odds and every other pool are those of the money."""
    factors = set()
    for race in day.core_races:
        for leap in race.script.leaps:
            assert leap.since < leap.until <= race.script.closed
            state, data = day.truth(race.race_id, leap.since), event(feed, race.race_id, leap.since)
            served = {pool["product_type"].lower(): round(pool["total"] * 100) for pool in data["tote_pools"]}
            for product in ("win", "place", "quinella"):
                cents = state.dead.get(product, state.pools.get(product, 0))
                assert served.get(product, 0) == int(cents * (leap.factor if product in leap.products else 1))
            odds = {row["entrant_id"]: row["odds"].get("pool_win") for row in data["runners"]}
            assert all(odds.get(r.entrant_id) == r.pool_win for r in state.runners if r.listed and r.pool_win)
            after = event(feed, race.race_id, leap.until)
            sound = day.truth(race.race_id, leap.until)
            assert sound.leapt == {}
            assert {round(p["total"] * 100) for p in after["tote_pools"] if p["product_type"] == "Win"} == {
                sound.pools["win"]
            }
            factors.add(leap.factor)
    assert len(factors) > 1


def test_suspended_prices_are_missing_for_a_while(day: FeedDay) -> None:
    """Fixed prices of one or all, or one runner's pool odds, are gone from an instant on and come back."""
    kinds = set()
    for race in day.core_races:
        for span in race.script.suspensions:
            within, after = day.truth(race.race_id, span.since), day.truth(race.race_id, span.until)
            struck = [i for i in range(len(race.runners)) if span.index in (i, None)]
            kinds.add((span.kind, span.index is None))
            for i in struck:
                odds = within.runners[i].pool_win if span.kind == "pool" else within.runners[i].fixed_win
                assert not odds
            if span.kind == "fixed" and len(race.script.suspensions) == 1:
                assert any(after.runners[i].fixed_win for i in struck)
    assert {("fixed", True), ("fixed", False), ("pool", False)} <= kinds


def test_late_amendments_come_an_hour_or_more_after_final() -> None:
    """A result changes when every re-check is long past."""
    day = generate_day(4, DATE, 12, options=DayOptions(late_amendments=5))
    late = [
        race
        for race in day.core_races
        if race.script.corrected is not None and race.script.corrected - race.script.final > timedelta(minutes=40)
    ]
    assert len(late) == 5
    for race in late:
        at = race.script.corrected
        assert at is not None
        before, after = day.truth(race.race_id, at - MARK), day.truth(race.race_id, at)
        assert (before.placings, before.dividends) != (after.placings, after.dividends)


def test_a_race_that_is_called_off_loses_its_place_pool_first() -> None:
    """Place is ABANDONED while Win is still bet on; then every pool is, in a race that the list called off before."""
    day = generate_day(4, DATE, 12, abandoned_races=0, called_off=6)
    feed, seen = FeedSim(day), 0
    for race in (race for race in day.core_races if race.script.place_off):
        off, told, gone = race.script.place_off, race.script.abandoned_list, race.script.abandoned_event
        assert off is not None
        assert told is not None
        assert gone is not None
        assert off < told <= gone < race.script.closed
        first, last = (event(feed, race.race_id, at) for at in (off, gone))
        words = [{p["product_type"]: p["status"] for p in data["tote_pools"]} for data in (first, last)]
        assert (words[0]["Win"], words[0]["Place"]) == ("OPEN", "ABANDONED")
        assert {words[1]["Win"], words[1]["Place"]} == {"ABANDONED"}
        assert (first["race"]["status"], last["race"]["status"]) == ("Open", "Abandoned")
        assert day.truth(race.race_id, told).list_status == "Abandoned"
        seen += 1
    assert seen == 6
