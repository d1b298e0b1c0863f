"""Line charts as plain numbers for an SVG template; nothing here writes markup."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

WIDTH, HEIGHT = 720.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 60.0, 10.0, 26.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its points in the units of the chart, and `style` 0 to 23: colour by 8, dashes by 3.

    `opened` is the first value that was ever known, from which the legend tells the change.
    """

    key: str
    name: str
    style: int
    points: tuple[Point, ...]
    faded: bool = False
    opened: float | None = None


class Mark(NamedTuple):
    """Something to see on a line at an instant, in minutes to the start."""

    key: str
    minutes: float
    text: str


class DrawnMark(NamedTuple):
    """A mark ready to draw."""

    key: str
    style: int
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line ready to draw: `path` is the d attribute, and where its label stands."""

    key: str
    name: str
    style: int
    path: str
    label_x: float
    label_y: float
    last: str
    faded: bool
    change: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready to draw: axis marks as (position, text), its lines, and `plot`, the same as JSON for a script."""

    title: str
    about: str
    x_marks: tuple[tuple[float, str], ...] = ()
    y_marks: tuple[tuple[float, str], ...] = ()
    lines: tuple[Drawn, ...] = ()
    start_x: float | None = None
    marks: tuple[DrawnMark, ...] = ()
    plot: str = ""
    size: tuple[float, float] = field(default=(WIDTH, HEIGHT))


def chart(
    title: str,
    about: str,
    series: Sequence[Series],
    marks: Sequence[Mark] = (),
    *,
    log: bool = False,
    money: bool = False,
) -> Chart:
    """Draw lines over minutes to the start, which run from left to right; a log axis fits odds."""
    kept = [s for s in series if s.points]
    if not kept:
        return Chart(title, about)
    xs = [x for s in kept for x, _ in s.points]
    ys = [y for s in kept for _, y in s.points]
    x_low, x_high = min(xs), max(xs)
    if x_high - x_low < 1:
        x_low, x_high = x_low - 0.5, x_high + 0.5
    y_low, y_high = (min(ys) * 0.9, max(ys) * 1.1) if log else (0.0, max(ys) * 1.08 or 1.0)

    def px(x: float) -> float:
        return round(LEFT + (x_high - x) / (x_high - x_low) * (WIDTH - LEFT - RIGHT), 1)

    def py(y: float) -> float:
        share = math.log(y / y_low) / math.log(y_high / y_low) if log else (y - y_low) / (y_high - y_low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    ends = _apart([(py(s.points[-1][1]), i) for i, s in enumerate(kept)])
    lines = tuple(
        Drawn(
            key=s.key,
            name=s.name,
            style=s.style,
            path="M" + "L".join(f"{px(x):g},{py(y):g}" for x, y in s.points),
            label_x=px(s.points[-1][0]) + 4,
            label_y=ends[i],
            last=_amount(s.points[-1][1]) if money else f"{s.points[-1][1]:.2f}",
            faded=s.faded,
            change=_change(s),
        )
        for i, s in enumerate(kept)
    )
    by_key = {s.key: s for s in kept}
    shown = [mark for mark in marks if mark.key in by_key and x_low <= mark.minutes <= x_high]
    drawn = tuple(
        DrawnMark(m.key, by_key[m.key].style, px(m.minutes), py(_value_at(by_key[m.key], m.minutes)), m.text)
        for m in shown
    )
    return Chart(
        title,
        about,
        tuple((px(m), _minutes(m)) for m in _x_ticks(x_low, x_high)),
        tuple((py(v), _amount(v) if money else f"{v:g}") for v in _y_ticks(y_low, y_high, log=log)),
        lines,
        px(0) if x_low <= 0 <= x_high else None,
        drawn,
        _plot(kept, shown, log=log, money=money),
    )


def _change(series: Series) -> str:
    """Write how far a line has moved from its opening, in percent; nothing where it is not known or is the same."""
    if not series.opened:
        return ""
    percent = round((series.points[-1][1] / series.opened - 1) * 100)
    return f"{'+' if percent > 0 else '−'}{abs(percent)} %" if percent else "±0 %"


def _value_at(series: Series, minutes: float) -> float:
    """Return a line's value at the point that lies nearest to an instant."""
    return min(series.points, key=lambda point: abs(point[0] - minutes))[1]


def _plot(kept: Sequence[Series], marks: Sequence[Mark], *, log: bool, money: bool) -> str:
    """Return a chart's figures as JSON: instants in minutes after the start, and each line's values at them."""
    instants = sorted({x for s in kept for x, _ in s.points}, reverse=True)
    lines = []
    for s in kept:
        known = dict(s.points)
        values = [known.get(x) for x in instants]
        lines.append({"key": s.key, "name": s.name, "style": s.style, "faded": s.faded, "values": values})
    told = [
        {"key": m.key, "at": -m.minutes, "value": _value_at(next(s for s in kept if s.key == m.key), m.minutes)}
        for m in marks
    ]
    return json.dumps({"log": log, "money": money, "at": [-x for x in instants], "lines": lines, "marks": told})


def _apart(ends: Sequence[tuple[float, int]], gap: float = 11.0) -> dict[int, float]:
    """Move labels at the ends of lines apart, so that they can be read."""
    placed: dict[int, float] = {}
    floor = -math.inf
    for y, i in sorted(ends):
        floor = max(y, floor + gap)
        placed[i] = round(floor, 1)
    over = max(0.0, floor - (HEIGHT - 4))
    return {i: round(y - over, 1) for i, y in placed.items()} if over else placed


def _minutes(m: float) -> str:
    return "start" if m == 0 else f"{m:g}" if m > 0 else f"+{-m:g}"


def _x_ticks(low: float, high: float) -> list[float]:
    step = next((s for s in (1, 2, 5, 10, 30, 60, 120, 240) if (high - low) / s <= 10), 480)
    return [float(k * step) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _y_ticks(low: float, high: float, *, log: bool) -> list[float]:
    if log:
        marks = (1.2, 1.5, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 400)
        return [float(v) for v in marks if low <= v <= high]
    power = 10.0 ** math.floor(math.log10(high)) if high > 0 else 1.0
    step = next(s * power for s in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0) if high / (s * power) <= 5)
    return [k * step for k in range(math.floor(high / step) + 1)]


def _amount(dollars: float) -> str:
    if dollars >= 1_000_000:
        return f"${dollars / 1_000_000:.2f}m"
    return f"${dollars / 1000:.1f}k" if dollars >= 10_000 else f"${dollars:,.0f}"
