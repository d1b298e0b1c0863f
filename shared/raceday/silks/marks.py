"""The single figures of silks, each drawn around a point: stars, diamonds, crosses, emblems."""

from collections.abc import Callable, Sequence

from raceday.silks.shapes import Disc, Line, Node, Point, arc, around, poly, rect

Mark = Callable[[Point, float, Sequence[str]], tuple[Node, ...]]

_STAR = (
    (0, -1), (0.24, -0.32), (0.95, -0.31), (0.38, 0.12), (0.59, 0.81),
    (0, 0.4), (-0.59, 0.81), (-0.38, 0.12), (-0.95, -0.31), (-0.24, -0.32),
)  # fmt: skip
_DIAMOND = ((0, -1), (0.72, 0), (0, 1), (-0.72, 0))
_TRIANGLE = ((0, -0.9), (0.9, 0.75), (-0.9, 0.75))
_MALTESE = (
    (0.12, -0.12), (0.5, -1), (0, -0.72), (-0.5, -1), (-0.12, -0.12), (-1, -0.5), (-0.72, 0), (-1, 0.5),
    (-0.12, 0.12), (-0.5, 1), (0, 0.72), (0.5, 1), (0.12, 0.12), (1, 0.5), (0.72, 0), (1, -0.5),
)  # fmt: skip
_SHIELD = ((-0.8, -0.9), (0.8, -0.9), (0.8, 0.1), (0.55, 0.6), (0, 1), (-0.55, 0.6), (-0.8, 0.1))
_HOURGLASS = ((-0.8, -1), (0.8, -1), (0.12, 0), (0.8, 1), (-0.8, 1), (-0.12, 0))
_BOLT = ((0.25, -1), (-0.45, 0.15), (-0.02, 0.1), (-0.3, 1), (0.5, -0.25), (0.05, -0.2), (0.55, -1))


def _diamond(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (around(at, r, _DIAMOND, fills[0]),)


def _star(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (around(at, r, _STAR, fills[0]),)


def _spot(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (Disc(at, r * 0.8, fills[0]),)


def _ring(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (Line(arc(at, r * 0.75, 0, 360, 24), r * 0.35, fills[0], closed=True),)


def _crescent(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    outer = arc(at, r, 60, 300, 20)
    inner = arc((at[0] + r * 0.42, at[1]), r * 0.87, 274, 86, 20)
    return (poly((*outer, *inner), fills[0]),)


def _triangle(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (around(at, r, _TRIANGLE, fills[0]),)


def _square(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (rect(at[0] - r * 0.75, at[1] - r * 0.75, r * 1.5, r * 1.5, fills[0]),)


def _cross(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    x, y = at
    return (
        rect(x - r * 0.25, y - r, r * 0.5, r * 2, fills[0]),
        rect(x - r, y - r * 0.25, r * 2, r * 0.5, fills[0]),
    )


def _maltese(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (around(at, r, _MALTESE, fills[0]),)


def _heart(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    x, y = at
    left = arc((x - r * 0.45, y - r * 0.3), r * 0.5, 140, 360, 14)
    right = arc((x + r * 0.45, y - r * 0.3), r * 0.5, 180, 400, 14)
    return (poly((*left, *right, (x, y + r)), fills[0]),)


def _horseshoe(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    x, y = at
    bow = arc((x, y - r * 0.15), r * 0.65, 150, 390, 18)
    return (Line(((x - r * 0.45, y + r * 0.9), *bow, (x + r * 0.45, y + r * 0.9)), r * 0.42, fills[0]),)


def _dice(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    pips = fills[1] if len(fills) > 1 else _against(fills[0])
    spots = [(-0.38, -0.38), (0.38, -0.38), (0, 0), (-0.38, 0.38), (0.38, 0.38)]
    x, y = at
    return (*_square(at, r, fills), *(Disc((x + r * a, y + r * b), r * 0.17, pips) for a, b in spots))


def _hourglass(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (around(at, r, _HOURGLASS, fills[0]),)


def _bolt(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    return (around(at, r * 1.2, _BOLT, fills[0]),)


def _emblem(at: Point, r: float, fills: Sequence[str]) -> tuple[Node, ...]:
    """A shield in a shield: it stands for a sign that is not drawn."""
    other = fills[1] if len(fills) > 1 else _against(fills[0])
    x, y = at
    inner = tuple((x + r * 0.62 * a, y + r * 0.62 * b) for a, b in _SHIELD)
    return around(at, r, _SHIELD, fills[0]), Line(inner, r * 0.16, other, closed=True)


def _against(fill: str) -> str:
    dark = sum(int(fill[i : i + 2], 16) * w for i, w in ((1, 0.2126), (3, 0.7152), (5, 0.0722))) < 140
    return "#FFFFFF" if dark else "#111111"


# The mark of a pattern, whether one or several of it are worn.
MARKS: dict[str, Mark] = {
    "diamond": _diamond,
    "diamonds": _diamond,
    "star": _star,
    "stars": _star,
    "southern cross": _star,
    "spot": _spot,
    "spots": _spot,
    "circle": _spot,
    "ring": _ring,
    "rings": _ring,
    "crescent": _crescent,
    "crescents": _crescent,
    "triangle": _triangle,
    "triangles": _triangle,
    "square": _square,
    "squares": _square,
    "crosses": _cross,
    "maltese cross": _maltese,
    "maltese crosses": _maltese,
    "heart": _heart,
    "hearts": _heart,
    "horseshoe": _horseshoe,
    "horseshoes": _horseshoe,
    "dice": _dice,
    "hourglass": _hourglass,
    "lightning": _bolt,
    "emblem": _emblem,
}
MANY = frozenset({"diamonds", "stars", "southern cross", "spots", "rings", "crescents", "triangles", "squares",
                  "crosses", "maltese crosses", "hearts", "horseshoes"})  # fmt: skip
_ONE, _TWO = ((0.5, 0.5),), ((0.28, 0.5), (0.72, 0.5))
_THREE = ((0.5, 0.26), (0.27, 0.62), (0.73, 0.62))
_FOUR = ((0.28, 0.28), (0.72, 0.28), (0.28, 0.7), (0.72, 0.7))
_FIVE = ((0.28, 0.24), (0.72, 0.24), (0.5, 0.52), (0.28, 0.8), (0.72, 0.8))
_SIX = ((0.3, 0.2), (0.7, 0.2), (0.5, 0.42), (0.3, 0.65), (0.7, 0.65), (0.5, 0.88))
_SEVEN = ((0.25, 0.2), (0.75, 0.2), (0.5, 0.32), (0.25, 0.55), (0.75, 0.55), (0.5, 0.68), (0.5, 0.92))
_SPREAD = {1: _ONE, 2: _TWO, 3: _THREE, 4: _FOUR, 5: _FIVE, 6: _SIX, 7: _SEVEN}
_SOUTHERN = ((0.5, 0.16), (0.26, 0.42), (0.74, 0.36), (0.6, 0.55), (0.5, 0.84))


def spread(pattern: str, count: int, width: float, height: float) -> tuple[tuple[Point, ...], float]:
    """Return where the marks of a pattern stand in a box, and their radius."""
    many = pattern in MANY
    if width < height * 0.5:
        n = min(count or (3 if many else 1), 5)
        return tuple((width / 2, height * (i + 0.7) / (n + 0.6)) for i in range(n)), width * 0.34
    if width > height:
        n = min(count or (3 if many else 1), 4)
        return tuple((width * (i + 0.5) / n, height * 0.56) for i in range(n)), height * (0.27 if n > 1 else 0.34)
    points: tuple[Point, ...]
    if pattern == "southern cross":
        points = _SOUTHERN
    else:
        points = _SPREAD[min(count, 7)] if count else (_FIVE if pattern != "spots" else _SIX) if many else _ONE
    n = len(points)
    radius = width * {1: 0.34, 2: 0.19, 3: 0.2, 4: 0.18, 5: 0.16, 6: 0.14}.get(n, 0.12)
    return tuple((width * a, height * b) for a, b in points), radius
