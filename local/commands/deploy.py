"""`./raceday package`, `deploy` and `cold-start`."""

from typing import Any

import click

from local.functions import ROOT
from local.options import FILE, POSITIVE, Body, Options, json_option
from ops.packaging.render import NATIVE, SINGLE
from raceday.catalogue.functions import SIZES
from raceday.catalogue.platform import MAX_TRIGGERS

HOME = ROOT / ".raceday"


def _common(body: Body) -> Body:
    """Add the options of staging to a command."""
    for option in reversed((
        click.option("--out", type=FILE, default=HOME / "deploy", metavar="DIR", help="the tree; replaced whole"),
        click.option("--only", default="", metavar="A,B", help="these functions only, for a namespace of their own"),
        click.option("--triggers", type=click.Choice([SINGLE, NATIVE]), default=SINGLE,
                     help="one trigger, or one per schedule"),
        click.option("--sizes", type=click.Choice(SIZES), default="seed",
                     help="memory: the seed's, or lean, what the peaks allow (seed)"),
        click.option("--target", type=click.Choice(["platform", "host"]), default="platform",
                     help="whose Python the packages are for"),
    )):  # fmt: skip
        body = option(body)
    return body


@click.command(epilog="Example: ./raceday package --only daily-meetings")
@_common
@json_option("each function's name, zip_bytes and sha256")
@click.option("--no-boot", is_flag=True, help="do not try whether each function starts")
def package(**options: Any) -> int:
    """Stage the deploy tree."""
    from local.work.deploy import run_package

    return run_package(Options(**options))


@click.command(epilog="Example: ./raceday deploy --plan")
@_common
@click.option("--plan", is_flag=True, help="say what would be deployed, and deploy nothing")
@json_option("the plan")
@click.option("--home", type=FILE, default=HOME, metavar="DIR", help="where deployments are remembered")
@click.option("--simulate", is_flag=True, help="simulate a day of 24 races first (a minute or two), and tell its cost")
@click.option("--sim-report", type=FILE, metavar="FILE", help="simulated day to tell the cost of instead")
@click.option("--keep", is_flag=True, help="leave functions that are no longer declared")
@click.option(
    "--renamed-from",
    default="",
    metavar="PACKAGE",
    help="the package's former name: its triggers move, and its functions go",
)
@click.option("--triggers-limit", type=POSITIVE, default=MAX_TRIGGERS, metavar="N",
              help="how many triggers the account may have")  # fmt: skip
def deploy(**options: Any) -> int:
    """Plan or make a deployment."""
    from local.work.deploy import run_deploy

    return run_deploy(Options(**options))


@click.command(epilog="Example: ./raceday cold-start --runs 3")
@click.option("--function", default="enhanced-race-poller", metavar="NAME", help="the function to start")
@click.option("--runs", type=POSITIVE, default=5, metavar="N", help="starts of each layout; their median is told")
@json_option("the table")
def cold_start(**options: Any) -> int:
    """Measure cold starts of staged functions."""
    from local.work.deploy import run_cold_start

    return run_cold_start(Options(**options))
