"""Cost against lateness as one SVG: each day's month in dollars, over how late 99 in 100 of its polls were at most."""

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 40, 64, 84
COLOURS = {"lean": "#0072b2", "seed": "#b35c00"}
# A day of few races is a small dot, one of many a large one.
FEW_RADIUS, MANY_RADIUS = 5, 8


def picture(rows: Sequence[dict[str, Any]], machine_dollars: float) -> str:
    """Draw each day as two dots at its price: full where it is critical, hollow elsewhere; the machine is a line."""
    top = max([machine_dollars, *(row["month_dollars"] for row in rows)]) * 1.12
    late = max(row["late_p99_elsewhere_secs"] for row in rows) * 1.15
    few = min(row["races"] for row in rows)
    parts = [_frame(), *_grid(top, late), _machine(machine_dollars, top)]
    for row in sorted(rows, key=lambda row: row["month_dollars"]):
        parts += _day(row, _y(row["month_dollars"], top), late, FEW_RADIUS if row["races"] == few else MANY_RADIUS)
    return "\n".join([*parts, *_notes(rows), "</svg>"]) + "\n"


def _frame() -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="#222" role="img" aria-label="What a month costs against how late polls are">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">What a month costs, and how late polls are</text>\n'
        f'<text x="{LEFT}" y="43">US dollars a month of simulated race days, after the free allowance</text>'
    )


def _x(secs: float, late: float) -> float:
    return LEFT + secs / late * (WIDTH - LEFT - RIGHT)


def _y(dollars: float, top: float) -> float:
    return TOP + (1 - dollars / top) * (HEIGHT - TOP - BOTTOM)


def _step(most: float) -> float:
    """Return a round distance that fits between three and eight times."""
    step: float = 10 ** math.floor(math.log10(most))
    return next(s for s in (step, step / 2, step / 4, step / 5) if most / s >= 3)


def _grid(top: float, late: float) -> list[str]:
    base, right, found = HEIGHT - BOTTOM, WIDTH - RIGHT, []
    for n in range(int(top / _step(top)) + 1):
        y = _y(n * _step(top), top)
        found.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">${n * _step(top):g}</text>')
    for n in range(int(late / _step(late)) + 1):
        x = _x(n * _step(late), late)
        found.append(f'<path d="M{x:.1f} {base}v5" stroke="#888"/>')
        found.append(f'<text x="{x:.1f}" y="{base + 19}" text-anchor="middle">{n * _step(late):g} s</text>')
    return found


def _machine(dollars: float, top: float) -> str:
    y = _y(dollars, top)
    right, text = WIDTH - RIGHT, f"a virtual machine, ${dollars:g}"
    return (
        f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#a0306f" stroke-width="2" stroke-dasharray="6 4"/>'
        f'<text x="{LEFT + 6}" y="{y - 6:.1f}" fill="#a0306f">{text}</text>'
    )


def _day(row: dict[str, Any], y: float, late: float, radius: int) -> list[str]:
    colour, dollars = COLOURS[row["sizes"]], row["month_dollars"]
    near, far = _x(row["late_p99_critical_secs"], late), _x(row["late_p99_elsewhere_secs"], late)
    return [
        f'<path d="M{near:.1f} {y:.1f}H{far:.1f}" stroke="{colour}" stroke-width="1.5" opacity="0.5"/>',
        f'<circle cx="{near:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>',
        f'<circle cx="{far:.1f}" cy="{y:.1f}" r="{radius}" fill="#fff" stroke="{colour}" stroke-width="2"/>',
        f'<text x="{(near + far) / 2:.1f}" y="{y - 9:.1f}" text-anchor="middle" fill="{colour}">'
        f"{row['races']} races, {row['sizes']}: ${dollars:.2f}</text>",
    ]


def _notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    missing = sum(row["missing"] for row in rows)
    texts = (
        "99 in 100 polls are late by less: full from T-5 to Final, hollow elsewhere (a second or two does no harm).",
        f"{sum(row['expected'] for row in rows):,} polls were to be made in these days, {missing} are missing.",
    )
    return [f'<text x="{LEFT}" y="{HEIGHT - 34 + 18 * n}" font-size="11">{text}</text>' for n, text in enumerate(texts)]
