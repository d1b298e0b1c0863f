"""Greyhounds wear the rug of their box: its colours are the same on every track."""

from raceday.silks.silk import Cloth, Silk, cloth

_RUGS: dict[int, Cloth] = {
    1: cloth("red"),
    2: cloth("black", stripes="white"),
    3: cloth("white"),
    4: cloth("blue"),
    5: cloth("yellow"),
    6: cloth("green"),
    7: cloth("black"),
    8: cloth("pink"),
    9: cloth("green", stripes="white"),
    10: cloth("red", stripes=("white", "blue")),
}


def rug(box: int) -> Silk | None:
    """Return the rug of a box, None for a number that no track has."""
    found = _RUGS.get(box)
    return Silk(body=found) if found else None
