"""`./raceday invoke FUNCTION`: one function as the platform would run it."""

from typing import Any

import click

from local.options import ABOVE_0, POSITIVE, Options, store_option
from raceday.catalogue.functions import NAMES

ABOUT = """Run one function as the platform would and print its result as JSON; log lines go to standard error.

Exit code 0 finished, 1 finished with failed items under --strict, 2 wrong usage or settings, 3 nothing could be done.
"""

EXAMPLE = "Example: ./raceday invoke daily-races --param date=2026-02-14"


class FunctionHelp(click.Command):
    """Answers `invoke FUNCTION --help` with that function's own parameters and answer."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Look for a function's name beside the question for help."""
        named = next((word for word in args if word in NAMES), "")
        if named and {"-h", "--help"} & set(args):
            from local.work.functions import described

            click.echo(described(named))
            ctx.exit()
        return super().parse_args(ctx, args)


@click.command(cls=FunctionHelp, help=ABOUT, epilog=f"{EXAMPLE}\n\nFunctions: {', '.join(NAMES)}")
@click.argument("function", default="")
@click.argument("words", nargs=-1, metavar="[K=V]...")
@click.option("--param", multiple=True, metavar="K=V", help="a parameter, as a word K=V is; JSON where it parses")
@click.option("--event", metavar="FILE", help="the whole event as JSON; - reads standard input")
@click.option("--again", metavar="ACTIVATION", help="no function, but one that `up` ran: its event once more (`logs`)")
@click.option("--feed", help="generated (default), live, recorded:DIR or tape:FILE; that of an `up` on the store")
@store_option()
@click.option("--seed", type=int, help="seed of a generated feed (1)")
@click.option("--races", type=POSITIVE, help="races of a generated feed (24)")
@click.option("--timeout", type=ABOVE_0, metavar="SECS", help="deadline; as deployed")
@click.option("--strict", is_flag=True, help="exit with 1 where items failed")
@click.option("--quiet", is_flag=True, help="no log lines")
@click.option("--staged", is_flag=True, help="boot the staged function in a clean interpreter")
def invoke(**options: Any) -> int:
    """Run one function as the platform would."""
    from local.work.invoke import run

    return run(Options(**options))
