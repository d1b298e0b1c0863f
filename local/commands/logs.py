"""`./raceday logs`: what `up` and `invoke` logged on a store, with times."""

import click

from local.options import store_option
from raceday.catalogue.functions import NAMES
from raceday.log import LEVELS


@click.command(epilog='Example: ./raceday logs --follow --function enhanced-race-poller --race "Bulloo Heights R3"')
@click.option("--follow", is_flag=True, help="go on with what is written from now, until stopped")
@click.option("--function", type=click.Choice(NAMES), default=None, help="lines of one function")
@click.option("--race", help="lines that name a race (its id, a beginning, or course and number), and pauses")
@click.option("--level", type=click.Choice(list(LEVELS)), default="info", show_default=True, help="from this level on")
@click.option("--lines", type=click.IntRange(min=0), default=100, show_default=True, help="the last N of what is there")
@store_option()
def logs(follow: bool, function: str | None, race: str | None, level: str, lines: int, store: str | None) -> int:
    """Show log lines, oldest first, with their instants in UTC.

    With --race other lines of the whole suite, as a tick's, are left out. Exit code 0 shown, 2 no such store or race,
    3 nothing was logged there.
    """
    from local.work.logs import run

    return run(follow, function, race, level, lines, store)
