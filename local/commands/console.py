"""`./raceday status` and `./raceday report`: the console's views in the terminal and as a single file."""

from pathlib import Path
from typing import Any

import click

from local.choices import WATCH_SECS
from local.options import DAY, Options, store_option

STORE = store_option()


@click.command(epilog="Example: ./raceday status --all")
@click.option("--date", type=DAY, help="NZ race day as YYYY-MM-DD (today)")
@click.option("--all", is_flag=True, help="list finished races too")
@click.option("--ids", is_flag=True, help="list the ids of all races of the day, one a line")
@click.option("--json", "as_json", is_flag=True, help="print the day and its troubles as JSON")
@click.option("--watch", is_flag=True, help=f"show it again every {WATCH_SECS} s, until stopped")
@STORE
def status(**options: Any) -> int:
    """Show a day's races and the suite at work.

    Exit code 0 all is well, 1 something needs attention, 2 wrong settings, 3 the store cannot be read.
    """
    from local.work.console import run_status

    return run_status(Options(command="status", **options))


@click.command(epilog="Example: ./raceday report 2026-02-14 day.html")
@click.argument("subject", metavar="RACE|DATE")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.html")
@click.option("--view", type=click.Choice(["win", "place", "odds"]), default="win", help="the grid's view (win)")
@STORE
def report(**options: Any) -> int:
    """Write one race, or one NZ race day (YYYY-MM-DD), as a single HTML file that needs nothing else.

    Exit code 0 written, 2 wrong usage or settings, or no such race or no races of that day, 3 the store cannot be read.
    """
    from local.work.console import run_report

    return run_report(Options(command="report", **options))
