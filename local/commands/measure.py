"""`./raceday measure`: how the platform runs what is deployed, and which sizes keep polls punctual there."""

from typing import Any

import click

from local.options import POSITIVE, Options, json_option
from raceday.catalogue.functions import POLLER, SCHEDULER

DEFAULT = f"{POLLER.name},{SCHEDULER.name}"


@click.command(epilog="Example: ./raceday measure --runs 5 --json measured.json")
@click.option("--only", default=DEFAULT, show_default=True, metavar="A,B", help="the functions to measure")
@click.option("--runs", type=POSITIVE, default=3, show_default=True, help="starts at once, and as many after them")
@json_option("the figures")
def measure(**options: Any) -> int:
    """Time cold starts, imports and a fixed piece of work on the deployed functions.

    They are found by RACEDAY_API_HOST, RACEDAY_NAMESPACE and RACEDAY_NAMESPACE_KEY; nothing is polled or written.
    Exit code 0 measured, 1 polls would be late at the deployed sizes, 2 wrong usage, 3 nothing could be measured.
    """
    from local.work.measure import run

    return run(Options(**options))
