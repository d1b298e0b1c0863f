"""The cost curve as one SVG: dollars a month over races handed to one poller, a line for each memory and day."""

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 56, 76
COLOURS = {"128": "#0072b2", "256": "#009e73", "512": "#b35c00", "1024": "#a0306f"}
USUAL_REACH_SECS = 80


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """Draw the variants of the usual loop length; the others are told in a line of text beneath."""
    usual = [row for row in rows if row["reach_secs"] == USUAL_REACH_SECS]
    batches = sorted({row["batch"] for row in usual})
    top = max(cost for row in usual for cost in row["month_dollars"].values()) * 1.05 or 1.0
    parts = [_frame(), *_axes(batches, top)]
    for races in sorted({row["races"] for row in usual}):
        of_day = sorted((row for row in usual if row["races"] == races), key=lambda row: row["batch"])
        for memory, colour in COLOURS.items():
            points = [(_x(row["batch"], batches), _y(row["month_dollars"][memory], top)) for row in of_day]
            parts.append(_line(points, colour, dashed=races == min(row["races"] for row in usual)))
    parts += [*_legend(usual), *_notes(rows), "</svg>"]
    return "\n".join(parts) + "\n"


def _frame() -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="#222" role="img" aria-label="What the poller costs a month by batch size and memory">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">What a month of simulated race days costs</text>\n'
        f'<text x="{LEFT}" y="42">US dollars after the free allowance, by races handed to one poller</text>'
    )


def _x(batch: int, batches: Sequence[int]) -> float:
    low, high = math.log(min(batches)), math.log(max(max(batches), min(batches) + 1))
    return LEFT + (math.log(batch) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _y(dollars: float, top: float) -> float:
    return TOP + (1 - dollars / top) * (HEIGHT - TOP - BOTTOM)


def _axes(batches: Sequence[int], top: float) -> list[str]:
    step = 10 ** math.floor(math.log10(top))
    step = step / 2 if top / step < 3 else step
    marks = [n * step for n in range(int(top / step) + 1)]
    base, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = [
        f'<path d="M{LEFT} {_y(m, top):.1f}H{right}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{_y(m, top) + 4:.1f}" text-anchor="end">${m:g}</text>'
        for m in marks
    ]
    lines += [
        f'<text x="{_x(batch, batches):.1f}" y="{base + 18}" text-anchor="middle">{batch}</text>' for batch in batches
    ]
    return lines


def _line(points: Sequence[tuple[float, float]], colour: str, *, dashed: bool) -> str:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    style = ' stroke-dasharray="5 4"' if dashed else ""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{style}/>{dots}'


def _legend(rows: Sequence[dict[str, Any]]) -> list[str]:
    x, lines = WIDTH - RIGHT + 20, []
    days = sorted({row["races"] for row in rows}, reverse=True)
    entries = [(f"{memory} MB", colour, False) for memory, colour in reversed(COLOURS.items())]
    entries += [(f"{races} races a day", "#555", races == days[-1]) for races in days]
    for n, (text, colour, dashed) in enumerate(entries):
        y = TOP + 14 + 20 * n
        style = ' stroke-dasharray="5 4"' if dashed else ""
        lines.append(f'<path d="M{x} {y}h26" stroke="{colour}" stroke-width="2"{style}/>')
        lines.append(f'<text x="{x + 34}" y="{y + 4}">{text}</text>')
    return lines


def _notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    late = [f"{row['races']} races: {row['late_p99_secs']:.2f} s" for row in rows if _is_usual(row)]
    other = [
        f"{row['reach_secs']} s: {row['poller_gib_secs'] / 1000:.0f}k GiB-s, late {row['late_p99_secs']:.2f} s"
        for row in rows
        if row["reach_secs"] != USUAL_REACH_SECS
    ]
    texts = (
        f"Lateness at p99 with batches of 30: {'; '.join(late)}.",
        f"Slots handed out up to so long after the minute began, instead of {USUAL_REACH_SECS} s: {'; '.join(other)}.",
    )
    return [f'<text x="{LEFT}" y="{HEIGHT - 32 + 18 * n}" font-size="11">{text}</text>' for n, text in enumerate(texts)]


def _is_usual(row: dict[str, Any]) -> bool:
    return bool(row["reach_secs"] == USUAL_REACH_SECS and row["batch"] == 30)
