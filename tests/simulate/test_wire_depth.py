"""Days and trials over virtual sockets, with the clients, pools and invoker that are deployed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.simulate.pool_trial import always_armed, pool_trial
from local.simulate.storms import NETWORKS, TROUBLES, CalmNet, Outage, Storm, weather_of
from local.simulate.storms_judged import lived
from local.simulate.unmended import unmended
from local.simulate.verdict import troubles

START = datetime(2026, 2, 14, tzinfo=UTC)
SHORT_LIFE, LONG_LIFE = timedelta(seconds=15), timedelta(seconds=60)


def test_every_race_is_committed_through_two_stalls() -> None:
    """Thirty races due at once, two stalls of 12 s: thirty are committed at each go."""
    assert pool_trial(1)["committed"] == [30, 30, 30, 30]


def test_slots_that_are_waited_for_open_no_transaction_after_they_are_due() -> None:
    """Armed polls have read and opened before the slot: from due to written is less than for a request."""
    asked = pool_trial(1, races=3, stalls=0, profile="appwrite-1.9")
    with always_armed():
        armed = pool_trial(1, races=3, stalls=0, profile="appwrite-1.9", armed=True)
    assert (asked["committed"], armed["committed"]) == ([3, 3], [3, 3])
    assert armed["last_after_due"]["p50_secs"] < asked["last_after_due"]["p50_secs"]


def test_the_dead_pool_is_found_from_a_seed() -> None:
    """With the clients as they once were, cancelled around the pool, no race is committed on a healthy store."""
    with unmended():
        assert pool_trial(2)["committed"][-1] == 0


def test_two_runs_of_one_seed_tell_the_same() -> None:
    """Every log line of a stall, with its instant, is the same in a second run, byte for byte."""
    traces: list[list[str]] = [[], []]
    found = [pool_trial(1, races=3, stalls=1, trace=trace) for trace in traces]
    assert json.dumps(found[0]) == json.dumps(found[1])
    assert len(traces[0]) > 10
    assert traces[0] == traces[1]


def test_a_write_that_the_store_dropped_fails_a_day() -> None:
    """A day that is fine but for one write that was answered well and not kept is not fine."""
    plain: dict[str, Any] = {
        "polls": {
            "duplicate": 0,
            "unexpected": 0,
            "missing": 0,
            "gaps_unexplained": 0,
            "handed_again": 0,
            "begun_late": 0,
            "paused_untold": 0,
        },
        "judged": {"count": 0},
        "crashes": [],
        "failures": [],
        "writes_dropped": 0,
    }
    assert troubles(plain) == {}
    assert troubles(plain | {"writes_dropped": 1}) == {"writes that the store dropped": 1}


def test_troubles_follow_from_seed_and_subject() -> None:
    """What goes wrong with one request is the same however often and in which order it is asked for."""
    one, other = Storm(1, lambda: 5.0), Storm(1, lambda: 5.0)
    asked = [("poller/1", connection, number) for connection in range(300) for number in range(20)]
    told = {each: one.trouble(*each) for each in asked}
    assert told == {each: other.trouble(*each) for each in reversed(asked)}
    assert set(told.values()) == {"", *TROUBLES}
    assert sum(map(bool, told.values())) / len(asked) == pytest.approx(sum(TROUBLES.values()), rel=0.3)


def test_a_clogged_link_is_one_pairs() -> None:
    """A link passes nothing for some seconds while others of the same host go on."""
    now = [0.0]
    storm = Storm(3, lambda: now[0])
    clogged: set[str] = set()
    for second in range(36_000):
        now[0] = float(second)
        clogged |= {c for c in ("a/1", "b/2", "c/3") if 0 < storm.clogged_secs(c, "store.raceday.local") < 9.1}
        assert len([c for c in ("a/1", "b/2", "c/3") if storm.clogged_secs(c, "store.raceday.local")]) < 3
    assert clogged


@pytest.mark.parametrize("network", NETWORKS)
def test_each_network_has_its_outages_in_order(network: str) -> None:
    """A calm network has none; the others lay theirs out over the day, each within its bounds."""
    weather, outages = weather_of(network, 1, lambda: 0.0, START)
    assert isinstance(weather, CalmNet)
    assert (outages == []) == (network == "calm")
    assert [each.begin for each in outages] == sorted(each.begin for each in outages)
    assert all(timedelta(0) < each.end - each.begin <= timedelta(seconds=130) for each in outages)


@pytest.mark.parametrize(
    ("begin", "secs", "life", "alive"),
    [(-1, 20, SHORT_LIFE, False), (-10, 20, SHORT_LIFE, True), (-1, 20, LONG_LIFE, True), (1, 20, SHORT_LIFE, True)],
)
def test_a_slot_is_excused_where_its_whole_life_fell_into_an_outage(
    begin: int, secs: int, life: timedelta, alive: bool
) -> None:
    """A slot has to be committed where an outage left it long enough to be asked for."""
    at = START + timedelta(hours=1)
    outage = Outage("store", "killed", at + timedelta(seconds=begin), at + timedelta(seconds=begin + secs))
    assert lived(at, life, [outage]) is alive
