"""`./raceday console`: the console's pages over a store by themselves."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from local import stores
from local.commands.options import INSTANT, PORT, store_option
from local.tape.opening import OpenTape, opened
from local.tape.scanning import TapeError
from local.testing.pace import PacedClock


@click.command(epilog="Example: ./raceday console --store .raceday/simulate.db --at 2026-02-14T02:00:00+00:00")
@store_option()
@click.option("--port", type=PORT, default=8080, show_default=True, help="port on loopback; 0 takes any")
@click.option("--at", type=INSTANT, metavar="ISO", help="look as if it were this instant, with its offset")
@click.option(
    "--tape", type=click.Path(path_type=Path), help="the day's tape: a figure that is clicked is made again from it"
)
@click.option("--allow-writes", is_flag=True, help="let the page pause and resume functions on this store")
def console(**options: Any) -> int:
    """Serve the console's pages over a store, until stopped; it only reads, without --allow-writes.

    Exit code 130 stopped by Ctrl-C, 2 wrong usage or no such store, 3 the port cannot be taken.
    """
    from local.console.serve import make_console_server, open_source, serve

    at: datetime | None = options["at"]
    if at is not None and at.tzinfo is None:
        raise click.UsageError("--at: expected an instant with its offset, as 2026-02-14T02:00:00+00:00")
    place = stores.present(options["store"])
    stores.tell(place)
    try:
        tape = opened(options["tape"]) if options["tape"] else None
    except TapeError as error:
        raise click.UsageError(str(error)) from None
    source = open_source(place, PacedClock(1.0, at) if at else None, writes=options["allow_writes"])
    if tape is not None:
        source.tape = OpenTape(options["tape"])
    asyncio.run(serve(make_console_server(source, options["port"])))
    return 0
