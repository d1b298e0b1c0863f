"""What the commands share: kinds of values, common options, and how a command's failures end."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import click

Options = SimpleNamespace
Body = TypeVar("Body", bound=Callable[..., Any])
POSITIVE = click.IntRange(min=1)


class DateParam(click.ParamType[date]):
    """A date written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date; a usage error names what was expected."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"expected a date as YYYY-MM-DD, got {value!r}", param, ctx)


DAY = DateParam()


def store_option(default: str) -> Callable[[Body], Body]:
    """Return the option `--store`, whose default is told in its help."""
    return click.option("--store", metavar="PATH|env", help=f"file of the embedded store, or env ({default})")


def json_option(what: str) -> Callable[[Body], Body]:
    """Return the option `--json FILE`, which writes `what`."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--json", type=kind, metavar="FILE", help=f"write {what} as JSON")
