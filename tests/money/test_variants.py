"""Further races of the kinds that go wrong, made here and played through the whole chain."""

import copy
import json
from typing import Any

import pytest

from tests.feed.test_client import served
from tests.money.play import START, Step, parts, play

Answer = dict[str, Any]


def answer(at_secs: int, **changes: Any) -> Answer:
    """Return one sound poll of a generated race with members of its data changed."""
    made = json.loads(served())
    stamp = START.timestamp() + at_secs - 1
    made["header"]["generated_time"] = stamp
    made["data"]["race"]["advertised_start"] = int(START.timestamp())
    made["data"] |= copy.deepcopy(changes)
    return {"poll_at_secs_from_start": at_secs, "answer": made}


def pools(**changes: Any) -> list[dict[str, Any]]:
    """Return the generated race's pools, one product's members changed."""
    listed: list[dict[str, Any]] = json.loads(served())["data"]["tote_pools"]
    for pool in listed:
        pool |= changes.get(pool["product_type"].lower(), {})
    return listed


def held(step: Step, product: str) -> int:
    """Return the cents that all parts of a pool come to, having seen that they are its total."""
    assert step.outcome.result == "committed", step.outcome.report()
    assert step.row.pools is not None
    assert parts(step, product) == (step.row.pools.cents(product) or 0)
    return parts(step, product)


@pytest.mark.parametrize("product", ["win", "place"])
@pytest.mark.parametrize("dropped", [None, []])
def test_a_pool_that_was_called_off_stays_so_when_the_feed_drops_it(product: str, dropped: Any) -> None:
    """Called off, then in no list any more: it counts 0 and is on no runner, and the other keeps what was known."""
    called_off = pools(**{product: {"status": "ABANDONED"}})
    steps = play([answer(-600), answer(-300, tote_pools=called_off), answer(-240, tote_pools=dropped)])
    other = "place" if product == "win" else "win"
    for step in steps[1:]:
        assert step.pools[f"{product}PoolTotal"] == 0
        assert held(step, product) == 0
        assert all(row[f"{product}PoolAmount"] == 0 for row in step.entrants.values())
    assert held(steps[2], other) == held(steps[0], other) > 0


@pytest.mark.parametrize("odd", [{"fixed_win": "SP"}, {"pool_place": "?"}])
def test_a_runner_leaves_the_list_while_another_has_an_odd_price(odd: dict[str, str]) -> None:
    """An odd price hides nobody: who left ends scratched and without money."""
    runners = json.loads(served())["data"]["runners"]
    gone, left = runners[-1]["entrant_id"], runners[:-1]
    left[0]["odds"] |= odd
    before, after = play([answer(-600), answer(-300, runners=left)])
    assert held(before, "win") > 0
    assert after.entrants[gone]["isScratched"] is True
    assert after.entrants[gone]["winPoolAmount"] == after.entrants[gone]["placePoolAmount"] == 0
    assert held(after, "win") > 0


@pytest.mark.parametrize("member", ["event_id", "meeting_id", "race_number", "advertised_start", "country", "type"])
@pytest.mark.parametrize("value", [None, [], "?" * 40])
def test_an_odd_member_of_the_race_costs_no_poll(member: str, value: Any) -> None:
    """What the race was known by stands in for what the answer lacks, and is told."""
    race = json.loads(served())["data"]["race"]
    race |= {"advertised_start": int(START.timestamp()), "advertised_start_string": ""}
    spoilt = race | {member: value}
    before, after = play([answer(-600), answer(-300, race=spoilt)])
    assert held(after, "win") == held(before, "win") > 0
    assert after.row.start == before.row.start
    assert (after.row.race.country, after.row.meeting_id) == (before.row.race.country, before.row.meeting_id)
    assert member in str(next(c for c in after.row.checks if c.name == "left_out").value)


@pytest.mark.parametrize("flag", [1, "1", "Y", True])
def test_a_scratching_is_read_from_whatever_says_yes(flag: Any) -> None:
    """A flag may come as a number or a text."""
    runners = json.loads(served())["data"]["runners"]
    runners[0]["is_scratched"] = flag
    (step,) = play([answer(-600, runners=runners)])
    assert step.entrants[runners[0]["entrant_id"]]["isScratched"] is True
    assert held(step, "win") > 0


@pytest.mark.parametrize("paid", [-1, 0, 99, 2**62, "?"])
def test_places_paid_that_cannot_be_are_taken_from_the_field(paid: Any) -> None:
    """An impossible count of places leaves everyone's money as it was."""
    race = json.loads(served())["data"]["race"] | {"positions_paid": paid}
    before, after = play([answer(-600), answer(-300, race=race)])
    assert held(after, "place") == held(before, "place") > 0
    assert [line.place_cents for line in after.row.runners] == [line.place_cents for line in before.row.runners]


def test_ids_in_another_case_are_the_same_race_and_the_same_runners() -> None:
    """Race, meeting, runners, tracker and placings in capitals, then as before: nobody is another one, or out."""

    def shouted(at_secs: int, status: str) -> Answer:
        made = answer(at_secs)
        data = made["answer"]["data"]
        data["race"] |= {"status": status} | {k: data["race"][k].upper() for k in ("event_id", "meeting_id")}
        for each in (*data["runners"], *data["money_tracker"]["entrants"], *data["results"]):
            each["entrant_id"] = each["entrant_id"].upper()
        return made

    first, open_race, final, again = play([answer(-600), shouted(-300, "Open"), shouted(300, "Final"), answer(330)])
    for step in (open_race, final, again):
        assert step.entrants.keys() == first.entrants.keys()
        assert [line.scratched for line in step.row.runners] == [line.scratched for line in first.row.runners]
        assert [line.hold for line in step.row.runners] == [line.hold for line in first.row.runners]
        assert held(step, "win") == held(first, "win") > 0
        assert step.row.meeting_id == first.row.meeting_id
    placed = json.loads(final.results["resultsData"])
    assert placed
    assert {each["entrant_id"] for each in placed} <= first.entrants.keys()


def off(*products: str) -> list[dict[str, Any]]:
    """Return the generated race's pools with some of them called off."""
    return pools(**{product: {"status": "ABANDONED"} for product in products})


@pytest.mark.parametrize("listed", [off("win", "place"), off("win"), [], None])
@pytest.mark.parametrize("served_as", ["CLOSED", "ABANDONED"])
def test_an_abandoned_race_ends_with_the_totals_that_its_pools_last_lived_with(listed: Any, served_as: str) -> None:
    """Whatever the last answers list, what was called off before counts again, and no label shows it as a flow."""
    race = json.loads(served())["data"]["race"] | {"advertised_start": int(START.timestamp()), "status": "Open"}
    called_off = race | {"status": "Abandoned"}
    listed = [pool | {"status": served_as} if pool["product_type"] == "Place" else pool for pool in listed or ()]
    none: Answer = {"results": [], "dividends": []}
    begin = [answer(-3600, race=race, **none), answer(-1800, race=race, tote_pools=off("place"), **none)]
    ends = [answer(at, race=called_off, tote_pools=listed or None, **none) for at in (-1200, -600)]
    alive, dead, *over = play([*begin, *ends])
    assert alive.pools["placePoolTotal"] > 0 == dead.pools["placePoolTotal"]
    for step in over:
        assert step.race["status"] == "Abandoned"
        assert step.pools["placePoolTotal"] == held(step, "place") == alive.pools["placePoolTotal"]
        assert step.row.pools is not None
        assert step.row.pools.dead == ()
        assert not any(cents for label in step.labels if label < 30 for cents in step.growth(label, "place").values())
        assert held(step, "win") == held(dead, "win") > 0
