"""`./raceday functions`: the twelve functions, what starts each, and where `up` serves it."""

import click

from local.choices import FUNCTIONS_PORT
from local.options import store_option


@click.command(epilog="Example: ./raceday functions")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=None,
    help=f"up's --functions-port (that of a running up, or {FUNCTIONS_PORT})",
)
@store_option()
@click.option("--json", "as_json", is_flag=True, help="print them as JSON")
def functions(port: int | None, store: str | None, as_json: bool) -> int:
    """List every function with its trigger, size, parameters and, for those on HTTP, its URL while `up` runs."""
    from local.work.functions import run

    return run(port, store, as_json)
