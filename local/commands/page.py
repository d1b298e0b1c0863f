"""`./raceday console`: the console's pages over a store by themselves."""

from typing import Any

import click

from local.options import FILE, INSTANT, PORT, store_option


@click.command(epilog="Example: ./raceday console --store .raceday/simulate.db --at 2026-02-14T02:00:00+00:00")
@store_option()
@click.option("--port", type=PORT, default=8080, show_default=True, help="port on loopback; 0 takes any")
@click.option("--at", type=INSTANT, metavar="ISO", help="look as if it were this instant, with its offset")
@click.option("--tape", type=FILE, help="the day's tape: a figure that is clicked is made again from it")
@click.option("--allow-writes", is_flag=True, help="let the page pause and resume functions on this store")
def console(**options: Any) -> int:
    """Serve the console's pages over a store, until stopped; it only reads, without --allow-writes.

    Exit code 130 stopped by Ctrl-C, 2 wrong usage or no such store, 3 the port cannot be taken.
    """
    from local.work.page import run

    return run(**options)
