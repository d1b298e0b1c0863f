"""Sums of fractions, and whole cents by largest remainder."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.apportion import added, apportion

weights = st.lists(st.fractions(min_value=0, max_value=1000), min_size=1, max_size=24).filter(any)


@given(st.lists(st.fractions(min_value=-1000, max_value=1000), max_size=24))
def test_fractions_are_added_exactly(parts: list[Fraction]) -> None:
    """Over one denominator comes out what adding one after the other gives, and nothing of nothing."""
    assert added(parts) == sum(parts, Fraction(0))


@given(st.integers(-(10**12), 10**12), weights)
def test_parts_add_up(total: int, shares: list[Fraction]) -> None:
    """The parts sum to the total exactly, whatever the weights."""
    assert sum(apportion(total, shares)) == total


@given(st.integers(0, 10**12), weights)
def test_parts_stay_next_to_the_exact_value(total: int, shares: list[Fraction]) -> None:
    """No part is a whole unit or more away from its exact share, and a weight of 0 gets nothing."""
    whole = sum(shares)
    for part, share in zip(apportion(total, shares), shares, strict=True):
        assert abs(part - total * share / whole) < 1
        assert share or not part


def test_largest_remainder_gets_the_cent() -> None:
    """Of 100 cents in three equal parts the first weight takes the odd one."""
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert apportion(10, [Decimal("0.24"), Decimal("0.38"), Decimal("0.38")]) == [2, 4, 4]


@pytest.mark.parametrize("bad", [[], [0, 0], [1, -1, 3]])
def test_impossible_weights_are_refused(bad: list[int]) -> None:
    """Weights that are all zero or negative raise instead of losing money."""
    with pytest.raises(ValueError):
        apportion(100, bad)
