"""`./raceday silks sheet` and `./raceday silks coverage`."""

from typing import Any

import click

from local.options import FILE, Options, json_option, store_option


@click.group(epilog="Example: ./raceday silks sheet silks.html")
def silks() -> None:
    """Draw silks as a page, or measure how well descriptions are understood."""


@silks.command(epilog="Example: ./raceday silks sheet silks.html")
@click.argument("page", type=FILE, metavar="FILE.html")
@click.option("--from", "source", type=FILE, metavar="PATH",
              help="recorded events (a folder) or descriptions (a file); else the store's silks")  # fmt: skip
@click.option("--date", metavar="D", help="enrich this day's races of the store first")
@store_option()
def sheet(**options: Any) -> int:
    """Draw all silks of a store or of descriptions as one page."""
    from local.work.silks import run_sheet

    return run_sheet(Options(**options))


@silks.command(epilog="Example: ./raceday silks coverage descriptions.txt")
@click.argument("source", type=FILE, metavar="PATH")
@json_option("the counts")
def coverage(**options: Any) -> int:
    """Count what is understood of descriptions: PATH is a folder of recorded events, or a file, one a line."""
    from local.work.silks import run_coverage

    return run_coverage(Options(**options))
