"""The patterns of silks that cross or fill a part: hoops, sashes, checks; each drawn in a box of its own measures."""

from collections.abc import Callable, Sequence

from raceday.silks.shapes import Line, Node, Point, Poly, poly, rect

Fills = Sequence[str]
Pattern = Callable[[float, float, Fills, int], tuple[Node, ...]]


def _cycled(fills: Fills, i: int) -> str:
    return fills[i % len(fills)]


def _hoops(w: float, h: float, fills: Fills, count: int) -> tuple[Node, ...]:
    n = count or max(3, len(fills))
    step = h / (2 * n)
    return tuple(rect(0, step * (2 * i + (1 if i or n > 1 else 0.5)), w, step, _cycled(fills, i)) for i in range(n))


def _band(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    step = h * 0.24 / len(fills)
    return tuple(rect(0, h * 0.38 + step * i, w, step, fill) for i, fill in enumerate(fills))


def _stripes(w: float, h: float, fills: Fills, count: int) -> tuple[Node, ...]:
    n = count or max(3, len(fills))
    step = w / (2 * n + 1)
    return tuple(rect(step * (2 * i + 1), 0, step, h, _cycled(fills, i)) for i in range(n))


def _stripe(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    step = w * 0.24 / len(fills)
    return tuple(rect(w * 0.38 + step * i, 0, step, h, fill) for i, fill in enumerate(fills))


def _panel(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return (rect(w * 0.3, 0, w * 0.4, h, fills[0]),)


def _panels(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return rect(0, 0, w * 0.24, h, fills[0]), rect(w * 0.76, 0, w * 0.24, h, _cycled(fills, 1))


def _diagonal(w: float, h: float, fills: Fills, count: int) -> tuple[Node, ...]:
    n = count or max(4, len(fills))
    step = (w + h) / (2 * n - 1)
    found = []
    for i in range(n):
        a = -h + step * (2 * i)
        found.append(poly([(a, h), (a + h, 0), (a + h + step, 0), (a + step, h)], _cycled(fills, i)))
    return tuple(found)


def _sash(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    t, k = w * 0.34, len(fills)
    parts = [(-t + 2 * t * i / k, -t + 2 * t * (i + 1) / k) for i in range(k)]
    return tuple(
        poly([(low, 0), (high, 0), (w + high, h), (w + low, h)], fill)
        for (low, high), fill in zip(parts, fills, strict=True)
    )


def _crossed(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    t = w * 0.22
    one = poly([(-t, 0), (t, 0), (w + t, h), (w - t, h)], fills[0])
    other = poly([(w - t, 0), (w + t, 0), (t, h), (-t, h)], _cycled(fills, 1))
    return other, one


def _braces(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    k = len(fills)
    step = w * 0.17 / k
    return tuple(rect(x + step * i, 0, step, h, fill) for x in (w * 0.19, w * 0.64) for i, fill in enumerate(fills))


def _cross(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return rect(w * 0.4, 0, w * 0.2, h, fills[0]), rect(0, h * 0.38, w, h * 0.18, _cycled(fills, 0))


def _checks(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    side = min(w, h) / (3 if w < h * 0.5 or w > h else 5)
    columns, rows = round(w / side + 0.49), round(h / side + 0.49)
    cells = [(i, j) for i in range(columns) for j in range(rows) if (i + j) % 2]
    return tuple(rect(side * i, side * j, side, side, _cycled(fills, (i + j) // 2)) for i, j in cells)


def _harlequin(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    a, b = w / 4, h / 6
    cells = [(i, j) for i in range(5) for j in range(7) if (i + j) % 2]
    return tuple(
        poly(
            [(a * i, b * (j - 1)), (a * (i + 1), b * j), (a * i, b * (j + 1)), (a * (i - 1), b * j)], _cycled(fills, i)
        )
        for i, j in cells
    )


def _tartan(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    found: list[Node] = []
    step = min(w, h) / (2 if w < h * 0.5 or w > h else 3)
    for i in range(round(w / step) + 1):
        found += [
            rect(step * i, 0, step * 0.3, h, fills[0]),
            rect(step * (i + 0.6), 0, step * 0.1, h, _cycled(fills, 1)),
        ]
    for j in range(round(h / step) + 1):
        found += [
            rect(0, step * j, w, step * 0.3, _cycled(fills, 2)),
            rect(0, step * (j + 0.6), w, step * 0.1, fills[-1]),
        ]
    return tuple(found)


def _halved(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    right = rect(w / 2, 0, w / 2, h, fills[-1])
    return (rect(0, 0, w / 2, h, fills[0]), right) if len(fills) > 1 else (right,)


def _quartered(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    a, b = w / 2, h / 2
    found = (rect(a, 0, a, b, fills[-1]), rect(0, b, a, b, fills[-1]))
    return (rect(0, 0, a, b, fills[0]), rect(a, b, a, b, fills[0]), *found) if len(fills) > 1 else found


def _thirds(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    middle, last = (fills[0], fills[1]) if len(fills) > 1 else (fills[0], "")
    found = (rect(w / 3, 0, w / 3, h, middle),)
    return (*found, rect(w * 2 / 3, 0, w / 3, h, last)) if last else found


def _diagonal_halves(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    low = poly([(w, 0), (w, h), (0, h)], fills[-1])
    return (poly([(0, 0), (w, 0), (0, h)], fills[0]), low) if len(fills) > 1 else (low,)


def _diagonal_quarters(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    middle = (w / 2, h / 2)
    sides = (poly([(0, 0), middle, (0, h)], fills[-1]), poly([(w, 0), middle, (w, h)], fills[-1]))
    if len(fills) == 1:
        return sides
    return (poly([(0, 0), (w, 0), middle], fills[0]), poly([(0, h), (w, h), middle], fills[0]), *sides)


def _yoke(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return (rect(0, 0, w, h * 0.3, fills[0]),)


def _v_yoke(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return (poly([(0, 0), (w, 0), (w, h * 0.12), (w / 2, h * 0.46), (0, h * 0.12)], fills[0]),)


def _chevron_at(w: float, top: float, drop: float, t: float, fill: str) -> Poly:
    return poly([(0, top), (w / 2, top + drop), (w, top), (w, top + t), (w / 2, top + drop + t), (0, top + t)], fill)


def _chevrons(w: float, h: float, fills: Fills, count: int) -> tuple[Node, ...]:
    n = count or max(3, len(fills))
    drop = min(h * 0.22, w * 0.4)
    return tuple(_chevron_at(w, h * (0.06 + 0.9 * i / n), drop, h * 0.4 / n, _cycled(fills, i)) for i in range(n))


def _chevron(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    t = h * 0.18 / len(fills)
    drop = min(h * 0.3, w * 0.4)
    return tuple(_chevron_at(w, h * 0.25 + t * i, drop, t, fill) for i, fill in enumerate(fills))


def _v(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    found = []
    for i, fill in enumerate(fills):
        t, at = w * 0.22 / len(fills), w * 0.22 * i / len(fills)
        low, deep = h * 0.72 - h * 0.27 * i / len(fills), h * 0.27 / len(fills)
        right = [(w / 2, low - deep), (w - at - t, 0), (w - at, 0), (w / 2, low)]
        found.append(poly([(at, 0), (at + t, 0), *right], fill))
    return tuple(found)


def _inverted(w: float, h: float, fills: Fills, count: int) -> tuple[Node, ...]:
    return _upside_down(h, _v(w, h, fills, count))


def _upside_down(h: float, found: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(Poly(tuple((x, h - y) for x, y in node.points), node.fill) for node in found if isinstance(node, Poly))


def _zigzag(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    n, t = 4, h * 0.14
    tops: list[Point] = [(w * i / (2 * n), h * (0.36 if i % 2 else 0.5)) for i in range(2 * n + 1)]
    return (poly([*tops, *((x, y + t) for x, y in reversed(tops))], fills[0]),)


def _waves(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    rows = [[(w * i / 8, h * (0.2 + 0.3 * j) + (h * 0.05 if i % 2 else 0)) for i in range(9)] for j in range(3)]
    return tuple(Line(tuple(row), h * 0.08, _cycled(fills, j)) for j, row in enumerate(rows))


def _sunburst(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    far = (-0.5, 0.1, 0.35, 0.65, 0.9, 1.5)
    rays = [(w * far[i], w * (far[i] + 0.16)) for i in range(6)]
    return tuple(poly([(w / 2, h), (a, 0), (b, 0)], _cycled(fills, i)) for i, (a, b) in enumerate(rays))


def _seams(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    if w < h * 0.5:
        return (rect(w * 0.42, 0, w * 0.16, h, fills[0]),)
    return rect(w * 0.2, 0, w * 0.06, h, fills[0]), rect(w * 0.74, 0, w * 0.06, h, fills[0])


def _epaulettes(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return rect(0, 0, w * 0.3, h * 0.16, fills[0]), rect(w * 0.7, 0, w * 0.3, h * 0.16, fills[0])


def _cadre(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    return (
        Line(
            ((w * 0.2, h * 0.2), (w * 0.8, h * 0.2), (w * 0.8, h * 0.8), (w * 0.2, h * 0.8)),
            w * 0.14,
            fills[0],
            closed=True,
        ),
    )


def _gradient(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    """Six steps from the colour before to the last one; with one colour the cloth's own shows between its stripes."""
    if len(fills) == 1:
        return tuple(rect(0, h * (0.3 + i * 0.12), w, h * 0.02 * (i + 1), fills[0]) for i in range(6))
    steps = 12
    return tuple(
        rect(0, h * i / steps, w, h / steps + 0.1, _mixed(fills[0], fills[-1], i / (steps - 1))) for i in range(steps)
    )


def _mixed(a: str, b: str, part: float) -> str:
    pairs = [(int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(x + (y - x) * part):02X}" for x, y in pairs)


def _rainbow(w: float, h: float, fills: Fills, _: int) -> tuple[Node, ...]:
    step = h / (len(fills) + 1)
    return tuple(rect(0, step * (i + 1), w, step + 0.1, fill) for i, fill in enumerate(fills))


PATTERNS: dict[str, Pattern] = {
    "hoops": _hoops, "hoop": _band, "band": _band, "stripes": _stripes, "stripe": _stripe,
    "diagonal stripes": _diagonal, "panels": _panels, "panel": _panel, "braces": _braces,
    "sash": _sash, "crossed sashes": _crossed, "cross": _cross,
    "chevrons": _chevrons, "chevron": _chevron, "v": _v, "inverted v": _inverted, "zigzag": _zigzag, "waves": _waves,
    "sunburst": _sunburst, "checks": _checks, "tartan": _tartan, "harlequin": _harlequin, "halved": _halved,
    "quartered": _quartered, "thirds": _thirds, "yoke": _yoke, "v yoke": _v_yoke, "shoulders": _yoke, "seams": _seams,
    "epaulettes": _epaulettes, "cadre": _cadre, "gradient": _gradient, "rainbow": _rainbow,
}  # fmt: skip
# The same words, said to run another way.
WAYS: dict[tuple[str, str], Pattern] = {
    ("halved", "diagonal"): _diagonal_halves,
    ("quartered", "diagonal"): _diagonal_quarters,
    ("halved", "horizontal"): lambda w, h, fills, n: tuple(_turned(node) for node in _halved(h, w, fills, n)),
    ("thirds", "horizontal"): lambda w, h, fills, n: tuple(_turned(node) for node in _thirds(h, w, fills, n)),
    ("chevrons", "inverted"): lambda w, h, fills, n: _upside_down(h, _chevrons(w, h, fills, n)),
    ("chevron", "inverted"): lambda w, h, fills, n: _upside_down(h, _chevron(w, h, fills, n)),
    ("stripes", "horizontal"): _hoops,
    ("stripe", "horizontal"): _band,
    ("band", "vertical"): _stripe,
}


def _turned(node: Node) -> Node:
    return Poly(tuple((y, x) for x, y in node.points), node.fill) if isinstance(node, Poly) else node
