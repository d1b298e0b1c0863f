"""The market of a generated race: money, odds, tracker points."""

import itertools
from datetime import timedelta
from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st

from local.feedsim import DayOptions, FeedDay, generate_day
from local.feedsim.marks import floor_mark
from local.feedsim.model import FeedRace, MarketState
from tests.feedsim.asking import MARK, money_of
from tests.feedsim.conftest import DATE

seeds = st.integers(0, 10_000)


def _walk(day: FeedDay, race: FeedRace, minutes_before: int, minutes_after: int, step_secs: int) -> list[MarketState]:
    start = floor_mark(race.advertised - timedelta(minutes=minutes_before))
    count = (minutes_before + minutes_after) * 60 // step_secs
    return [day.truth(race.race_id, start + timedelta(seconds=step_secs * k)) for k in range(count)]


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_runner_money_adds_up_to_the_pools(seed: int) -> None:
    """At every mark the runners' true cents sum to the win and place pools, and scratched runners hold none."""
    day = generate_day(seed=seed, date=DATE, races=3, late_scratchings=2)
    for race in day.core_races:
        for state in _walk(day, race, 90, 12, 150):
            assert sum(win for win, _ in money_of(state)) == state.pools["win"]
            assert sum(place for _, place in money_of(state)) == state.pools["place"]
            assert all(runner.win_cents == runner.place_cents == 0 for runner in state.runners if runner.scratched)


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_money_never_falls_on_a_calm_day(seed: int) -> None:
    """Without refunds and corrections each runner's money and each pool only grow, on 15 s marks."""
    day = generate_day(seed=seed, date=DATE, races=2, options=DayOptions.calm())
    for race in day.core_races:
        states = _walk(day, race, 75, 10, 15)
        for before, after in itertools.pairwise(states):
            assert all(a <= b and c <= d for (a, c), (b, d) in zip(money_of(before), money_of(after), strict=True))
            assert all(before.pools[name] <= after.pools[name] for name in before.pools)
            assert all(before.multi_leg[name] <= after.multi_leg[name] for name in before.multi_leg)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0, 14.999))
def test_nothing_changes_between_marks(seed: int, secs: float) -> None:
    """The truth at an instant is the truth at its 15 s mark."""
    day = generate_day(seed=seed, date=DATE, races=1)
    race = day.core_races[0]
    mark = race.advertised - timedelta(minutes=seed % 7)
    assert day.truth(race.race_id, mark + timedelta(seconds=secs)) == day.truth(race.race_id, mark)


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_late_scratching_refunds_exactly_that_runner(seed: int) -> None:
    """At a late scratching the pools fall by what was on the runner, nobody else loses money, and growth goes on."""
    day = generate_day(seed=seed, date=DATE, races=2, options=DayOptions(late_scratchings=2, corrections=0))
    for race in day.core_races:
        for late in (s for s in race.script.scratchings if s.late):
            before, after = day.truth(race.race_id, late.at - MARK), day.truth(race.race_id, late.at)
            assert not before.runners[late.index].scratched
            assert after.runners[late.index].scratched
            assert after.runners[late.index].win_cents == 0
            for i, ((a, c), (b, d)) in enumerate(zip(money_of(before), money_of(after), strict=True)):
                assert i == late.index or (a <= b and c <= d)
            assert after.field_size == before.field_size - 1
            later = day.truth(race.race_id, race.script.closed)
            assert later.pools["win"] > after.pools["win"]


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_odds_follow_the_money_with_a_take_out(seed: int) -> None:
    """Tote odds are the pool less its take-out over the runner's money, and their inverses sum as recorded ones do."""
    day = generate_day(seed=seed, date=DATE, races=2, abandoned_races=0)
    for race in day.core_races:
        state = day.truth(race.race_id, race.script.final)
        for runner in state.runners:
            if runner.pool_win is not None and not runner.scratched:
                fair = state.pools["win"] * 0.845 / runner.win_cents
                assert runner.pool_win == max(1.0, round(runner.pool_win, 1))
                assert runner.pool_win <= max(1.0, fair + 1e-6)
                assert fair - runner.pool_win < 0.1 + 1e-6
        live = [runner for runner in state.runners if not runner.scratched]
        win = sum(1 / runner.pool_win for runner in live if runner.pool_win)
        place = sum(1 / runner.pool_place for runner in live if runner.pool_place) / race.positions_paid
        assert 1.15 < win < 1.26
        if all(runner.pool_place != 1.0 for runner in live):  # odds never go below 1, whatever the share
            assert 1.14 < place < 1.32


def test_take_out_is_the_usual_one(feedsim_big_day: FeedDay) -> None:
    """Over a day the median sums of inverse odds at the end are near 1.19 for win and 1.22 for place."""
    wins, places = [], []
    for race in feedsim_big_day.core_races:
        state = feedsim_big_day.truth(race.race_id, race.script.final)
        if state.status == "Final":
            live = [runner for runner in state.runners if not runner.scratched]
            wins.append(sum(1 / runner.pool_win for runner in live if runner.pool_win))
            places.append(sum(1 / r.pool_place for r in live if r.pool_place) / race.positions_paid)
    assert 1.18 <= median(wins) <= 1.21
    assert 1.19 <= median(places) <= 1.25


def test_pools_have_believable_sizes(feedsim_big_day: FeedDay) -> None:
    """Final win pools lie between 300 and 1.5 million dollars, and most money comes in the last ten minutes."""
    late = []
    for race in feedsim_big_day.core_races:
        if race.script.abandoned_list is None:
            end = feedsim_big_day.truth(race.race_id, race.script.final).pools["win"]
            early = feedsim_big_day.truth(race.race_id, race.script.closed - timedelta(minutes=10)).pools["win"]
            assert 250_00 <= end <= 2_000_000_00
            late.append(1 - early / end)
    assert median(late) > 0.6


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_tracker_points_sum_as_recorded(seed: int) -> None:
    """Hold and bet points over all ids sum to 99..101; runners alone may miss the points of unknown ids."""
    day = generate_day(seed=seed, date=DATE, races=3)
    for race in day.core_races:
        for state in _walk(day, race, 60, 4, 300):
            hold = sum(runner.hold_points for runner in state.runners)
            bet = sum(runner.bet_points for runner in state.runners)
            if hold:
                assert 99 <= hold + state.unknown_hold_points <= 101
                assert 99 <= bet + state.unknown_bet_points <= 101
                assert hold >= 91


def test_some_unscratched_runners_miss_pool_odds(feedsim_big_day: FeedDay) -> None:
    """In thin pools far from the start some runners have no pool odds yet, while fixed odds are there."""
    missing = total = 0
    for race in feedsim_big_day.core_races:
        for runner in feedsim_big_day.truth(race.race_id, race.advertised - timedelta(hours=4)).runners:
            if not runner.scratched:
                total += 1
                missing += runner.pool_win is None or runner.pool_place is None
                assert runner.fixed_win > 1
    assert 0.01 < missing / total < 0.25


def test_fixed_odds_move_until_after_the_start(feedsim_big_day: FeedDay) -> None:
    """Fixed prices change over the day, some of them after the advertised start."""
    moved = moved_late = 0
    for race in feedsim_big_day.core_races:
        early = feedsim_big_day.truth(race.race_id, race.advertised - timedelta(hours=3))
        start = feedsim_big_day.truth(race.race_id, race.advertised)
        end = feedsim_big_day.truth(race.race_id, race.script.final)
        prices = [[runner.fixed_win for runner in state.runners] for state in (early, start, end)]
        moved += prices[0] != prices[1]
        moved_late += prices[1] != prices[2]
    assert moved > 60
    assert moved_late > 10
