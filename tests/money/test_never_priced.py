"""Runners scratched before they ever had a price: no odds are made of them, and nobody's money moves for them."""

import copy
from typing import Any

import pytest

from tests.money.play import Step, parts, play
from tests.money.test_rules import FIRST, told

UNPRICED: list[Any] = [0, None, 0.5, "0.9", -3]
IDS = ["zero", "null", "below 1", "a text below 1", "negative"]


def ghost(price: Any, *, scratched: bool) -> dict[str, Any]:
    """Return a runner beyond the generated field that has no price, or one that none can be."""
    runner: dict[str, Any] = copy.deepcopy(FIRST["runners"][0])
    odds = dict.fromkeys(("fixed_win", "fixed_place", "pool_win", "pool_place"), price)
    named = {"entrant_id": "0a0b0c0d-0000-4000-8000-00000000feed", "name": "Never Priced", "runner_number": 23}
    return runner | named | {"odds": odds, "is_scratched": scratched}


def field(price: Any, *, scratched: bool) -> list[dict[str, Any]]:
    """Return the generated field and the runner without a price."""
    return [*copy.deepcopy(FIRST["runners"]), ghost(price, scratched=scratched)]


def money(step: Step) -> dict[str, tuple[int | None, int | None]]:
    """Return everybody's Win and Place cents but the ghost's."""
    return {r.entrant_id: (r.win_cents, r.place_cents) for r in step.row.runners if r.number != 23}


def assert_as_without(step: Step, without: Step) -> None:
    """Hold that a poll's money stands as if the runner had never been listed."""
    assert money(step) == money(without)
    assert step.row.pools is not None
    assert without.row.pools is not None
    for product in ("win", "place"):
        settled = step.row.pools.settled.get(product)
        assert settled is None or not any(settled.unrefunded.values())
        assert settled is None or settled.word in ("", "refunded")
        assert parts(step, product) == without.row.pools.cents(product)
    (line,) = (r for r in step.row.runners if r.number == 23)
    assert (line.scratched, line.win_cents or 0, line.place_cents or 0) == (True, 0, 0)


@pytest.mark.parametrize("price", UNPRICED, ids=IDS)
def test_one_that_is_scratched_from_the_first_poll_on_moves_nobody(price: Any) -> None:
    """All polls share the pools as if the runner had never been listed."""
    at = (-3700, -300, -30)
    without = play([told(secs) for secs in at])
    for step, plain in zip(play([told(s, runners=field(price, scratched=True)) for s in at]), without, strict=True):
        assert_as_without(step, plain)


@pytest.mark.parametrize("price", UNPRICED, ids=IDS)
def test_one_that_ran_for_a_while_without_a_price_moves_nobody(price: Any) -> None:
    """Listed as running without a price, then scratched: before and after it nobody's money is its."""
    without = play([told(-3700), told(-300), told(-30)])
    first, *after = play(
        [
            told(-3700, runners=field(price, scratched=False)),
            *(told(secs, runners=field(price, scratched=True)) for secs in (-300, -30)),
        ]
    )
    assert money(first) == money(without[0])
    assert first.row.pools is not None
    assert {settled.word for settled in first.row.pools.settled.values()} == {"refunded"}
    for step, plain in zip(after, without[1:], strict=True):
        assert_as_without(step, plain)
