"""Canonical names of betting products, under every spelling the feed has for them."""

_SPELLINGS = {
    "win": "win",
    "place": "place",
    "quinella": "quinella",
    "trifecta": "trifecta",
    "exacta": "exacta",
    "first4": "first4",
    "firstfour": "first4",
    "double": "double",
    "dailydouble": "double",
    "runningdouble": "double",
    "treble": "treble",
    "quadrella": "quadrella",
    "quaddie": "quadrella",
    "earlyquadrella": "early_quadrella",
    "earlyquaddie": "early_quadrella",
    "pick6": "pick6",
    "place6": "place6",
}
_SINGLE_RACE = frozenset({"win", "place", "quinella", "trifecta", "exacta", "first4"})


def canonical(spelling: str) -> str | None:
    """Return a product's canonical name: `First Four`, `FirstFour`, `Pool First4` are all first4; None if unknown."""
    word = "".join(c for c in spelling.lower() if c.isalnum())
    return _SPELLINGS.get(word) or _SPELLINGS.get(word.removeprefix("pool"))


def is_single_race(product: str) -> bool:
    """Tell whether a pool belongs to one race alone, not to a leg of several."""
    return product in _SINGLE_RACE
