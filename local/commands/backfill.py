"""`./raceday backfill FROM..TO`: past race days that the feed still serves, by the code of imports and polls."""

from datetime import datetime

import click

from local.choices import LIVE
from local.options import ABOVE_0, INSTANT, store_option

# Slower than the polls of a busy hour, so that they have the feed to themselves.
RATE = 0.5


@click.command(epilog="Example: ./raceday backfill 2026-02-01..2026-02-13")
@click.argument("days", metavar="DATE|FROM..TO")
@store_option()
@click.option("--feed", default=LIVE, help="live (default), recorded:DIR or tape:FILE")
@click.option("--rate", type=ABOVE_0, default=RATE, help=f"requests a second ({RATE})")
@click.option("--again", is_flag=True, help="look anew at days that were filled before")
@click.option("--at", type=INSTANT, metavar="ISO", help="for a feed that is not live: the present instant")
def backfill(days: str, store: str | None, feed: str, rate: float, again: bool, at: datetime | None) -> int:
    """Import past NZ race days: runners, results, dividends, pool totals and closing prices, as the feed has them now.

    A race that the ledger saw end is not asked for again, so an interrupted run is gone on with by the next. Marked:
    ledger rows of kind backfill make no label and no alert. Exit code 0 all is there, 1 something is not and is named,
    2 wrong usage or settings, 3 the feed served none of the days.
    """
    from local.work.backfill import run

    return run(days, store, feed, rate, again, at)
