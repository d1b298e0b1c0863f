"""Silks as SVG: a jacket and a cap that can be told apart at 32 pixels. Nothing of a description's text gets in."""

from collections.abc import Sequence

from raceday.silks.colours import hex_of
from raceday.silks.silk import Cloth, Silk

SIZE = 64
NOBODY = "#DDDDDD"
OUTLINE = "#333333"
BODY = "M20 20 L44 20 L48 26 L46 60 L18 60 L16 26 Z"
LEFT = "M20 20 L16 26 L6 46 L13 50 L17.5 40 L16.5 28 Z"
RIGHT = "M44 20 L48 26 L58 46 L51 50 L46.5 40 L47.5 28 Z"
CAP = "M22 14 A10 10 0 0 1 42 14 L46 16 L42 17 L22 17 Z"
Box = tuple[float, float, float, float]
BODY_BOX: Box = (16, 20, 32, 40)
CAP_BOX: Box = (22, 4, 20, 13)


def draw(silk: Silk) -> str:
    """Return a silk as an SVG document of 64 by 64 units."""
    key = silk.silk_id[:8]
    body = _part(f"b{key}", BODY, BODY_BOX, silk.body)
    sleeves = silk.sleeves if silk.sleeves.colours else Cloth(silk.body.colours[:1])
    left = _part(f"l{key}", LEFT, (6, 20, 14, 30), sleeves)
    right = _part(f"r{key}", RIGHT, (44, 20, 14, 30), sleeves)
    cap = _part(f"c{key}", CAP, CAP_BOX, silk.cap if silk.cap.colours else Cloth(silk.body.colours[:1]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f"{left}{right}{body}{_small(silk)}{cap}</svg>"
    )


def _part(key: str, path: str, box: Box, cloth: Cloth) -> str:
    base = hex_of(cloth.colours[0]) if cloth.colours else NOBODY
    over = _pattern(cloth, box)
    clipped = f'<clipPath id="{key}"><path d="{path}"/></clipPath><g clip-path="url(#{key})">{over}</g>' if over else ""
    return (
        f'<path d="{path}" fill="{base}"/>{clipped}'
        f'<path d="{path}" fill="none" stroke="{OUTLINE}" stroke-width="1" stroke-linejoin="round"/>'
    )


def _pattern(cloth: Cloth, box: Box) -> str:
    if not cloth.colours:
        return ""
    others = [hex_of(c) for c in cloth.colours[1:]] or [_contrast(cloth.colours[0])]
    return (
        _DRAWN.get(cloth.pattern, _nothing)(box, others) if cloth.pattern != "plain" or len(cloth.colours) > 1 else ""
    )


def _contrast(colour: str) -> str:
    return "#FFFFFF" if colour != "white" else "#111111"


def _small(silk: Silk) -> str:
    parts = []
    if silk.collar:
        parts.append(f'<path d="M26 20 L32 25 L38 20" fill="none" stroke="{hex_of(silk.collar[0])}" stroke-width="3"/>')
    if silk.armbands:
        fill = hex_of(silk.armbands[0])
        parts.append(f'<path d="M10.5 37 L17 40 M53.5 37 L47 40" stroke="{fill}" stroke-width="3.5"/>')
    if silk.cuffs:
        fill = hex_of(silk.cuffs[0])
        parts.append(f'<path d="M6.5 45 L13.5 49 M57.5 45 L50.5 49" stroke="{fill}" stroke-width="3"/>')
    return "".join(parts)


def _rect(x: float, y: float, w: float, h: float, fill: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" fill="{fill}"/>'


def _poly(points: Sequence[tuple[float, float]], fill: str) -> str:
    return f'<polygon points="{" ".join(f"{x:g},{y:g}" for x, y in points)}" fill="{fill}"/>'


def _nothing(box: Box, others: Sequence[str]) -> str:
    """Two colours without a pattern's name: the second is a panel down the middle."""
    x, y, w, h = box
    return _rect(x + w * 0.36, y, w * 0.28, h, others[0])


def _hoops(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    step = h / 6
    return "".join(_rect(x, y + step * (2 * i + 1), w, step, others[i % len(others)]) for i in range(3))


def _band(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x, y + h * 0.4, w, h * 0.22, others[0])


def _stripes(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    step = w / 7
    return "".join(_rect(x + step * (2 * i + 1), y, step, h, others[i % len(others)]) for i in range(3))


def _stripe(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x + w * 0.4, y, w * 0.2, h, others[0])


def _diagonal(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    step = (w + h) / 7
    lines = []
    for i in range(4):
        a = x - h + step * (2 * i + 0.5)
        points = [(a, y + h), (a + h, y), (a + h + step, y), (a + step, y + h)]
        lines.append(_poly(points, others[i % len(others)]))
    return "".join(lines)


def _sash(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    t = w * 0.26
    return _poly([(x, y), (x + t, y), (x + w, y + h - t), (x + w, y + h), (x + w - t, y + h), (x, y + t)], others[0])


def _crossed(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    t = w * 0.22
    other = _poly([(x + w, y), (x + w - t, y), (x, y + h - t), (x, y + h), (x + t, y + h), (x + w, y + t)], others[0])
    return _sash(box, others) + other


def _braces(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x + w * 0.2, y, w * 0.16, h, others[0]) + _rect(x + w * 0.64, y, w * 0.16, h, others[0])


def _cross(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x + w * 0.4, y, w * 0.2, h, others[0]) + _rect(x, y + h * 0.35, w, h * 0.2, others[0])


def _diamond_at(x: float, y: float, w: float, h: float, fill: str) -> str:
    return _poly([(x, y - h), (x + w, y), (x, y + h), (x - w, y)], fill)


def _diamond(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _diamond_at(x + w / 2, y + h / 2, w * 0.34, h * 0.36, others[0])


def _diamonds(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    marks = [(0.28, 0.25), (0.72, 0.25), (0.5, 0.55), (0.28, 0.85), (0.72, 0.85)]
    return "".join(
        _diamond_at(x + w * a, y + h * b, w * 0.15, h * 0.15, others[i % len(others)]) for i, (a, b) in enumerate(marks)
    )


def _diamond_band(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return "".join(_diamond_at(x + w * a, y + h * 0.5, w * 0.17, h * 0.15, others[0]) for a in (0.16, 0.5, 0.84))


def _checks(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    a, b = w / 4, h / 5
    cells = [(i, j) for i in range(4) for j in range(5) if (i + j) % 2]
    return "".join(_rect(x + a * i, y + b * j, a, b, others[0]) for i, j in cells)


def _halved(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x + w / 2, y, w / 2, h, others[0])


def _yoke(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x, y, w, h * 0.28, others[0])


def _quartered(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x + w / 2, y, w / 2, h / 2, others[0]) + _rect(x, y + h / 2, w / 2, h / 2, others[0])


def _spots(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    marks = [(0.3, 0.2), (0.7, 0.2), (0.5, 0.42), (0.3, 0.65), (0.7, 0.65), (0.5, 0.88)]
    radius = min(w, h) * 0.1
    return "".join(
        f'<circle cx="{x + w * a:g}" cy="{y + h * b:g}" r="{radius:g}" fill="{others[i % len(others)]}"/>'
        for i, (a, b) in enumerate(marks)
    )


def _star_at(x: float, y: float, r: float, fill: str) -> str:
    unit = [
        (0, -1), (0.24, -0.32), (0.95, -0.31), (0.38, 0.12), (0.59, 0.81),
        (0, 0.4), (-0.59, 0.81), (-0.38, 0.12), (-0.95, -0.31), (-0.24, -0.32),
    ]  # fmt: skip
    return _poly([(x + r * a, y + r * b) for a, b in unit], fill)


def _stars(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    marks = [(0.28, 0.24), (0.72, 0.24), (0.5, 0.52), (0.28, 0.8), (0.72, 0.8)]
    radius = min(w, h) * 0.17
    return "".join(_star_at(x + w * a, y + h * b, radius, others[i % len(others)]) for i, (a, b) in enumerate(marks))


def _star(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _star_at(x + w / 2, y + h / 2, min(w, h) * 0.38, others[0])


def _chevrons(box: Box, others: Sequence[str]) -> str:
    _, y, _, h = box
    return "".join(_v_at(box, y + h * (0.1 + 0.3 * i), others[i % len(others)]) for i in range(3))


def _v_at(box: Box, top: float, fill: str) -> str:
    x, _, w, h = box
    t, drop = h * 0.13, h * 0.25
    points = [
        (x, top),
        (x + w / 2, top + drop),
        (x + w, top),
        (x + w, top + t),
        (x + w / 2, top + drop + t),
        (x, top + t),
    ]
    return _poly(points, fill)


def _v(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    t = w * 0.2
    points = [(x, y), (x + t, y), (x + w / 2, y + h * 0.45), (x + w - t, y), (x + w, y), (x + w / 2, y + h * 0.72)]
    return _poly(points, others[0])


def _inverted_v(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    t, low = w * 0.2, y + h
    points = [
        (x, low),
        (x + t, low),
        (x + w / 2, y + h * 0.55),
        (x + w - t, low),
        (x + w, low),
        (x + w / 2, y + h * 0.28),
    ]
    return _poly(points, others[0])


def _seams(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x + w * 0.24, y, w * 0.06, h, others[0]) + _rect(x + w * 0.7, y, w * 0.06, h, others[0])


def _epaulettes(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return _rect(x, y, w * 0.26, h * 0.16, others[0]) + _rect(x + w * 0.74, y, w * 0.26, h * 0.16, others[0])


def _horseshoe(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    r = min(w, h) * 0.26
    cx, cy = x + w / 2, y + h / 2
    left, right = f"{cx - r:g}", f"{cx + r:g}"
    return (
        f'<path d="M{left} {cy + r:g} L{left} {cy:g} A{r:g} {r:g} 0 0 1 {right} {cy:g} L{right} {cy + r:g}" '
        f'fill="none" stroke="{others[0]}" stroke-width="{r * 0.5:g}"/>'
    )


def _heart(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    cx, cy, r = x + w / 2, y + h / 2, min(w, h) * 0.3
    return (
        f'<path d="M{cx:g} {cy + r:g} C{cx - 2 * r:g} {cy - r * 0.4:g} {cx - r * 0.6:g} {cy - r * 1.4:g} {cx:g} '
        f'{cy - r * 0.4:g} C{cx + r * 0.6:g} {cy - r * 1.4:g} {cx + 2 * r:g} {cy - r * 0.4:g} {cx:g} {cy + r:g} Z" '
        f'fill="{others[0]}"/>'
    )


def _lightning(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    unit = [(0.58, 0.08), (0.28, 0.54), (0.48, 0.54), (0.36, 0.92), (0.72, 0.42), (0.52, 0.42)]
    return _poly([(x + w * a, y + h * b) for a, b in unit], others[0])


def _zigzag(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    top = [(x + w * i / 4, y + h * (0.4 if i % 2 else 0.55)) for i in range(5)]
    return _poly([*top, *[(a, b + h * 0.16) for a, b in reversed(top)]], others[0])


def _emblem(box: Box, others: Sequence[str]) -> str:
    x, y, w, h = box
    return f'<circle cx="{x + w / 2:g}" cy="{y + h * 0.42:g}" r="{min(w, h) * 0.2:g}" fill="{others[0]}"/>'


_DRAWN = {
    "plain": _nothing,
    "hoops": _hoops,
    "hoop": _band,
    "band": _band,
    "stripes": _stripes,
    "stripe": _stripe,
    "diagonal stripes": _diagonal,
    "panels": _braces,
    "braces": _braces,
    "sash": _sash,
    "chevrons": _chevrons,
    "v": _v,
    "inverted v": _inverted_v,
    "zigzag": _zigzag,
    "lightning": _lightning,
    "crossed sashes": _crossed,
    "cross": _cross,
    "maltese cross": _cross,
    "southern cross": _stars,
    "diamond": _diamond,
    "diamonds": _diamonds,
    "diamond band": _diamond_band,
    "diamond sash": _sash,
    "diamond braces": _braces,
    "checks": _checks,
    "halved": _halved,
    "yoke": _yoke,
    "shoulders": _yoke,
    "quartered": _quartered,
    "spots": _spots,
    "stars": _stars,
    "star": _star,
    "horseshoes": _horseshoe,
    "horseshoe": _horseshoe,
    "hearts": _heart,
    "heart": _heart,
    "seams": _seams,
    "epaulettes": _epaulettes,
    "cadre": _epaulettes,
    "gradient": _halved,
    "rainbow": _hoops,
    "emblem": _emblem,
}
