"""`./raceday soak`: days of warm activations in one process, and what it holds at each hour."""

from typing import Any

import click

from local.options import POSITIVE, Options, json_option


@click.command(epilog="Example: ./raceday soak --days 4")
@click.option("--days", type=POSITIVE, default=3, show_default=True, help="simulated days, one after another")
@click.option("--races", type=POSITIVE, default=6, show_default=True, help="races of each day")
@json_option("every sample")
def soak(**options: Any) -> int:
    """Keep warm functions running for simulated days, and count what they hold. Exit code 1 where they grew."""
    from local.work.soak import run

    return run(Options(**options))
