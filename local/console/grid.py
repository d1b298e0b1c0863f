"""The money-flow grid as the client shows it: runners in rows, minutes to the start in columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.console.words import dollars, odds
from raceday.projections.alert_cursor import Cursor
from raceday.projections.alerts import told, walk
from raceday.racing.bands import Band
from raceday.racing.buckets import is_column
from raceday.racing.records import LedgerRow
from raceday.store.port import Row

# Movements that users are told of, by label, runner and kind.
Moves = Mapping[tuple[int, str, str], float]

FIXED = (60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 4, 3, 2, 1, 0)
RECENT = 6
# From a label's instant on: for as long its poll may still come, and its figures after it.
ALLOWED_SECS = 45
_FIELDS = {"win": "incrementalWinAmount", "place": "incrementalPlaceAmount"}
_KINDS = {"win": "money_win", "place": "money_place", "odds": "odds"}


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column: a label with figures (`data`), the present one (`now`), or a run of labels without any.

    Such a run is a `gap` where its labels have passed, and `ahead` where they are still to come. `minutes` is its first
    label and `until` its last; `recent` marks the six newest columns, which a narrow page shows.
    """

    minutes: int
    until: int
    state: str = "data"
    recent: bool = False
    why: str = ""

    @property
    def text(self) -> str:
        """Return the heading: one label, or the first and last of several."""
        return str(self.minutes) if self.minutes == self.until else f"{self.minutes}–{self.until}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure; `band` is 1 to 6 where the runner's movement lies in an enabled band, `rise` that movement."""

    text: str
    column: GridColumn
    band: int = 0
    rise: str = ""


@dataclass(frozen=True, slots=True)
class GridLine:
    """One runner with its cells, one for each column."""

    id: str
    number: int
    name: str
    jockey: str
    scratched: bool
    silk: str
    win: str
    place: str
    pool: str
    share: str
    trend: str
    position: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class MoneyGrid:
    """The whole grid in one of its views: win, place or odds."""

    view: str
    columns: tuple[GridColumn, ...]
    lines: tuple[GridLine, ...]
    current: int | None


def bands_of(rows: Sequence[Row]) -> list[tuple[int, Band]]:
    """Return the enabled bands with their order, 1 to 6."""
    found = []
    for row in rows:
        if row.get("enabled", True):
            high = row.get("percentageRangeMax")
            band = Band(float(row["percentageRangeMin"]), None if high is None else float(high), row["color"])
            found.append((int(row["displayOrder"]), band))
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a race stands: `label` is the column of the present, None outside the timeline.

    `secs` are those to its start, None where it is over; `gaps` are the causes of lost slots by their label.
    `since_secs` before its start it was first known: earlier labels without figures were never to be polled.
    """

    label: int | None = None
    secs: float | None = None
    gaps: Mapping[int, str] = field(default_factory=dict)
    since_secs: float | None = None

    def was_unknown(self, label: int) -> bool:
        """Tell whether a label had passed when the race was first known."""
        return self.since_secs is not None and label not in self.gaps and self.since_secs < label * 60 - ALLOWED_SECS


def make_grid(
    view: str,
    entrants: Sequence[Row],
    flow: Sequence[Row],
    pools: Row | None,
    bands: Sequence[Row],
    moment: Moment,
    moves: Moves,
    positions: Mapping[int, int] | None = None,
) -> MoneyGrid:
    """Lay out the rows that the client reads, lit where users are told of `moves`.

    `positions` are the places of those that came in, by number.
    """
    cells = _by_column(flow)
    labels = (*FIXED, *sorted((c for c in cells if c < 0), reverse=True))
    columns = columns_of(labels, frozenset(cells), moment)
    lit = _lit(view, moves, bands_of(bands))
    total = (pools or {}).get("placePoolTotal" if view == "place" else "winPoolTotal") or 0
    places = positions or {}
    lines = [_line(view, row, columns, cells, lit, total, places.get(row["runnerNumber"], 0)) for row in entrants]
    return MoneyGrid(view, columns, tuple(lines), moment.label if moment.label in labels else None)


def columns_of(labels: Sequence[int], filled: frozenset[int], moment: Moment) -> tuple[GridColumn, ...]:
    """Return the columns of a grid; neighbours without figures share one."""
    found: list[GridColumn] = []
    for minutes in labels:
        state = _state(minutes, filled, moment)
        if state == "gap" and moment.was_unknown(minutes):
            continue
        why = moment.gaps.get(minutes, "")
        if found and state in ("gap", "ahead") and found[-1].state == state:
            whys = dict.fromkeys(filter(None, (*found[-1].why.split(", "), why)))
            found[-1] = replace(found[-1], until=minutes, why=", ".join(whys))
        else:
            found.append(GridColumn(minutes, minutes, state, why=why if state == "gap" else ""))
    with_figures = [i for i, column in enumerate(found) if column.state in ("data", "now")]
    recent = set(with_figures[-RECENT:])
    return tuple(replace(column, recent=i in recent) for i, column in enumerate(found))


def _state(minutes: int, filled: frozenset[int], moment: Moment) -> str:
    if minutes == moment.label:
        return "now"
    if minutes in filled:
        return "data"
    passed = moment.secs is None or moment.secs < minutes * 60 - ALLOWED_SECS
    return "gap" if passed else "ahead"


def _by_column(flow: Sequence[Row]) -> dict[int, dict[str, Row]]:
    """Order rows by column and runner; of two the later counts, as in the client's first load."""
    found: dict[int, dict[str, Row]] = {}
    for row in flow:
        interval = row.get("timeInterval")
        if interval is not None and is_column(int(interval)):
            found.setdefault(int(interval), {})[row["entrantId"]] = row
    return found


def moves_of(history: Sequence[LedgerRow]) -> Moves:
    """Return what the evaluator tells users of a race's ledger."""
    pairs, _ = walk(history, Cursor())
    return {(now.label, found.entrant_id, found.kind): found.value for _, now, found in told(pairs)}


def _lit(view: str, moves: Moves, bands: Sequence[tuple[int, Band]]) -> dict[tuple[int, str], tuple[int, float]]:
    """Return band and movement by column and runner."""
    found: dict[tuple[int, str], tuple[int, float]] = {}
    for (label, runner, kind), value in moves.items():
        band = next((order for order, b in bands if b.holds(value)), 0)
        if band and kind == _KINDS[view]:
            found[label, runner] = (band, value)
    return found


def _line(
    view: str,
    entrant: Row,
    columns: Sequence[GridColumn],
    cells: Mapping[int, Mapping[str, Row]],
    lit: Mapping[tuple[int, str], tuple[int, float]],
    total_cents: int,
    position: int,
) -> GridLine:
    runner = entrant["entrantId"]
    points = [cells[c][runner] for c in sorted(cells, reverse=True) if runner in cells[c]]
    newest = points[-1] if points else {}
    share = newest.get("placePoolPercentage" if view == "place" else "holdPercentage")
    if share is None:
        share = newest.get("holdPercentage")
    made = []
    for column in columns:
        row = cells.get(column.minutes, {}).get(runner) if column.state in ("data", "now") else None
        band, rise = lit.get((column.minutes, runner), (0, 0.0))
        made.append(Cell(_text(view, column.minutes, row), column, band, f"{rise:.1f}" if band else ""))
    return GridLine(
        id=runner,
        number=entrant["runnerNumber"],
        name=entrant["name"],
        jockey=entrant.get("jockey") or "",
        scratched=bool(entrant.get("isScratched")),
        silk=entrant.get("silkId") or "",
        win=odds(entrant.get("fixedWinOdds")),
        place=odds(entrant.get("fixedPlaceOdds")),
        pool=dollars(total_cents * share / 100) if share else "—",
        share=f"{share:.1f} %" if share else "—",
        trend=_trend(points),
        position=position,
        cells=tuple(made),
    )


def _text(view: str, column: int, row: Row | None) -> str:
    if row is None:
        return ""
    if view == "odds":
        return odds(row.get("fixedWinOdds"))
    text = dollars(row.get(_FIELDS[view]))
    return text if text == "—" or column == FIXED[0] else f"+{text}"


def _trend(points: Sequence[Row]) -> str:
    """Say where the share went between the last two columns: half a point counts, a whole one is marked."""
    known: list[Any] = [p["holdPercentage"] for p in points if p.get("holdPercentage") is not None]
    if len(known) < 2:
        return ""
    change = known[-1] - known[-2]
    if abs(change) < 0.5:
        return "steady"
    word = "up" if change > 0 else "down"
    return f"{word} strongly" if abs(change) >= 1 else word
