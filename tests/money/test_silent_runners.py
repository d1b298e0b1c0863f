"""Several runners without odds: what the book leaves goes to them by hold, else is nobody's; no flow is made of it."""

import copy
from typing import Any

from tests.money.play import Step, parts, play
from tests.money.test_rules import FIRST, told
from tests.money.test_silent_odds import FIELD, pools, runners

SILENT = (1, 3)


def field(money: tuple[int, ...], *, silent: bool) -> list[dict[str, Any]]:
    """Return the field, some of it without pool odds."""
    made = runners(money)
    for index in SILENT if silent else ():
        made[index]["odds"] |= {"pool_win": None, "pool_place": None}
    return made


def tracker(points: dict[int, int]) -> dict[str, Any]:
    """Return a tracker with each runner's hold by index."""
    ids = [each["entrant_id"] for each in runners(FIELD)]
    return {
        "entrants": [
            {"entrant_id": ids[i], "hold_percentage": hold, "bet_percentage": hold} for i, hold in points.items()
        ]
    }


def poll(at_secs: int, money: tuple[int, ...] = FIELD, *, silent: bool = False, points: Any = None) -> dict[str, Any]:
    """Return one poll of the field."""
    told_of = tracker(points) if points else None
    return told(at_secs, runners=field(money, silent=silent), tote_pools=pools(money), money_tracker=told_of)


def by_number(step: Step) -> list[int | None]:
    """Return everybody's Win money."""
    return [line.win_cents for line in sorted(step.row.runners, key=lambda each: each.number)]


def test_without_holds_what_the_book_leaves_is_nobodys() -> None:
    """Two fall silent: neither has an amount, the others keep theirs, and the rest stands beside them to the cent."""
    before, after = play([poll(-300), poll(-270, silent=True)])
    cents, known = by_number(after), by_number(before)
    assert [cents[i] for i in SILENT] == [None, None]
    for i in set(range(len(FIELD))) - set(SILENT):
        assert abs((cents[i] or 0) - (known[i] or 0)) <= sum(FIELD) * 2 // 100
    assert after.row.pools is not None
    wanted = sum(known[i] or 0 for i in SILENT)
    assert abs(after.row.pools.settled["win"].unattributed_cents - wanted) <= sum(FIELD) * 2 // 100
    assert parts(after, "win") == sum(FIELD)
    assert all(after.by_number(i + 1)["winPoolAmount"] is None for i in SILENT)


def test_with_holds_they_share_it_by_these() -> None:
    """The tracker's points say who of the two has how much."""
    points = {0: 30, 1: 20, 2: 20, 3: 10, 4: 10, 5: 10}
    _, after = play([poll(-300, points=points), poll(-270, silent=True, points=points)])
    second, fourth = (by_number(after)[i] or 0 for i in SILENT)
    assert abs(second - 2 * fourth) <= 2
    assert parts(after, "win") == sum(FIELD)


def test_no_flow_is_made_of_silence() -> None:
    """While two are silent their column shows what they had and no growth; afterwards what has come since."""
    grown = tuple(cents + 30_000 for cents in FIELD)
    steps = play([poll(-300), poll(-240, grown, silent=True), poll(-180, grown), poll(-120, grown)])
    first, last = steps[1], steps[-1]
    had = by_number(steps[0])
    ids = {row["runnerNumber"]: i for i, row in last.entrants.items()}
    for i in SILENT:
        assert first.labels[4][ids[i + 1]]["winPoolAmount"] == had[i]
        assert last.growth(4, "win")[i + 1] == 0
        assert abs(last.growth(3, "win")[i + 1] - 30_000) <= sum(grown) * 2 // 100
    assert all(growth > -sum(grown) // 50 for label in (4, 3) for growth in last.growth(label, "win").values())


def test_a_field_of_which_two_were_never_backed_is_shared_as_before() -> None:
    """In a thin pool nobody backs two outsiders: without odds they still have nothing, and nothing is nobody's."""
    thin = (3_000, 2_500, 2_000, 1_200, 0, 0)
    made = runners((3_000, 2_500, 2_000, 1_200, 100, 100))
    for each in made[4:]:
        each["odds"] = {"fixed_win": 21, "fixed_place": 5}
    steps = play([told(at, runners=copy.deepcopy(made), tote_pools=pools(thin)) for at in (-300, -270)])
    for step in steps:
        assert by_number(step)[4:] == [0, 0]
        assert parts(step, "win") == sum(thin)


def test_provisional_dividends_of_a_smaller_pool_lower_nothing() -> None:
    """At the end the feed drops the pools, and Interim dividends name a smaller one: what was known stays."""
    dividends = [
        {**each, "status": "Interim", "pool_size": (each["pool_size"] or 0) / 2} for each in FIRST["dividends"]
    ]
    before, after = play([told(60, "Closed"), told(120, "Final", tote_pools=[], dividends=dividends)])
    assert before.row.pools is not None
    assert after.row.pools is not None
    for product in ("win", "place"):
        assert after.row.pools.cents(product) == before.row.pools.cents(product)
        assert parts(after, product) == before.row.pools.cents(product)


def with_one_out(at_secs: int, money: tuple[int, ...] = FIELD) -> dict[str, Any]:
    """Return a poll at which the first is scratched, its odds still there, and the second shows none."""
    made = runners(money)
    made[0]["is_scratched"] = True
    made[1]["odds"] |= {"pool_win": None, "pool_place": None}
    return told(at_secs, runners=made, tote_pools=pools(money))


def test_what_may_be_a_scratched_runners_still_is_no_silent_ones() -> None:
    """At first sight nobody can tell of a refund: the stake is nobody's, and the silent one keeps its own."""
    (step,) = play([with_one_out(-300)])
    assert step.row.pools is not None
    settled = step.row.pools.settled["win"]
    assert settled.word == "undecided"
    assert abs(settled.unattributed_cents - FIELD[0]) <= sum(FIELD) * 2 // 100
    for line in step.row.runners:
        wanted = 0 if line.scratched else FIELD[line.number - 1]
        assert abs((line.win_cents or 0) - wanted) <= sum(FIELD) * 2 // 100, line.number
    assert parts(step, "win") == sum(FIELD)


def test_bets_on_a_silent_runner_are_no_others_while_a_refund_is_in_question() -> None:
    """It takes in as much as the scratched one held: undecided, and those whose odds stand keep their money."""
    backed = tuple(cents + 300_000 * (i == 1) for i, cents in enumerate(FIELD))
    _, step = play([poll(-300), with_one_out(-270, backed)])
    for line in step.row.runners:
        if line.number > 2:
            assert abs((line.win_cents or 0) - FIELD[line.number - 1]) <= sum(backed) * 2 // 100, line.number
    assert parts(step, "win") == sum(backed)
