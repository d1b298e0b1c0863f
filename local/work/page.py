"""`./raceday console`: the console's pages over a store by themselves."""

import asyncio
from datetime import datetime
from typing import Any

import click

from local import stores
from local.tape.opening import OpenTape, opened
from local.tape.scanning import TapeError
from local.testing.pace import PacedClock


def run(**options: Any) -> int:
    """Serve the pages."""
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
