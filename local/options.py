"""What the commands share: kinds of values, common options, and how a command's failures end."""

import contextlib
import json
import math
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import click

from local.nz_times import day_given
from local.stores import HELP

Options = SimpleNamespace
Body = TypeVar("Body", bound=Callable[..., Any])
POSITIVE = click.IntRange(min=1)
# Years whose days and neighbours every clock, store and rule here can hold.
YEARS = range(1970, 3000)


class GivenPath(click.Path):
    """A path; an empty one, as an unset variable leaves it, is not the folder that one stands in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if not str(value):
            self.fail("expected a path, got ''", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number in a range that ends somewhere: neither infinite nor nan."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"expected a finite number, got {value}", param, ctx)
        return found


FILE, NUMBER, ABOVE_0 = GivenPath(path_type=Path), Number(), Number(min=0, min_open=True)


class DateParam(click.ParamType[date]):
    """A date written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date; a usage error names what was expected."""
        if isinstance(value, date):
            return value
        try:
            return day_given(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class InstantParam(click.ParamType[datetime]):
    """An instant in ISO 8601."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant; a usage error names what was expected."""
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"expected an instant as 2026-11-24T01:00:00+00:00, got {value!r}", param, ctx)
        if found.year not in YEARS:
            self.fail(f"expected an instant of the years {YEARS[0]} to {YEARS[-1]}, got {value!r}", param, ctx)
        return found


class SpanParam(click.ParamType[tuple[datetime, datetime]]):
    """Two instants in UTC with two dots between them."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[datetime, datetime]:
        """Read both instants; a usage error names what was expected."""
        try:
            since, until = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in value.split(".."))
        except ValueError:
            self.fail(f"expected 2026-02-13T23:00..2026-02-13T23:30, got {value!r}", param, ctx)
        return since, until


class NamesParam(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names without blanks around them."""
        return tuple(name.strip() for name in value.split(",") if name.strip())


DAY, INSTANT, SPAN, NAMES = DateParam(), InstantParam(), SpanParam(), NamesParam()


class OutFile(GivenPath):
    """A file to be written, refused before any work where its folder is missing or it cannot be written."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        path = Path(str(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"{path}: there is no folder {path.parent}", param, ctx)
        if (not path.exists() or path.is_file()) and not os.access(path.parent, os.W_OK):
            self.fail(f"{path}: the folder {path.parent} cannot be written", param, ctx)
        if not path.exists():
            # What a folder lets nobody make, as /proc, shows when it is tried alone; hours of work may stand before it.
            try:
                path.touch(exist_ok=False)
                path.unlink()
            except OSError as error:
                self.fail(f"{path}: {(error.strerror or str(error)).lower()}", param, ctx)
        return path


OUT_FILE = OutFile()
MADE_HERE = '<meta name="generator" content="RaceDay">'


def check_page(path: Path) -> None:
    """Raise ValueError where a page would overwrite what is no page made here, or has no folder to be in."""
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder")
    if path.exists() and path.stat().st_size and MADE_HERE.encode() not in path.read_bytes()[:2000]:
        raise ValueError(f"{path} is there and no page that raceday made; it was left as it is")


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and put it there when it is whole: a full disk costs no former one.

    A link stays one, and what is no file, as /dev/stdout, is written to as it is.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        # A disk that is full says so of no file.
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from error


def write_json(path: Path, told: Any, *, indent: int = 1, default: Callable[[Any], Any] | None = None) -> None:
    """Write a report as JSON, whole or not at all; `default` gives what JSON has no form for."""
    write_whole(path, json.dumps(told, indent=indent, default=default) + "\n")


PORT = click.IntRange(0, 65535)


def store_option(default: str = HELP) -> Callable[[Body], Body]:
    """Return the option `--store`, whose default is told in its help."""
    return click.option("--store", metavar="PATH|env", help=f"file of the embedded store, or env ({default})")


def json_option(what: str) -> Callable[[Body], Body]:
    """Return the option `--json FILE`, which writes `what`."""
    return click.option("--json", type=OUT_FILE, metavar="FILE", help=f"write {what} as JSON")
