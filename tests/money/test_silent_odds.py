"""A runner whose odds go missing: what the book leaves is its money, and everybody else keeps 1/odds over the book."""

import copy
import math
from fractions import Fraction
from typing import Any

import pytest

from tests.money.play import parts, play
from tests.money.test_rules import FIRST, told

FIELD = (300_000, 250_000, 200_000, 120_000, 80_000, 50_000)
BOOK = Fraction(119, 100)


def runners(money: tuple[int, ...], *, silent: int | None = None) -> list[dict[str, Any]]:
    """Return a field whose Win odds say what each holds, in cents, but for one that shows none."""
    made = []
    for index, cents in enumerate(money):
        odds = math.floor(sum(money) / (BOOK * cents) * 10) / 10
        each = copy.deepcopy(FIRST["runners"][0])
        each |= {"entrant_id": f"0a0b0c0d-0000-4000-8000-00000000000{index}", "runner_number": index + 1}
        each |= {"is_scratched": False, "name": f"Runner {index + 1}"}
        each["odds"] = {"fixed_win": odds, "fixed_place": odds, "pool_win": odds, "pool_place": odds}
        if index == silent:
            each["odds"] = {"fixed_win": None, "fixed_place": None, "pool_win": None, "pool_place": None}
        made.append(each)
    return made


def pools(money: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return the pools with so much in the Win pool."""
    every: list[dict[str, Any]] = copy.deepcopy(FIRST["tote_pools"])
    for pool in every:
        if pool["product_type"] == "Win":
            pool["total"] = sum(money) / 100
    return every


@pytest.mark.parametrize(("silent", "came"), [(0, 200_000), (5, 60_000), (2, 90_000)])
def test_money_that_comes_in_while_a_runner_shows_no_odds_is_its_own(silent: int, came: int) -> None:
    """The silent runner takes what the book leaves open; nobody else's money moves by more than its odds' rounding."""
    grown = tuple(cents + came * (index == silent) for index, cents in enumerate(FIELD))
    polls = [(-300, FIELD, None), (-240, grown, silent)]
    fed = [told(at, runners=runners(money, silent=out), tote_pools=pools(money)) for at, money, out in polls]
    _, after = play(fed)
    assert parts(after, "win") == sum(grown)
    for line, cents in zip(sorted(after.row.runners, key=lambda each: each.number), grown, strict=True):
        assert line.win_cents is not None
        assert abs(line.win_cents - cents) <= sum(grown) * 2 // 100, (line.number, line.win_cents, cents)
