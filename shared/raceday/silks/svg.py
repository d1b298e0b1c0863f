"""Shapes as an SVG document. Nothing of a description's text gets in: numbers, colours and our own ids alone."""

from collections.abc import Iterator, Sequence
from itertools import count

from raceday.silks.shapes import Clip, Disc, Line, Node, Poly

SIZE = 64


def render(nodes: Sequence[Node], key: str) -> str:
    """Return an SVG document of 64 by 64 units; `key` sets the ids of its clips apart from others' in a page."""
    ids = (f"{key}{n}" for n in count())
    inside = "".join(_one(node, ids) for node in nodes)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
    return f"{head}{inside}</svg>"


def _one(node: Node, ids: Iterator[str]) -> str:
    if isinstance(node, Poly):
        return f'<polygon points="{_points(node.points)}" fill="{node.fill}"/>'
    if isinstance(node, Disc):
        x, y = node.centre
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(node.radius)}" fill="{node.fill}"/>'
    if isinstance(node, Line):
        kind = "polygon" if node.closed else "polyline"
        stroke = f'stroke="{node.colour}" stroke-width="{_n(node.width)}" stroke-linejoin="round"'
        return f'<{kind} points="{_points(node.points)}" fill="none" {stroke}/>'
    return _clip(node, next(ids), ids)


def _clip(node: Clip, key: str, ids: Iterator[str]) -> str:
    outline = "".join(_one(shape, ids) for shape in node.outline)
    inside = "".join(_one(inner, ids) for inner in node.inside)
    return f'<clipPath id="{key}">{outline}</clipPath><g clip-path="url(#{key})">{inside}</g>' if inside else ""


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _n(value: float) -> str:
    return f"{round(value, 2):g}"
