"""Greyhounds wear the rug of their box: its colours are the same on every track."""

from raceday.silks.silk import Cloth, Silk

_RUGS: dict[int, Cloth] = {
    1: Cloth(("red",)),
    2: Cloth(("black", "white"), "stripes"),
    3: Cloth(("white",)),
    4: Cloth(("blue",)),
    5: Cloth(("yellow",)),
    6: Cloth(("green",)),
    7: Cloth(("black",)),
    8: Cloth(("pink",)),
    9: Cloth(("green", "white"), "stripes"),
    10: Cloth(("red", "white", "blue"), "stripes"),
}


def rug(box: int) -> Silk | None:
    """Return the rug of a box, None for a number that no track has."""
    cloth = _RUGS.get(box)
    return Silk(body=cloth) if cloth else None
