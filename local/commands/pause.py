"""`./raceday pause|resume [FUNCTION]`: the switches that the scheduler obeys."""

import click

from local.choices import ALL
from local.options import Options, store_option

STORE = store_option()

ABOUT = (
    "The next tick obeys; what runs is not ended. With no function: {} every function. Prints every switch afterwards. "
    "Exit code 2 wrong usage or settings, 3 the store cannot be reached."
)


@click.command(help=ABOUT.format("stop the scheduler starting"), epilog="Example: ./raceday pause daily-races")
@click.argument("function", default=ALL)
@STORE
def pause(function: str, store: str | None) -> int:
    """Stop the scheduler starting one function, or all."""
    from local.work.pause import run

    return run(Options(command="pause", function=function, store=store))


@click.command(help=ABOUT.format("let the scheduler start"), epilog="Example: ./raceday resume")
@click.argument("function", default=ALL)
@STORE
def resume(function: str, store: str | None) -> int:
    """Let the scheduler start one function, or all."""
    from local.work.pause import run

    return run(Options(command="resume", function=function, store=store))
