"""Shapes as PNG pictures: Appwrite serves an SVG as plain text, which no browser shows as a picture."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from raceday.silks.shapes import Clip, Disc, Line, Node, Poly
from raceday.silks.svg import SIZE

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen

# Pixels of the canvas for each unit: what is drawn large and made small has smooth edges.
_FINE = 6


def render(nodes: Sequence[Node], sizes: Sequence[int] = (64, 128)) -> dict[int, bytes]:
    """Return a PNG for each size in pixels, transparent around the silk. Needs Pillow, the extra `silks`."""
    from PIL import Image

    canvas = Image.new("RGBA", (SIZE * _FINE, SIZE * _FINE), (0, 0, 0, 0))
    _draw(canvas, nodes)
    return {size: _encoded(canvas.resize((size, size), Image.Resampling.BOX)) for size in sizes}


def _encoded(picture: "Picture") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw(canvas: "Picture", nodes: Sequence[Node]) -> None:
    from PIL import Image, ImageDraw

    pen = ImageDraw.Draw(canvas)
    for node in nodes:
        if not isinstance(node, Clip):
            _shape(pen, node, None)
            continue
        mask = Image.new("L", canvas.size, 0)
        for outline in node.outline:
            _shape(ImageDraw.Draw(mask), outline, 255)
        over = canvas.copy()
        _draw(over, node.inside)
        canvas.paste(over, (0, 0), mask)


def _shape(pen: "Pen", node: Poly | Disc | Line, ink: int | None) -> None:
    """Draw one shape in its own colour, or with the ink of a mask."""
    if isinstance(node, Disc):
        (x, y), r = node.centre, node.radius
        box = ((x - r) * _FINE, (y - r) * _FINE, (x + r) * _FINE, (y + r) * _FINE)
        pen.ellipse(box, fill=node.fill if ink is None else ink)
        return
    points = [(x * _FINE, y * _FINE) for x, y in node.points]
    if isinstance(node, Poly):
        pen.polygon(points, fill=node.fill if ink is None else ink)
        return
    ring = [*points, *points[:2]] if node.closed else points
    pen.line(ring, fill=node.colour if ink is None else ink, width=max(1, round(node.width * _FINE)), joint="curve")
