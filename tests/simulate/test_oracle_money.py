"""The oracle's arithmetic of whose money a pool is, held against the market that made the figures."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from local.feedsim import FeedDay, FeedSim, generate_day
from local.feedsim.model import FeedRace
from local.feedsim.serve import PREFIX
from local.simulate.oracle.facts import Ledger, OracleLine, Poll, Pools
from local.simulate.oracle.polls import figures
from local.simulate.oracle.pools import off_by_the_list, pools_of
from local.simulate.oracle.reading import read_event
from local.simulate.oracle.sightings import versions_of
from tests.feedsim.asking import HEADERS
from tests.feedsim.conftest import DATE

STEP = timedelta(seconds=30)


@pytest.fixture(scope="module")
def day() -> FeedDay:
    """A day with much trouble about its money."""
    return generate_day(6, DATE, 24, late_scratchings=0, unrefunded=12, leavers=6, dead_places=6, dropped_pools=8)


def _served(day: FeedDay, race: FeedRace, at: datetime) -> bytes:
    _, _, body = FeedSim(day).respond(f"{PREFIX}/events/{race.race_id}", "with_money_tracker=true", HEADERS, at)
    return body


def _polls(
    day: FeedDay, race: FeedRace, begin: datetime, end: datetime, step: timedelta = STEP
) -> list[tuple[datetime, Poll]]:
    found: list[tuple[datetime, Poll]] = []
    while begin <= end:
        reading = read_event(_served(day, race, begin), race.race_id)
        base = found[-1][1] if found else None
        lines, pools = figures(reading, base, reading.status)
        found.append((begin, _poll(len(found) + 1, begin, reading.status, reading, lines, pools)))
        begin += step
    return found


def _poll(
    n: int, at: datetime, status: str, reading: object, lines: tuple[OracleLine, ...], pools: Pools | None
) -> Poll:
    made = partial(Poll, row={}, kind="slot", before=status, start=at, generated=at)
    return made(n=n, slot=at, status=status, reading=reading, lines=lines, pools=pools)  # type: ignore[arg-type]


def _all_parts(poll: Poll, product: str) -> int:
    cents = sum(line.win_cents if product == "win" else line.place_cents for line in poll.lines)
    return cents + poll.aside(product).cents


def test_parts_are_the_pools_in_every_trouble(day: FeedDay) -> None:
    """Runners, unrefunded and unattributed money are each pool to the cent at every poll."""
    judged = 0
    for race in day.core_races[:12]:
        for _, poll in _polls(day, race, race.advertised - 5 * STEP, race.script.final + 3 * STEP):
            for product in ("win", "place"):
                assert _all_parts(poll, product) == poll.cents(product)
                judged += poll.cents(product) > 0
    assert judged > 100


def test_unrefunded_money_is_what_the_market_holds(day: FeedDay) -> None:
    """Where the odds prove it, a scratched runner's unrefunded money is its own within what odds are rounded by."""
    proven = 0
    for race in day.core_races:
        for scratching in race.script.scratchings:
            if scratching.refunded is None or scratching.refunded <= scratching.at:
                continue
            runner = race.runners[scratching.index].entrant_id
            for at, poll in _polls(day, race, scratching.at - STEP, scratching.refunded + STEP):
                truth = day.truth(race.race_id, at)
                held = truth.runners[scratching.index].held_win_cents
                found = poll.aside("win").unrefunded.get(runner, 0)
                share = held / truth.pools["win"] if truth.pools["win"] else 0
                if poll.aside("win").word == "unrefunded" and share > 0.08:
                    assert found == pytest.approx(held, rel=0.12)
                    proven += 1
                if not held:
                    # The refund of a small share hides in the growth of the pool: nobody can tell it apart.
                    assert found <= 0.06 * truth.pools["win"]
    assert proven >= 5


def test_money_on_the_others_is_theirs_before_and_after_a_refund(day: FeedDay) -> None:
    """No inflow that never was: what a runner is said to have keeps near what the market has on it."""
    judged = 0
    for race in day.core_races:
        late = [s for s in race.script.scratchings if s.refunded is not None and s.refunded > s.at]
        if not late or race.script.place_off is not None:
            continue
        for at, poll in _polls(day, race, late[0].at - STEP, (late[0].refunded or late[0].at) + STEP):
            truth = {r.entrant_id: r for r in day.truth(race.race_id, at).runners}
            if (
                poll.aside("win").word in ("unrefunded", "")
                and min(r.win_cents for r in truth.values() if not r.scratched) > 0
            ):
                off = sum(abs(line.win_cents - truth[line.id].win_cents) for line in poll.lines if line.id in truth)
                assert off <= 0.08 * poll.cents("win")
                judged += 1
    assert judged >= 5


def test_a_dead_place_pool_counts_nowhere_until_the_end(day: FeedDay) -> None:
    """From the call-off on its total and everybody's Place money are 0, whatever odds stand there."""
    dead = [race for race in day.core_races if race.script.place_off is not None]
    assert dead
    for race in dead:
        assert race.script.place_off is not None
        for _, poll in _polls(day, race, race.script.place_off, race.script.place_off + 3 * STEP):
            assert poll.is_dead("place")
            assert (poll.cents("place"), _all_parts(poll, "place"), poll.aside("place").word) == (0, 0, "dead")
            assert poll.cents("win") > 0


def test_a_leap_of_the_generator_is_a_total_that_cannot_be() -> None:
    """The oracle names what leapt alone and was not thin, until the feed has put it right."""
    found = set()
    leaping = generate_day(9, DATE, 12, late_scratchings=0, leaps=12)
    for race in leaping.core_races:
        for leap in race.script.leaps:
            before = leaping.truth(race.race_id, leap.since - STEP).pools
            # A thin pool may well move so far, and of two that leap at once odds that moved meanwhile tell nothing.
            if len(leap.products) > 1 or any(before[product] < 100_000 for product in leap.products):
                continue
            for at, poll in _polls(leaping, race, leap.since - STEP, leap.until):
                assert poll.pools is not None
                named = set(poll.pools.leapt)
                assert named == (set(leap.products) if leap.since <= at < leap.until else set())
            found.add(leap.products)
    assert len(found) > 1


def test_an_abandoned_race_keeps_a_pool_dead_that_was_and_kills_no_other(day: FeedDay) -> None:
    """Place was never seen alive here and stays at 0, Win at its last total, with every pool called off at the end."""
    race = next(race for race in day.core_races if race.script.place_off is not None)
    assert race.script.place_off is not None
    at = race.script.place_off + STEP
    base = _polls(day, race, at, at)[-1][1]
    data = json.loads(_served(day, race, at + STEP))
    data["data"]["race"]["status"] = "Abandoned"
    for pool in data["data"]["tote_pools"]:
        pool["status"] = "ABANDONED"
    reading = read_event(json.dumps(data).encode(), race.race_id)
    _, pools = figures(reading, base, reading.status)
    assert pools is not None
    assert pools.dead == {"place"}
    assert (pools.single["place"], pools.single["win"]) == (0, base.cents("win"))
    assert base.cents("win") > 0


def test_pools_called_off_before_their_race_come_back_when_it_is_abandoned(day: FeedDay) -> None:
    """Called off one by one while it is Open they count 0; once an event or a list says Abandoned they count again."""
    race = next(race for race in day.core_races if race.script.place_off is None and race.script.final)
    at = race.advertised - timedelta(minutes=5)
    base = _polls(day, race, at, at)[-1][1]
    data = json.loads(_served(day, race, at + STEP))
    known = base
    for off in ({"Place"}, {pool["product_type"] for pool in data["data"]["tote_pools"]}):
        for pool in data["data"]["tote_pools"]:
            pool["status"] = "ABANDONED" if pool["product_type"] in off else pool["status"]
        reading = read_event(json.dumps(data).encode(), race.race_id)
        lived = known.cents("win")
        known = replace(base, pools=pools_of(reading, known, "Open"))
        assert known.pools is not None
        assert (known.cents("place"), known.pools.lived["place"]) == (0, base.cents("place"))
    assert known.pools is not None
    assert (known.cents("win"), known.pools.lived["win"]) == (0, lived)
    for last in (pools_of(reading, known, "Abandoned"), off_by_the_list(known.pools)):
        assert last is not None
        assert [last.single[product] for product in ("win", "place")] == [lived, base.cents("place")]
        assert (last.dead, last.lived) == (frozenset(), {})
    assert lived > base.cents("win") > 0
    assert base.cents("place") > 0


def test_a_generated_race_that_lost_its_place_pool_before_it_was_abandoned_ends_with_what_both_last_had() -> None:
    """Place counts 0 from its call-off on; both totals are those of their last living poll once the race is off."""
    day = generate_day(6, DATE, 12, abandoned_races=0, called_off=4)
    races = [race for race in day.core_races if race.script.place_off]
    for race in races:
        off, gone = race.script.place_off, race.script.abandoned_event
        assert off is not None
        assert gone is not None
        polls = [poll for _, poll in _polls(day, race, off - STEP, gone + STEP, timedelta(seconds=15))]
        before, after = polls[0].cents("place"), polls[-1]
        alive = [poll for poll in polls if poll.status == "Open"]
        assert {poll.cents("place") for poll in alive[2:]} == {0}
        assert (after.status, after.is_dead("place")) == ("Abandoned", False)
        assert after.cents("place") >= before > 0
        assert after.cents("win") == alive[-1].cents("win") > 0
    assert len(races) == 4


@pytest.mark.parametrize("word", ["ABANDONNED", "REFUNDED"])
@pytest.mark.parametrize("was_off", [False, True])
def test_a_pool_word_that_nobody_knows_leaves_the_pool_as_it_was(day: FeedDay, word: str, was_off: bool) -> None:
    """It neither kills a pool nor brings one back, and costs a tenth of what the answer is worth."""
    race = next(race for race in day.core_races if race.script.place_off is None and race.script.final)
    at = race.advertised - timedelta(minutes=5)
    base = _polls(day, race, at, at)[-1][1]
    data = json.loads(_served(day, race, at + STEP))
    place = next(pool for pool in data["data"]["tote_pools"] if pool["product_type"] == "Place")
    known = base
    for status in ["ABANDONED", word] if was_off else [word]:
        place["status"] = status
        reading = read_event(json.dumps(data).encode(), race.race_id)
        known = replace(base, pools=pools_of(reading, known, "Open"))
    assert known.is_dead("place") is was_off
    assert reading.unworded == ("place",)
    assert (known.cents("place") > 0) is not was_off


@pytest.mark.parametrize("members", [("results",), ("dividends",), ("results", "dividends")])
def test_null_members_after_final_make_no_version_of_the_results(day: FeedDay, members: tuple[str, ...]) -> None:
    """What such an answer does not say stays as the version before has it."""
    race = next(race for race in day.core_races if race.script.final)
    end = race.script.final + timedelta(minutes=20)
    data = json.loads(_served(day, race, end))
    assert data["data"]["race"]["status"] == "Final"
    whole = read_event(json.dumps(data).encode(), race.race_id)
    data["data"] |= dict.fromkeys(members)
    spoilt = read_event(json.dumps(data).encode(), race.race_id)
    assert spoilt.unread == set(members)
    row = {"fetchedAt": end.isoformat()}
    polls = [replace(_poll(n, end, "Final", r, (), None), row=row) for n, r in enumerate((whole, spoilt), 1)]
    (version,) = versions_of(Ledger(race.race_id, polls))
    assert version["dividendsData"].value
    assert version["resultsData"].value


def test_dropped_totals_stay_as_known_and_grow_to_the_dividends(day: FeedDay) -> None:
    """Null, empty and zeroed pools leave the totals that were known, or those behind the dividends, and all money."""
    kept = set()
    for race in (race for race in day.core_races if race.script.dropped):
        begin = race.script.interim - 2 * STEP
        polls = _polls(day, race, begin, race.script.final + 3 * STEP, timedelta(seconds=15))
        final = day.truth(race.race_id, polls[-1][0]).pools
        assert polls[-1][1].cents("win") == final["win"]
        for (_, a), (_, b) in pairwise(polls):
            assert b.cents("win") >= a.cents("win") > 0
            kept |= set((b.pools or Pools({}, {})).kept.values())
    assert "dividends" in kept


def test_a_leaver_ends_scratched_and_without_money(day: FeedDay) -> None:
    """A runner that is listed no more keeps a line, scratched, with 0 in both pools."""
    left = 0
    for race in day.core_races:
        for scratching in (s for s in race.script.scratchings if s.leaves):
            polls = _polls(day, race, scratching.at - STEP, scratching.at + 2 * STEP)
            for _, poll in polls[1:]:
                line = poll.line(race.runners[scratching.index].entrant_id)
                assert line is not None
                assert (line.scratched, line.win.cents, line.place.cents) == (True, 0, 0)
                left += 1
    assert left
