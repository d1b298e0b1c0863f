"""The bands that users set for movements."""

from raceday.racing.bands import Band

BANDS = [Band(5, 10, "#E5E7EB"), Band(10, 15, "#BFDBFE"), Band(15, 20, "#FEF3C7"), Band(50, None, "#F3E8FF")]


def test_bands_are_half_open() -> None:
    """A band holds its lower end and not its upper one; the last is open above."""
    assert [b.color for b in BANDS if b.holds(10)] == ["#BFDBFE"]
    assert [b.color for b in BANDS if b.holds(15.13)] == ["#FEF3C7"]
    assert [b.color for b in BANDS if b.holds(20)] == []
    assert BANDS[-1].holds(900)
