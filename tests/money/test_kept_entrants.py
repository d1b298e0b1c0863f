"""Entrants agree with the ledger row of the same slot, also where an answer hides runners."""

import copy
from typing import Any

import pytest

from tests.money.play import Step, parts, play
from tests.money.test_leaps import pools
from tests.money.test_rules import FIRST, told

ODD: list[Any] = [None, [], "?", {"entrant_id": None}]


def assert_agree(step: Step) -> None:
    """Hold that each entrant shows the ledger line's money, and that all of it is the pools."""
    for line in step.row.runners:
        row = step.entrants[line.entrant_id]
        shown = (row["winPoolAmount"], row["placePoolAmount"], row["shareSource"], row["isScratched"])
        assert shown == (line.win_cents, line.place_cents, line.win_source, line.scratched), line.number
    for product in ("win", "place"):
        assert step.row.pools is not None
        assert parts(step, product) == step.row.pools.cents(product)


@pytest.mark.parametrize("odd", ODD, ids=["null", "list", "text", "no id"])
def test_one_runner_that_cannot_be_read_shows_what_the_ledger_has(odd: Any) -> None:
    """Pools have grown, one runner is unreadable: its row has the ledger's money at that poll, and at the next."""
    hidden = copy.deepcopy(FIRST["runners"])
    hidden[0] = odd
    steps = play([told(-600), told(-300, tote_pools=pools(all=1.2), runners=hidden), told(-240)])
    for step in steps:
        assert step.outcome.result == "committed"
        assert_agree(step)


@pytest.mark.parametrize("runners", [None, [], "?"], ids=["null", "empty", "text"])
def test_a_list_of_runners_that_is_gone_shows_what_the_ledger_has(runners: Any) -> None:
    """The whole list is lost while the pools grow: every row has the ledger's money, and nobody is scratched by it."""
    before, lost, back = play([told(-600), told(-300, tote_pools=pools(all=1.2), runners=runners), told(-240)])
    for step in (before, lost, back):
        assert_agree(step)
    assert {i for i, row in lost.entrants.items() if row["isScratched"]} == {
        i for i, row in before.entrants.items() if row["isScratched"]
    }
    assert sum(line.win_cents or 0 for line in lost.row.runners) > sum(
        line.win_cents or 0 for line in before.row.runners
    )


def test_of_a_runner_that_is_listed_twice_the_one_that_runs_counts() -> None:
    """A scratched copy before the live one takes no money off it."""
    live = next(each for each in FIRST["runners"] if not each["is_scratched"])
    doubled = [copy.deepcopy(live) | {"is_scratched": True}, *copy.deepcopy(FIRST["runners"])]
    plain, twice = play([told(-600), told(-300, runners=doubled)])
    assert [line.win_cents for line in twice.row.runners] == [line.win_cents for line in plain.row.runners]
    assert_agree(twice)


def test_of_a_runner_that_is_listed_twice_a_partial_copy_counts_not() -> None:
    """A second copy without prices leaves the first as it is."""
    bare = copy.deepcopy(FIRST["runners"][0]) | {"odds": None}
    plain, twice = play([told(-600), told(-300, runners=[*copy.deepcopy(FIRST["runners"]), bare])])
    assert [line.win_cents for line in twice.row.runners] == [line.win_cents for line in plain.row.runners]
