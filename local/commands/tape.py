"""`./raceday tape`: what is on a tape, whether all of it is whole, and tapes joined from a poller's uploads."""

from datetime import date
from pathlib import Path

import click

from local.options import DAY, FILE


@click.group(epilog="Example: ./raceday tape check .raceday/day.tape")
def tape() -> None:
    """Look at tapes."""


@tape.command()
@click.argument("path", metavar="TAPE", type=FILE)
def check(path: Path) -> int:
    """Read every byte of a tape and name each record that is not whole.

    Exit code 0 all is whole, 1 something is not, 2 no such tape.
    """
    from local.work.tape import run_check

    return run_check(path)


@tape.command(epilog="Example: ./raceday tape pull 2026-02-14")
@click.argument("day", type=DAY)
@click.option("--store", default="env", help="env (default), or file of the embedded store")
@click.option("--folder", type=FILE, default=Path(".raceday/tapes"), help="where the tapes lie")
def pull(day: date, store: str, folder: Path) -> int:
    """Join what the deployed poller uploaded on an NZ race day to one part of a tape, as RACEDAY_TAPE had it.

    Objects of the day's races that start after the next midnight are taken as well. Polls of the day's ledger whose
    answer nobody uploaded are named. Exit code 0 joined, 1 an object is not whole or answers are missing, 2 wrong
    settings, 3 nothing was uploaded.
    """
    from local.work.tape import run_pull

    return run_pull(day, store, folder)
