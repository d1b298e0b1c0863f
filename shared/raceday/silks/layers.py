"""One pattern of a cloth as shapes in a box of the part's own measures, with what lies on it or fills it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from raceday.silks import lines, marks
from raceday.silks.colours import hex_of
from raceday.silks.patterns import FIGURES, LINES
from raceday.silks.shapes import Clip, Node, Point, mapped
from raceday.silks.silk import Cloth, Layer

# Where marks stand that lie on a line or fill it, and how large they are, as parts of the box.
_ALONG: dict[str, tuple[tuple[Point, ...], float]] = {
    "band": (((0.14, 0.5), (0.38, 0.5), (0.62, 0.5), (0.86, 0.5)), 0.12),
    "hoop": (((0.14, 0.5), (0.38, 0.5), (0.62, 0.5), (0.86, 0.5)), 0.12),
    "hoops": (tuple((x, y) for y in (0.25, 0.58, 0.91) for x in (0.14, 0.38, 0.62, 0.86)), 0.09),
    "yoke": (((0.22, 0.16), (0.5, 0.16), (0.78, 0.16)), 0.13),
    "v yoke": (((0.22, 0.12), (0.5, 0.2), (0.78, 0.12)), 0.12),
    "shoulders": (((0.22, 0.16), (0.5, 0.16), (0.78, 0.16)), 0.13),
    "sash": (((0.14, 0.14), (0.38, 0.38), (0.62, 0.62), (0.86, 0.86)), 0.15),
    "braces": (tuple((x, y) for y in (0.14, 0.38, 0.62, 0.86) for x in (0.275, 0.725)), 0.09),
    "stripe": (tuple((0.5, y) for y in (0.14, 0.38, 0.62, 0.86)), 0.12),
    "panel": (tuple((0.5, y) for y in (0.2, 0.5, 0.8)), 0.15),
    "panels": (tuple((x, y) for y in (0.14, 0.38, 0.62, 0.86) for x in (0.12, 0.88)), 0.09),
    "seams": (tuple((x, y) for y in (0.14, 0.38, 0.62, 0.86) for x in (0.23, 0.77)), 0.09),
    "stripes": (tuple((x, y) for y in (0.14, 0.38, 0.62, 0.86) for x in (0.21, 0.5, 0.79)), 0.09),
    "crossed sashes": (((0.14, 0.14), (0.5, 0.5), (0.86, 0.86), (0.86, 0.14), (0.14, 0.86)), 0.13),
    "cross": (((0.5, 0.15), (0.5, 0.47), (0.5, 0.8), (0.15, 0.47), (0.85, 0.47)), 0.1),
    "v": (((0.17, 0.14), (0.33, 0.38), (0.5, 0.6), (0.67, 0.38), (0.83, 0.14)), 0.11),
    "chevron": (((0.16, 0.42), (0.5, 0.6), (0.84, 0.42)), 0.12),
}
# A mark on another one, of that one's size.
_WITHIN = 0.6
# Where marks stand beside a line of their own colour, which would hide them.
_BESIDE: dict[str, tuple[tuple[Point, ...], float]] = {
    "braces": (((0.5, 0.2), (0.5, 0.52), (0.5, 0.84)), 0.12),
    "sash": (((0.76, 0.24), (0.24, 0.76)), 0.17),
    "band": (((0.28, 0.19), (0.72, 0.19), (0.28, 0.81), (0.72, 0.81)), 0.15),
    "yoke": (((0.3, 0.5), (0.7, 0.5), (0.5, 0.78)), 0.16),
    "stripe": (((0.2, 0.3), (0.8, 0.3), (0.2, 0.7), (0.8, 0.7)), 0.14),
}


class Box(NamedTuple):
    """A part's own measures, in units of the picture."""

    width: float
    height: float


def nodes_of(cloth: Cloth, box: Box) -> tuple[Node, ...]:
    """Return a cloth's patterns as shapes in its box; what nobody described is not drawn."""
    found: list[Node] = []
    single = [layer for layer in cloth.layers if layer.pattern in marks.MARKS and layer.pattern not in marks.MANY]
    lone = [layer for layer in single if _bearer(cloth, layer) is None]
    for at, layer in enumerate(cloth.layers):
        shown = _seen(cloth, at)
        bearer = _bearer(cloth, layer)
        stands = bearer or layer
        place = (lone.index(stands), len(lone)) if stands in lone else (0, 1)
        if bearer is not None:
            points, radius = _standing(bearer, box, _under(cloth, cloth.layers.index(bearer)), place)
            found += _drawn(shown, points, radius * _WITHIN, [hex_of(c) for c in shown.colours])
            continue
        shown = shown._replace(on=layer.on or _implied(cloth, at))
        found += _layer(shown, box, [hex_of(c) for c in shown.colours], _under(cloth, at), place)
    return tuple(found)


def _bearer(cloth: Cloth, layer: Layer) -> Layer | None:
    """Return the mark that a mark lies on: a star on a disc."""
    if layer.on not in marks.MARKS or layer.pattern not in marks.MARKS:
        return None
    return next((other for other in cloth.layers if other.pattern == layer.on and other is not layer), None)


def _seen(cloth: Cloth, at: int) -> Layer:
    """Return a layer with the colours that it is drawn in: one without any takes what stands out from its cloth."""
    layer = cloth.layers[at]
    if layer.pattern == "gradient" and len(layer.colours) == 1 and cloth.ground:
        return layer._replace(colours=(cloth.ground[0], *layer.colours))
    if layer.colours:
        return layer
    return layer._replace(colours=("black" if cloth.ground[:1] == ("white",) else "white",))


def _under(cloth: Cloth, at: int) -> Layer | None:
    """Return the line before a layer that its marks keep off, or lie on where they would not show on the cloth."""
    before = [layer for layer in cloth.layers[:at] if layer.pattern in LINES or layer.pattern in _ALONG]
    return before[-1] if before else None


def _implied(cloth: Cloth, at: int) -> str:
    """Return the line that marks of the cloth's own colour must lie on: elsewhere nobody would see them."""
    layer, under = cloth.layers[at], _under(cloth, at)
    if under is None or layer.pattern not in marks.MARKS or not layer.colours:
        return ""
    return under.pattern if set(layer.colours) <= set(cloth.ground) else ""


def _layer(layer: Layer, box: Box, fills: Sequence[str], under: Layer | None, place: tuple[int, int]) -> list[Node]:
    single, _, line = layer.pattern.partition(" ")
    if line in lines.PATTERNS and FIGURES.get(single) in marks.MARKS:
        # "Diamond band": a band of diamonds.
        layer = layer._replace(pattern=line, texture=FIGURES[single])
    if layer.texture:
        return _textured(layer, box, fills)
    if layer.pattern in marks.MARKS:
        return _marks(layer, box, fills, under, place)
    draw = lines.WAYS.get((layer.pattern, layer.way)) or lines.PATTERNS[layer.pattern]
    return list(draw(box.width, box.height, fills, min(layer.times, 6)))


def _marks(layer: Layer, box: Box, fills: Sequence[str], under: Layer | None, place: tuple[int, int]) -> list[Node]:
    points, radius = _standing(layer, box, under, place)
    return _drawn(layer, points, radius, fills)


def _drawn(layer: Layer, points: Sequence[Point], radius: float, fills: Sequence[str]) -> list[Node]:
    mark = marks.MARKS[layer.pattern]
    many = layer.pattern in marks.MANY
    found: list[Node] = []
    for i, point in enumerate(points):
        drawn = mark(point, radius, [fills[i % len(fills)]] if many else fills)
        found += mapped(drawn, _flip(point[1])) if layer.way == "inverted" else drawn
    return found


def _flip(height: float) -> Callable[[Point], Point]:
    return lambda point: (point[0], 2 * height - point[1])


def _standing(layer: Layer, box: Box, under: Layer | None, place: tuple[int, int]) -> tuple[tuple[Point, ...], float]:
    """Return where a layer's marks stand in a box, and their radius."""
    w, h = box
    many = layer.pattern in marks.MANY
    on = layer.on or (under.pattern if under is not None and _hidden(layer, under) else "")
    table = _ALONG if layer.on else _BESIDE
    if on in table and w >= h * 0.5:
        points, radius = table[on]
        shown = points if many else points[len(points) // 2 : len(points) // 2 + 1]
        shown = shown[: layer.times] if layer.times > 1 else shown
        size = radius * (1.0 if many or table is _BESIDE else 1.6)
        return tuple((w * x, h * y) for x, y in shown), w * size
    index, among = place
    if many or among == 1:
        return marks.spread(layer.pattern, layer.times, w, h)
    wide = w > h
    share = (index + 0.5) / among
    point = (w * share, h * 0.56) if wide else (w / 2, h * share)
    return (point,), (w if w < h * 0.5 else min(w, h)) * (0.36 if w < h * 0.5 else 0.5 / among)


def _hidden(layer: Layer, under: Layer) -> bool:
    return bool(set(layer.colours) & set(under.colours))


def _textured(layer: Layer, box: Box, fills: Sequence[str]) -> list[Node]:
    """Return a line of marks, or a pattern filled with another one."""
    plain = layer._replace(texture="", times=0)
    if layer.texture in marks.MARKS and layer.pattern in _ALONG:
        base = _layer(plain, box, fills[:1], None, (0, 1)) if len(fills) > 1 else []
        points, radius = _ALONG[layer.pattern]
        if box.width < box.height * 0.5:
            points, radius = tuple((0.5, y) for y in (0.2, 0.45, 0.7)) if not base else ((0.5, 0.5),), 0.34
        at = [(box.width * x, box.height * y) for x, y in points]
        return [*base, *(n for p in at for n in marks.MARKS[layer.texture](p, box.width * radius, fills[-1:]))]
    base = _layer(plain, box, fills[:1], None, (0, 1))
    outline = tuple(node for node in base if not isinstance(node, Clip))
    fill = Layer(layer.texture)
    inside = tuple(_layer(fill, box, fills[1:] or fills, None, (0, 1)))
    return [*(base if len(fills) > 1 else []), Clip(outline, inside)]
