"""`./raceday up`: the suite on the real clock, until stopped."""

from typing import Any

import click

from local.choices import DEMO_MINUTES, FUNCTIONS_PORT
from local.options import ABOVE_0, FILE, INSTANT, NUMBER, PORT, POSITIVE, Options, store_option


@click.command(epilog="Example: ./raceday up --speed 10 --minutes 30")
@click.option("--feed", default="generated", help="generated (default), live, recorded:DIR or tape:FILE")
@store_option()
@click.option("--speed", type=NUMBER, default=1.0, metavar="N", help="run the clock N times as fast (1)")
@click.option("--at", type=INSTANT, metavar="ISO", help="begin at this instant, with its offset")
@click.option("--seed", type=int, default=1, help="seed of a generated feed")
@click.option("--races", type=POSITIVE, default=24, help="races of a generated feed")
@click.option("--port", type=PORT, default=8080, help="port of the console page on loopback (8080; 0 takes any)")
@click.option("--store-port", type=PORT, default=8081, help="port of the embedded store on loopback (8081)")
@click.option("--functions-port", type=PORT, default=FUNCTIONS_PORT, help="port of the functions on loopback (8082)")
@click.option(
    "--host-port",
    type=PORT,
    metavar="PORT",
    help="with --store env: take Appwrite's webhooks on this port of every interface, each function at the path "
    "of its RACEDAY_URL_*; without it nothing is taken, and the ledger is looked at each two seconds",
)
@click.option(
    "--tape", type=FILE, metavar="FILE", help="keep every answer of the feed on this new tape, for the page too"
)
@click.option("--minutes", type=ABOVE_0, metavar="N", help="stop after so many minutes of the suite's clock")
@click.option("--staged", is_flag=True, help="run the staged functions as the platform would boot them")
@click.option("--demo", is_flag=True, help=f"a generated card that starts in {DEMO_MINUTES} minutes, at any hour")
@click.option("--allow-writes", is_flag=True, help="with --store env: let the page pause and resume functions there")
@click.option(
    "--heartbeat",
    is_flag=True,
    help="with --store env: ask for RACEDAY_HEARTBEAT_URL at each tick, in place of the deployed scheduler",
)
@click.option("--verbose", is_flag=True, help="print every log line")
def up(**options: Any) -> int:
    """Run the suite on the real clock, until stopped, with its console page."""
    from local.work.up import run

    return run(Options(**options))
