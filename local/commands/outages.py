"""`./raceday outages`: a day through each of the store's outages, and what each cost it."""

from typing import Any

import click

from local.choices import STORE_PROFILES
from local.options import POSITIVE, Options, json_option
from local.simulate.storms import REGULAR


@click.command(epilog="Example: ./raceday outages --races 6 --depth wire")
@click.option("--races", type=POSITIVE, default=96, show_default=True, help="races of each day")
@click.option("--seed", type=int, default=1, show_default=True, help="of day, network and pace")
@click.option("--depth", "depths", type=click.Choice(("wire", "full")), multiple=True, default=("wire", "full"),
              help="wire: killed and frozen on virtual sockets; full: without sockets (both)")  # fmt: skip
@click.option("--store-profile", type=click.Choice(STORE_PROFILES), default="appwrite-1.9", show_default=True,
              help="the store's pace")  # fmt: skip
@click.option("--outage", "kinds", type=click.Choice(tuple(REGULAR)), multiple=True, default=tuple(REGULAR),
              help="what is done to the store (each of them)")  # fmt: skip
@click.option("--clients", type=click.Choice(("former", "present")), multiple=True, default=("present",),
              help="former: as they once were, three tries, cancelled in the pool (present)")  # fmt: skip
@click.option("--jobs", type=POSITIVE, default=1, show_default=True, metavar="N", help="days at once, in processes")
@json_option("the rows")
def outages(**options: Any) -> int:
    """Kill, freeze and silence the store every twenty minutes of a day. Exit code 1 where it lost or doubled a slot."""
    from local.work.outages import run

    return run(Options(**options))
