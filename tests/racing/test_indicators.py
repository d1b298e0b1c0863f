"""Alert indicators."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.indicators import Band, Frame, indicators, money_indicators, odds_indicators

NONE: frozenset[str] = frozenset()
BANDS = [Band(5, 10, "#E5E7EB"), Band(10, 15, "#BFDBFE"), Band(15, 20, "#FEF3C7"), Band(50, None, "#F3E8FF")]


def test_worked_example_of_money() -> None:
    """Four runners whose fourth goes from 14.29 to 29.41 percent of the money rise 15.13 points, into 15 to 20."""
    before = {"r1": 100, "r2": 80, "r3": 60, "r4": 40}
    now = {"r1": 100, "r2": 80, "r3": 60, "r4": 100}
    (found,) = money_indicators(before, now, NONE, "money_win")
    assert (found.entrant_id, round(found.value, 2)) == ("r4", 15.13)
    assert [band.color for band in BANDS if band.holds(found.value)] == ["#FEF3C7"]


def test_worked_example_of_odds() -> None:
    """Odds from 12 to 7 have shortened by 41.67 percent; lengthening odds are nothing."""
    found = odds_indicators({"r1": Decimal(12), "r2": Decimal(4)}, {"r1": Decimal(7), "r2": Decimal(9)}, NONE)
    assert [(i.entrant_id, round(i.value, 2)) for i in found] == [("r1", 41.67)]


def test_bands_are_half_open() -> None:
    """A band holds its lower end and not its upper one; the last is open above."""
    assert [b.color for b in BANDS if b.holds(10)] == ["#BFDBFE"]
    assert [b.color for b in BANDS if b.holds(20)] == []
    assert BANDS[-1].holds(900)


def test_a_scratching_lights_nobody_up() -> None:
    """A scratched runner is taken out of both frames, so that the rest keep the shares they had among themselves."""
    before = Frame({"r1": 50, "r2": 30, "r3": 20}, {}, {})
    now = Frame({"r1": 50, "r2": 30, "r3": -20}, {}, {"r3": Decimal(2)}, frozenset({"r3"}))
    assert indicators(before, now) == []


def test_a_frame_without_money_lights_nobody_up() -> None:
    """Where no money came in either frame there are no shares to compare."""
    assert money_indicators({"r1": 0, "r2": -5}, {"r1": 10, "r2": 0}, NONE, "money_win") == []
    assert money_indicators({"r1": 10, "r2": 0}, {"r1": 0, "r2": 0}, NONE, "money_win") == []


@given(
    st.dictionaries(
        st.sampled_from([f"r{i}" for i in range(9)]), st.tuples(st.integers(-99, 999), st.integers(-99, 999))
    )
)
def test_rises_are_positive_and_bounded(frames: dict[str, tuple[int, int]]) -> None:
    """Indicators are rises from 5 to 100 points, and never add up to more than 100."""
    found = money_indicators({r: a for r, (a, _) in frames.items()}, {r: b for r, (_, b) in frames.items()}, NONE, "m")
    assert all(5 <= i.value <= 100 for i in found)
    assert sum(i.value for i in found) <= 100 + 1e-6
