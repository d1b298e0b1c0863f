"""What silks are drawn of: filled polygons, discs and lines, in units of the picture or of one part."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

Point = tuple[float, float]


class Poly(NamedTuple):
    """A filled polygon."""

    points: tuple[Point, ...]
    fill: str


class Disc(NamedTuple):
    """A filled circle."""

    centre: Point
    radius: float
    fill: str


class Line(NamedTuple):
    """A line along points, as wide as `width`; `closed` joins the last to the first."""

    points: tuple[Point, ...]
    width: float
    colour: str
    closed: bool = False


Shape = Poly | Disc | Line


class Clip(NamedTuple):
    """Shapes that show only inside of others."""

    outline: tuple[Shape, ...]
    inside: tuple["Node", ...]


Node = Poly | Disc | Line | Clip


def rect(x: float, y: float, w: float, h: float, fill: str) -> Poly:
    """Return an upright rectangle."""
    return Poly(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), fill)


def poly(points: Iterable[Point], fill: str) -> Poly:
    """Return a polygon."""
    return Poly(tuple(points), fill)


def arc(centre: Point, radius: float, begin: float, end: float, steps: int = 16) -> tuple[Point, ...]:
    """Return points along an arc, angles in degrees, clockwise from the right."""
    x, y = centre
    angles = [math.radians(begin + (end - begin) * i / steps) for i in range(steps + 1)]
    return tuple((x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles)


def around(centre: Point, radius: float, unit: Sequence[Point], fill: str) -> Poly:
    """Return a polygon of the unit circle's measures, moved and scaled."""
    x, y = centre
    return Poly(tuple((x + radius * a, y + radius * b) for a, b in unit), fill)


def mapped(nodes: Iterable[Node], to: Callable[[Point], Point], scale: float = 1.0) -> tuple[Node, ...]:
    """Return shapes with each point moved; circles stay round."""
    return tuple(_mapped(node, to, scale) for node in nodes)


def _mapped(node: Node, to: Callable[[Point], Point], scale: float) -> Node:
    if isinstance(node, Poly):
        return Poly(tuple(map(to, node.points)), node.fill)
    if isinstance(node, Disc):
        return Disc(to(node.centre), node.radius * scale, node.fill)
    if isinstance(node, Line):
        return Line(tuple(map(to, node.points)), node.width * scale, node.colour, node.closed)
    outline = tuple(shape for shape in mapped(node.outline, to, scale) if not isinstance(shape, Clip))
    return Clip(outline, mapped(node.inside, to, scale))
