"""What happens in the course of a generated day."""

from datetime import timedelta

import pytest

from local.feedsim import FeedDay, FeedSim, generate_day
from local.feedsim.model import FeedRace
from tests.feedsim.asking import MARK, ask, event
from tests.feedsim.conftest import DATE

_ORDER = {"Open": 0, "Closed": 1, "Interim": 2, "Final": 3}


def _run(day: FeedDay) -> list[FeedRace]:
    return [race for race in day.core_races if race.script.abandoned_list is None]


def test_statuses_only_go_forward(feedsim_big_day: FeedDay) -> None:
    """Open, Closed, Interim, Final come in this order, Open lasting past the advertised start when delayed."""
    delayed = 0
    for race in _run(feedsim_big_day):
        at = race.advertised - timedelta(minutes=2)
        seen = []
        while at <= race.script.final:
            seen.append(feedsim_big_day.truth(race.race_id, at).status)
            at += MARK
        ranks = [_ORDER[status] for status in seen]
        assert ranks == sorted(ranks)
        assert set(seen) >= {"Open", "Final"}
        delayed += feedsim_big_day.truth(race.race_id, race.advertised + 2 * MARK).status == "Open"
    assert delayed > 40


def test_delays_are_those_of_real_races(feedsim_big_day: FeedDay) -> None:
    """Races leave seconds to minutes late, never early, about a minute at the median."""
    delays = sorted((race.script.jump - race.advertised).total_seconds() for race in _run(feedsim_big_day))
    assert delays[0] >= 5
    assert delays[-1] <= 1423
    assert 35 <= delays[len(delays) // 2] <= 110


def test_final_stays_final(feedsim_big_day: FeedDay) -> None:
    """Hours after its end a race is still Final, with the same placings as when last corrected."""
    for race in _run(feedsim_big_day)[:20]:
        settled = max(race.script.final, race.script.corrected or race.script.final)
        first = feedsim_big_day.truth(race.race_id, settled)
        later = feedsim_big_day.truth(race.race_id, settled + timedelta(hours=9))
        assert (later.status, later.placings, later.pools) == ("Final", first.placings, first.pools)


def test_timeline_tells_every_status_change(feedsim_big_day: FeedDay) -> None:
    """Each status event of the timeline is served from its instant on and not a mark sooner."""
    for change in feedsim_big_day.events():
        if change.kind == "status" and change.detail != "Closed":
            after = feedsim_big_day.truth(change.race_id, change.at)
            before = feedsim_big_day.truth(change.race_id, change.at - MARK)
            assert after.status == change.detail
            assert before.status != change.detail
        if change.kind == "scratched":
            state = feedsim_big_day.truth(change.race_id, change.at)
            assert next(r for r in state.runners if r.entrant_id == change.detail).scratched


def test_end_of_a_race_is_known(feedsim_big_day: FeedDay) -> None:
    """From `over_at` on a race is Final, Abandoned or gone and not a mark sooner; a stuck one never ends."""
    for race in feedsim_big_day.core_races:
        at = feedsim_big_day.over_at(race.race_id)
        assert (at is None) is race.script.stuck_open
        if at is not None:
            assert feedsim_big_day.truth(race.race_id, at).status in {"Final", "Abandoned"}
            assert feedsim_big_day.truth(race.race_id, at - MARK).status not in {"Final", "Abandoned"}


def test_moved_start_is_published_at_its_instant(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """A moved start shows in list and event from one instant on, and the race runs by the new time."""
    moved = [race for race in feedsim_day.core_races if race.script.moved_at is not None]
    assert moved
    for race in moved:
        script = race.script
        assert script.moved_at is not None
        assert script.moved_from is not None
        for at, start in ((script.moved_at - MARK, script.moved_from), (script.moved_at, race.advertised)):
            assert event(feedsim, race.race_id, at)["race"]["advertised_start"] == start.timestamp()
            assert feedsim_day.truth(race.race_id, at).advertised_start == start
            _, listed = ask(feedsim, f"meetings/{race.meeting_id}", at)
            row = next(row for row in listed["data"]["meetings"][0]["races"] if row["id"] == race.race_id)
            assert row["start_time"] == start.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert script.jump >= race.advertised != script.moved_from


def test_abandoned_race_is_refunded(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """A single abandoned race is Abandoned in the list, then in its event, and its pools are empty."""
    race = next(race for race in feedsim_day.core_races if race.script.abandoned_list is not None)
    script = race.script
    assert script.abandoned_event is not None
    assert script.abandoned_list is not None
    assert feedsim_day.truth(race.race_id, script.abandoned_list - MARK).list_status in {"Open", "Closed"}
    state = feedsim_day.truth(race.race_id, script.abandoned_event)
    assert (state.status, state.list_status) == ("Abandoned", "Abandoned")
    assert set(state.pools.values()) == {0}
    data = event(feedsim, race.race_id, script.abandoned_event)
    assert data["race"]["status"] == "Abandoned"
    assert "results" not in data


def test_abandoned_tail_leaves_one_event_open_and_one_gone(feedsim_big_day: FeedDay) -> None:
    """After a meeting's tail is abandoned one event stays Open for good and one answers 404."""
    feed = FeedSim(feedsim_big_day)
    stuck = [race for race in feedsim_big_day.core_races if race.script.stuck_open]
    gone = [race for race in feedsim_big_day.core_races if race.script.gone is not None]
    assert stuck
    assert gone
    for race in stuck:
        assert race.script.abandoned_list is not None
        for hours in (0, 1, 6):
            state = feedsim_big_day.truth(race.race_id, race.script.abandoned_list + timedelta(hours=hours))
            assert (state.status, state.list_status, state.http_status) == ("Open", "Abandoned", 200)
    for race in gone:
        assert race.script.gone is not None
        assert ask(feed, f"events/{race.race_id}", race.script.gone - MARK)[0] == 200
        assert ask(feed, f"events/{race.race_id}", race.script.gone)[0] == 404
        assert feedsim_big_day.truth(race.race_id, race.script.gone).list_status == "Abandoned"


def test_whole_meeting_is_abandoned(feedsim_big_day: FeedDay) -> None:
    """On a big day one meeting loses all its races before the first of them."""
    whole = [
        meeting
        for meeting in feedsim_big_day.meetings
        if all(race.script.abandoned_list is not None for race in meeting.races)
    ]
    assert len(whole) == 1
    first = whole[0].races[0]
    assert first.script.abandoned_list is not None
    assert first.script.abandoned_list < first.advertised


@pytest.mark.parametrize("seed", range(4))
def test_dead_heats_repeat_a_position_and_skip_the_next(seed: int) -> None:
    """In a dead heat two runners share a position, and two win or place dividends share the money."""
    day = generate_day(seed=seed, date=DATE, races=12, dead_heats=3, abandoned_races=0)
    heats = [race for race in day.core_races if race.script.dead_heat_at]
    assert len(heats) == 3
    for race in heats:
        at = race.script.dead_heat_at
        positions = [placing.position for placing in day.truth(race.race_id, race.script.final).placings]
        assert positions.count(at) == 2
        assert at + 1 not in positions
        if at == 1:
            dividends = day.truth(race.race_id, race.script.final).dividends
            assert sum(row.product == "win" and row.status == "Final" for row in dividends) == 2


def test_upheld_protest_changes_the_order() -> None:
    """An upheld protest swaps the first two between Interim and Final; one dismissed leaves them."""
    day = generate_day(seed=11, date=DATE, races=30, protests=8, corrections=0, dead_heats=0)
    protested = [race for race in day.core_races if race.script.protest]
    assert {race.script.protest_upheld for race in protested} == {True, False}
    for race in protested:
        interim = [p.number for p in day.truth(race.race_id, race.script.interim).placings[:2]]
        final_state = day.truth(race.race_id, race.script.final)
        final = [p.number for p in final_state.placings[:2]]
        assert final == (interim[::-1] if race.script.protest_upheld else interim)
        assert final_state.protest == race.script.protest


def test_corrections_come_under_an_unchanged_status() -> None:
    """Minutes after Final dividends, pool or order change while the status stays Final."""
    day = generate_day(seed=12, date=DATE, races=40, corrections=12)
    kinds = set()
    for race in day.core_races:
        at = race.script.corrected
        if at is not None and race.script.abandoned_list is None:
            before, after = day.truth(race.race_id, at - MARK), day.truth(race.race_id, at)
            assert before.status == after.status == "Final"
            assert timedelta(0) < at - race.script.final <= timedelta(minutes=30)
            changed = {
                "dividends": before.dividends != after.dividends,
                "pool": before.pools != after.pools,
                "placings": before.placings != after.placings,
            }
            assert changed[race.script.correction]
            kinds.add(race.script.correction)
    assert kinds == {"dividends", "pool", "placings"}


def test_last_money_arrives_after_the_close_where_pools_are_commingled(feedsim_big_day: FeedDay) -> None:
    """Commingled pools take a last jump while the race is Closed."""
    jumps = 0
    for race in _run(feedsim_big_day):
        closed = feedsim_big_day.truth(race.race_id, race.script.closed).pools["win"]
        settled = feedsim_big_day.truth(race.race_id, race.script.interim).pools["win"]
        assert settled >= closed
        jumps += settled > closed * 1.02
    assert jumps > 20


def test_weather_turns_over_some_meetings(feedsim_big_day: FeedDay) -> None:
    """Weather and track of later races change at one instant for a whole meeting."""
    turned = [race for race in feedsim_big_day.core_races if race.turn is not None]
    assert turned
    race = turned[0]
    assert race.turn is not None
    state = feedsim_big_day.truth(race.race_id, race.turn.at)
    assert (state.weather, state.track_condition) == (race.turn.weather, race.turn.track_condition)
    assert feedsim_big_day.truth(race.race_id, race.turn.at - MARK).weather == race.weather
