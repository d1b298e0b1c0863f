"""`./raceday simulate`: a whole race day on a virtual clock, through the real functions."""

from typing import Any

import click

from local.choices import SIMULATED_DAY, STORE_PROFILES
from local.functions import ROOT
from local.options import DAY, FILE, NAMES, POSITIVE, SPAN, Options, json_option
from local.simulate.storms import NETWORKS
from raceday.catalogue.functions import SIZES

FINDINGS = ROOT / ".raceday" / "findings"


@click.command(epilog="Example: ./raceday simulate --races 6 --faults all")
@click.option("--seed", type=int, default=1, metavar="N", help="the day's seed; the same seed, the same day (1)")
@click.option("--races", type=POSITIVE, default=24, metavar="N", help="races of the day (24)")
@click.option("--date", type=DAY, metavar="D", help=f"NZ race day as YYYY-MM-DD ({SIMULATED_DAY})")
@click.option("--days", type=POSITIVE, default=1, metavar="N", help="days, each with a seed of its own (1)")
@click.option("--feed", default="generated", metavar="WHICH", help="generated, tape:FILE, or recorded:DIR: import only")
@click.option(
    "--store",
    type=FILE,
    metavar="PATH",
    help="keep the store in this file; not of port depth (.raceday/simulate.db, new)",
)
@click.option("--tape", type=FILE, metavar="FILE", help="keep every answer of the feed on this tape (docs/tape.md)")
@click.option("--depth", type=click.Choice(("full", "port", "wire")), default="full",
              help="full: over HTTP; port: in memory; wire: httpx's own pools over virtual sockets")  # fmt: skip
@click.option("--network", type=click.Choice(NETWORKS), default="calm",
              help="what store and network go through, storms at wire depth alone (calm)")  # fmt: skip
@click.option("--store-profile", type=click.Choice(STORE_PROFILES), default="fast",
              help="the store's pace, but for port depth (fast)")  # fmt: skip
@click.option("--sizes", type=click.Choice(SIZES), default="seed",
              help="the functions' memory, with a share of a processor by it (seed)")  # fmt: skip
@click.option("--whole", is_flag=True, help="up to the next eve, with the idle minutes that a day costs too")
@click.option(
    "--faults", default="none", metavar="PROFILE", help="what breaks: a name, some joined by +, or all (none)"
)
@click.option("--kinds", type=NAMES, default="", metavar="KINDS", help="of the profile's faults, these alone")
@click.option("--span", type=SPAN, metavar="A..B", help="let faults strike between two instants (UTC) alone")
@click.option("--paused", type=SPAN, metavar="A..B", help="pause the pollers from one instant (UTC) to another")
@click.option("--only", type=NAMES, default="", metavar="RACES", help="of the day's races, these alone: ids or names")
@click.option("--shrink", is_flag=True, help="cut the first day that fails down to the smallest that does")
@click.option("--forever", is_flag=True, help="run new seeds until stopped, and keep what fails")
@click.option("--findings", type=FILE, default=FINDINGS, metavar="DIR", help="where --forever keeps it")
@click.option("--jobs", type=POSITIVE, default=1, metavar="N", help="days simulated at once, in processes (1)")
@json_option("the report")
@click.option("--variants", is_flag=True, help="judge engines broken on purpose beside the real one")
@click.option("--trace", is_flag=True, help="write every log line to standard error, with its instant")
def simulate(**options: Any) -> int:
    """Run a whole race day on a virtual clock, through the real functions."""
    from local.work.simulate import run

    return run(Options(**options))
