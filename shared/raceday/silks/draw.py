"""A silk as shapes: a jacket and a cap that can be told apart at 32 pixels, as SVG and as PNG."""

from collections.abc import Callable, Sequence

from raceday.silks import png, svg
from raceday.silks.colours import hex_of
from raceday.silks.layers import Box, nodes_of
from raceday.silks.shapes import Clip, Disc, Line, Node, Point, Poly, arc, mapped
from raceday.silks.silk import Cloth, Layer, Silk

NOBODY = "#DDDDDD"
OUTLINE = "#333333"
_BODY: tuple[Point, ...] = ((20, 20), (44, 20), (48, 26), (46, 60), (18, 60), (16, 26))
_LEFT: tuple[Point, ...] = ((20, 20), (16, 26), (6, 46), (13, 50), (17.5, 40), (16.5, 28))
_CAP: tuple[Point, ...] = ((22, 16), *arc((32, 14), 10, 180, 360), (42, 16))
_PEAK: tuple[Point, ...] = ((22, 15.5), (42, 15.5), (46, 17.5), (42, 18.2), (22, 18.2))
_BODY_BOX, _SLEEVE_BOX, _CAP_BOX = Box(32, 40), Box(9, 29), Box(20, 13)
# A sleeve's own measures run along the arm: across it is (0.92, 0.39), along it (-0.39, 0.92) of a unit.
_ACROSS, _DOWN, _SHOULDER = (0.92, 0.39), (-0.39, 0.92), (14.6, 20.6)


def picture(silk: Silk) -> tuple[Node, ...]:
    """Return a silk's shapes in a picture of 64 by 64 units."""
    body = silk.body.ground
    sleeves = silk.sleeves if silk.sleeves.colours else Cloth(body[:1])
    cap = silk.cap if silk.cap.colours else Cloth(body[:1], silk.cap.layers)
    bands = _bands(silk)
    return (
        *_part(_LEFT, _half(sleeves, 0), _SLEEVE_BOX, _sleeve, bands),
        *(_mirrored(_part(_LEFT, _half(sleeves, -1), _SLEEVE_BOX, _sleeve, bands))),
        *_part(_BODY, _shared(silk.body), _BODY_BOX, lambda p: (p[0] + 16, p[1] + 20), _waist(silk)),
        *_collar(silk),
        *_part(_CAP, _shared(cap), _CAP_BOX, lambda p: (p[0] + 22, p[1] + 4), ()),
        *_trimmings(silk, cap),
    )


def draw(silk: Silk) -> str:
    """Return a silk as an SVG document."""
    return svg.render(picture(silk), f"s{silk.silk_id[:8]}")


def draw_png(silk: Silk) -> dict[int, bytes]:
    """Return a silk as PNG pictures of 64 and 128 pixels."""
    return png.render(picture(silk))


def _part(
    outline: Sequence[Point], cloth: Cloth, box: Box, to: Callable[[Point], Point], extra: tuple[Node, ...]
) -> tuple[Node, ...]:
    shape = Poly(tuple(outline), hex_of(cloth.ground[0]) if cloth.ground else NOBODY)
    inside = mapped((*nodes_of(cloth, box), *extra), to)
    edge = Line(tuple(outline), 1, OUTLINE, closed=True)
    return (shape, Clip((shape,), inside), edge) if inside else (shape, edge)


def _half(cloth: Cloth, side: int) -> Cloth:
    """Return one sleeve's cloth: two colours without a pattern's name are a sleeve each."""
    if len(cloth.ground) < 2 or cloth.layers:
        return cloth
    return Cloth((cloth.ground[side],))


def _shared(cloth: Cloth) -> Cloth:
    """Return a cloth whose colours beside the first can be seen: no words say how they share it, so in equal parts."""
    if len(cloth.ground) < 2 or cloth.layers:
        return cloth
    return Cloth(cloth.ground[:1], (Layer("halved" if len(cloth.ground) == 2 else "thirds", cloth.ground[1:3]),))


def _sleeve(point: Point) -> Point:
    (x, y), (a, b), (c, d), (left, top) = point, _ACROSS, _DOWN, _SHOULDER
    return left + x * a + y * c, top + x * b + y * d


def _mirrored(nodes: Sequence[Node]) -> tuple[Node, ...]:
    return mapped(nodes, lambda p: (64 - p[0], p[1]))


def _bands(silk: Silk) -> tuple[Node, ...]:
    """Return armbands and cuffs in a sleeve's own measures."""
    n = silk.armbands_each
    at = [(silk.armbands, 0.5 + 0.2 * (i - (n - 1) / 2), 0.14 if n == 1 else 0.1) for i in range(n)]
    return tuple(node for band in (*at, (silk.cuffs, 0.93, 0.14)) for node in _ring(*band))


def _ring(colours: Sequence[str], at: float, thick: float) -> tuple[Node, ...]:
    """Return lines around a sleeve, one for each colour; `at` and `thick` are parts of its length."""
    w, h = _SLEEVE_BOX
    step = h * thick / max(1, len(colours))
    heights = [h * at + step * (i - len(colours) / 2 + 0.5) for i in range(len(colours))]
    return tuple(Line(((-w, y), (2 * w, y)), step, hex_of(c)) for y, c in zip(heights, colours, strict=True))


def _waist(silk: Silk) -> tuple[Node, ...]:
    w, h = _BODY_BOX
    step = 5 / max(1, len(silk.waistband))
    return tuple(
        Line(((0, h - 8 + step * i), (w, h - 8 + step * i)), step, hex_of(c)) for i, c in enumerate(silk.waistband)
    )


def _collar(silk: Silk) -> tuple[Node, ...]:
    points = ((26.0, 20.0), (32.0, 25.0), (38.0, 20.0))
    return (Line(points, 3, hex_of(silk.collar[0])),) if silk.collar else ()


def _trimmings(silk: Silk, cap: Cloth) -> tuple[Node, ...]:
    """Return the cap's peak and pompom."""
    colour = silk.peak[0] if silk.peak else cap.ground[0] if cap.ground else ""
    peak = Poly(_PEAK, hex_of(colour) if colour else NOBODY)
    found: list[Node] = [peak, Line(_PEAK, 0.8, OUTLINE, closed=True)]
    if silk.pompom:
        found += [Disc((32, 4), 3.2, OUTLINE), Disc((32, 4), 2.6, hex_of(silk.pompom[0]))]
    return tuple(found)
