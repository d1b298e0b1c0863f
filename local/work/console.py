"""`./raceday status` and `./raceday report`: the console's views in the terminal and as a single file."""

import asyncio
import base64
import dataclasses
import json
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from local import stores
from local.choices import WATCH_SECS
from local.console.health import troubles
from local.console.pages import NOTICE, band_colours, behind, make_pages
from local.console.race import read_race
from local.console.serve import open_source
from local.console.source import Source
from local.console.suite import Suite, read_suite
from local.console.today import DayList, ListedRace, read_day
from local.console.words import clock_nz, many, millis, until
from local.options import Options, check_page, write_whole
from local.races import find_race
from raceday.errors import SettingsError, StoreError

SHORT_ID = 8
WIDE, NARROW_NAME = 110, 18
# The least that a narrow list shows of a race's name, and what lies between two columns.
LEAST_NAME, GAP = 7, 2
HEALTHY, FINDINGS, WRONG, UNREADABLE = 0, 1, 2, 3


def run_status(args: Options) -> int:
    """Print the day and the suite; the exit code tells their health."""
    return _with_source(args, lambda source: _status(source, args))


def run_report(args: Options) -> int:
    """Write the file."""
    return _with_source(args, lambda source: _report(source, args))


def _with_source(args: Options, work: Callable[[Source], Coroutine[Any, Any, int]]) -> int:
    store = stores.present(args.store)
    stores.tell(store, sys.stderr if getattr(args, "as_json", False) or getattr(args, "ids", False) else None)
    try:
        return asyncio.run(_closing(open_source(store), work))
    except SettingsError as error:
        return _fail(args, "settings:\n  " + "\n  ".join(error.problems), WRONG)
    except StoreError as error:
        return _fail(args, str(error), UNREADABLE)


async def _closing(source: Source, work: Callable[[Source], Coroutine[Any, Any, int]]) -> int:
    try:
        return await work(source)
    finally:
        await source.aclose()


def _fail(args: Options, message: str, code: int) -> int:
    print(f"raceday {args.command}: {message}", file=sys.stderr)
    return code


async def _status(source: Source, args: Options) -> int:
    while args.watch:
        if sys.stdout.isatty():
            click.clear()
        await _show(source, args)
        await asyncio.sleep(WATCH_SECS)
    return await _show(source, args)


async def _show(source: Source, args: Options) -> int:
    day = await read_day(source, args.date)
    suite = await read_suite(source, day)
    problems = troubles(day, suite, live=day.day == source.today())
    if args.ids or args.as_json:
        print(_as_json(day, suite, problems) if args.as_json else _ids(day))
        return FINDINGS if problems and args.as_json else HEALTHY
    out = Console()
    out.print(
        f"[bold]{day.day:%A} {day.day}[/]  {many(day.meetings, 'meeting')}, {many(day.races, 'race')}", highlight=False
    )
    if not source.generated:
        out.print(NOTICE, style="dim")
    if slow := behind(source.clock):
        out.print(f"⚠ {slow}", style="yellow", highlight=False)
    shown = [*day.attention, *day.coming, *(day.finished if args.all else ())]
    if shown:
        out.print(_races(shown, day, out.width))
        if out.width < WIDE:
            _print_attention(out, shown)
    if suite.totals:
        out.print(_functions(suite))
    for problem in problems:
        out.print(f"⚠ {problem}", style="yellow", highlight=False)
    if not problems:
        out.print("✓ nothing needs attention", style="green")
    return FINDINGS if problems else HEALTHY


def _ids(day: DayList) -> str:
    return "\n".join(f"{r.id}  {clock_nz(r.start)}  {r.meeting} R{r.number}  {r.status}" for r in in_order(day))


def in_order(day: DayList) -> list[ListedRace]:
    """Return all of a day's races by their start."""
    return sorted([*day.attention, *day.coming, *day.finished], key=lambda r: (r.start, r.meeting, r.number))


def _as_json(day: DayList, suite: Suite, problems: Sequence[str]) -> str:
    found = {
        "day": day.day.isoformat(),
        "now": day.now,
        "ok": not problems,
        "troubles": problems,
        "scheduler": {"ticked": suite.ticked, "silent": suite.silent, "paused": suite.paused},
        "races": [dataclasses.asdict(race) for race in in_order(day)],
        "functions": [dataclasses.asdict(total) for total in suite.totals],
        "gaps": dict(suite.gaps),
    }
    return json.dumps(found, indent=1, default=lambda value: value.isoformat())


def _races(races: Sequence[ListedRace], day: DayList, width: int) -> Table:
    """Return the list; a narrow terminal loses columns and the ends of names, never a time."""
    wide = width >= WIDE
    names = ["start", "in", "race", "status", "next poll"]
    names += ["last poll", "quality", "id", "attention"] if wide else []
    cells = [_cells(race, day, wide=wide) for race in races]
    if not wide:
        _fit_names(cells, width)
    table = Table(box=None, pad_edge=False)
    for name, column in zip(names, zip(*cells, strict=True), strict=True):
        if name != "attention":
            table.add_column(name, no_wrap=True, min_width=max(map(len, column)))
        else:
            table.add_column(name)
    for race, row in zip(races, cells, strict=True):
        table.add_row(*row, style="yellow" if race.attention else None)
    return table


def _print_attention(out: Console, races: Sequence[ListedRace]) -> None:
    """Tell below the list what its narrow columns would break into a word a line."""
    for race in races:
        if race.attention:
            out.print(f"{race.meeting} R{race.number}: {'; '.join(race.attention)}", style="yellow", highlight=False)


def _cells(r: ListedRace, day: DayList, *, wide: bool) -> list[str]:
    starts = "over" if r.over else until(r.start, day.now)
    cells = [clock_nz(r.start), starts, f"{r.meeting} R{r.number}", r.status]
    cells.append("paused" if r.halted else until(r.next_poll, day.now))
    if wide:
        cells += [until(r.last_poll, day.now), "—" if r.score is None else str(r.score), r.id[:SHORT_ID]]
        cells.append("; ".join(r.attention))
    return cells


def _fit_names(cells: list[list[str]], width: int) -> None:
    """Cut courses, not their races' numbers, to what the other columns leave."""
    name = 2
    others = [max(map(len, column)) for i, column in enumerate(zip(*cells, strict=True)) if i != name]
    most = max(LEAST_NAME, min(NARROW_NAME, width - sum(others) - GAP * len(others)))
    for row in cells:
        course, _, number = row[name].rpartition(" ")
        row[name] = f"{_cut(course, most - len(number) - 1)} {number}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _functions(suite: Suite) -> Table:
    table = Table(box=None, pad_edge=False, title="invocations, last 24 h", title_justify="left")
    for name in ("function", "runs", "failed", "refused", "cold", "mean", "95 %", "longest"):
        table.add_column(name, justify="left" if name == "function" else "right")
    for t in suite.totals:
        table.add_row(
            t.function, f"{t.runs:,}", str(t.failures), str(t.refused), str(t.cold), millis(t.mean_ms),
            millis(t.p95_ms), millis(t.longest_ms),
        )  # fmt: skip
    return table


async def _report(source: Source, args: Options) -> int:
    try:
        check_page(args.file)
    except ValueError as error:
        return _fail(args, str(error), WRONG)
    subject = await _subject(source, args.subject)
    html = await report_html(source, subject, args.view)
    if html is None:
        return _fail(args, f"the store has no races of {args.subject}", WRONG)
    write_whole(args.file, html)
    print(f"{args.file}  {args.file.stat().st_size:,} bytes")
    return HEALTHY


async def _subject(source: Source, text: str) -> str:
    """Return a date as it is, and a race's id for what names it."""
    return text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else await find_race(source.store, text)


async def report_html(source: Source, subject: str, view: str = "win") -> str | None:
    """Return a race or a day as one HTML document; None where the store has nothing of it."""
    pages = make_pages(source)
    try:
        day = await read_day(source, date.fromisoformat(subject))
    except ValueError:
        race = await read_race(source, subject, view)
        if race is None:
            return None
        for silk in race.silks:
            race.silks[silk] = await _inline(source, silk)
        colours = band_colours(await source.bands())
        return pages.report("race.html", title=f"{race.meeting} R{race.number}", race=race, bands=colours)
    return pages.report("today.html", title=str(day.day), day=day, asked=day.day) if day.races else None


async def _inline(source: Source, silk: str) -> str:
    row = await source.silk(silk) or {}
    return "data:image/svg+xml;base64," + base64.b64encode(str(row.get("svgData") or "").encode()).decode()
